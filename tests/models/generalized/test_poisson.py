"""Poisson regression against scikit-learn, and the identities of its likelihood."""

import numpy as np
import pytest

from models import PoissonRegressor
from tinygrad_edu import hessian

linear_model = pytest.importorskip("sklearn.linear_model")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 3))
Y = RNG.poisson(np.exp(X @ [0.5, -0.3, 0.0] + 0.7)).astype(float)
WEIGHT = RNG.uniform(0.1, 3, size=80)


@pytest.mark.parametrize("solver", ["lbfgs", "newton", "newton-cg", "cg"])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("alpha", [0.0, 0.5])
def test_the_same_as_scikit_learn(solver, fit_intercept, alpha):
    same = {"alpha": alpha, "fit_intercept": fit_intercept, "tol": 1e-10, "max_iter": 1000}
    ours = PoissonRegressor(solver=solver, **same).fit(X, Y, WEIGHT)
    theirs = linear_model.PoissonRegressor(solver="newton-cholesky", **same).fit(X, Y, WEIGHT)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-8)
    assert ours.intercept_ == pytest.approx(theirs.intercept_, abs=1e-8)


def test_the_mean_of_the_predictions_is_the_mean_of_the_counts():
    """The score equation of b: Σ s (y - μ) = 0 (McCullagh and Nelder, section 2.5)."""
    model = PoissonRegressor(0.3, tol=1e-12).fit(X, Y, WEIGHT)
    assert WEIGHT @ model.predict(X) == pytest.approx(WEIGHT @ Y, rel=1e-10)


def test_the_hessian_is_that_of_reweighted_least_squares():
    """∇² of the loss is Xᵀ diag(s μ) X / Σ s, the weights of IRLS."""
    model, w = PoissonRegressor(0.0), RNG.normal(size=3)
    H = hessian(lambda w: model.loss(X, Y, WEIGHT, w, 0.0))(w)
    mu = np.exp(X @ w)
    np.testing.assert_allclose(H, X.T @ ((WEIGHT * mu)[:, None] * X) / WEIGHT.sum(), rtol=1e-10)
