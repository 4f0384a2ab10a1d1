"""Gaussian process regression against scikit-learn, closed forms and identities."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

from scipy.optimize import minimize
from sklearn import gaussian_process as sklearn_gp
from sklearn.datasets import load_diabetes
from sklearn.gaussian_process import kernels as their_kernels

from models import GaussianProcessRegressor
from models.foundation import ConvergenceWarning
from models.gaussian_processes import kernels
from models.gaussian_processes.box import minimize_in_box
from models.gaussian_processes.evidence import inverse_of_cholesky, log_evidence
from models.gaussian_processes.kernels import RBF, ConstantKernel, DotProduct, WhiteKernel
from models.gaussian_processes.pairs import lower_triangle
from tinygrad_edu.gradcheck import gradcheck

RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 3))
Y = np.sin(X[:, 0]) + 0.3 * X[:, 1] ** 2 + 0.1 * RNG.normal(size=80)
NEW = RNG.normal(size=(12, 3))
# Their default stops early.
EXPRESSIONS = [
    "ConstantKernel(1.0) * RBF(1.0) + WhiteKernel(0.5)",
    "Matern([1.0, 1, 1], nu=2.5) * 2 + WhiteKernel()",
    "RationalQuadratic() * 2 + WhiteKernel()",
    "DotProduct() ** 2 + WhiteKernel()",
]


def to_the_end(objective, theta, bounds):
    """SciPy's minimizer, which by default stops early."""
    options = {"ftol": 1e-15, "gtol": 1e-8, "maxiter": 1000}
    found = minimize(objective, theta, jac=True, bounds=bounds, method="L-BFGS-B", options=options)
    return found.x, found.fun


def both(expression, **settings):
    ours, theirs = (eval(expression, vars(module)) for module in (kernels, their_kernels))
    twin = sklearn_gp.GaussianProcessRegressor(theirs, **{"optimizer": to_the_end} | settings)
    return GaussianProcessRegressor(ours, **settings), twin


@pytest.mark.filterwarnings("ignore:The optimal value")
@pytest.mark.parametrize("expression", EXPRESSIONS)
@pytest.mark.parametrize("normalize_y", [False, True])
def test_the_optimum_is_scikit_learns(expression, normalize_y):
    ours, theirs = (m.fit(X, Y) for m in both(expression, normalize_y=normalize_y))
    value, expected = ours.log_marginal_likelihood_value_, theirs.log_marginal_likelihood_value_
    assert value > expected - 1e-7
    inside = np.abs(theirs.kernel_.theta) < np.log(1e4)  # those that matter
    np.testing.assert_allclose(ours.kernel_.theta[inside], theirs.kernel_.theta[inside], atol=2e-5)
    for answer in ({"return_std": True}, {"return_cov": True}):
        for found, twin in zip(
            ours.predict(NEW, **answer), theirs.predict(NEW, **answer), strict=True
        ):
            np.testing.assert_allclose(found, twin, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_the_gradient_of_the_evidence_is_scikit_learns(expression):
    ours, theirs = (m.fit(X, Y) for m in both(expression, optimizer=None))
    theta = ours.kernel_.theta + 0.3 * RNG.normal(size=ours.kernel_.n_dims)
    value, gradient = ours.log_marginal_likelihood(theta, eval_gradient=True)
    expected, expected_gradient = theirs.log_marginal_likelihood(theta, eval_gradient=True)
    np.testing.assert_allclose(value, expected, rtol=1e-10)
    np.testing.assert_allclose(
        gradient, expected_gradient, rtol=1e-10, atol=1e-10 * np.abs(gradient).max()
    )
    assert ours.log_marginal_likelihood(theta) == value
    assert ours.log_marginal_likelihood() == ours.log_marginal_likelihood_value_


@pytest.mark.parametrize("columns", [1, 2])
def test_with_fixed_kernel_everything_is_scikit_learns(columns):
    data, target = load_diabetes(return_X_y=True)
    data, target = 10 * data[:200], target[:200]
    target = np.column_stack([target, target**2 / 100])[
        :, : columns if columns > 1 else 1
    ].squeeze()
    ours, theirs = both(
        "ConstantKernel(3.0) * RBF(1.0) + WhiteKernel(0.5)", optimizer=None, normalize_y=True,
        alpha=np.linspace(0.1, 1, 200),
    )  # fmt: skip
    ours.fit(data, target)
    theirs.fit(data, target)
    for name in ("L_", "alpha_", "X_train_", "y_train_", "log_marginal_likelihood_value_"):
        np.testing.assert_allclose(
            getattr(ours, name), getattr(theirs, name), rtol=1e-9, atol=1e-10
        )
    for settings in ({}, {"return_std": True}, {"return_cov": True}):
        found, twin = (m.predict(data[:30] + 0.1, **settings) for m in (ours, theirs))
        for a, b in zip(*((x,) if not settings else x for x in (found, twin)), strict=True):
            assert a.shape == b.shape
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9 * np.abs(b).max())


