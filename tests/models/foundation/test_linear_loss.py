"""Losses of η = x·w + b: the matrices from which their solvers start, and that they change no minimum."""

import numpy as np
import pytest

from models import (
    BinomialRegressor,
    GammaRegressor,
    LogisticRegression,
    NegativeBinomialRegressor,
    PoissonRegressor,
    TweedieRegressor,
)
from models.foundation import linear_loss
from models.foundation.linear_loss import gram
from tinygrad_edu import hessian, value_and_grad

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 4)) * [1.0, 10.0, 0.1, 1.0]
Y = RNG.poisson(np.exp(X @ [0.3, 0.05, 2.0, 0.0])).astype(float)
WEIGHT = RNG.uniform(0.1, 3, size=300)


def parts(model, y):
    data = model._read(X, y, WEIGHT)
    model._total_weight_ = WEIGHT.sum()
    packing = model._packing(**data)
    return data, packing, lambda v: model.loss(**data, **packing.unpack(v))


MODELS = {
    "Poisson": (PoissonRegressor(0.3), Y),
    "gamma": (GammaRegressor(0.3), Y + 0.5),
    "normal": (TweedieRegressor(power=0, alpha=0.3), Y),
    "Poisson by power": (TweedieRegressor(power=1, alpha=0.3), Y),
    "Tweedie": (TweedieRegressor(power=1.5, alpha=0.3), Y),
    "gamma by power": (TweedieRegressor(power=2, alpha=0.3), Y + 0.5),
    "inverse Gaussian": (TweedieRegressor(power=3, alpha=0.3), Y + 0.5),
    "negative binomial": (NegativeBinomialRegressor(alpha=0.3), Y),
    "binomial": (BinomialRegressor(alpha=0.3), Y),
    "two classes": (LogisticRegression(C=0.4), np.arange(300) % 2),
    "three classes": (LogisticRegression(C=0.4), np.arange(300) % 3),
    "a penalty of b": (
        LogisticRegression(C=0.4, solver="liblinear", intercept_scaling=2.0),
        np.arange(300) % 2,
    ),
}


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("name", MODELS)
def test_the_fast_gradient_is_that_of_the_loss(name, fit_intercept, monkeypatch):
    monkeypatch.setattr(linear_loss, "BLOCK", 70)
    model, y = MODELS[name]
    model = type(model)(**{**model.get_params(), "fit_intercept": fit_intercept})
    data, packing, objective = parts(model, y)
    point = packing.vector() + 0.1 * RNG.uniform(size=packing.vector().size)
    value, gradient = value_and_grad(objective)(point)
    fast_value, fast = model._value_and_grad(objective, packing, **data)(point)
    assert fast_value == pytest.approx(float(value), rel=1e-12)
    np.testing.assert_allclose(fast, gradient, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("name", MODELS)
def test_the_fast_curvature_is_that_of_the_loss(name):
    model, y = MODELS[name]
    data, packing, objective = parts(model, y)
    point = packing.vector() + 0.1 * RNG.uniform(size=packing.vector().size)
    diagonal = np.diagonal(hessian(objective)(point))
    blocks = np.diagonal(model._blocks(point, packing, **data), axis1=1, axis2=2)
    found = np.concatenate([blocks[:, :-1].ravel(), blocks[:, -1]])
    np.testing.assert_allclose(found, diagonal, rtol=1e-9, atol=1e-12)


def test_a_loss_of_ones_own_gets_no_shortcuts():
    class Double(PoissonRegressor):
        def loss(self, X, y, weight, coef, intercept):
            return super().loss(X, y, weight, coef, intercept) + (coef * coef).sum()

    same = {"tol": 1e-9, "solver": "lbfgs"}
    X = RNG.normal(size=(3000, 4))
    y = RNG.poisson(np.exp(X @ [0.3, 0.5, 0.2, 0.0])).astype(float)
    double, plain = Double(1.0, **same).fit(X, y), PoissonRegressor(3.0, **same).fit(X, y)
    np.testing.assert_allclose(double.coef_, plain.coef_, rtol=1e-7)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_many_rows_start_from_a_sample_and_end_at_the_minimum_of_all(n_classes):
    X = RNG.normal(size=(4000, 3)) * [1.0, 10.0, 0.1]
    scores = X @ RNG.normal(size=(3, n_classes)) + RNG.gumbel(size=(4000, n_classes))
    y, weight = scores.argmax(axis=1), RNG.uniform(size=4000)
    same = {"tol": 1e-10, "max_iter": 1000}
    fast = LogisticRegression(**same).fit(X, y, weight)
    slow = LogisticRegression(solver="cg", **same).fit(X, y, weight)
    assert fast.n_iter_[0] < 30
    assert fast.trace_.loss[0] < slow.trace_.loss[0]  # the start is near the minimum
    np.testing.assert_allclose(fast.coef_, slow.coef_, rtol=1e-6, atol=1e-8)


def test_a_sample_that_misleads_is_not_the_start():
    """Every seventh row is of another kind."""
    X = RNG.normal(size=(4000, 2))
    slope = np.where(np.arange(4000) % 7 == 0, -3.0, 3.0)
    y = (slope * X[:, 0] + X[:, 1] + RNG.logistic(size=4000) > 0).astype(int)
    same = {"tol": 1e-9, "C": 100.0}
    fast = LogisticRegression(**same).fit(X, y)
    slow = LogisticRegression(solver="newton-cg", **same).fit(X, y)
    assert fast.trace_.loss[0] == pytest.approx(np.log(2))
    np.testing.assert_allclose(fast.coef_, slow.coef_, rtol=1e-6)


def test_gram_is_a_product_in_blocks(monkeypatch):
    monkeypatch.setattr(linear_loss, "GRAM_BLOCK", 7)
    A = np.column_stack([X, np.ones(300)])
    for c in (WEIGHT, np.full(300, 0.7)):
        np.testing.assert_allclose(gram(X, c), A.T @ (c[:, None] * A), rtol=1e-12)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_on_all_rows_the_start_is_the_inverse_hessian(fit_intercept, monkeypatch):
    monkeypatch.setattr(linear_loss, "ROWS_PER_COLUMN", 1000)
    monkeypatch.setattr(linear_loss, "ALL_ROWS", 0.0)
    model = PoissonRegressor(0.3, fit_intercept=fit_intercept)
    data, packing, objective = parts(model, Y)
    point = packing.vector() + 0.01
    q = RNG.normal(size=len(point))
    H = hessian(objective)(point)
    np.testing.assert_allclose(model._hessian(objective, packing, **data)(point), H, rtol=1e-10)
    found = model._inverse(packing, **data)(point, q)
    np.testing.assert_allclose(found, np.linalg.solve(H, q), rtol=1e-6)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_blocks_are_those_of_the_hessian(n_classes):
    model = LogisticRegression(C=0.4)
    data, packing, objective = parts(model, np.arange(300) % n_classes)
    point = packing.vector() + 0.1 * RNG.normal(size=packing.vector().size)
    outputs = 1 if n_classes == 2 else 3
    order = np.concatenate([np.arange(4 * outputs).reshape(outputs, 4),
                            4 * outputs + np.arange(outputs)[:, None]], axis=1)  # fmt: skip
    H = hessian(objective)(point)
    for rows, block in zip(order, model._blocks(point, packing, **data), strict=True):
        np.testing.assert_allclose(block, H[np.ix_(rows, rows)], rtol=1e-9, atol=1e-12)


def test_columns_that_the_sample_misses_do_not_mislead_it():
    """A few rows of 20,000 have the feature at all, and every seventh row does not."""
    row = np.arange(20_000)
    X = np.column_stack([RNG.normal(size=(20_000, 3)), (row < 40) & (row % 7 != 0)])
    y = RNG.poisson(np.exp(X @ [0.3, 0.1, 0.0, 1.0])).astype(float)
    model = PoissonRegressor(0.0, tol=1e-9).fit(X, y)
    assert model.n_iter_ < 25
    exact = PoissonRegressor(0.0, tol=1e-9, solver="newton").fit(X, y)
    np.testing.assert_allclose(model.coef_, exact.coef_, rtol=1e-5)


def test_many_columns_go_without(monkeypatch):
    monkeypatch.setattr(linear_loss, "MOST_COLUMNS", 3)
    data, packing, _ = parts(PoissonRegressor(), Y)
    assert PoissonRegressor()._inverse(packing, **data) is None
    np.testing.assert_allclose(
        PoissonRegressor(tol=1e-9, max_iter=1000).fit(X, Y).predict(X),
        PoissonRegressor(tol=1e-9, solver="newton").fit(X, Y).predict(X),
        rtol=1e-6,
    )
