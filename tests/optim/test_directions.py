"""The search directions: each against the formula it stands for."""

import numpy as np
import pytest

from tinygrad_edu import hvp, value_and_grad
from tinygrad_edu.optim import minimize as module
from tinygrad_edu.optim.directions import LBFGS, ConjugateGradient, Newton, NewtonCG
from tinygrad_edu.optim.minimize import minimize

RNG = np.random.default_rng(0)


def quadratic(n):
    A = RNG.normal(size=(n, n))
    A, b = A @ A.T / n + np.eye(n), RNG.normal(size=n)
    return (lambda x: x @ A @ x / 2 - b @ x), A, b


def test_two_loop_recursion_is_the_bfgs_matrix():
    """-B g by the two loops equals B built up as a matrix by N&W equation 6.17."""
    rng = np.random.default_rng(2)
    A = rng.normal(size=(6, 6))
    A = A @ A.T + np.eye(6)
    direction = LBFGS(memory=4)
    points = rng.normal(size=(8, 6))
    for w in points:
        p = direction(w, A @ w)

    steps = [(s, A @ s) for s in np.diff(points, axis=0)[-4:]]
    s, y = steps[-1]
    B = (s @ y) / (y @ y) * np.eye(6)
    for s, y in steps:
        V = np.eye(6) - np.outer(y, s) / (s @ y)
        B = V.T @ B @ V + np.outer(s, s) / (s @ y)
    np.testing.assert_allclose(p, -B @ (A @ points[-1]), rtol=1e-9)


def test_lbfgs_may_start_from_an_inverse_of_the_hessian():
    """With the exact one it is Newton's method; with a rough one it needs fewer steps to the same minimum."""
    _, A, b = quadratic(20)
    A = A * np.outer(np.logspace(0, 3, 20), np.logspace(0, 3, 20))
    inverse = np.linalg.inv(A)

    def value_and_grad(x):
        return x @ A @ x / 2 - b @ x, A @ x - b

    exact = minimize(value_and_grad, np.zeros(20), inverse=lambda w, q: inverse @ q, tol=1e-6)
    assert exact.iterations == 1
    rough = minimize(value_and_grad, np.zeros(20), inverse=lambda w, q: q / np.diag(A), tol=1e-6)
    plain = minimize(value_and_grad, np.zeros(20), tol=1e-6, max_iter=1000)
    assert rough.converged and rough.iterations < plain.iterations / 2
    np.testing.assert_allclose(rough.point, inverse @ b, rtol=1e-5)


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
def test_lbfgs_does_without_an_inverse_that_is_not_positive(bad):
    direction = LBFGS(inverse=lambda w, q: bad * q)
    np.testing.assert_array_equal(direction(np.zeros(2), np.array([3.0, 4.0])), [-0.6, -0.8])


def test_newton_does_not_depend_on_units():
    """Columns of size 1e8 and 1e-8 beside each other: the step in other units is the same step."""
    A = np.array([[2.0, 1.0], [1.0, 3.0]])
    unit, g = np.array([1e8, 1e-8]), np.array([1.0, -2.0])
    p = Newton(lambda w: A)(np.zeros(2), g)
    other = Newton(lambda w: unit[:, None] * A * unit)(np.zeros(2), unit * g)
    np.testing.assert_allclose(unit * other, p, rtol=1e-12)


def test_newton_takes_the_size_of_a_negative_curvature():
    p = Newton(lambda w: np.diag([-4.0, 2.0]))(np.zeros(2), np.ones(2))
    np.testing.assert_allclose(p, [-1 / 4, -1 / 2])


def test_newton_without_curvature_is_a_gradient_step():
    p = Newton(lambda w: np.zeros((2, 2)))(np.zeros(2), np.ones(2))
    np.testing.assert_array_equal(p, [-1, -1])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_newton_without_a_finite_hessian_is_a_gradient_step_of_length_one(bad):
    p = Newton(lambda w: np.full((2, 2), bad))(np.zeros(2), np.array([3.0, 4.0]))
    np.testing.assert_allclose(p, [-0.6, -0.8])
    with np.errstate(invalid="ignore"):
        p = NewtonCG(lambda w: np.full((2, 2), bad))(np.zeros(2), np.array([3.0, 4.0]))
    assert p.tolist() == [-3, -4]


@pytest.mark.parametrize("n", [2, 5, 9])
def test_conjugate_gradients_need_n_steps_for_n_dimensions(n, monkeypatch):
    """With a line search that is (nearly) exact. (N&W theorem 5.1)"""
    f, A, b = quadratic(n)
    monkeypatch.setattr(ConjugateGradient, "curvature", 1e-12)
    directions = []
    search = module.wolfe_step
    monkeypatch.setattr(
        module,
        "wolfe_step",
        lambda f, w, p, *rest, **how: directions.append(p) or search(f, w, p, *rest, **how),
    )
    found = minimize(value_and_grad(f), np.zeros(n), "cg", tol=1e-7)
    assert found.iterations == n
    np.testing.assert_allclose(found.point, np.linalg.solve(A, b), atol=1e-6)
    P = np.array([p / np.sqrt(p @ A @ p) for p in directions])
    np.testing.assert_allclose(P @ A @ P.T, np.eye(n), atol=1e-5)  # conjugate


def test_newton_cg_meets_the_hessian_in_products_alone():
    f, A, b = quadratic(6)
    products = []

    def product(w, v):
        products.append(v)
        return A @ v

    g = -b * 1e-12  # so near the minimum that the direction is to be exact to six digits
    p = NewtonCG(None, product)(np.zeros(6), g)
    np.testing.assert_allclose(p, -np.linalg.solve(A, g), rtol=1e-4)
    assert len(products) <= 7
    found = minimize(
        value_and_grad(f), np.zeros(6), "newton-cg", product=lambda w, v: hvp(f, (w,), (v,))
    )
    np.testing.assert_allclose(found.point, np.linalg.solve(A, b), atol=1e-7)


def test_newton_cg_turns_away_from_a_hill():
    A = np.diag([1.0, -1.0])
    p = NewtonCG(None, lambda w, v: A @ v)(np.zeros(2), np.array([0.0, 2.0]))
    assert p.tolist() == [0, -2], "the first direction bends downwards: the gradient's"
    A = np.diag([4.0, -0.1])
    p = NewtonCG(None, lambda w, v: A @ v)(np.zeros(2), np.array([1e-9, 1e-10]))
    assert p @ np.array([1e-9, 1e-10]) < 0
