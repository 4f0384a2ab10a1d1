"""Losses of η = x·w + b: the matrices from which their solvers start, and that they change no minimum."""

import numpy as np
import pytest

from models import LogisticRegression, PoissonRegressor
from models.foundation import linear_loss
from models.foundation.linear_loss import gram
from tinygrad_edu import hessian

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 4)) * [1.0, 10.0, 0.1, 1.0]
Y = RNG.poisson(np.exp(X @ [0.3, 0.05, 2.0, 0.0])).astype(float)
WEIGHT = RNG.uniform(0.1, 3, size=300)


def parts(model, y):
    data = model._read(X, y, WEIGHT)
    model._total_weight_ = WEIGHT.sum()
    packing = model._packing(**data)
    return data, packing, lambda v: model.loss(**data, **packing.unpack(v))


def test_gram_is_a_product_in_blocks(monkeypatch):
    monkeypatch.setattr(linear_loss, "BLOCK", 7)
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
    """A few rows of 20,000 have the feature at all."""
    X = np.column_stack([RNG.normal(size=(20_000, 3)), np.arange(20_000) < 6])
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
