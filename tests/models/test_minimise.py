"""The minimizers: where they arrive, how they get there, and what they refuse."""

import numpy as np
import pytest

from tinygrad_edu import hessian, value_and_grad
from tinygrad_edu.optim.minimize import LBFGS, METHODS, Newton, minimize, wolfe_step


def rosenbrock(x):
    """N&W exercise 2.1, in any number of dimensions; its minimum is 0 at (1, …, 1)."""
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("start", [[-1.2, 1.0], [5.0, -5.0, 3.0, 0.0], np.zeros(6)])
def test_down_the_valley(method, start):
    found = minimize(
        value_and_grad(rosenbrock), start, method, hessian(rosenbrock), tol=1e-9, max_iter=500
    )
    assert found.converged and found.iterations <= 500
    np.testing.assert_allclose(found.point, np.ones(len(start)), atol=1e-8)
    assert found.value == pytest.approx(0, abs=1e-16)
    np.testing.assert_array_equal(found.gradient, value_and_grad(rosenbrock)(found.point)[1])


def test_the_same_minimum_as_scipy():
    optimize = pytest.importorskip("scipy.optimize")
    rng = np.random.default_rng(0)
    A = rng.normal(size=(30, 8))

    def f(x):
        return np.log(np.exp(A @ x).sum()) + 0.05 * (x * x).sum()

    theirs = optimize.minimize(
        value_and_grad(f), np.ones(8), jac=True, method="BFGS", options={"gtol": 1e-10}
    )
    for method in METHODS:
        found = minimize(value_and_grad(f), np.ones(8), method, hessian(f), tol=1e-10)
        np.testing.assert_allclose(found.point, theirs.x, atol=1e-8)


def test_newton_solves_a_quadratic_in_one_step():
    rng = np.random.default_rng(1)
    A = rng.normal(size=(5, 5))
    A, b = A @ A.T + np.eye(5), rng.normal(size=5)

    def f(x):
        return x @ A @ x / 2 - b @ x

    found = minimize(value_and_grad(f), np.zeros(5), "newton", hessian(f), tol=1e-12)
    assert found.iterations == 1
    np.testing.assert_allclose(found.point, np.linalg.solve(A, b), rtol=1e-12)


def test_newton_converges_quadratically():
    """The number of right digits doubles (N&W theorem 3.5)."""

    def f(x):
        return (np.exp(x) - 2 * x).sum()

    errors = [
        np.abs(minimize(value_and_grad(f), [1.0], "newton", hessian(f), 1e-15, k).point - np.log(2))
        for k in (1, 2, 3)
    ]
    assert errors[1] < errors[0] ** 2 and errors[2] < errors[1] ** 2 < 1e-3


def test_newton_leaves_a_saddle_downhill():
    """At (0.1, 0) the Hessian of x⁴/4 - x²/2 + y² has the eigenvalues -0.97 and 2."""

    def f(w):
        return w[0] ** 4 / 4 - w[0] ** 2 / 2 + w[1] ** 2

    found = minimize(value_and_grad(f), [0.1, 0.0], "newton", hessian(f), tol=1e-12)
    np.testing.assert_allclose(found.point, [1, 0], atol=1e-12)


def test_newton_takes_the_size_of_a_negative_curvature():
    p = Newton(lambda w: np.diag([-4.0, 2.0]))(np.zeros(2), np.ones(2))
    np.testing.assert_allclose(p, [-1 / 4, -1 / 2])


def test_newton_where_the_function_is_flat():
    """Only x + y matters: the step must not run off along x - y, in which H is zero."""

    def f(w):
        return np.exp(w[0] + w[1]) - 3 * (w[0] + w[1])

    found = minimize(value_and_grad(f), [0.3, 0.1], "newton", hessian(f), tol=1e-12)
    assert found.converged
    assert found.point[0] - found.point[1] == pytest.approx(0.2, abs=1e-12)


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


def test_every_step_meets_the_strong_wolfe_conditions():
    derived = value_and_grad(rosenbrock)
    w = np.array([-1.2, 1.0, 0.5])
    direction, lengths = LBFGS(), []
    for _ in range(30):
        value, g = derived(w)
        p = direction(w, g)
        step = wolfe_step(derived, w, p, value, g)
        after, after_g = derived(w + step.length * p)
        assert after <= value + 1e-4 * step.length * (g @ p) + 1e-15
        assert abs(after_g @ p) <= 0.9 * abs(g @ p)
        assert (step.value, step.slope) == (after, after_g @ p)
        lengths.append(step.length)
        w = w + step.length * p
    assert min(lengths) < 1 <= max(lengths)  # some of them had to be searched for


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_the_line_search_finds_its_length_far_from_one(scale):
    """f(α) = -α / (α² + 2), a test function of Moré and Thuente (1994), stretched."""

    def f(x):
        a = x[0] / scale
        return -a / (a * a + 2)

    derived = value_and_grad(f)
    value, g = derived(np.zeros(1))
    step = wolfe_step(derived, np.zeros(1), np.ones(1), value, g, curvature=0.1)
    assert scale / 2 < step.length
    assert step.value <= 1e-4 * step.length * g[0] and abs(step.slope) <= 0.1 * abs(g[0])


def test_too_long_a_first_step_may_overflow():
    def f(x):
        return (np.exp(x) - x).sum()

    derived = value_and_grad(f)
    value, g = derived(np.array([-1.0]))
    step = wolfe_step(derived, np.array([-1.0]), np.array([1e6]), value, g)
    assert np.isfinite(step.value) and step.value < value
    assert wolfe_step(derived, np.array([-1.0]), np.array([-1.0]), value, g) is None  # uphill


def test_where_values_are_all_rounding_the_slope_decides():
    """1e-10 (x - 1)² / 2 beside 1 is below the last digit, which here even goes up by one."""

    def value_and_grad(x):
        return 1 + np.finfo(np.float64).eps * (x[0] > 0), 1e-10 * (x - 1)

    found = minimize(value_and_grad, np.zeros(1), tol=1e-13)
    assert found.converged
    np.testing.assert_allclose(found.point, 1, atol=1e-3)


def test_already_there():
    found = minimize(value_and_grad(rosenbrock), np.ones(2))
    assert found.converged and found.iterations == 0


def test_what_it_refuses():
    derived = value_and_grad(rosenbrock)
    with pytest.raises(ValueError, match="no minimizer 'bfgs': choose one of 'lbfgs', 'newton'"):
        minimize(derived, np.zeros(2), method="bfgs")
    with pytest.raises(ValueError, match="needs hessian="):
        minimize(derived, np.zeros(2), method="newton")
    with pytest.raises(ValueError, match="at the start the function is nan"):
        minimize(derived, [np.nan, 0.0])


def test_newton_without_curvature_is_a_gradient_step():
    p = Newton(lambda w: np.zeros((2, 2)))(np.zeros(2), np.ones(2))
    np.testing.assert_array_equal(p, [-1, -1])
