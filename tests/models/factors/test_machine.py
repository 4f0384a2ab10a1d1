"""Factorization machines: the identity of the sum, and linear models on products of features."""

import numpy as np
import pytest

from models import FactorizationMachineClassifier, FactorizationMachineRegressor
from models.factors.machine import interactions

preprocessing = pytest.importorskip("sklearn.preprocessing")
linear_model = pytest.importorskip("sklearn.linear_model")


def data(n=200, d=5):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, d))
    return X, X @ rng.normal(size=d) + X[:, 0] * X[:, 1] - 2 * X[:, 2] * X[:, 4] + 1, rng


@pytest.mark.parametrize("outputs", [(), (1,), (3,)])
def test_the_sum_of_all_products_is_a_difference_of_squares(outputs):
    X, _, rng = data(30)
    V = rng.normal(size=(*outputs, 4, 5))
    by_pairs = sum(
        (V[..., i] * V[..., j]).sum(axis=-1) * (X[:, i] * X[:, j]).reshape(-1, *[1] * len(outputs))
        for i in range(5) for j in range(i)
    )  # fmt: skip
    np.testing.assert_allclose(interactions(X, V), by_pairs, rtol=0, atol=1e-10)
    flat = V.reshape(-1, 4, 5)
    halves = 0.5 * np.stack([((X @ v.T) ** 2 - X**2 @ (v**2).T).sum(axis=1) for v in flat], axis=1)
    np.testing.assert_allclose(interactions(X, V), halves.reshape(by_pairs.shape), atol=1e-10)


def test_with_full_rank_it_is_least_squares_on_the_products():
    X, y, rng = data()
    y = y + rng.normal(size=len(y))
    products = preprocessing.PolynomialFeatures(2, interaction_only=True, include_bias=False)
    Z = products.fit_transform(X)
    expected = linear_model.LinearRegression().fit(Z, y).predict(Z)
    model = FactorizationMachineRegressor(
        5, alpha=0.0, random_state=0, tol=1e-10, max_iter=5000
    ).fit(X, y)
    np.testing.assert_allclose(model.predict(X), expected, rtol=0, atol=1e-6)


def test_with_full_rank_it_is_logistic_regression_on_the_products():
    X, y, rng = data()
    labels = np.digitize(y + 3 * rng.normal(size=len(y)), [-2, 2])
    for target in (labels > 1, labels):
        Z = preprocessing.PolynomialFeatures(
            2, interaction_only=True, include_bias=False
        ).fit_transform(X)
        theirs = linear_model.LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12)
        expected = theirs.fit(Z, target).predict_proba(Z)
        model = FactorizationMachineClassifier(
            5, alpha=0.0, random_state=0, tol=1e-9, max_iter=5000
        ).fit(X, target)  # fmt: skip
        np.testing.assert_allclose(model.predict_proba(X), expected, rtol=0, atol=1e-5)


def test_a_low_rank_finds_low_rank_interactions():
    X, _, rng = data(400, 8)
    V = rng.normal(size=(2, 8))
    y = interactions(X, V)
    model = FactorizationMachineRegressor(2, alpha=1e-8, random_state=1, max_iter=3000).fit(X, y)
    found = model.factors_.T @ model.factors_
    np.testing.assert_allclose(
        (found - V.T @ V)[np.triu_indices(8, 1)], 0, atol=1e-3
    )  # fmt: skip
    assert FactorizationMachineRegressor(1, random_state=1).fit(X, y).score(X, y) < 0.95


def test_shapes_and_the_logit_of_the_second_class():
    X, y, _ = data()
    two = FactorizationMachineClassifier(3, random_state=0).fit(X, np.where(y > 0, "up", "down"))
    assert two.coef_.shape == (1, 5) and two.factors_.shape == (1, 3, 5)
    P = two.predict_proba(X)
    np.testing.assert_allclose(np.log(P[:, 1] / P[:, 0]), two.decision_function(X), rtol=1e-8)
    three = FactorizationMachineClassifier(3, random_state=0).fit(X, np.digitize(y, [-1, 1]))
    assert three.coef_.shape == (3, 5) and three.intercept_.shape == (3,)
    assert FactorizationMachineRegressor(3).fit(X, y).coef_.shape == (5,)
