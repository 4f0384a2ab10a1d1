"""Fuzzy c-means against the conditions of its minimum, and k-means, which it becomes."""

import numpy as np
import pytest

from models import FuzzyCMeans, KMeans
from models.clusters.fuzzy import memberships
from models.foundation import ConvergenceWarning
from tests.models.contract import blobs
from tinygrad_edu import grad


def J(c, X, weight, m):
    """With the best memberships: Σ w (Σ_k d^(-2/(m-1)))^(1-m), written on Tensors."""
    apart = X[:, None, :] - c
    d2 = (apart * apart).sum(axis=2)
    return (weight * (d2 ** (1 / (1 - m))).sum(axis=1) ** (1 - m)).sum()


@pytest.mark.parametrize("m", [1.3, 2.0, 3.0])
def test_the_gradient_is_zero_at_the_end(m):
    X = blobs()
    weight = np.random.default_rng(1).uniform(0.5, 2, len(X))
    model = FuzzyCMeans(4, m=m, tol=1e-12, max_iter=5000, random_state=0).fit(
        X, sample_weight=weight
    )
    size = weight.sum() * np.abs(X).max()
    assert np.abs(grad(J)(model.cluster_centers_, X, weight, m)).max() < 1e-9 * size
    assert model.inertia_ == pytest.approx(
        float(J(model.cluster_centers_, X, weight, m)), rel=1e-12
    )
    assert model.score(X, sample_weight=weight) == pytest.approx(-model.inertia_, rel=1e-12)


@pytest.mark.parametrize("m", [1.5, 2.0])
def test_a_step_of_the_centers(m):
    """∂J/∂c_k = 2 Σ_i w_i u_ik^m (c_k - x_i), whether u is fixed or follows c: it is the best u."""
    X = blobs()
    weight, c = np.ones(len(X)), X[:4] + 0.1
    u = memberships(((X[:, None] - c) ** 2).sum(axis=2), m)
    expected = 2 * ((u**m).sum(axis=0)[:, None] * c - (u**m).T @ X)
    np.testing.assert_allclose(grad(J)(c, X, weight, m), expected, rtol=1e-9, atol=1e-9)
    with pytest.warns(
        ConvergenceWarning, match="FuzzyCMeans stopped after 1 steps, while memberships"
    ):
        one = FuzzyCMeans(4, m=m, init=c, max_iter=1).fit(X)
    step = c - expected / (2 * (u**m).sum(axis=0)[:, None])
    np.testing.assert_allclose(one.cluster_centers_, step, rtol=1e-9, atol=1e-12)


def test_memberships():
    d2 = ((blobs(50)[:, None] - blobs(4, seed=1)) ** 2).sum(axis=2)
    u = memberships(d2, 2.0)
    np.testing.assert_allclose(u.sum(axis=1), 1, rtol=1e-14)
    np.testing.assert_allclose(u, (1 / d2) / (1 / d2).sum(axis=1)[:, None], rtol=1e-12)
    np.testing.assert_allclose(memberships(d2 * 1e-200, 2.0), u, rtol=1e-12)
    np.testing.assert_array_equal(memberships(np.array([[0.0, 4.0, 0.0]]), 2.0), [[0.5, 0, 0.5]])
    rng = np.random.default_rng(0)
    for _ in range(20):  # no other memberships are better
        other = rng.dirichlet(np.ones(4), len(d2))
        assert (u**2 * d2).sum() <= (other**2 * d2).sum()


def test_every_step_lowers_the_inertia():
    X = blobs(apart=1.0)
    model = FuzzyCMeans(4, random_state=0).fit(X)
    assert (np.diff(model.trace_.loss) <= 0).all() and model.n_iter_ == len(model.trace_) > 5
    np.testing.assert_allclose(model.predict_proba(X), model.membership_, rtol=1e-9)
    np.testing.assert_array_equal(model.predict(X), model.membership_.argmax(axis=1))


def test_a_small_fuzzifier_is_kmeans():
    X = blobs()
    fuzzy = FuzzyCMeans(4, m=1.01, init=X[:4], tol=1e-9).fit(X)
    hard = KMeans(4, init=X[:4], tol=0).fit(X)
    np.testing.assert_allclose(fuzzy.cluster_centers_, hard.cluster_centers_, atol=1e-2)
    assert fuzzy.inertia_ == pytest.approx(hard.inertia_, rel=1e-2)


def test_far_from_the_origin():
    X = blobs()
    near, far = (FuzzyCMeans(4, init=Y[:4]).fit(Y) for Y in (X, X + 1e7))
    np.testing.assert_allclose(far.cluster_centers_ - 1e7, near.cluster_centers_, atol=1e-6)
