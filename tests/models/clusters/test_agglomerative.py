"""Hierarchies of clusters against scikit-learn's, SciPy's, and a version in plain Python."""

import statistics
import tracemalloc

import numpy as np
import pytest

from models import AgglomerativeClustering, FeatureAgglomeration
from models.clusters import linkage
from models.clusters.agglomerative import linkage_matrix
from models.foundation.lloyd import squared_distances
from tests.models.contract import blobs

cluster = pytest.importorskip("sklearn.cluster")
datasets = pytest.importorskip("sklearn.datasets")
hierarchy = pytest.importorskip("scipy.cluster.hierarchy")

LINKAGES = ["ward", "complete", "average", "single"]


DATA = {
    "iris, with ties": lambda: datasets.load_iris().data,
    "a grid of ties": lambda: np.random.default_rng(0).integers(0, 6, (200, 2)).astype(float),
    "wine": lambda: datasets.load_wine().data,
    "many features": lambda: blobs(200, 40),
    "one feature": lambda: blobs(100, 1),
    "two rows": lambda: blobs(2),
    "far from the origin": lambda: blobs(300) + 1e6,
}


def assert_same_tree(ours, theirs, rtol=1e-9):
    np.testing.assert_allclose(ours.distances_, theirs.distances_, rtol=rtol)
    np.testing.assert_array_equal(ours.children_, theirs.children_)
    np.testing.assert_array_equal(ours.labels_, theirs.labels_)


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("kind", LINKAGES)
def test_the_same_tree_as_scikit_learn_and_scipy(name, kind):
    X = DATA[name]()
    ours = AgglomerativeClustering(linkage=kind).fit(X)
    theirs = cluster.AgglomerativeClustering(linkage=kind, compute_distances=True).fit(X)
    assert_same_tree(ours, theirs)
    for attribute in ("n_clusters_", "n_leaves_", "n_connected_components_"):
        assert getattr(ours, attribute) == getattr(theirs, attribute)
    if kind != "single" or "ties" not in name:  # SciPy walks the shortest tree otherwise
        np.testing.assert_allclose(linkage_matrix(ours), hierarchy.linkage(X, kind), rtol=1e-9)
    assert hierarchy.is_valid_linkage(linkage_matrix(ours))


@pytest.mark.parametrize("kind", LINKAGES)
def test_cuts(kind):
    X = blobs(300)
    for n_clusters in (1, 2, 7, 300):
        ours = AgglomerativeClustering(n_clusters, linkage=kind).fit_predict(X)
        theirs = cluster.AgglomerativeClustering(n_clusters, linkage=kind).fit_predict(X)
        np.testing.assert_array_equal(ours, theirs)
    heights = AgglomerativeClustering(linkage=kind).fit(X).distances_
    for threshold in (0.0, heights[200], np.mean(heights[-4:-2]), 1e9):
        same = {"linkage": kind, "n_clusters": None, "distance_threshold": threshold}
        ours = AgglomerativeClustering(**same).fit(X)
        theirs = cluster.AgglomerativeClustering(**same).fit(X)
        if threshold != heights[200]:  # that very distance may be rounded otherwise
            assert ours.n_clusters_ == theirs.n_clusters_
            np.testing.assert_array_equal(ours.labels_, theirs.labels_)
        assert ours.n_clusters_ == len({*ours.labels_})


@pytest.mark.parametrize(
    "kind, of_pairs", [("single", min), ("complete", max), ("average", statistics.fmean)]
)
def test_the_naive_version_grows_the_same_tree(kind, of_pairs):
    X = blobs(25)
    D = np.sqrt(squared_distances(X, X))
    merges = linkage.naive_agglomerative(D.tolist(), of_pairs)
    model = AgglomerativeClustering(linkage=kind).fit(X)
    children = np.sort(model.children_, axis=1)
    np.testing.assert_array_equal(children, [sorted(merge[:2]) for merge in merges])
    np.testing.assert_allclose(model.distances_, [merge[2] for merge in merges], rtol=1e-12)


def test_wards_distance_is_the_rise_of_the_inertia():
    X = blobs(40)
    model = AgglomerativeClustering().fit(X)
    below = [[i] for i in range(40)]

    def inertia(members):
        return ((X[members] - X[members].mean(axis=0)) ** 2).sum()

    for (a, b), distance in zip(model.children_, model.distances_, strict=True):
        below.append(below[a] + below[b])
        rise = inertia(below[-1]) - inertia(below[a]) - inertia(below[b])
        assert distance == pytest.approx(np.sqrt(2 * rise), rel=1e-9)


