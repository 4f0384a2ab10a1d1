"""Factorization machines: the sum over pairs, and what they learn that a linear model cannot."""

from itertools import combinations

import numpy as np
import pytest

from models import FactorizationMachine, Ridge


def data(n=200, d=5, rank=2, seed=0):
    rng = np.random.default_rng(seed)
    X, V = rng.normal(size=(n, d)), rng.normal(size=(d, rank))
    pairs = sum((V[j] @ V[i]) * X[:, j] * X[:, i] for j, i in combinations(range(d), 2))
    return X, 1 + X @ rng.normal(size=d) + pairs, V


def test_the_sum_over_pairs_needs_no_pairs():
    """Lemma 3.1 of Rendle: ½ Σ_f ((xV)² - x²V²) is the sum of (v_j · v_l) x_j x_l."""
    X, _, V = data()
    rng = np.random.default_rng(1)
    w, b = rng.normal(size=5), rng.normal()
    expected = b + X @ w
    for j, i in combinations(range(5), 2):
        expected = expected + (V[j] @ V[i]) * X[:, j] * X[:, i]
    found = FactorizationMachine()._score(X, w, b, V)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)


def test_products_of_features_are_learned():
    X, y, V = data()
    model = FactorizationMachine(rank=2, alpha=1e-6, tol=1e-8, random_state=0, max_iter=5000)
    assert model.fit(X, y).score(X, y) > 0.999999
    G = model.factors_ @ model.factors_.T
    off = ~np.eye(5, dtype=bool)
    np.testing.assert_allclose(G[off], (V @ V.T)[off], atol=1e-3)
    assert Ridge().fit(X, y).score(X, y) < 0.8


def test_without_factors_it_is_ridge_regression():
    """At V = 0 the gradient with respect to V is 0: what remains is linear."""
    X, y, _ = data()
    model = FactorizationMachine(rank=1, init_scale=0.0, alpha=2.0, tol=1e-10).fit(X, y)
    ridge = Ridge(alpha=2.0).fit(X, y)
    np.testing.assert_array_equal(model.factors_, 0)
    np.testing.assert_allclose(model.coef_, ridge.coef_, rtol=1e-7)
    assert model.intercept_ == pytest.approx(ridge.intercept_, rel=1e-7)


def test_one_hot_users_and_items_make_it_a_matrix_factorization():
    """With x the one-hot user and item, ŷ = b + w_u + w_i + v_u · v_i (Rendle, section V.A)."""
    rng = np.random.default_rng(0)
    u, i = rng.integers(0, 6, 80), rng.integers(0, 5, 80)
    X = np.concatenate([np.eye(6)[u], np.eye(5)[i]], axis=1)
    y = rng.normal(size=80)
    model = FactorizationMachine(rank=2, random_state=0, max_iter=5000).fit(X, y)
    w, V = model.coef_, model.factors_
    expected = model.intercept_ + w[u] + w[6 + i] + (V[u] * V[6 + i]).sum(axis=1)
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-10)
