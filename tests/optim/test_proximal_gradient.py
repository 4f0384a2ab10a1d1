"""The proximal gradient method: minima with kinks by their optimality conditions, and its speed."""

import numpy as np
import pytest

from tinygrad_edu.optim.minimize import minimize

RNG = np.random.default_rng(0)


def least_squares(X, y):
    def value_and_grad(w):
        r = X @ w - y
        return r @ r / (2 * len(y)), X.T @ r / len(y)

    return value_and_grad


def soft(strength):
    """prox of strength · ‖w‖₁"""
    return lambda v, s: np.sign(v) * np.maximum(np.abs(v) - s * strength, 0)


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
@pytest.mark.parametrize("strength", [0.01, 0.1, 1.0])
def test_the_lasso_by_its_optimality_conditions(scale, strength):
    """∇f(w)_j = -λ sign w_j where w_j ≠ 0, and |∇f(w)_j| ≤ λ elsewhere: with zeros that are exact."""
    X = RNG.normal(size=(40, 15)) * RNG.uniform(0.3, 3, 15)
    y = scale * (X @ np.where(np.arange(15) % 3, 0, 1) + 0.1 * RNG.normal(size=40))
    strength = strength * scale
    f = least_squares(X, y)
    found = minimize(
        f, np.zeros(15), "proximal", prox=soft(strength), tol=1e-10 * scale, max_iter=2000,
        penalty=lambda w: strength * np.abs(w).sum(),
    )  # fmt: skip
    w = found.point
    value, g = f(w)
    used = w != 0
    assert found.converged and 0 < used.sum() < 15
    np.testing.assert_allclose(g[used], -strength * np.sign(w[used]), atol=2e-10 * scale)
    assert np.abs(g[~used]).max() <= strength * (1 + 1e-9)
    assert found.value == pytest.approx(value + strength * np.abs(w).sum(), rel=1e-12)


def test_the_lasso_of_scikit_learn():
    linear_model = pytest.importorskip("sklearn.linear_model")
    X, y = RNG.normal(size=(30, 50)), RNG.normal(size=30)
    theirs = linear_model.Lasso(0.1, fit_intercept=False, tol=1e-12, max_iter=100_000).fit(X, y)
    found = minimize(
        least_squares(X, y), np.zeros(50), "proximal", prox=soft(0.1), tol=1e-10, max_iter=5000
    )
    assert found.converged
    np.testing.assert_allclose(found.point, theirs.coef_, atol=1e-7)


def test_the_largest_penalty_that_leaves_anything():
    """From max |Xᵀy| / n on all weights are 0: at 0 the start is already the minimum."""
    X, y = RNG.normal(size=(20, 4)), RNG.normal(size=20)
    enough = np.abs(X.T @ y).max() / 20
    for start in (np.zeros(4), RNG.normal(size=4)):
        found = minimize(
            least_squares(X, y), start, "proximal", prox=soft(1.001 * enough), max_iter=500
        )
        assert found.converged and found.point.tolist() == [0, 0, 0, 0]
        assert (found.iterations == 0) == (not start.any())
    found = minimize(least_squares(X, y), np.zeros(4), "proximal", prox=soft(0.999 * enough))
    assert np.count_nonzero(found.point) == 1


def test_a_projection_keeps_the_point_in_its_set():
    """Least squares with w ≥ 0, beside SciPy's active sets."""
    optimize = pytest.importorskip("scipy.optimize")
    X, y = RNG.normal(size=(30, 6)), RNG.normal(size=30)
    found = minimize(
        least_squares(X, y), np.ones(6), "proximal", prox=lambda v, s: np.maximum(v, 0), tol=1e-10
    )
    best, _ = optimize.nnls(X, y)
    assert found.converged and (best == 0).any() and (best > 0).any()
    np.testing.assert_allclose(found.point, best, atol=1e-9)
    assert ((found.point == 0) == (best == 0)).all()


def test_the_subgradient_is_one():
    """u + ∇f(w) with u in λ ∂‖w‖₁, also far from the minimum."""
    X, y = RNG.normal(size=(20, 8)), 3 * RNG.normal(size=20)
    f = least_squares(X, y)
    for iterations in range(1, 8):
        found = minimize(f, np.ones(8), "proximal", prox=soft(0.5), max_iter=iterations, tol=1e-12)
        u = found.gradient - f(found.point)[1]
        on = found.point != 0
        np.testing.assert_allclose(u[on], 0.5 * np.sign(found.point[on]), atol=1e-12)
        assert (np.abs(u) <= 0.5 + 1e-12).all()


def test_it_needs_about_the_root_of_the_condition_number():
    """Without momentum it would be the condition number itself: 10⁴ log(1 / tol)."""
    A = np.geomspace(1, 1e4, 20)
    found = minimize(
        lambda w: (w * A @ w / 2 - A.sum(), A * w - 1), np.zeros(20), "proximal",
        prox=lambda v, s: v, tol=1e-6, max_iter=10_000,
    )  # fmt: skip
    assert found.converged and found.iterations < 100 * np.log(1e6)
    np.testing.assert_allclose(found.point, 1 / A, atol=1e-6)


@pytest.mark.parametrize("curvature", [1e-8, 1.0, 1e8])
@pytest.mark.parametrize("distance", [1e-5, 1e5])
def test_the_first_step_has_the_scale_of_the_function(curvature, distance):
    calls = []

    def f(w):
        calls.append(w)
        return curvature * (w - distance) @ (w - distance) / 2, curvature * (w - distance)

    found = minimize(
        f, np.zeros(3), "proximal", prox=lambda v, s: v, tol=1e-9 * curvature * distance
    )
    assert found.converged and len(calls) < 20
    np.testing.assert_allclose(found.point, distance, rtol=1e-8)


def test_momentum_that_leaves_the_domain_is_dropped():
    """Σ w √w on w ≥ 0, which the prox keeps to; momentum does not."""
    left = []

    def f(w):
        left.append((w < 0).any())
        return (w @ np.sqrt(w), 1.5 * np.sqrt(w)) if not left[-1] else (np.nan, np.full(2, np.nan))

    found = minimize(f, np.array([1.0, 9.0]), "proximal", prox=lambda v, s: np.maximum(v, 0))
    assert any(left) and found.converged and found.point.max() < 1e-15


def test_rounding_does_not_look_like_the_minimum():
    """Far below what doubles resolve, it goes on or stops, but does not claim to have converged."""
    rng = np.random.default_rng(0)
    Q = np.linalg.qr(rng.normal(size=(10, 10)))[0]
    A = Q * np.geomspace(1, 1e8, 10) @ Q.T
    b = A @ rng.normal(size=10)
    found = minimize(
        lambda w: (w @ A @ w / 2 - b @ w, A @ w - b), np.zeros(10), "proximal",
        prox=lambda v, s: v, tol=1e-8, max_iter=20_000,
    )  # fmt: skip
    assert not found.converged or np.abs(A @ found.point - b).max() <= 1e-8
    assert np.abs(A @ found.point - b).max() < 10  # of 1e8 at the start
