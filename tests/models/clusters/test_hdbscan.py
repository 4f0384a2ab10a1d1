"""HDBSCAN: scikit-learn's labels and probabilities, its tree by hand, and DBSCAN at one density."""

import itertools

import numpy as np
import pytest

from models import DBSCAN, HDBSCAN
from models.clusters.condensed_tree import CondensedTree, single_linkage
from models.clusters.hdbscan import spanning_tree
from models.neighbors.search import Search

cluster = pytest.importorskip("sklearn.cluster")
datasets = pytest.importorskip("sklearn.datasets")

rng = np.random.default_rng(0)
SETS = {
    "moons": datasets.make_moons(300, noise=0.08, random_state=0)[0],
    "blobs": datasets.make_blobs(400, centers=5, random_state=0, cluster_std=[0.3, 1, 0.5, 2, 0.7])[
        0
    ],
    "iris": datasets.load_iris().data,
    "wine": datasets.load_wine().data,
    "digits": datasets.load_digits().data[:300],
    "a grid": np.stack(np.meshgrid(np.arange(12.0), np.arange(12.0)), -1).reshape(-1, 2),
    "equal rows": np.repeat(rng.normal(size=(40, 2)), 6, axis=0),
}


def same(X, **settings):
    ours, theirs = HDBSCAN(**settings).fit(X), cluster.HDBSCAN(copy=True, **settings).fit(X)
    np.testing.assert_array_equal(ours.labels_, theirs.labels_)
    np.testing.assert_allclose(ours.probabilities_, theirs.probabilities_, rtol=1e-9)
    return ours, theirs


@pytest.mark.parametrize("name", SETS)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_labels_and_probabilities(name):
    for size, k, method, single, largest in itertools.product(
        [4, 12], [None, 1, 3], ["eom", "leaf"], [False, True], [None, 100]
    ):
        if name == "a grid" and single and largest and method == "eom":
            continue  # theirs raises KeyError
        same(
            SETS[name], min_cluster_size=size, min_samples=k, cluster_selection_method=method,
            allow_single_cluster=single, max_cluster_size=largest,
        )  # fmt: skip


@pytest.mark.parametrize(
    "settings",
    [
        {"metric": "manhattan"}, {"metric": "cosine"}, {"algorithm": "brute", "alpha": 1.3},
        {"algorithm": "kd_tree", "alpha": 1.3}, {"algorithm": "ball_tree", "metric": "canberra"},
        {"metric": "minkowski", "metric_params": {"p": 3}},
    ],
)  # fmt: skip
def test_metrics(settings):
    same(SETS["blobs"], **settings)


def test_precomputed_and_centers():
    X = SETS["blobs"]
    D = np.linalg.norm(X[:, None] - X, axis=2)
    ours, _ = same(D, metric="precomputed")
    np.testing.assert_array_equal(ours.labels_, HDBSCAN().fit_predict(X))
    for which in ("centroid", "medoid", "both"):
        ours, theirs = same(X, store_centers=which)
        for name in ("centroids_", "medoids_"):
            assert hasattr(ours, name) == hasattr(theirs, name)
            if hasattr(ours, name):
                np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name))
    with pytest.raises(ValueError, match="Cannot store centers"):
        HDBSCAN(metric="precomputed", store_centers="both").fit(D)


@pytest.mark.parametrize("name", ["moons", "blobs", "iris"])
def test_one_density_is_dbscan_without_border_rows(name):
    X, eps = SETS[name], {"moons": 0.15, "blobs": 0.6, "iris": 0.45}[name]
    found = HDBSCAN(min_samples=5).fit(X).dbscan_clustering(eps, min_cluster_size=1)
    dbscan = DBSCAN(eps, min_samples=5).fit(X)
    core = dbscan.core_sample_indices_
    pairs = {*zip(found[core].tolist(), dbscan.labels_[core].tolist(), strict=True)}
    assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})
    theirs = cluster.HDBSCAN(min_samples=5, copy=True).fit(X).dbscan_clustering(eps, 5)
    ours = HDBSCAN(min_samples=5).fit(X).dbscan_clustering(eps, 5)
    np.testing.assert_array_equal(ours < 0, theirs < 0)
    pairs = {*zip(ours.tolist(), theirs.tolist(), strict=True)}
    assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})