@pytest.mark.parametrize("kind", LINKAGES[1:])
def test_given_distances(kind):
    X = blobs(80)
    D = np.abs(X[:, None] - X).sum(axis=2)

    def manhattan(X):
        return np.abs(X[:, None] - X).sum(axis=2)

    for metric, table in (("precomputed", D), (manhattan, X)):
        same = {"metric": metric, "linkage": kind}
        ours = AgglomerativeClustering(3, **same).fit(table)
        theirs = cluster.AgglomerativeClustering(3, compute_distances=True, **same).fit(table)
        assert_same_tree(ours, theirs, 1e-12)
    with pytest.raises(ValueError, match=r"should be square, got matrix of shape \(80, 3\)"):
        AgglomerativeClustering(metric="precomputed", linkage=kind).fit(X)
    np.testing.assert_array_equal(D, manhattan(X))  # not overwritten


@pytest.mark.parametrize("kind", LINKAGES[1:])
@pytest.mark.parametrize(
    "metric", ["manhattan", "l1", "cosine", "chebyshev", "canberra", "correlation"]
)
def test_named_distances(kind, metric):
    X = blobs(80, 5)
    same = {"metric": metric, "linkage": kind}
    ours = AgglomerativeClustering(3, **same).fit(X)
    theirs = cluster.AgglomerativeClustering(3, compute_distances=True, **same).fit(X)
    assert_same_tree(ours, theirs)


def test_directions_of_zeros_are_refused():
    X = blobs(20)
    X[3] = 0
    with pytest.raises(
        ValueError, match="Cosine affinity cannot be used when X contains zero vectors"
    ):
        AgglomerativeClustering(metric="cosine", linkage="average").fit(X)


def test_duplicates_merge_at_distance_0():
    X = np.repeat(blobs(20, 30), 3, axis=0)
    heights = AgglomerativeClustering(linkage="complete").fit(X).distances_
    assert (heights[:40] < 1e-6).all() and (heights[40:] > 1).all()


def test_single_linkage_keeps_no_distances():
    X = blobs(1500, 2)
    tracemalloc.start()
    AgglomerativeClustering(linkage="single").fit(X)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 1500 * 1500


def test_refusals():
    X = blobs(20)
    with pytest.raises(ValueError, match="Exactly one of n_clusters and distance_threshold"):
        AgglomerativeClustering(n_clusters=None).fit(X)
    with pytest.raises(ValueError, match="Exactly one of n_clusters and distance_threshold"):
        AgglomerativeClustering(distance_threshold=1.0).fit(X)
    with pytest.raises(
        ValueError, match="compute_full_tree must be True if distance_threshold is set"
    ):
        AgglomerativeClustering(None, distance_threshold=1.0, compute_full_tree=False).fit(X)
    with pytest.raises(ValueError, match="Ward can only work with euclidean distances"):
        AgglomerativeClustering(metric="precomputed").fit(X)
    with pytest.raises(ValueError, match="21 clusters were given for a tree with 20 leaves"):
        AgglomerativeClustering(21).fit(X)
    with pytest.raises(
        ValueError, match="'connectivity' parameter of AgglomerativeClustering must be None"
    ):
        AgglomerativeClustering(connectivity=np.eye(20)).fit(X)
    with pytest.raises(ValueError, match=r"1 sample\(s\) .* minimum of 2 is required"):
        AgglomerativeClustering().fit(X[:1])


@pytest.mark.parametrize("pool", [np.mean, np.max, np.median])
def test_features(pool):
    X = datasets.load_digits().data[:200]
    ours = FeatureAgglomeration(8, pooling_func=pool).fit(X)
    theirs = cluster.FeatureAgglomeration(8, pooling_func=pool).fit(X)
    np.testing.assert_array_equal(ours.labels_, theirs.labels_)
    np.testing.assert_allclose(ours.transform(X), theirs.transform(X), rtol=1e-12)
    Z = ours.transform(X)
    np.testing.assert_allclose(ours.inverse_transform(Z), theirs.inverse_transform(Z), rtol=1e-12)
    assert ours.get_feature_names_out().tolist() == theirs.get_feature_names_out().tolist()
    with pytest.raises(ValueError, match=r"1 feature\(s\) .* minimum of 2 is required"):
        FeatureAgglomeration().fit(X[:, :1])


@pytest.mark.parametrize("how", ["ward", "average", "complete"])
def test_distances_with_infinite_squares(how):
    X = np.random.default_rng(0).normal(size=(20, 2))
    labels = AgglomerativeClustering(3, linkage=how).fit(X).labels_
    large = AgglomerativeClustering(3, linkage=how).fit(X * 1e150).labels_
    np.testing.assert_array_equal(large, labels)
    with pytest.raises(ValueError, match="too large(?s:.*)Try: StandardScaler first"):
        AgglomerativeClustering(3, linkage=how).fit(X * 1e160)
