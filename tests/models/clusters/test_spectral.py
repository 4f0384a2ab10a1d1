"""Spectral clustering against scikit-learn's, and on shapes that k-means cannot find."""

import numpy as np
import pytest

from models import KMeans, SpectralClustering
from models.clusters import spectral

cluster = pytest.importorskip("sklearn.cluster")
datasets = pytest.importorskip("sklearn.datasets")
metrics = pytest.importorskip("sklearn.metrics")


def blobs(n=150, p=2, k=4, seed=0):
    return datasets.make_blobs(n, p, centers=k, random_state=seed)[0]


def same_clusters(a, b):
    return metrics.adjusted_rand_score(a, b) == 1


MOONS, MOON_LABELS = datasets.make_moons(200, noise=0.05, random_state=0)
CIRCLES, CIRCLE_LABELS = datasets.make_circles(200, factor=0.4, noise=0.05, random_state=0)


@pytest.mark.parametrize("assign", ["kmeans", "discretize", "cluster_qr"])
@pytest.mark.parametrize(
    "X, n_clusters, settings",
    [
        (blobs() / 3, 4, {}),
        (blobs(p=6) / 5, 4, {"gamma": 0.3}),
        (blobs(), 4, {"affinity": "nearest_neighbors", "n_neighbors": 40}),
        (MOONS, 2, {"affinity": "nearest_neighbors"}),
        (MOONS, 2, {"gamma": 20.0}),
        (CIRCLES, 2, {"gamma": 20.0}),
    ],
    ids=["rbf", "six features", "neighbors", "moons", "moons by rbf", "circles"],
)
@pytest.mark.filterwarnings("ignore:Graph is not fully connected")
def test_the_same_clusters_as_scikit_learn(X, n_clusters, settings, assign):
    same = {"assign_labels": assign, "random_state": 0, **settings}
    ours = SpectralClustering(n_clusters, **same).fit(X)
    theirs = cluster.SpectralClustering(n_clusters, **same).fit(X)
    W = theirs.affinity_matrix_
    W = W.toarray() if hasattr(W, "toarray") else W
    np.testing.assert_allclose(ours.affinity_matrix_, W, atol=1e-12)
    assert same_clusters(ours.labels_, theirs.labels_)


def test_shapes_that_are_not_round():
    for X, labels in ((MOONS, MOON_LABELS), (CIRCLES, CIRCLE_LABELS)):
        model = SpectralClustering(2, affinity="nearest_neighbors", random_state=0)
        assert same_clusters(model.fit_predict(X), labels)
        assert not same_clusters(KMeans(2, random_state=0).fit_predict(X), labels)


def test_the_embedding_solves_the_eigenvalue_problem():
    X = blobs(60)
    W = np.exp(-((X[:, None] - X) ** 2).sum(axis=2) / 10)
    U = spectral.embedding(W, 3)
    np.fill_diagonal(W, 0)
    D = np.diag(W.sum(axis=0))
    values = np.diag(U.T @ (D - W) @ U) / np.diag(U.T @ D @ U)
    np.testing.assert_allclose((D - W) @ U, D @ U * values, atol=1e-12)
    manifold = pytest.importorskip("sklearn.manifold")
    expected = manifold.spectral_embedding(
        W, n_components=3, drop_first=False, eigen_solver="arpack"
    )
    np.testing.assert_allclose(np.abs(U), np.abs(expected), atol=1e-7)


def test_given_affinities():
    X = blobs(60) / 3
    W = np.exp(-((X[:, None] - X) ** 2).sum(axis=2))
    given = SpectralClustering(4, affinity="precomputed", random_state=0).fit(W)

    def similar(x, y, width):
        return np.exp(-((x - y) ** 2).sum() / width)

    called = SpectralClustering(
        4, affinity=similar, kernel_params={"width": 1.0}, random_state=0
    ).fit(X)
    rbf = SpectralClustering(4, random_state=0).fit(X)
    assert same_clusters(given.labels_, rbf.labels_) and same_clusters(called.labels_, rbf.labels_)
    np.testing.assert_allclose(called.affinity_matrix_, W, rtol=1e-12)
    with pytest.raises(ValueError, match=r"X must be square, and has shape \(60, 2\)"):
        SpectralClustering(affinity="precomputed").fit(np.abs(X))
    with pytest.raises(ValueError, match="negative or not finite"):
        SpectralClustering(affinity="precomputed").fit(-W)
    with pytest.raises(
        ValueError, match="Expected n_neighbors <= n_samples_fit, but n_neighbors = 70"
    ):
        SpectralClustering(affinity="nearest_neighbors", n_neighbors=70).fit(X)


def test_more_components():
    """Each gets a cluster of its own, as there."""
    X = blobs() / 3
    same = {"assign_labels": "cluster_qr", "n_components": 6}
    ours, theirs = (
        kind(4, **same).fit(X) for kind in (SpectralClustering, cluster.SpectralClustering)
    )
    assert same_clusters(ours.labels_, theirs.labels_) and len({*ours.labels_}) == 6


def test_parts_that_are_not_connected():
    X = np.concatenate([blobs(40) / 10 + 100, blobs(40, seed=3) / 10 - 100])
    for assign in ("kmeans", "discretize", "cluster_qr"):
        model = SpectralClustering(2, assign_labels=assign, random_state=0)
        assert same_clusters(model.fit_predict(X), np.repeat([0, 1], 40))
