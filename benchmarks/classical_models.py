"""The classical models beside scikit-learn's: seconds to fit, and the scores on held-out data.

    python benchmarks/classical_models.py

20,000 samples, 50 features, 10 classes. Both libraries train on the same arrays with the same settings. The
limits are the project's own goals.
"""

import estimators  # first: it may have to restart Python before NumPy is loaded

import numpy as np
from sklearn import cluster, linear_model, tree

from models import DecisionTreeClassifier, KMeans, LinearRegression, LogisticRegression

SAMPLES, FEATURES, CLASSES = 20_000, 50, 10


def data():
    """X, labels, and a regression target that is linear in X: a training half and a test half."""
    X, labels = estimators.classes(CLASSES, 2 * SAMPLES, FEATURES)
    X = X.astype(np.float32).astype(np.float64)  # scikit-learn's trees read it in single precision
    rng = np.random.default_rng(0)
    numbers = X @ rng.normal(size=FEATURES) + rng.normal(size=len(X))
    return X, labels, numbers


def compare(title, limit, ours, theirs, X, y):
    """Compares both fits, and prints both scores on the second half of the data."""
    half, pair = SAMPLES, (ours, theirs)
    estimators.compare(title, limit, pair, lambda m: m.fit(X[:half], y[:half]), budget=20)
    scores = [model.score(X[half:], y[half:]) for model in pair]
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
