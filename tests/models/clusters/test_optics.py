"""OPTICS: scikit-learn's order, reachability and clusters."""

import numpy as np
import pytest

from models import OPTICS

cluster = pytest.importorskip("sklearn.cluster")
datasets = pytest.importorskip("sklearn.datasets")

rng = np.random.default_rng(0)
SETS = {
    "moons": datasets.make_moons(150, noise=0.08, random_state=0)[0],
    "blobs": datasets.make_blobs(
        150, centers=4, random_state=0, cluster_std=[0.3, 1, 0.5, 2]
    )[0],
    "iris": datasets.load_iris().data,
    "digits": datasets.load_digits().data[:120],
    "a grid": np.stack(np.meshgrid(np.arange(12.0), np.arange(12.0)), -1).reshape(-1, 2),
    "equal rows": np.repeat(rng.normal(size=(30, 2)), 5, axis=0),
}  # fmt: skip
SETTINGS = [
    {}, {"min_samples": 2}, {"xi": 0.2}, {"xi": 0.01}, {"min_cluster_size": 12}, {"max_eps": 0.5},
    {"predecessor_correction": False}, {"cluster_method": "dbscan", "max_eps": 2.0, "eps": 0.5},
    {"min_samples": 0.06, "min_cluster_size": 0.1}, {"p": 1, "algorithm": "brute"},
]  # fmt: skip


def same(X, **settings):
    ours, theirs = OPTICS(**settings).fit(X), cluster.OPTICS(**settings).fit(X)
    np.testing.assert_array_equal(ours.ordering_, theirs.ordering_)
    np.testing.assert_array_equal(ours.predecessor_, theirs.predecessor_)
    np.testing.assert_allclose(ours.reachability_, theirs.reachability_, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(ours.core_distances_, theirs.core_distances_, rtol=1e-12, atol=1e-14)
    np.testing.assert_array_equal(ours.labels_, theirs.labels_)
    assert hasattr(ours, "cluster_hierarchy_") == hasattr(theirs, "cluster_hierarchy_")
    if hasattr(ours, "cluster_hierarchy_") and len(ours.cluster_hierarchy_):
        np.testing.assert_array_equal(ours.cluster_hierarchy_, theirs.cluster_hierarchy_)


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.filterwarnings("ignore:All reachability values are inf")
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")  # theirs, for equal rows
def test_order_and_clusters(name, settings):
    same(SETS[name], **settings)


@pytest.mark.parametrize("metric", ["manhattan", "cosine", "chebyshev"])
def test_metrics(metric):
    same(SETS["moons"] + 3, metric=metric)


def test_precomputed():
    X = SETS["iris"]
    D = np.linalg.norm(X[:, None] - X, axis=2)
    same(D, metric="precomputed")


def test_the_reachability_is_what_its_definition_says():
    X = SETS["blobs"]
    model = OPTICS(min_samples=4).fit(X)
    D = np.linalg.norm(X[:, None] - X, axis=2)
    core = np.sort(D, axis=1)[:, 3]
    np.testing.assert_allclose(model.core_distances_, core)
    for place in range(1, len(X)):
        row, before = model.ordering_[place], model.ordering_[:place]
        assert model.reachability_[row] == pytest.approx(
            np.maximum(core[before], D[before, row]).min()
        )


@pytest.mark.parametrize("size", [1e150, 1e-150, 1.0])
def test_any_size(size):
    """Distances below 1e-15 are rounded to 0, as in scikit-learn: then all is one place."""
    labels = OPTICS().fit(SETS["blobs"] * size).labels_
    assert size < 1 or (labels == OPTICS().fit(SETS["blobs"]).labels_).all()
    assert len(labels) == 150


def test_refusals_and_a_warning():
    X = SETS["iris"]
    for wrong, message in (
        (lambda: OPTICS(min_samples=151).fit(X), r"min_samples must be no greater than .*\(150\)"),
        (lambda: OPTICS(min_cluster_size=200).fit(X), "min_cluster_size must be no greater"),
        (
            lambda: OPTICS(eps=2, max_eps=1, cluster_method="dbscan").fit(X),
            "an epsilon smaller than",
        ),
        (lambda: OPTICS(memory=3).fit(X), "'memory' parameter"),
    ):
        with pytest.raises(ValueError, match=message):
            wrong()
    with pytest.warns(UserWarning, match="All reachability values are inf"):
        assert (OPTICS(max_eps=1e-9).fit(X).labels_ == -1).all()
