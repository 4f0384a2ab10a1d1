"""Components and embeddings beside scikit-learn's: seconds and peak memory to fit.

    python benchmarks/models_components.py [name of an estimator]

20,000 samples, 50 features unless said. Both libraries train on the same arrays with the same settings. The
limits are the project's own goals.
"""

import estimators  # first: it may have to restart Python before NumPy is loaded

import sys
import warnings

import numpy as np
from sklearn.decomposition import (
    DictionaryLearning,
    IncrementalPCA,
    KernelPCA,
    MiniBatchDictionaryLearning,
    SparsePCA,
    TruncatedSVD,
)
from sklearn.manifold import Isomap, LocallyLinearEmbedding, SpectralEmbedding
from sklearn.random_projection import GaussianRandomProjection, SparseRandomProjection

SAMPLES, FEATURES = 20_000, 50


def compare(title, limit, theirs, X, **settings):
    if not sys.argv[1:] or theirs.__name__ in sys.argv[1:]:
        estimators.fits(title, limit, theirs, X, budget=3, **settings)


def main():
    warnings.simplefilter("ignore")  # the rounds are few
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(SAMPLES, 10)) @ rng.normal(size=(10, FEATURES))
    X = hidden + rng.normal(size=(SAMPLES, FEATURES))
    wide = rng.normal(size=(2_000, 1_000)) * np.exp(-np.arange(1_000) / 100)
    compare("TruncatedSVD", 0.1, TruncatedSVD, X, n_components=10, random_state=0)
    compare("TruncatedSVD, arpack", 0.1, TruncatedSVD, X, n_components=10, algorithm="arpack")
    compare(
        "TruncatedSVD, 2,000 x 1,000", None, TruncatedSVD, wide, n_components=10, random_state=0
    )
    compare("IncrementalPCA", 0.8, IncrementalPCA, X, n_components=10)
    compare("SparsePCA, 500 rows", 1.0, SparsePCA, X[:500], n_components=5, max_iter=20)
    for n, k in ((1_000, None), (1_000, 2)):
        title = f"KernelPCA, {n} rows, n_components={k}"
        compare(title, 0.8, KernelPCA, X[:n], kernel="rbf", n_components=k)
    compare("GaussianRandomProjection", 1.0, GaussianRandomProjection, X, n_components=10)
    compare("SparseRandomProjection", 1.0, SparseRandomProjection, X, n_components=10)
    compare(
        "DictionaryLearning, 500 rows", 1.0, DictionaryLearning, X[:500],
        n_components=10, max_iter=10,
    )  # fmt: skip
    compare(
        "MiniBatchDictionaryLearning, 2,000 rows", 1.0, MiniBatchDictionaryLearning, X[:2000],
        n_components=10, max_iter=2, random_state=0,
    )  # fmt: skip
    few = X[:1_000, :3]
    compare("Isomap, 1,000 rows", None, Isomap, few)
    compare("LocallyLinearEmbedding, 1,000 rows", None, LocallyLinearEmbedding, few, n_neighbors=10)
    compare("SpectralEmbedding, 1,000 rows", None, SpectralEmbedding, few)


if __name__ == "__main__":
    main()
