"""The classical models beside scikit-learn's: seconds to fit, and the scores on held-out data.

    python benchmarks/classical_models.py

20,000 samples, 50 features, 10 classes. Both libraries train on the same arrays with the same settings. The
limits are the project's own goals.
"""

import numpy as np
import timing  # may restart Python without a setting that slows NumPy down
from sklearn import cluster, linear_model, tree
from sklearn.datasets import make_classification

from models import DecisionTreeClassifier, KMeans, LinearRegression, LogisticRegression

SAMPLES, FEATURES, CLASSES = 20_000, 50, 10


def data():
    """X, labels, and a regression target that is linear in X: a training half and a test half."""
    X, labels = make_classification(
        2 * SAMPLES, FEATURES, n_informative=20, n_redundant=0, n_classes=CLASSES,
        n_clusters_per_class=1, random_state=0,
    )  # fmt: skip
    X = X.astype(np.float32).astype(
        np.float64
    )  # the precision in which scikit-learn's trees read it
    rng = np.random.default_rng(0)
    numbers = X @ rng.normal(size=FEATURES) + rng.normal(size=len(X))
    return X, labels, numbers


def compare(title, limit, ours, theirs, X, y):
    """Times both fits, and prints the limit and both scores on the second half of the data."""
    half = SAMPLES
    best = timing.interleave(
        {
            "tinygrad_edu": lambda: ours.fit(X[:half], y[:half]),
            "scikit-learn": lambda: theirs.fit(X[:half], y[:half]),
        },
        rounds=15,
        budget=20,
    )
    timing.report(title, best, "tinygrad_edu", {"scikit-learn": limit})
    scores = [model.score(X[half:], y[half:]) for model in (ours, theirs)]
    print(f"  score on held-out data: {scores[0]:.6g}, scikit-learn {scores[1]:.6g}")
    if hasattr(theirs, "n_iter_"):
        print(f"  iterations: {ours.n_iter_}, scikit-learn {np.max(theirs.n_iter_)}")


def main():
    X, labels, numbers = data()
    compare(
        "LinearRegression", 0.5, LinearRegression(), linear_model.LinearRegression(), X, numbers
    )
    compare(
        f"LogisticRegression, {CLASSES} classes", 0.6,
        LogisticRegression(), linear_model.LogisticRegression(), X, labels,
    )  # fmt: skip
    for criterion in ("gini", "entropy"):
        compare(
            f"DecisionTreeClassifier, depth 8, {criterion}", 1.5,
            DecisionTreeClassifier(criterion, max_depth=8),
            tree.DecisionTreeClassifier(criterion=criterion, max_depth=8, random_state=0),
            X, labels,
        )  # fmt: skip
    rng = np.random.default_rng(0)
    X = rng.normal(size=X.shape) + 0.5 * rng.normal(size=(CLASSES, FEATURES))[labels]
    start = X[:10]
    compare(
        "KMeans, k 10, from the same centers", 2.5,
        KMeans(10, init=start), cluster.KMeans(10, init=start, n_init=1), X, labels,
    )  # fmt: skip
    # Several starts each: with one, chance decides how many steps are timed.
    compare(
        "KMeans, k 10, the best of 4 starts by k-means++", 2.5,
        KMeans(10, n_init=4, random_state=0), cluster.KMeans(10, n_init=4, random_state=0), X, labels,
    )  # fmt: skip


if __name__ == "__main__":
    main()