def test_before_fit_it_is_the_prior():
    kernel = 4.0 * RBF(2.0)
    model = GaussianProcessRegressor(kernel, n_targets=2)
    twin = sklearn_gp.GaussianProcessRegressor(4.0 * their_kernels.RBF(2.0), n_targets=2)
    for settings in ({"return_std": True}, {"return_cov": True}):
        for a, b in zip(model.predict(NEW, **settings), twin.predict(NEW, **settings), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12)
    draws = GaussianProcessRegressor(kernel).sample_y(NEW[:3], 50_000)
    assert draws.shape == (3, 50_000)
    np.testing.assert_allclose(np.cov(draws), kernel(NEW[:3]), atol=0.1)
    assert model.sample_y(NEW, 5).shape == (12, 2, 5) == twin.sample_y(NEW, 5).shape


def test_a_linear_kernel_is_bayesian_linear_regression():
    """With k = x·z + σ₀² the mean is that of ridge regression on (1, x)   (GPML 2.11, 2.12)."""
    noise, bias = 0.3, 2.0
    model = GaussianProcessRegressor(DotProduct(bias), alpha=noise, optimizer=None).fit(X, Y)
    design, new = (np.column_stack([np.ones(len(x)), x]) for x in (X, NEW))
    A = design.T @ design / noise + np.diag([1 / bias**2, 1, 1, 1])
    w = np.linalg.solve(A, design.T @ Y / noise)
    mean, std = model.predict(NEW, return_std=True)
    np.testing.assert_allclose(mean, new @ w, rtol=1e-9)
    np.testing.assert_allclose(std**2, ((new @ np.linalg.inv(A)) * new).sum(axis=1), rtol=1e-8)


def test_the_evidence_is_a_product_of_predictions():
    """ln p(y) = Σ_i ln p(y_i | y_1, ..., y_(i-1))."""
    kernel = RBF(1.5)
    model = GaussianProcessRegressor(kernel, alpha=0.1, optimizer=None).fit(X[:12], Y[:12])
    total = 0.0
    for i in range(12):
        before = GaussianProcessRegressor(kernel, alpha=0.1, optimizer=None)
        before = before.fit(X[:i], Y[:i]) if i else before
        mean, std = before.predict(X[i : i + 1], return_std=True)
        variance = std[0] ** 2 + 0.1
        total -= (np.log(2 * np.pi * variance) + (Y[i] - mean[0]) ** 2 / variance) / 2
    np.testing.assert_allclose(model.log_marginal_likelihood_value_, total, rtol=1e-10)


def test_derivatives_of_the_evidence_to_order_two():
    A = RNG.normal(size=(5, 5))
    K, targets = A @ A.T + 5 * np.eye(5), RNG.normal(size=(5, 2))
    lower, diagonal = lower_triangle(K), np.diagonal(K).copy()
    assert gradcheck(lambda a, d: log_evidence(a, d, targets), lower, diagonal)


@pytest.mark.parametrize("n", [1, 2, 64, 65, 300])
def test_the_inverse_in_quarters(n):
    A = RNG.normal(size=(n, n))
    K = A @ A.T + n * np.eye(n)
    found = inverse_of_cholesky(np.linalg.cholesky(K))
    np.testing.assert_allclose(np.tril(found), np.tril(np.linalg.inv(K)), atol=1e-13)


