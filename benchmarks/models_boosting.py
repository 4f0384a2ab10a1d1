"""Boosting beside scikit-learn's: seconds to fit, peak memory of a fit, and agreement of predictions.

    python benchmarks/models_boosting.py

100 trees on histograms of 20,000 samples with 50 features, or exact trees of 5,000 samples. Both libraries
fit the same arrays with the same settings. The limits are the project's own goals.
"""

import estimators  # first: it may have to restart Python before NumPy is loaded

import numpy as np
from sklearn import ensemble
from sklearn.datasets import make_regression

HISTOGRAMS = {"early_stopping": False}
# name -> (settings, limit of the ratio of times or None, data: samples, features and classes)
CASES = {
    "HistGradientBoostingRegressor": (HISTOGRAMS, 7, (20_000, 50, 0)),
    "HistGradientBoostingClassifier": (HISTOGRAMS, 7, (20_000, 50, 2)),
    "GradientBoostingRegressor": ({}, None, (5_000, 10, 0)),
    "GradientBoostingClassifier": ({}, None, (5_000, 20, 2)),
    "AdaBoostClassifier": ({}, None, (5_000, 20, 2)),
    "BaggingRegressor": ({}, None, (5_000, 10, 0)),
}


def data(samples, features, classes):
    if classes:
        X, y = estimators.classes(classes, samples, max(features, 20))
    else:
        X, y = make_regression(samples, features, n_informative=10, noise=10.0, random_state=0)
    return X.astype(np.float32).astype(np.float64), y


def compare(name, settings, limit, X, y):
    theirs = getattr(ensemble, name)
    pair = estimators.fits(name, limit, theirs, X, y, rounds=3, budget=6, **settings)
    ours, theirs = (model.predict(X).astype(float) for model in pair)
    print(f"  equal predictions: {np.mean(np.isclose(ours, theirs)):.1%}")


def main():
    for name, (settings, limit, size) in CASES.items():
        compare(name, settings, limit, *data(*size))


if __name__ == "__main__":
    main()
