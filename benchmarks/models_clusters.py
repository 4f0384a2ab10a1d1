"""Clusters beside scikit-learn's: seconds and peak memory to fit.

    python benchmarks/models_clusters.py

20,000 samples of 50 features, and 2,000 where time or memory is quadratic. Both libraries train on the same
arrays with the same settings. The limits are the project's own goals.
"""

import estimators  # first: it may have to restart Python before NumPy is loaded

import functools
import warnings

import numpy as np
from sklearn import cluster, metrics

import models
from models.metrics import silhouette_score

CLASSES = 10

compare = functools.partial(estimators.fits, budget=3)


def main():
    warnings.simplefilter("ignore")
    X = estimators.groups(CLASSES)
    start = X[:CLASSES]
    pair = models.KMeans(CLASSES, init=start), cluster.KMeans(CLASSES, init=start, n_init=1)
    estimators.compare("KMeans from the same centers", 1.3, pair, lambda m: m.fit(X), budget=3)
    compare(
        "MiniBatchKMeans, 100 batches", None, cluster.MiniBatchKMeans, X, n_clusters=CLASSES,
        random_state=0, max_no_improvement=None, max_iter=5,
    )  # fmt: skip
    compare("BisectingKMeans", None, cluster.BisectingKMeans, X, n_clusters=CLASSES, random_state=0)
    compare("Birch, 5,000 rows", None, cluster.Birch, X[:5000, :10], threshold=2.0)
    small = estimators.groups(CLASSES, 2000)
    for linkage in ("ward", "complete", "average", "single"):
        compare(
            f"AgglomerativeClustering, {linkage}", 1.2, cluster.AgglomerativeClustering, small,
            budget=2, linkage=linkage,
        )  # fmt: skip
    compare(
        "AgglomerativeClustering, 2 features", None, cluster.AgglomerativeClustering, small[:, :2]
    )
    compare("AffinityPropagation, 500 rows", None, cluster.AffinityPropagation, small[:500])
    compare(
        "SpectralClustering, 500 rows", None, cluster.SpectralClustering, small[:500],
        gamma=0.01, random_state=0,
    )  # fmt: skip
    labels = np.arange(len(small)) % CLASSES
    scores = silhouette_score, metrics.silhouette_score
    estimators.compare(
        "silhouette_score", None, scores, lambda score: score(small, labels), budget=2
    )


if __name__ == "__main__":
    main()