def test_the_spanning_tree_has_the_least_length():
    csgraph = pytest.importorskip("scipy.sparse.csgraph")
    X = SETS["moons"][:80]
    D = np.linalg.norm(X[:, None] - X, axis=2)
    core = np.sort(D, axis=1)[:, 3]
    reach = np.maximum(np.maximum(core[:, None], core), D)
    start, end, length = spanning_tree(Search(X), core, 1.0)
    assert length.sum() == pytest.approx(csgraph.minimum_spanning_tree(reach).sum())
    np.testing.assert_allclose(length, reach[start, end])


def line(*gaps):
    """The hierarchy of numbers with these gaps between them: those at gaps ≥ 1 are split first."""
    X = np.concatenate([[0.0], np.cumsum(gaps)])[:, None]
    return single_linkage(*spanning_tree(Search(X), np.zeros(len(X)), 1.0))


def test_a_hierarchy_by_hand():
    """Four pairs: 0 1 and 2 3 are 2 apart, 4 5 and 6 7 are 2 apart, and both halves 8."""
    tree = CondensedTree(line(1, 2, 1, 8, 1, 2, 1), 2)
    assert tree.children == {8: [9, 10], 9: [11, 12], 10: [13, 14], 11: [], 12: [], 13: [], 14: []}
    births = [tree.birth[c] for c in range(8, 15)]
    assert births == [0, 1 / 8, 1 / 8, 1 / 2, 1 / 2, 1 / 2, 1 / 2]
    stability = tree.stability()
    assert stability == {
        8: pytest.approx(8 / 8), 9: 4 * (1 / 2 - 1 / 8), 10: 4 * (1 / 2 - 1 / 8),
        11: 1.0, 12: 1.0, 13: 1.0, 14: 1.0,
    }  # fmt: skip
    assert tree.select("eom", False, 0.0, None) == {11, 12, 13, 14}  # 2 · 1 > 1.5
    assert tree.select("leaf", False, 0.0, None) == {11, 12, 13, 14}
    assert tree.select("leaf", False, 1.9, None) == {11, 12, 13, 14}
    assert tree.select("leaf", False, 2.1, None) == {9, 10}  # born at distance 8
    assert tree.select("eom", False, 2.1, None) == {9, 10}
    assert tree.select("leaf", False, 9.0, None) == {9, 10}  # those nearest to the root
    assert tree.select("leaf", True, 9.0, None) == {8}
    labels, probabilities = tree.labels({9, 14}, False, 0.0)
    assert labels.tolist() == [0, 0, 0, 0, -1, -1, 1, 1]
    assert probabilities.tolist() == [1, 1, 1, 1, 0, 0, 1, 1]


def test_epsilon_merges_what_is_nearer():
    """scikit-learn's search for the cluster around another fails with new versions of NumPy."""
    X = SETS["blobs"]
    many = HDBSCAN(cluster_selection_method="leaf").fit(X).labels_.max()
    few = HDBSCAN(cluster_selection_method="leaf", cluster_selection_epsilon=1.0).fit(X).labels_
    assert 1 <= few.max() < many
    parts = [X[few == label] for label in range(few.max() + 1)]
    for a, b in itertools.combinations(parts, 2):
        assert np.linalg.norm(a[:, None] - b, axis=2).min() > 0


def test_refusals():
    for wrong, message in (
        (lambda: HDBSCAN().fit([[1.0]]), "n_samples=1 while HDBSCAN requires more than one sample"),
        (
            lambda: HDBSCAN().fit(np.eye(4)),
            r"min_samples \(5\) must be at most the number of samples",
        ),
        (lambda: HDBSCAN(metric="precomputed").fit(np.ones((6, 2))), "must be square"),
    ):
        with pytest.raises(ValueError, match=message):
            wrong()
