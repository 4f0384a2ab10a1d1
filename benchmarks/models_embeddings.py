"""Embeddings and factors beside scikit-learn's: seconds to fit, and the peak of what NumPy allocates.

    python benchmarks/models_embeddings.py

Rows of the digits. Both libraries start from the same points and take the same number of steps. The limit is
the project's own goal.
"""

import tracemalloc
import warnings

import numpy as np
import timing  # may restart Python without a setting that slows NumPy down
from sklearn import manifold, neighbors, neural_network
from sklearn.datasets import load_digits

import models


def compare(title, limit, ours, theirs, *data, rounds=3, budget=20):
    """Times both fits in turn, and prints the ratio of their times and of their memory."""
    fits = {"tinygrad_edu": lambda: ours.fit(*data), "scikit-learn": lambda: theirs.fit(*data)}
    best = timing.interleave(fits, rounds=rounds, seconds=0.0, budget=budget)
    timing.report(title, best, "tinygrad_edu", {"scikit-learn": limit} if limit else {})
    peaks = []
    for fit in fits.values():
        tracemalloc.start()
        fit()
        peaks.append(tracemalloc.get_traced_memory()[1] / 1e6)
        tracemalloc.stop()
    print(f"  memory: {peaks[0]:.1f} MB, scikit-learn {peaks[1]:.1f} MB")


def main():
    warnings.simplefilter("ignore")  # the number of steps is fixed: nothing converges
    X, y = load_digits(return_X_y=True)
    start = 1e-4 * np.random.default_rng(0).normal(size=(500, 2))
    same = {"init": start, "method": "exact", "max_iter": 1000}
    compare(
        "t-SNE, exact, n 500, 1,000 steps",
        0.15,
        models.TSNE(**same),
        manifold.TSNE(**same),
        X[:500],
    )
    same = {"max_iter": 100, "eps": 0.0, "init": "classical_mds"}
    compare("MDS, n 500, 100 iterations", None, models.MDS(**same), manifold.MDS(**same), X[:500])
    same = {"metric_mds": False, "max_iter": 20, "eps": 0.0, "init": "classical_mds"}
    compare(
        "MDS, not metric, n 300, 20 iterations",
        None,
        models.MDS(**same),
        manifold.MDS(**same),
        X[:300],
    )
    same = {"n_components": 2, "init": "pca", "max_iter": 20, "tol": 1e-12}
    compare(
        "NCA, n 500, 20 iterations", None, models.NeighborhoodComponentsAnalysis(**same),
        neighbors.NeighborhoodComponentsAnalysis(**same), X[:500] / 16, y[:500],
    )  # fmt: skip
    same = {"n_components": 64, "random_state": 0, "n_iter": 5}
    compare(
        "RBM, 1,797 digits, 64 hidden units", None, models.BernoulliRBM(**same),
        neural_network.BernoulliRBM(**same), X / 16,
    )  # fmt: skip


if __name__ == "__main__":
    main()
