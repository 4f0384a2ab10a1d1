"""Neighbors and clusters of density beside scikit-learn's: seconds and peak memory.

    python benchmarks/models_neighbors.py

The limits are the project's own goals.
"""

import estimators  # first: it may have to restart Python before NumPy is loaded

import sys

from sklearn import cluster, neighbors
from sklearn.datasets import make_moons


def compare(title, limit, theirs, work, **settings):
    estimators.compare(title, limit, estimators.both(theirs, **settings), work, rounds=3, budget=20)


def main(only=""):
    X, y = estimators.classes(3)
    moons = make_moons(5000, noise=0.05, random_state=0)[0]
    for title, limit, theirs, work, settings in (
        ("KNeighborsClassifier, brute, 20,000 × 50, fit and predict", 1.4, neighbors.KNeighborsClassifier,
         lambda m: m.fit(X, y).predict(X), {"algorithm": "brute"}),
        ("KNeighborsRegressor, 5,000 × 2, fit and predict", None, neighbors.KNeighborsRegressor,
         lambda m: m.fit(moons, moons[:, 0]).predict(moons), {}),
        ("DBSCAN, 5,000 × 2", 3.0, cluster.DBSCAN, lambda m: m.fit(moons), {"eps": 0.1}),
    ):  # fmt: skip
        if only in title:
            compare(title, limit, theirs, work, **settings)


if __name__ == "__main__":
    main(*sys.argv[1:])
