"""The minimizers: where they arrive, what they report, and what they refuse."""

import numpy as np
import pytest

from tinygrad_edu import hessian, value_and_grad
from tinygrad_edu.optim.directions import DIRECTIONS
from tinygrad_edu.optim.minimize import METHODS, minimize

RNG = np.random.default_rng(0)


def rosenbrock(x):
    """N&W exercise 2.1, in any number of dimensions; its minimum is 0 at (1, …, 1)."""
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def minimized(f, start, method, **settings):
    """The minimum of a smooth f: with all that any method needs, and h = 0 for "proximal"."""
    return minimize(value_and_grad(f), start, method, hessian(f), prox=lambda v, s: v, **settings)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("start", [[-1.2, 1.0], [5.0, -5.0, 3.0, 0.0], np.zeros(6)])
def test_down_the_valley(method, start):
    found = minimized(
        rosenbrock, start, method, tol=1e-9, max_iter=3000 if method == "proximal" else 500
    )
    assert found.converged
    np.testing.assert_allclose(found.point, np.ones(len(start)), atol=1e-8)
    assert found.value == pytest.approx(0, abs=1e-16)


@pytest.mark.parametrize("method", DIRECTIONS)
def test_the_gradient_is_the_one_at_the_point(method):
    found = minimized(rosenbrock, [-1.2, 1.0], method, max_iter=7)
    np.testing.assert_array_equal(found.gradient, value_and_grad(rosenbrock)(found.point)[1])


@pytest.mark.parametrize("method", METHODS)
class TestBesideSciPy:
    def test_rosenbrock(self, method):
        optimize = pytest.importorskip("scipy.optimize")
        start = [1.3, 0.7, 0.8, 1.9, 1.2]
        theirs = optimize.minimize(
            optimize.rosen, start, jac=optimize.rosen_der, method="BFGS", options={"gtol": 1e-9}
        )
        ours = minimize(
            lambda w: (optimize.rosen(w), optimize.rosen_der(w)),
            start, method, optimize.rosen_hess, tol=1e-9, max_iter=5000, prox=lambda v, s: v,
        )  # fmt: skip
        np.testing.assert_allclose(ours.point, theirs.x, atol=1e-7)

    def test_a_log_sum_of_exponentials(self, method):
        optimize = pytest.importorskip("scipy.optimize")
        A = np.random.default_rng(0).normal(size=(30, 8))

        def f(x):
            return np.log(np.exp(A @ x).sum()) + 0.05 * (x * x).sum()

        theirs = optimize.minimize(
            value_and_grad(f), np.ones(8), jac=True, method="BFGS", options={"gtol": 1e-10}
        )
        found = minimized(f, np.ones(8), method, tol=1e-10, max_iter=500)
        np.testing.assert_allclose(found.point, theirs.x, atol=1e-8)

    def test_a_logistic_loss_of_features_of_very_different_sizes(self, method):
        optimize = pytest.importorskip("scipy.optimize")
        rng = np.random.default_rng(0)
        X = rng.normal(size=(50, 5)) * np.array([1, 10, 30, 0.3, 0.1])
        sign = np.sign(X @ rng.normal(size=5) + rng.normal(size=50))

        def loss(w):
            margin = sign * (X @ w)
            p = 1 / (1 + np.exp(margin))
            return np.logaddexp(0, -margin).mean() + 5e-4 * w @ w, 1e-3 * w - X.T @ (sign * p) / 50

        def curvature(w):
            p = 1 / (1 + np.exp(X @ w))
            return (X.T * (p * (1 - p))) @ X / 50 + 1e-3 * np.eye(5)

        theirs = optimize.minimize(
            lambda w: loss(w)[0], np.zeros(5), jac=lambda w: loss(w)[1], hess=curvature,
            method="trust-exact", options={"gtol": 1e-10},
        )  # fmt: skip
        ours = minimize(
            loss, np.zeros(5), method, curvature, tol=1e-9, max_iter=5000, prox=lambda v, s: v
        )
        assert ours.converged
        np.testing.assert_allclose(ours.point, theirs.x, atol=3e-6)  # the least curvature is 1e-3
        assert ours.value == pytest.approx(theirs.fun, rel=1e-12)

    def test_a_quadratic_of_condition_number_1e8(self, method):
        """As low as SciPy gets. Newton's methods, which see the curvature, reach the point, too."""
        optimize = pytest.importorskip("scipy.optimize")
        rng = np.random.default_rng(0)
        Q = np.linalg.qr(rng.normal(size=(10, 10)))[0]
        A, best = Q * np.geomspace(1e-4, 1e4, 10) @ Q.T, rng.normal(size=10)

        def f(w):
            return (w - best) @ A @ (w - best) / 2, A @ (w - best)

        theirs = optimize.minimize(
            f, np.zeros(10), jac=True, method="L-BFGS-B", options={"gtol": 1e-4, "ftol": 0}
        )
        ours = minimize(
            f, np.zeros(10), method, lambda w: A, tol=1e-4, max_iter=20_000, prox=lambda v, s: v
        )
        assert ours.converged and ours.value <= max(theirs.fun, 1e-4)
        if method.startswith("newton"):
            ours = minimize(f, np.zeros(10), method, lambda w: A, tol=1e-11)
            np.testing.assert_allclose(ours.point, best, atol=1e-6)


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


