"""Generalized linear models beside scikit-learn's: seconds to fit with the same defaults, and peak memory.

    python benchmarks/models_generalized.py

20,000 samples, 50 features.
"""

import estimators  # first: it may have to restart Python before NumPy is loaded

import numpy as np
from sklearn.linear_model import (
    GammaRegressor,
    LogisticRegression,
    PoissonRegressor,
    TweedieRegressor,
)

SAMPLES, FEATURES = 20_000, 50
LIMIT = 0.3


def compare(title, theirs, X, y, **settings):
    ours, theirs = estimators.fits(title, LIMIT, theirs, X, y, rounds=10, budget=6, **settings)
    print(f"  iterations: {np.max(ours.n_iter_)}, scikit-learn {np.max(theirs.n_iter_)}")


def main():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(SAMPLES, FEATURES))
    mean = np.exp(X @ rng.normal(size=FEATURES) / 15 + 0.5)
    compare("Poisson", PoissonRegressor, X, rng.poisson(mean).astype(float))
    compare("Poisson, no penalty", PoissonRegressor, X, rng.poisson(mean).astype(float), alpha=0)
    compare("Gamma", GammaRegressor, X, rng.gamma(2.0, mean / 2))
    compare("Tweedie, power 1.5", TweedieRegressor, X, rng.poisson(mean).astype(float), power=1.5)
    compare(
        "Poisson, features of sizes 0.1 to 10", PoissonRegressor,
        X * np.logspace(-1, 1, FEATURES), rng.poisson(mean).astype(float), alpha=0,
    )  # fmt: skip
    two, ten = estimators.classes(2), estimators.classes(10)
    compare("LogisticRegression, 2 classes", LogisticRegression, *two)
    compare("LogisticRegression, 10 classes", LogisticRegression, *ten)
    compare("newton-cholesky, 2 classes", LogisticRegression, *two, solver="newton-cholesky")


if __name__ == "__main__":
    main()
