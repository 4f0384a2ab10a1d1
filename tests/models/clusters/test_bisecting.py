"""Bisecting k-means against scikit-learn's, and against the divisions that it must find."""

import numpy as np
import pytest

from models import BisectingKMeans, KMeans
from models.foundation import ConvergenceWarning
from tests.models.contract import blobs

cluster = pytest.importorskip("sklearn.cluster")


def first_and_last(X, n_clusters, random_state):
    """Two rows that do not depend on chance: the lowest and the highest of the first column."""
    order = np.argsort(X[:, 0])
    return X[order[[0, -1]]]


@pytest.mark.parametrize("strategy", ["biggest_inertia", "largest_cluster"])
@pytest.mark.parametrize("n_clusters", [1, 2, 5, 12])
def test_the_same_divisions_as_scikit_learn_from_the_same_centers(strategy, n_clusters):
    X = blobs(500, 4, 6)
    same = {"n_clusters": n_clusters, "bisecting_strategy": strategy, "tol": 0}
    ours = BisectingKMeans(init=first_and_last, **same).fit(X)

    def centered(Z, n_clusters, random_state):  # scikit-learn passes X less its mean
        return first_and_last(Z, n_clusters, random_state)

    theirs = cluster.BisectingKMeans(init=centered, **same).fit(X)
    np.testing.assert_allclose(ours.cluster_centers_, theirs.cluster_centers_, atol=1e-10)
    np.testing.assert_array_equal(ours.labels_, theirs.labels_)
    assert ours.inertia_ == pytest.approx(theirs.inertia_, rel=1e-12)
    new = blobs(500, 4, 6, seed=1)
    np.testing.assert_array_equal(ours.predict(new), theirs.predict(new))


def test_scores_over_ten_seeds_are_scikit_learns():
    X = blobs(500, 4, 8, apart=1.5)
    for settings in ({}, {"init": "k-means++", "n_init": 3}):
        a, b = (
            np.array([kind(8, random_state=s, **settings).fit(X).inertia_ for s in range(10)])
            for kind in (BisectingKMeans, cluster.BisectingKMeans)
        )
        assert (
            abs(a.mean() - b.mean())
            < 4 * np.hypot(a.std(), b.std()) / np.sqrt(10) + 1e-3 * b.mean()
        )


def test_two_clusters_are_those_of_kmeans():
    X = blobs(500, 4, 6)
    start = first_and_last(X, 2, None)
    two = BisectingKMeans(2, init=first_and_last, tol=0).fit(X)
    np.testing.assert_array_equal(two.labels_, KMeans(2, init=start, tol=0).fit(X).labels_)


def test_fewer_different_rows_than_clusters():
    X = np.repeat([[0.0, 0], [5, 5]], 4, axis=0)
    with pytest.warns(
        ConvergenceWarning, match=r"clusters \(2\) found smaller than n_clusters \(4\)"
    ):
        assert BisectingKMeans(4, random_state=0).fit(X).inertia_ == 0


def test_messages(capsys):
    X = blobs(20, 4, 6)
    with pytest.raises(ValueError, match=r"\(3, 4\) does not match the number of clusters 2"):
        BisectingKMeans(init=lambda X, n_clusters, random_state: X[:3]).fit(X)
    BisectingKMeans(3, random_state=0, verbose=1).fit(X)
    assert capsys.readouterr().out.startswith("BisectingKMeans   20 rows divided in ")