def test_newton_where_the_function_is_flat():
    """Only x + y matters: the step must not run off along x - y, in which H is zero."""

    def f(w):
        return np.exp(w[0] + w[1]) - 3 * (w[0] + w[1])

    found = minimize(value_and_grad(f), [0.3, 0.1], "newton", hessian(f), tol=1e-12)
    assert found.converged
    assert found.point[0] - found.point[1] == pytest.approx(0.2, abs=1e-12)


# ----------------------------------------------------------------------------------- what is reported


@pytest.mark.parametrize("method", METHODS)
def test_the_trace_and_the_callback_tell_every_iteration(method):
    told = []
    found = minimized(
        rosenbrock,
        [-1.2, 1.0],
        method,
        max_iter=9,
        callback=lambda *told_now: told.append(told_now),
    )
    assert [iteration for iteration, *_ in told] == list(range(10)) and found.iterations == 9
    assert found.trace == [tuple(rest) for _, *rest, _ in told]
    assert all(value_and_grad(rosenbrock)(w)[0] == value for _, value, _, w in told)
    value, g = value_and_grad(rosenbrock)(np.array([-1.2, 1.0]))
    np.testing.assert_allclose(found.trace[0], [value, np.abs(g).max()], rtol=1e-9)
    assert found.trace[-1] == (found.value, np.abs(found.gradient).max())
    assert found.value == value_and_grad(rosenbrock)(found.point)[0]
    if method != "proximal":  # of which momentum may climb for a while
        values = [value for value, _ in found.trace]
        assert values == sorted(values, reverse=True)


@pytest.mark.parametrize("method", METHODS)
def test_a_start_at_the_minimum_takes_no_iteration(method):
    found = minimized(rosenbrock, np.ones(3), method)
    assert found.converged and found.iterations == 0 and found.trace == [(0.0, 0.0)]


@pytest.mark.parametrize("method", METHODS)
def test_no_iterations(method):
    found = minimized(rosenbrock, np.zeros(3), method, max_iter=0)
    assert not found.converged and found.iterations == 0 and found.point.tolist() == [0, 0, 0]


def test_the_gradient_may_be_a_buffer_that_is_used_again():
    buffer = np.zeros(2)

    def value_and_grad(w):
        buffer[:] = [4 * w[0] ** 3, 2 * w[1]]
        return w[0] ** 4 + w[1] ** 2, buffer

    found = minimize(value_and_grad, [1.0, 1.0], tol=1e-10)
    assert found.converged and np.abs(found.point).max() < 1e-3


def test_the_start_is_not_the_point():
    start = np.array([-1.2, 1.0])
    found = minimize(value_and_grad(rosenbrock), start, max_iter=0)
    found.point[:] = 0
    assert start.tolist() == [-1.2, 1.0]


# ------------------------------------------------------------------------------------- where it is hard


