"""Generative classifiers beside scikit-learn's: seconds and peak memory of a fit, and of predictions.

    python benchmarks/models_bayes.py

20,000 samples, 50 features, 10 classes. The limits are the project's own goals. Memory is the peak of what
Python and NumPy allocate during a fit.
"""

import tracemalloc

import numpy as np
import timing  # may restart Python without a setting that slows NumPy down
from sklearn import discriminant_analysis, naive_bayes
from sklearn.datasets import make_classification

import models

SAMPLES, FEATURES, CLASSES = 20_000, 50, 10


def peak(work):
    """The peak of allocated memory during a call, in MB."""
    tracemalloc.start()
    work()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most / 1e6


def compare(title, limit, ours, theirs, X, y):
    """Times both fits and both predictions, and prints the limit of the fit, and the peaks."""
    both = {"tinygrad_edu": ours, "scikit-learn": theirs}
    fits = {name: lambda m=model: m.fit(X, y) for name, model in both.items()}
    timing.report(
        title, timing.interleave(fits, rounds=20, budget=8), "tinygrad_edu", {"scikit-learn": limit}
    )
    peaks = [peak(fit) for fit in fits.values()]
    print(f"  peak memory of a fit: {peaks[0]:.1f} MB, scikit-learn {peaks[1]:.1f} MB")
    predictions = {name: lambda m=model: m.predict_proba(X) for name, model in both.items()}
    best = timing.interleave(predictions, rounds=20, budget=5)
    timing.report(f"{title}, predict_proba", best, "tinygrad_edu")


def main():
    X, y = make_classification(
        SAMPLES, FEATURES, n_informative=20, n_redundant=0, n_classes=CLASSES, n_clusters_per_class=1,
        random_state=0,
    )  # fmt: skip
    counts = np.random.default_rng(0).poisson(1 + np.abs(X)).astype(float)
    data = {"GaussianNB": X, "BernoulliNB": X}
    for name in ("GaussianNB", "MultinomialNB", "ComplementNB", "BernoulliNB", "CategoricalNB"):
        ours, theirs = getattr(models, name)(), getattr(naive_bayes, name)()
        compare(name, 1.2, ours, theirs, data.get(name, counts), y)
    for name in ("LinearDiscriminantAnalysis", "QuadraticDiscriminantAnalysis"):
        if name in models.__all__:
            ours, theirs = getattr(models, name)(), getattr(discriminant_analysis, name)()
            compare(name, 1.0, ours, theirs, X, y)


if __name__ == "__main__":
    main()
