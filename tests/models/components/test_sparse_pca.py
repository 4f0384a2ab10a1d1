"""Sparse principal components against scikit-learn's from the same start, and without a penalty."""

import numpy as np
import pytest

from models import PCA, SparsePCA

decomposition = pytest.importorskip("sklearn.decomposition")
datasets = pytest.importorskip("sklearn.datasets")

RNG = np.random.default_rng(0)
WINE = datasets.load_wine().data
DATA = {
    "iris": datasets.load_iris().data,
    "wine": (WINE - WINE.mean(axis=0)) / WINE.std(axis=0),
    "fewer rows than columns": RNG.normal(size=(8, 20)),
}


@pytest.mark.parametrize("method", ["lars", "cd"])
@pytest.mark.parametrize("name", DATA)
def test_the_same_as_scikit_learn(name, method):
    X = DATA[name]
    same = {"n_components": 2, "alpha": 1.0, "method": method, "tol": 1e-9, "max_iter": 3000}
    ours, theirs = SparsePCA(**same).fit(X), decomposition.SparsePCA(**same).fit(X)
    assert ours.error_[-1] == pytest.approx(theirs.error_[-1], rel=1e-6)
    np.testing.assert_allclose(ours.components_, theirs.components_, atol=1e-4)
    np.testing.assert_allclose(ours.transform(X), theirs.transform(X), atol=1e-3)
    np.testing.assert_allclose(ours.mean_, theirs.mean_)
    assert np.mean(ours.components_ == 0) > 0
    np.testing.assert_allclose(np.linalg.norm(ours.components_, axis=1), 1)
    Z = ours.transform(X)
    np.testing.assert_allclose(ours.inverse_transform(Z), Z @ ours.components_ + ours.mean_)


def test_without_a_penalty_it_spans_the_plane_of_pca():
    X = DATA["wine"]
    V, W = SparsePCA(2, alpha=0, tol=1e-12).fit(X).components_, PCA(2).fit(X).components_
    np.testing.assert_allclose(np.linalg.svd(V @ W.T, compute_uv=False)[1] > 0.1, True)
    within = V - V @ W.T @ W
    np.testing.assert_allclose(within, 0, atol=1e-6)


def test_more_penalty_more_zeros():
    zeros = [np.sum(SparsePCA(3, alpha=α).fit(DATA["wine"]).components_ == 0) for α in (0.1, 2, 5)]
    assert zeros[0] < zeros[1] < zeros[2]


def test_a_start_that_is_given():
    X = DATA["iris"]
    U, V = RNG.normal(size=(150, 2)), RNG.normal(size=(2, 4))
    same = {"n_components": 2, "tol": 1e-9, "U_init": U, "V_init": V}
    ours, theirs = SparsePCA(**same).fit(X), decomposition.SparsePCA(**same).fit(X)
    assert ours.error_[-1] == pytest.approx(theirs.error_[-1], rel=1e-6)
    with pytest.raises(
        ValueError, match=r"U_init has shape \(150, 2\), and should have \(150, 3\)"
    ):
        SparsePCA(3, U_init=U).fit(X)


def test_rounds_that_do_not_arrive_warn():
    with pytest.warns(UserWarning, match="SparsePCA stopped after 1 rounds"):
        SparsePCA(2, max_iter=1).fit(DATA["iris"])