@pytest.mark.parametrize("method", METHODS)
class TestHard:
    def test_no_variables_at_all(self, method):
        found = minimize(
            lambda w: (2.5, w), [], method, lambda w: np.zeros((0, 0)), prox=lambda v, s: v
        )
        assert found.converged and found.value == 2.5 and found.point.shape == (0,)

    def test_a_flat_function(self, method):
        found = minimize(
            lambda w: (2.5, 0 * w),
            np.ones(3),
            method,
            lambda w: np.zeros((3, 3)),
            prox=lambda v, s: v,
        )
        assert found.converged and found.iterations == 0 and found.point.tolist() == [1, 1, 1]

    def test_a_function_flat_at_its_minimum(self, method):
        """x⁴ has no curvature there, and a gradient of 1e-7 as far away as 0.003."""
        found = minimized(lambda w: (w**4).sum(), [1.0, -2.0], method, tol=2e-7, max_iter=1000)
        assert found.converged and np.abs(found.point).max() < 4e-3

    @pytest.mark.parametrize("outside", [(np.nan, np.nan), (np.inf, 1), (-np.inf, 1), (np.nan, 1)])
    def test_a_function_that_ends(self, method, outside):
        """x - ln x for x > 0; a step from 0.001 with the slope -999 would leave it."""

        def f(w):
            if (w <= 0).any():
                return outside[0], np.full_like(w, outside[1])
            return (w - np.log(w)).sum(), 1 - 1 / w

        start = np.array([1e-3, 20.0])
        found = minimize(
            f, start, method, lambda w: np.diag(1 / w**2), max_iter=2000, prox=lambda v, s: v
        )
        assert found.converged
        np.testing.assert_allclose(found.point, 1, atol=1e-6)

    def test_a_function_of_a_single_point(self, method):
        def f(w):
            return (1.0, np.ones(2)) if (w == 1).all() else (np.nan, np.ones(2))

        found = minimize(f, np.ones(2), method, lambda w: np.eye(2), prox=lambda v, s: v)
        assert not found.converged and found.iterations == 0 and found.point.tolist() == [1, 1]

    def test_a_function_that_warns_and_overflows(self, method):
        """From 40 on, Newton's step for e^x - x is small, but a gradient step is not."""

        def f(w):
            return (np.exp(w) - w).sum(), np.exp(w) - 1

        found = minimize(
            f, np.array([-8.0, 3.0]), method, lambda w: np.diag(np.exp(w)), max_iter=3000,
            prox=lambda v, s: v,
        )  # fmt: skip
        assert found.converged
        np.testing.assert_allclose(found.point, 0, atol=1e-7)

    def test_a_function_without_a_minimum_ends(self, method):
        found = minimize(
            lambda w: (-w.sum(), -np.ones(2)), np.zeros(2), method, lambda w: np.zeros((2, 2)),
            max_iter=20, prox=lambda v, s: v,
        )  # fmt: skip
        assert not found.converged and found.value < -10

    def test_a_gradient_that_is_no_gradient(self, method):
        """It points downhill: every step leads up, so none is taken that is longer than rounding."""
        found = minimize(
            lambda w: (w @ w, -2 * w),
            np.ones(2),
            method,
            lambda w: 2 * np.eye(2),
            prox=lambda v, s: v,
        )
        assert not found.converged
        if method != "proximal":  # which asks for the curvature of f, and not for a descent
            np.testing.assert_allclose(found.point, 1, rtol=1e-12)


def test_where_values_are_all_rounding_the_slope_decides():
    """1e-10 (x - 1)² / 2 beside 1 is below the last digit, which here even goes up by one."""

    def value_and_grad(x):
        return 1 + np.finfo(np.float64).eps * (x[0] > 0), 1e-10 * (x - 1)

    found = minimize(value_and_grad, np.zeros(1), tol=1e-13)
    assert found.converged
    np.testing.assert_allclose(found.point, 1, atol=1e-3)


def test_it_ends_where_a_step_is_lost_in_the_rounding_of_the_point():
    """1e30 - 1 is 1e30."""
    found = minimize(lambda w: (w @ w / 2e30, w / 1e30), np.full(1, 1e30))
    assert not found.converged and found.iterations == 0


# --------------------------------------------------------------------------------------------- refusals


def test_what_it_refuses():
    derived = value_and_grad(rosenbrock)
    with pytest.raises(
        ValueError,
        match=r"no method 'bfgs'(.|\n)*one of 'lbfgs', 'newton', 'newton-cg', 'cg', 'prox",
    ):
        minimize(derived, np.zeros(2), method="bfgs")
    with pytest.raises(ValueError, match=r"at the start the function is nan(.|\n)*another start"):
        minimize(derived, [np.nan, 0.0])
    with pytest.raises(ValueError, match="at the start the function is 0.0, with the gradient"):
        minimize(lambda w: (0.0, w / 0.0), np.full(2, np.inf))
    for start, shape, hint in [
        (1.0, r"\(\)", "atleast_1d"),
        (np.eye(2), r"\(2, 2\)", r"ravel\(\)"),
    ]:
        with pytest.raises(ValueError, match=rf"a vector, .* not of shape {shape}(.|\n)*{hint}"):
            minimize(derived, start)
    with pytest.raises(ValueError, match=r"shape \(2,\) has shape \(2, 1\)(.|\n)*ravel"):
        minimize(lambda w: (0.0, w[:, None]), np.zeros(2))


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("newton", r"needs hessian=(.|\n)*tinygrad_edu\.hessian\(f\)"),
        ("newton-cg", r"needs product=, .* or hessian=(.|\n)*hvp"),
        ("proximal", r"needs prox=(.|\n)*np\.sign\(v\)(.|\n)*lbfgs"),
    ],
)
def test_a_method_without_what_it_needs(method, words):
    with pytest.raises(ValueError, match=words):
        minimize(value_and_grad(rosenbrock), np.zeros(2), method)