def test_minimizing_in_a_box_finds_the_constrained_minimum():
    """Of a quadratic function, and of Rosenbrock's, by SciPy's L-BFGS-B."""
    rng = np.random.default_rng(3)
    for _ in range(20):
        A = rng.normal(size=(5, 5))
        H, b = A @ A.T + 0.1 * np.eye(5), rng.normal(size=5)
        f = lambda w, H=H, b=b: (w @ H @ w / 2 - b @ w, H @ w - b)
        bounds = np.column_stack([np.full(5, -0.3), np.full(5, 0.3)])
        w, value, _, converged = minimize_in_box(f, np.zeros(5), bounds, tol=1e-9, decrease=0)
        expected = minimize(f, np.zeros(5), jac=True, bounds=bounds, method="L-BFGS-B",
                            options={"ftol": 1e-16, "gtol": 1e-10})  # fmt: skip
        assert converged and value <= expected.fun + 1e-10
        np.testing.assert_allclose(w, expected.x, atol=1e-5)
    f = lambda w: (
        (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2,
        np.array([-2 * (1 - w[0]) - 400 * w[0] * (w[1] - w[0] ** 2), 200 * (w[1] - w[0] ** 2)]),
    )
    w, *_ = minimize_in_box(f, np.array([-1.2, 1.0]), np.array([[-2, 0.5], [-2, 2]]), tol=1e-9)
    np.testing.assert_allclose(w, [0.5, 0.25], atol=1e-8)


@pytest.mark.filterwarnings("ignore:The optimal value")
def test_more_starts_find_a_better_optimum():
    x = np.linspace(0, 10, 40)[:, None]
    y = np.sin(3 * x[:, 0])
    kernel = RBF(50.0, (1e-2, 1e3)) + WhiteKernel(1.0)
    one = GaussianProcessRegressor(kernel).fit(x, y)
    several = GaussianProcessRegressor(kernel, n_restarts_optimizer=10, random_state=0).fit(x, y)
    assert several.log_marginal_likelihood_value_ > one.log_marginal_likelihood_value_ + 10
    assert several.trace_.loss[-1] == pytest.approx(-several.log_marginal_likelihood_value_)


def test_an_optimizer_of_ones_own():
    model = GaussianProcessRegressor(RBF() + WhiteKernel(), optimizer=to_the_end).fit(X, Y)
    ready = GaussianProcessRegressor(RBF() + WhiteKernel()).fit(X, Y)
    np.testing.assert_allclose(model.kernel_.theta, ready.kernel_.theta, atol=1e-4)


def test_a_parameter_at_its_bound_is_told():
    with pytest.warns(
        ConvergenceWarning, match="dimension 0 of parameter k2__noise_level is close to .* lower"
    ):
        GaussianProcessRegressor(RBF() + WhiteKernel(1.0, (0.5, 2))).fit(X, Y)


@pytest.mark.parametrize(
    "settings, y, message",
    [
        ({"alpha": 0.0}, Y, r"RBF\(length_scale=1\), is not returning a positive definite matrix"),
        ({"alpha": np.ones(3)}, Y, r"same number of entries as y. \(3 != 80\)"),
        ({"n_targets": 2}, Y, r"different from the parameter `n_targets`. Got 1 != 2"),
        ({"kernel": RBF(1.0, (0, 1)), "optimizer": "fmin_l_bfgs_b", "n_restarts_optimizer": 1}, Y,
         "requires that all bounds are finite"),
        ({"kernel": their_kernels.RBF()}, Y, "'kernel' parameter .* must be a kernel"),
        ({"kernel": RBF([1.0, 2.0])}, Y, r"must have the same number of dimensions as data \(2!=3\)"),
    ],
)  # fmt: skip
def test_what_is_refused(settings, y, message):
    model = GaussianProcessRegressor(**{"kernel": RBF(), "optimizer": None} | settings)
    with pytest.raises(ValueError, match=message) as error:
        model.fit(np.repeat(X[:40], 2, axis=0), y)
    assert "\n  at test_regression.py" in str(error.value)


def test_standard_deviation_and_covariance_are_asked_for_one_at_a_time():
    model = GaussianProcessRegressor(ConstantKernel() * RBF(), optimizer=None).fit(X, Y)
    with pytest.raises(RuntimeError, match="At most one of return_std or return_cov"):
        model.predict(X, return_std=True, return_cov=True)
