"""Huber regression against scikit-learn, and its conditions."""

import numpy as np
import pytest

from models import HuberRegressor, Ridge

linear_model = pytest.importorskip("sklearn.linear_model")
datasets = pytest.importorskip("sklearn.datasets")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4))
Y = X @ [1.0, -2.0, 0.5, 0] + 3 + RNG.normal(size=60)
Y[:6] += 50
WEIGHT = RNG.uniform(0.1, 3, size=60)


@pytest.mark.parametrize("epsilon", [1.1, 1.35, 3.0])
@pytest.mark.parametrize("alpha", [0.0, 1e-4, 5.0])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_the_same_as_scikit_learn(epsilon, alpha, fit_intercept, weighted):
    same = {"epsilon": epsilon, "alpha": alpha, "fit_intercept": fit_intercept, "max_iter": 10_000}
    weight = WEIGHT if weighted else None
    ours = HuberRegressor(**same, tol=1e-10).fit(X, Y, weight)
    theirs = linear_model.HuberRegressor(**same, tol=1e-9).fit(X, Y, weight)
    for name in ("coef_", "intercept_", "scale_"):
        expected = getattr(theirs, name)
        np.testing.assert_allclose(
            getattr(ours, name), expected, rtol=1e-4, atol=1e-4, err_msg=name
        )
    np.testing.assert_array_equal(ours.outliers_, theirs.outliers_)


@pytest.mark.parametrize("load", ["diabetes", "iris", "wine", "breast_cancer"])
def test_its_minimum_is_not_above_that_of_scikit_learn(load):
    A, y = getattr(datasets, f"load_{load}")(return_X_y=True)
    A = (A - A.mean(axis=0)) / (A.std(axis=0) + (A.std(axis=0) == 0))
    ours = HuberRegressor(tol=1e-9).fit(A, y)
    theirs = linear_model.HuberRegressor(tol=1e-9, max_iter=10_000).fit(A, y)

    def loss(model):
        return ours.loss(A, y, np.ones(len(y)), model.coef_, model.intercept_, model.scale_)

    assert loss(ours) <= loss(theirs) * (1 + 1e-12)
    np.testing.assert_allclose(ours.predict(A), theirs.predict(A), atol=3e-3 * np.abs(y).max())


def test_solvers_agree():
    newton = HuberRegressor(solver="newton", tol=1e-10).fit(X, Y)
    lbfgs = HuberRegressor(solver="lbfgs", tol=1e-10, max_iter=1000).fit(X, Y)
    np.testing.assert_allclose(lbfgs.coef_, newton.coef_, rtol=1e-6)
    assert newton.n_iter_ < lbfgs.n_iter_


def test_the_scale_is_that_of_the_small_errors():
    """The derivative with respect to σ is 0: Σ min(r², ε² σ²) = n σ²."""
    model = HuberRegressor(tol=1e-11, max_iter=1000).fit(X, Y)
    r, σ = Y - model.predict(X), model.scale_
    assert np.minimum(r**2, (1.35 * σ) ** 2).sum() == pytest.approx(60 * σ**2, rel=1e-8)
    assert model.outliers_[:6].all() and model.outliers_.shape == (60,)
    far = Y.copy()
    far[:6] += 1e6
    np.testing.assert_allclose(
        HuberRegressor(tol=1e-11, max_iter=1000).fit(X, far).coef_, model.coef_, rtol=1e-4
    )


def test_a_large_epsilon_is_ridge_regression():
    model = HuberRegressor(epsilon=1e6, alpha=0.3, tol=1e-10, max_iter=1000).fit(X, Y)
    ridge = Ridge(0.3 * model.scale_).fit(X, Y)  # Σ r² / σ + α ‖w‖²
    np.testing.assert_allclose(model.coef_, ridge.coef_, rtol=1e-7)
    assert not model.outliers_.any()


def test_outliers_count_every_row():
    weight = np.ones(60)
    weight[3] = 0
    assert HuberRegressor().fit(X, Y, weight).outliers_[3]
