"""Kernel ridge regression against scikit-learn, and ridge regression on explicit features."""

import numpy as np
import pytest

from models import KernelRidge, Ridge
from models.foundation.kernel_functions import KERNELS

kernel_ridge = pytest.importorskip("sklearn.kernel_ridge")
datasets = pytest.importorskip("sklearn.datasets")

RNG = np.random.default_rng(0)
X = RNG.uniform(size=(50, 4))
WEIGHT = RNG.uniform(0.1, 3, size=50)
NEW = RNG.uniform(size=(20, 4))


@pytest.mark.parametrize("targets", [None, 3])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("kernel", KERNELS)
def test_the_same_as_scikit_learn(kernel, weighted, targets):
    y = RNG.normal(size=(50, targets or 1)) + X[:, :1]
    y = y[:, 0] if targets is None else y
    same = {"alpha": 0.3, "kernel": kernel, "gamma": 0.7, "degree": 2, "coef0": 0.5}
    if kernel in ("additive_chi2", "sigmoid"):
        same["alpha"] = 300.0  # K has negative eigenvalues, and theirs wants none in K + α I
    weight = WEIGHT if weighted else None
    ours = KernelRidge(**same).fit(X, y, weight)
    theirs = kernel_ridge.KernelRidge(**same).fit(X, y, weight)
    np.testing.assert_allclose(ours.dual_coef_, theirs.dual_coef_, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(ours.predict(NEW), theirs.predict(NEW), rtol=1e-10, atol=1e-10)


def test_diabetes():
    X, y = datasets.load_diabetes(return_X_y=True)
    for same in ({"kernel": "rbf", "gamma": 3.0, "alpha": 0.1}, {"kernel": "poly", "alpha": 0.5}):
        ours, theirs = KernelRidge(**same).fit(X, y), kernel_ridge.KernelRidge(**same).fit(X, y)
        np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-10)


def test_a_penalty_for_each_target():
    y = RNG.normal(size=(50, 2))
    ours = KernelRidge([0.1, 5.0], kernel="rbf").fit(X, y, WEIGHT)
    theirs = kernel_ridge.KernelRidge([0.1, 5.0], kernel="rbf").fit(X, y, WEIGHT)
    np.testing.assert_allclose(ours.dual_coef_, theirs.dual_coef_, rtol=1e-9)
    with pytest.raises(ValueError, match=r"alpha has shape \(3,\), and y has 2 targets"):
        KernelRidge([1.0, 2.0, 3.0]).fit(X, y)


def test_with_the_linear_kernel_it_is_ridge_regression():
    y = RNG.normal(size=50)
    ridge = Ridge(0.7, fit_intercept=False).fit(X, y, WEIGHT)
    kernel = KernelRidge(0.7).fit(X, y, WEIGHT)
    np.testing.assert_allclose(kernel.predict(NEW), ridge.predict(NEW), atol=1e-10)
    np.testing.assert_allclose(X.T @ kernel.dual_coef_, ridge.coef_, atol=1e-10)


def test_the_gradient_is_zero():
    """∇_c of Σ s (y - K c)² + α cᵀ K c is 2 K (S (K c - y) + α c)."""
    y = RNG.normal(size=50)
    model = KernelRidge(0.3, kernel="rbf").fit(X, y, WEIGHT)
    error = model.predict(X) - y
    assert np.abs(WEIGHT * error + 0.3 * model.dual_coef_).max() < 1e-10


def test_a_kernel_of_ones_own():
    y = RNG.normal(size=50)
    ours = KernelRidge(0.2, kernel=lambda a, b, t: np.exp(-t * ((a - b) ** 2).sum()),
                       kernel_params={"t": 0.4}).fit(X, y, WEIGHT)  # fmt: skip
    same = KernelRidge(0.2, kernel="rbf", gamma=0.4).fit(X, y, WEIGHT)
    np.testing.assert_allclose(ours.predict(NEW), same.predict(NEW), atol=1e-10)


def test_a_matrix_of_kernel_values():
    y, weight = RNG.normal(size=50), WEIGHT * (np.arange(50) % 3 > 0)
    same = KernelRidge(0.2).fit(X, y, weight)
    ours = KernelRidge(0.2, kernel="precomputed").fit(X @ X.T, y, weight)
    np.testing.assert_allclose(ours.predict(NEW @ X.T), same.predict(NEW), atol=1e-10)
    with pytest.raises(ValueError, match="must be a square matrix. Input is a 50x4 matrix"):
        KernelRidge(kernel="precomputed").fit(X, y)


def test_cross_validation_splits_both_axes_of_a_matrix():
    selection = pytest.importorskip("sklearn.model_selection")
    y = RNG.normal(size=50)
    scores = [
        selection.cross_val_score(KernelRidge(kernel="precomputed"), X @ X.T, y),
        selection.cross_val_score(KernelRidge(), X, y),
    ]
    np.testing.assert_allclose(*scores, rtol=1e-9)


def test_without_a_penalty_equal_rows_share_the_weight():
    y = np.arange(6.0)
    twice = np.concatenate([X[:6], X[:6]])
    model = KernelRidge(0.0, kernel="rbf").fit(twice, np.concatenate([y, y]))
    np.testing.assert_allclose(model.predict(X[:6]), y, atol=1e-8)
    np.testing.assert_allclose(model.dual_coef_[:6], model.dual_coef_[6:], atol=1e-6)
