"""BIRCH against scikit-learn's: the same subclusters."""

from functools import partial

import numpy as np
import pytest

from models import Birch, KMeans
from models.foundation import ConvergenceWarning, NotFittedError
from tests.models import contract

cluster = pytest.importorskip("sklearn.cluster")
metrics = pytest.importorskip("sklearn.metrics")


blobs = partial(contract.blobs, k=5, apart=4.0)


def assert_same_subclusters(ours, theirs):
    """In any order: of a pair of subclusters farthest apart, rounding decides which is the first."""
    orders = [np.lexsort(m.subcluster_centers_.T.round(9)) for m in (ours, theirs)]
    a, b = (m.subcluster_centers_[order] for m, order in zip((ours, theirs), orders, strict=True))
    np.testing.assert_allclose(a, b, atol=1e-9)
    return orders


@pytest.mark.parametrize("p", [1, 3, 8])
@pytest.mark.parametrize("threshold, branching", [(0.5, 50), (1.0, 5), (0.2, 3), (30.0, 10)])
@pytest.mark.filterwarnings("ignore:Number of subclusters found")
def test_the_same_subclusters_as_scikit_learn(p, threshold, branching):
    X = blobs(1000, p)
    same = {"threshold": threshold, "branching_factor": branching}
    ours, theirs = Birch(**same).fit(X), cluster.Birch(**same).fit(X)
    order, expected = assert_same_subclusters(ours, theirs)
    assert metrics.adjusted_rand_score(ours.labels_, theirs.labels_) == 1
    new = blobs(200, p, seed=1)
    assert metrics.adjusted_rand_score(ours.predict(new), theirs.predict(new)) == 1
    np.testing.assert_allclose(
        ours.transform(new)[:, order], theirs.transform(new)[:, expected], atol=1e-7
    )


def test_more_rows():
    X = blobs(1000)
    whole = Birch(branching_factor=10).fit(X)
    parts, theirs = Birch(branching_factor=10), cluster.Birch(branching_factor=10)
    before = None
    for i in range(0, 1000, 250):
        before = parts.subcluster_centers_.copy() if i else None
        earlier = parts.root_ if i else None
        parts.partial_fit(X[i : i + 250])
        theirs.partial_fit(X[i : i + 250])
        assert parts.root_ is not earlier
    assert_same_subclusters(parts, theirs)
    assert metrics.adjusted_rand_score(parts.labels_, theirs.labels_) == 1
    np.testing.assert_allclose(parts.subcluster_centers_, whole.subcluster_centers_, atol=1e-9)
    assert len(before) < len(whole.subcluster_centers_)
    again = parts.set_params(n_clusters=5).partial_fit()
    assert len({*again.subcluster_labels_}) == 5
    with pytest.raises(NotFittedError):
        Birch().partial_fit()


def test_subclusters_are_what_the_points_say():
    """Counts, means and radii of all nodes, from the points alone: the subclusters are sums of points."""
    X = blobs(400)
    model = Birch(threshold=0.7, branching_factor=4).fit(X)
    tree, Z = model._tree_, X - model._origin_
    n, mean, spread = tree.root.union()
    assert n == 400
    np.testing.assert_allclose(mean, Z.mean(axis=0), atol=1e-12)
    assert spread == pytest.approx(((Z - Z.mean(axis=0)) ** 2).sum())
    for leaf in tree.leaves:
        assert 0 < leaf.size <= 4
        assert (leaf.spread[: leaf.size] <= leaf.n[: leaf.size] * 0.7**2).all()

    def check(node):
        for i, child in enumerate(node.children or []):
            n, mean, spread = child.union()
            assert node.n[i] == n and node.spread[i] == pytest.approx(spread)
            np.testing.assert_allclose(node.mean[i], mean, atol=1e-12)
            check(child)

    check(tree.root)


def test_far_from_the_origin_no_digits_are_lost():
    """The usual Σ ‖x‖² / n - ‖mean‖² would be a difference of numbers of 1e16."""
    X = blobs(300)
    near, far = Birch().fit(X), Birch().fit(X + 1e8)
    np.testing.assert_array_equal(near.labels_, far.labels_)
    np.testing.assert_allclose(near.subcluster_centers_, far.subcluster_centers_ - 1e8, atol=1e-6)


def test_the_last_clustering():
    X = blobs(1000)
    alone = Birch(n_clusters=None).fit(X)
    np.testing.assert_array_equal(
        alone.subcluster_labels_, np.arange(len(alone.subcluster_centers_))
    )
    by_means = Birch(n_clusters=KMeans(4, random_state=0)).fit(X)
    assert len({*by_means.subcluster_labels_}) == 4
    with pytest.warns(
        ConvergenceWarning, match=r"subclusters found \(1\) by BIRCH is less than \(3\)"
    ):
        Birch(threshold=1e3).fit(X)
