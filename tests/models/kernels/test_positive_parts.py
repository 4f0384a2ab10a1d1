"""Sums of positive parts and of their squares: optimality, by primal and dual values, on hard data."""

import numpy as np
import pytest

from models.kernels import positive_parts
from models.kernels.positive_parts import minimize_squares, minimize_sum

RNG = np.random.default_rng(0)


def problem(name):
    A = RNG.normal(size=(60, 5))
    signs = np.where(A[:, 0] + RNG.normal(size=60) > 0, 1.0, -1.0)
    c = RNG.uniform(0.1, 5, size=60)
    return {
        "plain": (signs[:, None] * A, np.ones(60), c),
        "other targets": (A, RNG.normal(size=60), c),
        "separable": (np.sign(A[:, :1]) * A, np.ones(60), 100 * c),
        "fewer terms": (A[:3], np.ones(3), c[:3]),
        "columns of other sizes": (A * [1e4, 1, 1, 1e-4, 1], np.ones(60), c),
        "equal columns": (A[:, [0, 1, 1, 1, 2]], np.ones(60), c),
        "equal rows": (np.repeat(A[:6], 10, axis=0), np.ones(60), c),
        "nothing to do": (A, -np.ones(60), c),
    }[name]


NAMES = ["plain", "other targets", "separable", "fewer terms", "columns of other sizes", "equal columns",
         "equal rows", "nothing to do"]  # fmt: skip


@pytest.mark.parametrize("r", [0.0, 0.7])
@pytest.mark.parametrize("name", NAMES)
def test_the_gradient_of_the_squares_is_zero(name, r):
    B, t, c = problem(name)
    signs = RNG.choice([-1.0, 1.0], size=len(t))
    X = signs[:, None] * B
    w, steps, converged = minimize_squares(X, r, signs, t, c, 100)
    B = np.column_stack([B, r * signs])
    pull = B.T @ (2 * c * np.maximum(t - B @ w, 0))
    assert converged and steps < 40
    np.testing.assert_allclose(w, pull, atol=1e-9 * (1 + np.abs(B).max() * c.sum()))


@pytest.mark.parametrize("is_misled", [False, True])
def test_many_rows_start_from_a_sample_and_end_at_the_minimum_of_all(is_misled, monkeypatch):
    X = RNG.normal(size=(2000, 3)) * [1.0, 100.0, 0.01]
    y = np.sign(X[:, 0] + RNG.normal(size=2000))
    if is_misled:
        y[::7] *= -1
    t, c = np.ones(2000), RNG.uniform(0.1, 5, size=2000)
    w, steps, converged = minimize_squares(X, 0.7, y, t, c, 100)
    monkeypatch.setattr(positive_parts, "ROWS_PER_COLUMN", 1000)
    slow, more_steps, _ = minimize_squares(X, 0.7, y, t, c, 100)
    assert converged and (is_misled or steps < more_steps)
    np.testing.assert_allclose(w, slow, rtol=1e-10)
    B = y[:, None] * np.column_stack([X, np.full(2000, 0.7)])
    np.testing.assert_allclose(w, B.T @ (2 * c * np.maximum(1 - B @ w, 0)), atol=1e-9)


@pytest.mark.parametrize("r", [0.0, 0.7])
@pytest.mark.parametrize("name", NAMES)
def test_the_sum_has_a_subgradient_that_is_zero(name, r):
    """w = Bᵀ α with α = c for the positive terms, 0 for the others, and in between for those at 0."""
    optimize = pytest.importorskip("scipy.optimize")
    B, t, c = problem(name)
    signs = RNG.choice([-1.0, 1.0], size=len(t))
    X = signs[:, None] * B
    w, steps, converged = minimize_sum(X, r, signs, t, c, 100)
    B = np.column_stack([B, r * signs])
    assert converged and steps < 60
    rest = t - B @ w
    edge = np.abs(rest) < 1e-6
    missing = w - B[~edge].T @ np.where(rest > 0, c, 0)[~edge]
    if edge.any():
        found = optimize.lsq_linear(B[edge].T, missing, (0, c[edge] * (1 + 1e-9)), tol=1e-14)
        missing = missing - B[edge].T @ found.x
    np.testing.assert_allclose(missing, 0, atol=1e-6 * (1 + np.abs(w).max()))


def test_a_limit_of_steps():
    B, t, c = problem("plain")
    assert minimize_squares(B, 1.0, np.ones(60), t, c, 1)[1:] == (1, False)
    assert minimize_sum(B, 1.0, np.ones(60), t, c, 3)[1:] == (3, False)
