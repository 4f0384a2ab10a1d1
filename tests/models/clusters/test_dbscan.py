"""DBSCAN: scikit-learn's labels, and the naive text's."""

import numpy as np
import pytest

from models import DBSCAN
from models.clusters.dbscan import naive_dbscan
from models.clusters.graph import components

cluster = pytest.importorskip("sklearn.cluster")
datasets = pytest.importorskip("sklearn.datasets")

SETS = {
    "moons": (datasets.make_moons(400, noise=0.08, random_state=0)[0], 0.15),
    "circles": (datasets.make_circles(400, noise=0.05, factor=0.5, random_state=0)[0], 0.15),
    "blobs": (datasets.make_blobs(400, centers=5, random_state=0)[0], 0.6),
    "iris": (datasets.load_iris().data, 0.5),
    "digits": (datasets.load_digits().data[:500], 22.0),
    "a grid": (np.stack(np.meshgrid(np.arange(20.0), np.arange(20.0)), -1).reshape(-1, 2), 1.0),
    "equal rows": (np.repeat(np.arange(10.0)[:, None], 7, axis=0), 0.5),
}


def same(ours, theirs):
    np.testing.assert_array_equal(ours.labels_, theirs.labels_)
    np.testing.assert_array_equal(ours.core_sample_indices_, theirs.core_sample_indices_)
    np.testing.assert_array_equal(ours.components_, theirs.components_)


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("min_samples", [1, 3, 5, 8])
@pytest.mark.parametrize("factor", [0.5, 1.0, 1.5])
def test_labels(name, min_samples, factor):
    X, eps = SETS[name]
    X = np.random.default_rng(0).permutation(X)
    settings = {"eps": factor * eps, "min_samples": min_samples}
    same(DBSCAN(**settings).fit(X), cluster.DBSCAN(**settings).fit(X))


@pytest.mark.parametrize("name", ["moons", "iris", "equal rows"])
def test_the_naive_text_says_the_same(name):
    X, eps = SETS[name]
    X = X[::3]
    np.testing.assert_array_equal(
        DBSCAN(eps, min_samples=4).fit_predict(X), naive_dbscan(X, eps, 4)
    )


@pytest.mark.parametrize("algorithm", ["brute", "kd_tree", "ball_tree"])
@pytest.mark.parametrize("metric", [{}, {"metric": "manhattan"}, {"metric": "minkowski", "p": 3}])
def test_metrics(algorithm, metric):
    X, eps = SETS["blobs"]
    settings = {"eps": eps, "algorithm": algorithm, **metric}
    same(DBSCAN(**settings).fit(X), cluster.DBSCAN(**settings).fit(X))


def test_precomputed():
    X, eps = SETS["iris"]
    D = np.linalg.norm(X[:, None] - X, axis=2)
    same(
        DBSCAN(eps, metric="precomputed").fit(D),
        cluster.DBSCAN(eps=eps, metric="precomputed").fit(D),
    )


def test_weights_count_rows_several_times_and_0_is_a_label():
    X, eps = SETS["moons"]
    weight = np.random.default_rng(0).integers(0, 4, len(X)).astype(float)
    ours = DBSCAN(eps, min_samples=9).fit(X, sample_weight=weight)
    same(ours, cluster.DBSCAN(eps=eps, min_samples=9).fit(X, sample_weight=weight))
    assert len(ours.labels_) == len(X) and (ours.labels_ >= 0).any()
    with pytest.raises(ValueError, match="sample_weight must not be negative"):
        DBSCAN().fit(X, sample_weight=-weight)


def test_components_of_a_graph():
    csgraph = pytest.importorskip("scipy.sparse.csgraph")
    sparse = pytest.importorskip("scipy.sparse")
    for seed in range(20):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(2, 300))
        a, b = rng.integers(0, n, (2, int(rng.integers(1, n))))
        row, number = np.concatenate([a, b]), np.concatenate([b, a])
        order = np.argsort(row)
        found = components(row[order], number[order], n)
        graph = sparse.coo_matrix((np.ones(len(a)), (a, b)), (n, n))
        expected = csgraph.connected_components(graph, directed=False)[1]
        np.testing.assert_array_equal(np.unique(found, return_inverse=True)[1], expected)
    path = np.arange(999)  # the longest way
    order = np.argsort(np.concatenate([path, path + 1]), kind="stable")
    ends = np.concatenate([path, path + 1])[order], np.concatenate([path + 1, path])[order]
    assert (components(*ends, 1000) == 0).all()
