"""Matrix factorization: alternating least squares and gradients on one loss, and its closed form."""

import numpy as np
import pytest

from models import MatrixFactorization
from models.foundation import ConvergenceWarning
from tinygrad_edu.gradcheck import gradcheck

EXAMPLE = next(MatrixFactorization.examples(np.random.default_rng(0)))


def full(users, items):
    """Every pair (user, item)."""
    return np.stack(np.meshgrid(np.arange(users), np.arange(items), indexing="ij"), -1).reshape(
        -1, 2
    )


def test_without_gaps_and_biases_the_products_are_a_shrunken_svd():
    """The least ‖R - PQᵀ‖² + α (‖P‖² + ‖Q‖²) has PQᵀ = U max(S - α, 0) Vᵀ (Srebro 2004, Mazumder 2010)."""
    rng = np.random.default_rng(0)
    R = rng.normal(size=(9, 7))
    R -= R.mean()
    model = MatrixFactorization(
        rank=7, alpha=1.5, biases=False, tol=1e-12, max_iter=20_000, random_state=0
    )
    model.fit(full(9, 7), R.ravel())
    U, S, Vt = np.linalg.svd(R, full_matrices=False)
    expected = (U * np.maximum(S - 1.5, 0)) @ Vt
    np.testing.assert_allclose(model.user_factors_ @ model.item_factors_.T, expected, atol=1e-8)


def test_alternating_steps_and_gradients_find_the_same_minimum():
    """With a rank above that of the result, there is but one minimum (Mazumder, Hastie, Tibshirani 2010)."""
    _, X, y = EXAMPLE
    same = {"rank": 8, "alpha": 0.8, "tol": 1e-9, "max_iter": 50_000, "random_state": 0}
    weight = np.random.default_rng(1).uniform(0.5, 2, len(y))
    als = MatrixFactorization(**same).fit(X, y, weight)
    lbfgs = MatrixFactorization(solver="lbfgs", **same).fit(X, y, weight)
    assert als.trace_.loss[-1] == pytest.approx(lbfgs.trace_.loss[-1], rel=1e-9)
    np.testing.assert_allclose(als.predict(X), lbfgs.predict(X), atol=1e-5)
    assert (np.diff(als.trace_.loss) <= 1e-13).all()  # no round makes the loss larger


def test_each_half_step_is_a_ridge_regression():
    _, X, y = EXAMPLE
    model = MatrixFactorization(rank=2, alpha=0.7, random_state=0, tol=1e-11, max_iter=50_000).fit(
        X, y
    )
    rows = X[:, 0] == 3
    Q = model.item_factors_[np.searchsorted(model.items_, X[rows, 1])]
    A = np.column_stack([np.ones(rows.sum()), Q])
    c = model.item_bias_[np.searchsorted(model.items_, X[rows, 1])]
    right = A.T @ (y[rows] - model.mean_ - c)
    expected = np.linalg.solve(A.T @ A + 0.7 * np.eye(3), right)
    found = np.append(model.user_bias_[3], model.user_factors_[3])
    np.testing.assert_allclose(found, expected, atol=1e-7)


def test_the_derivatives_of_the_loss():
    _, X, y = EXAMPLE
    model = MatrixFactorization(rank=2, random_state=0).fit(X, y)
    codes = np.stack([X[:, 0], np.searchsorted(model.items_, X[:, 1])], axis=1)
    weight = np.arange(1.0, 61.0)
    packing = model._packing(codes, y, weight)
    report = gradcheck(
        lambda w: model.loss(codes, y, weight, **packing.unpack(w)), packing.vector()
    )
    assert report, report


def test_ratings_that_were_left_out_are_found():
    rng = np.random.default_rng(0)
    P, Q = rng.normal(size=(60, 2)), rng.normal(size=(50, 2))
    X = full(60, 50)
    y = 3 + (P[X[:, 0]] * Q[X[:, 1]]).sum(axis=1)
    train = rng.uniform(size=len(y)) < 0.4
    model = MatrixFactorization(rank=2, alpha=0.01, random_state=0, tol=1e-4, max_iter=500)
    assert model.fit(X[train], y[train]).score(X[~train], y[~train]) > 0.99


def test_labels_and_strangers():
    X = np.array([["ann", "tea"], ["ann", "milk"], ["bob", "tea"], ["bob", "milk"]], dtype=object)
    model = MatrixFactorization(rank=1, alpha=0.1, random_state=0, max_iter=5000).fit(
        X, [5, 1, 4, 2]
    )
    assert model.users_.tolist() == ["ann", "bob"] and model.items_.tolist() == ["milk", "tea"]
    strangers = model.predict(np.array([["eve", "gin"], ["eve", "tea"]], dtype=object))
    assert strangers.tolist() == pytest.approx([3.0, 3 + model.item_bias_[1]])
    weighted = MatrixFactorization(rank=1, random_state=0, max_iter=5000).fit(
        X, [5, 1, 4, 2], [2, 1, 1, 0]
    )
    rows = [0, 0, 1, 2]
    again = MatrixFactorization(rank=1, random_state=0, max_iter=5000).fit(X[rows], [5, 5, 1, 4])
    np.testing.assert_allclose(weighted.predict(X), again.predict(X), rtol=1e-9)


def test_what_is_refused_or_warned_of():
    _, X, y = EXAMPLE
    with pytest.raises(ValueError, match=r"reads pairs \(user, item\), and X has 3 columns"):
        MatrixFactorization().fit(np.column_stack([X, X[:, 0]]), y)
    with pytest.warns(ConvergenceWarning, match="stopped after 1 rounds of 'als' with a gradient"):
        MatrixFactorization(max_iter=1, random_state=0).fit(X, y)
