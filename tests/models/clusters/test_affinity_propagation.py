"""Affinity propagation against scikit-learn's, and against the best choice of exemplars."""

import itertools
from functools import partial

import numpy as np
import pytest

from models import AffinityPropagation
from models.foundation import ConvergenceWarning
from tests.models import contract

cluster = pytest.importorskip("sklearn.cluster")
datasets = pytest.importorskip("sklearn.datasets")


blobs = partial(contract.blobs, apart=4.0)


@pytest.mark.parametrize(
    "settings",
    [{}, {"preference": -50.0}, {"damping": 0.9, "max_iter": 500}, {"convergence_iter": 3}],
)
@pytest.mark.parametrize(
    "X", [blobs(150), blobs(80, 10), datasets.load_iris().data + 0.0], ids=["3", "10", "iris"]
)
def test_the_same_clusters_as_scikit_learn(X, settings):
    X = X + 1e-6 * np.random.default_rng(0).normal(size=X.shape)  # so that noise decides nothing
    ours = AffinityPropagation(random_state=0, **settings).fit(X)
    theirs = cluster.AffinityPropagation(random_state=0, **settings).fit(X)
    np.testing.assert_array_equal(ours.cluster_centers_indices_, theirs.cluster_centers_indices_)
    np.testing.assert_array_equal(ours.labels_, theirs.labels_)
    assert ours.n_iter_ == theirs.n_iter_
    new = X + 0.1
    np.testing.assert_array_equal(ours.predict(new), theirs.predict(new))
    np.testing.assert_allclose(ours.affinity_matrix_, theirs.affinity_matrix_, atol=1e-9)


def test_given_similarities_and_preferences():
    X = blobs(60)
    S = -np.abs(X[:, None] - X).sum(axis=2)
    preference = np.linspace(-20, -5, 60)
    same = {"affinity": "precomputed", "preference": preference, "random_state": 0}
    ours, theirs = (
        AffinityPropagation(**same).fit(S),
        cluster.AffinityPropagation(**same).fit(S.copy()),
    )
    np.testing.assert_array_equal(ours.labels_, theirs.labels_)
    assert S[0, 0] == 0  # not overwritten
    with pytest.raises(ValueError, match="not supported when affinity='precomputed'"):
        ours.predict(S)
    with pytest.raises(ValueError, match=r"must be a square array. Got \(60, 3\) instead"):
        AffinityPropagation(affinity="precomputed").fit(X)
    with pytest.raises(ValueError, match=r"preference has shape \(3,\), for 60 samples"):
        AffinityPropagation(preference=[1.0, 2, 3]).fit(X)


def test_it_finds_the_best_exemplars_of_a_small_problem():
    X = blobs(12)
    model = AffinityPropagation(damping=0.8, random_state=0).fit(X)
    S = model.affinity_matrix_

    def total(exemplars):
        chosen = S[:, exemplars].copy()
        chosen[list(exemplars)] = -np.inf
        return S.diagonal()[list(exemplars)].sum() + np.delete(chosen.max(axis=1), exemplars).sum()

    subsets = itertools.chain(*(itertools.combinations(range(12), k) for k in range(1, 13)))
    assert total(tuple(model.cluster_centers_indices_)) == pytest.approx(max(map(total, subsets)))


def test_what_does_not_converge_says_so():
    X = blobs(40)
    with pytest.warns(ConvergenceWarning, match="did not converge and this model"):
        model = AffinityPropagation(max_iter=2, random_state=0).fit(X)
    with pytest.warns(UserWarning):
        theirs = cluster.AffinityPropagation(max_iter=2, random_state=0).fit(X)
    np.testing.assert_array_equal(model.labels_, theirs.labels_)
    if len(model.cluster_centers_) == 0:
        assert (model.predict(X) == -1).all()


@pytest.mark.parametrize("preference, clusters", [(-10.0, 1), (10.0, 4)])
def test_equal_points(preference, clusters):
    X = np.ones((4, 2))
    with pytest.warns(ConvergenceWarning, match="mutually equal similarities"):
        model = AffinityPropagation(preference=preference).fit(X)
    assert len({*model.labels_}) == clusters and model.n_iter_ == 0
