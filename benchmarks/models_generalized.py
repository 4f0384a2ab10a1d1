"""Generalized linear models beside scikit-learn's: seconds to fit with the same defaults, and peak memory.

    python benchmarks/models_generalized.py

20,000 samples, 50 features. The memory is what is allocated through Python while fitting.
"""

import tracemalloc

import numpy as np
import timing  # may restart Python without a setting that slows NumPy down
from sklearn import linear_model
from sklearn.datasets import make_classification

import models

SAMPLES, FEATURES = 20_000, 50
LIMIT = 0.3


def peak(work):
    """The largest memory during work(), in MB."""
    tracemalloc.start()
    work()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most / 1e6


def compare(title, name, X, y, **settings):
    ours = getattr(models, name)(**settings)
    theirs = getattr(linear_model, name)(**settings)
    works = {
        "tinygrad_edu": lambda: ours.fit(X, y),
        "scikit-learn": lambda: theirs.fit(X, y),
    }
    best = timing.interleave(works, rounds=10, seconds=0.02, budget=6)
    timing.report(title, best, "tinygrad_edu", {"scikit-learn": LIMIT})
    memory = ", ".join(f"{library} {peak(work):.1f} MB" for library, work in works.items())
    print(
        f"  iterations: {np.max(ours.n_iter_)}, scikit-learn {np.max(theirs.n_iter_)}; peak: {memory}"
    )


def labels(classes):
    return make_classification(
        SAMPLES, FEATURES, n_informative=20, n_redundant=0, n_classes=classes, n_clusters_per_class=1,
        random_state=0,
    )  # fmt: skip


def main():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(SAMPLES, FEATURES))
    mean = np.exp(X @ rng.normal(size=FEATURES) / 15 + 0.5)
    compare("Poisson", "PoissonRegressor", X, rng.poisson(mean).astype(float))
    compare("Poisson, no penalty", "PoissonRegressor", X, rng.poisson(mean).astype(float), alpha=0)
    compare("Gamma", "GammaRegressor", X, rng.gamma(2.0, mean / 2))
    compare("Tweedie, power 1.5", "TweedieRegressor", X, rng.poisson(mean).astype(float), power=1.5)
    compare(
        "Poisson, features of sizes 0.1 to 10", "PoissonRegressor",
        X * np.logspace(-1, 1, FEATURES), rng.poisson(mean).astype(float), alpha=0,
    )  # fmt: skip
    for classes in (2, 10):
        compare(f"LogisticRegression, {classes} classes", "LogisticRegression", *labels(classes))
    compare(
        "newton-cholesky, 2 classes", "LogisticRegression", *labels(2), solver="newton-cholesky"
    )


if __name__ == "__main__":
    main()
