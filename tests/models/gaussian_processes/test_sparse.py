"""Sparse Gaussian process regression against the full process, closed forms and finite differences."""

import numpy as np
import pytest

pytest.importorskip("scipy")

from scipy.optimize import approx_fprime
from scipy.stats import multivariate_normal

from models import GaussianProcessRegressor, SparseGaussianProcessRegressor
from models.gaussian_processes.kernels import RBF, ConstantKernel, DotProduct, Matern, WhiteKernel
from models.gaussian_processes.sparse import greedy_rows

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
Y = np.sin(X[:, 0]) + 0.3 * X[:, 1] ** 2 + 0.1 * RNG.normal(size=60)
NEW = RNG.normal(size=(12, 3))
KERNELS = [2.0 * RBF(1.0), Matern(1.5, nu=1.5), RBF([1.0, 2, 3]) * 3]


@pytest.mark.parametrize("normalize_y", [False, True])
@pytest.mark.parametrize("kernel", KERNELS, ids=repr)
def test_with_all_data_as_inducing_points_it_is_the_full_process(kernel, normalize_y):
    same = {"optimizer": None, "normalize_y": normalize_y}
    full = GaussianProcessRegressor(kernel + WhiteKernel(0.2), alpha=0.0, **same).fit(X, Y)
    sparse = SparseGaussianProcessRegressor(kernel, inducing_points=X, noise_level=0.2, **same)
    sparse.fit(X, Y)
    np.testing.assert_allclose(
        sparse.log_marginal_likelihood_value_, full.log_marginal_likelihood_value_, rtol=1e-8
    )
    theta = sparse.kernel_.theta + 0.1
    np.testing.assert_allclose(
        sparse.log_marginal_likelihood(theta, True)[1], full.log_marginal_likelihood(theta, True)[1],
        rtol=1e-6, atol=1e-6,
    )  # fmt: skip
    for settings in ({"return_std": True}, {"return_cov": True}):
        for a, b in zip(
            sparse.predict(NEW, **settings), full.predict(NEW, **settings), strict=True
        ):
            np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-8)


def test_the_same_optimum_as_the_full_process():
    full = GaussianProcessRegressor(KERNELS[0] + WhiteKernel(0.1), alpha=0.0).fit(X, Y)
    sparse = SparseGaussianProcessRegressor(KERNELS[0], inducing_points=X).fit(X, Y)
    np.testing.assert_allclose(sparse.kernel_.theta, full.kernel_.theta, atol=1e-5)
    assert repr(sparse.kernel_) == repr(full.kernel_)


def test_the_bound_is_that_of_titsias():
    """ln N(y | 0, Q + σ² I) - tr(K - Q) / 2σ², written out."""
    kernel, noise, Z = 2.0 * RBF(1.0), 0.3, X[:7]
    model = SparseGaussianProcessRegressor(
        kernel, inducing_points=Z, noise_level=noise, optimizer=None
    )
    Q = kernel(X, Z) @ np.linalg.solve(kernel(Z), kernel(Z, X))
    density = multivariate_normal(np.zeros(60), Q + noise * np.eye(60)).logpdf(Y)
    expected = density - np.trace(kernel(X) - Q) / (2 * noise)
    model.fit(X, Y)
    assert model.log_marginal_likelihood_value_ == pytest.approx(expected, rel=1e-10)
    theta = model.kernel_.theta + 0.2
    _, gradient = model.log_marginal_likelihood(theta, eval_gradient=True)
    differences = approx_fprime(theta, model.log_marginal_likelihood, 1e-6)
    np.testing.assert_allclose(gradient, differences, rtol=1e-4, atol=1e-4)


def test_more_points_bring_the_bound_closer():
    full = GaussianProcessRegressor(KERNELS[0] + WhiteKernel(0.1), optimizer=None).fit(X, Y)
    bounds = [
        SparseGaussianProcessRegressor(KERNELS[0], inducing_points=m, optimizer=None)
        .fit(X, Y)
        .log_marginal_likelihood_value_
        for m in (2, 5, 10, 20, 60)
    ]
    assert np.all(np.diff(bounds) > 0)
    assert bounds[-1] == pytest.approx(full.log_marginal_likelihood_value_, abs=1e-6)


def test_a_linear_kernel_needs_as_many_points_as_features():
    """x·z has rank 3: the greedy choice ends there, and the sparse process is exact."""
    kernel = ConstantKernel(2.0) * DotProduct(0.0)
    assert len(greedy_rows(kernel, X, 60)) == 3
    full = GaussianProcessRegressor(kernel + WhiteKernel(0.1), alpha=0.0, optimizer=None).fit(X, Y)
    sparse = SparseGaussianProcessRegressor(kernel, optimizer=None).fit(X, Y)
    assert sparse.inducing_points_.shape == (3, 3)
    np.testing.assert_allclose(
        sparse.log_marginal_likelihood_value_, full.log_marginal_likelihood_value_, rtol=1e-9
    )
    np.testing.assert_allclose(sparse.predict(NEW), full.predict(NEW), rtol=1e-8, atol=1e-9)


def test_many_samples_of_a_smooth_function():
    x = np.linspace(0, 10, 3000)[:, None]
    y = np.sin(x[:, 0]) + 0.1 * np.random.default_rng(0).normal(size=3000)
    model = SparseGaussianProcessRegressor(RBF(1.0), inducing_points=20).fit(x, y)
    np.testing.assert_allclose(model.predict(x), np.sin(x[:, 0]), atol=0.03)
    assert model.kernel_.k2.noise_level == pytest.approx(0.01, rel=0.1)


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"kernel": RBF() + WhiteKernel()}, "has a WhiteKernel, but the noise is a parameter"),
        ({"inducing_points": X[:, :2]}, r"finite numbers of shape \(m, 3\), got shape \(60, 2\)"),
        ({"inducing_points": 0}, "'inducing_points' parameter"),
        ({"noise_level": 0.0}, "'noise_level' parameter"),
    ],
)
def test_what_is_refused(settings, message):
    with pytest.raises(ValueError, match=message) as error:
        SparseGaussianProcessRegressor(**settings).fit(X, Y)
    assert "\n  at test_sparse.py" in str(error.value) and "\n  Try: " in str(error.value)
