"""k-medoids against the best of all choices, and against exchanges one by one."""

import itertools

import numpy as np
import pytest

from models import KMedoids
from models.clusters.medoids import exchanged
from models.foundation import ConvergenceWarning
from tests.models.contract import blobs


def distances(X):
    return np.sqrt(((X[:, None] - X) ** 2).sum(axis=2))


def total(D, medoids):
    return D[:, list(medoids)].min(axis=1).sum()


@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_an_exchange_is_the_best_of_all_one_by_one(k, monkeypatch):
    for seed in range(5):
        D = distances(blobs(30, seed=seed))
        medoids = np.random.default_rng(seed).choice(30, k, replace=False)
        every = {
            (i, c): total(D, [*medoids[:i], c, *medoids[i + 1 :]])
            for i in range(k)
            for c in range(30)
        }
        better = exchanged(D, medoids)
        if better is None:
            assert min(every.values()) >= total(D, medoids) * (1 - 1e-12)
        else:
            assert total(D, better) == pytest.approx(min(every.values()), rel=1e-12)
            assert (better != medoids).sum() == 1


def test_the_best_medoids_of_small_problems():
    found = 0
    for seed in range(10):
        X = blobs(16, seed=seed)
        D = distances(X)
        best = min(total(D, chosen) for chosen in itertools.combinations(range(16), 3))
        model = KMedoids(3).fit(X)
        assert model.inertia_ == pytest.approx(total(D, model.medoid_indices_), rel=1e-12)
        found += model.inertia_ <= best * (1 + 1e-12)
    assert found >= 9  # a local minimum, nearly always the global one


@pytest.mark.parametrize("init", ["build", "k-medoids++", "random"])
def test_pam_ends_where_no_exchange_helps_and_beats_alternation(init):
    X = blobs(apart=1.0, k=8)
    D = distances(X)
    sums = {"pam": [], "alternate": []}
    for seed, method in itertools.product(range(5), sums):
        model = KMedoids(8, method=method, init=init, random_state=seed).fit(X)
        sums[method].append(model.inertia_)
        assert len({*model.medoid_indices_}) == 8
        np.testing.assert_array_equal(model.labels_, D[:, model.medoid_indices_].argmin(axis=1))
        if method == "pam":
            assert exchanged(D, model.medoid_indices_) is None
        else:
            for k, medoid in enumerate(model.medoid_indices_):
                members = np.flatnonzero(model.labels_ == k)
                inside = D[np.ix_(members, members)].sum(axis=0)
                assert D[members, medoid].sum() <= inside.min() * (1 + 1e-9)
    assert np.mean(sums["pam"]) < np.mean(sums["alternate"])


def test_distances_of_any_kind():
    X = blobs(60)
    D = np.abs(X[:, None] - X).sum(axis=2)
    given = KMedoids(4, metric="precomputed").fit(D)
    called = KMedoids(4, metric=lambda x, y: np.abs(x - y).sum()).fit(X)
    named = KMedoids(4, metric="manhattan").fit(X)
    np.testing.assert_array_equal(given.medoid_indices_, named.medoid_indices_)
    np.testing.assert_array_equal(given.medoid_indices_, called.medoid_indices_)
    np.testing.assert_array_equal(given.predict(D[:7]), called.predict(X[:7]))
    np.testing.assert_allclose(called.transform(X), D[:, called.medoid_indices_], rtol=1e-12)
    np.testing.assert_array_equal(called.cluster_centers_, X[called.medoid_indices_])
    with pytest.raises(
        ValueError, match=r"X must be square, of distances ≥ 0; its shape is \(60, 3\)"
    ):
        KMedoids(metric="precomputed").fit(X)


def test_one_point_far_away_moves_no_medoid():
    X = np.array([[0.0], [1], [2], [10], [11], [12]])
    far = np.vstack([X, [[30.0]]])
    for data in (X, far):
        assert sorted(KMedoids(2).fit(data).cluster_centers_[:, 0]) in ([1, 11], [1, 12])


def test_fewer_different_points_than_medoids():
    X = np.repeat([[0.0, 0], [5, 5]], 4, axis=0)
    for init in ("build", "k-medoids++", "random"):
        model = KMedoids(3, init=init, random_state=0).fit(X)
        assert model.inertia_ == 0 and len({*model.medoid_indices_}) == 3


def test_messages():
    X = blobs(20)
    with pytest.raises(ValueError, match="n_samples=20 should be >= n_clusters=21"):
        KMedoids(21).fit(X)
    for wrong in ([0, 0], [0, 20], [0.5, 1], [0, 1, 2]):
        with pytest.raises(ValueError, match="are not 2 different numbers of rows of X"):
            KMedoids(2, init=wrong).fit(X)
    with pytest.warns(ConvergenceWarning, match="KMedoids stopped after 1 steps"):
        KMedoids(8, init=np.arange(8), max_iter=1).fit(blobs(200, apart=0.1))
