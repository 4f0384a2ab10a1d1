"""Embeddings and factors beside scikit-learn's: seconds and peak memory to fit.

    python benchmarks/models_embeddings.py

Rows of the digits. Both libraries start from the same points and take the same number of steps. The limit is
the project's own goal.
"""

import estimators  # first: it may have to restart Python before NumPy is loaded

import functools
import warnings

import numpy as np
from sklearn import manifold, neighbors, neural_network
from sklearn.datasets import load_digits


compare = functools.partial(estimators.fits, rounds=3, budget=20)


def main():
    warnings.simplefilter("ignore")  # the number of steps is fixed: nothing converges
    X, y = load_digits(return_X_y=True)
    start = 1e-4 * np.random.default_rng(0).normal(size=(500, 2))
    compare(
        "t-SNE, exact, n 500, 1,000 steps", 0.15, manifold.TSNE, X[:500],
        init=start, method="exact", max_iter=1000,
    )  # fmt: skip
    compare(
        "MDS, n 500, 100 iterations", None, manifold.MDS, X[:500],
        max_iter=100, eps=0.0, init="classical_mds",
    )  # fmt: skip
    compare(
        "MDS, not metric, n 300, 20 iterations", None, manifold.MDS, X[:300],
        metric_mds=False, max_iter=20, eps=0.0, init="classical_mds",
    )  # fmt: skip
    compare(
        "NCA, n 500, 20 iterations", None, neighbors.NeighborhoodComponentsAnalysis,
        X[:500] / 16, y[:500], n_components=2, init="pca", max_iter=20, tol=1e-12,
    )  # fmt: skip
    compare(
        "RBM, 1,797 digits, 64 hidden units", None, neural_network.BernoulliRBM, X / 16,
        n_components=64, random_state=0, n_iter=5,
    )  # fmt: skip


if __name__ == "__main__":
    main()
