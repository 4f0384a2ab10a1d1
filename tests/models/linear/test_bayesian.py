"""Bayesian ridge and ARD against scikit-learn, and the evidence against its definition."""

import numpy as np
import pytest

from models import ARDRegression, BayesianRidge, Ridge

linear_model = pytest.importorskip("sklearn.linear_model")
datasets = pytest.importorskip("sklearn.datasets")
stats = pytest.importorskip("scipy.stats")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 6)) * [1, 2, 1, 3, 1, 1] + 1.0
Y = X @ [1.0, -1.0, 0, 0.5, 0, 0] + RNG.normal(size=40)
WEIGHT = RNG.integers(1, 4, size=40)
NAMES = (
    "coef_",
    "intercept_",
    "alpha_",
    "lambda_",
    "sigma_",
    "scores_",
    "n_iter_",
    "X_offset_",
    "X_scale_",
)


def assert_same(ours, theirs, X, tolerance=1e-7):
    for name in NAMES:
        found, expected = np.asarray(getattr(ours, name)), np.asarray(getattr(theirs, name))
        assert found.shape == expected.shape, name
        if name == "scores_" and len(found):  # scikit-learn's last one mixes two iterations
            found, expected = found[:-1], expected[:-1]
        size = np.abs(expected).max(initial=1e-6)
        np.testing.assert_allclose(
            found, expected, rtol=tolerance, atol=tolerance * size, err_msg=name
        )
    for found, expected in zip(ours.predict(X, True), theirs.predict(X, True), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("kind", [BayesianRidge, ARDRegression])
@pytest.mark.parametrize("load", ["diabetes", "iris", "wine"])
def test_the_same_as_scikit_learn_on_real_data(kind, load):
    A, y = getattr(datasets, f"load_{load}")(return_X_y=True)
    ours = kind(compute_score=True).fit(A, y)
    theirs = getattr(linear_model, kind.__name__)(compute_score=True).fit(A, y)
    assert_same(ours, theirs, A)


@pytest.mark.parametrize("kind", [BayesianRidge, ARDRegression])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("rows", [40, 5])
def test_the_same_as_scikit_learn(kind, fit_intercept, rows):
    same = {
        "fit_intercept": fit_intercept, "compute_score": True, "tol": 1e-8,
        "alpha_1": 0.1, "alpha_2": 0.2, "lambda_1": 0.3, "lambda_2": 0.4,
    }  # fmt: skip
    ours = kind(**same).fit(X[:rows], Y[:rows])
    theirs = getattr(linear_model, kind.__name__)(**same).fit(X[:rows], Y[:rows])
    assert_same(ours, theirs, X, 1e-5)


def test_weights_and_first_values():
    same = {"alpha_init": 2.0, "lambda_init": 0.5, "compute_score": True}
    ours = BayesianRidge(**same).fit(X, Y, WEIGHT)
    assert_same(ours, linear_model.BayesianRidge(**same).fit(X, Y, WEIGHT), X)
    rows = np.repeat(np.arange(40), WEIGHT)
    weighted, repeated = BayesianRidge().fit(X, Y, WEIGHT), BayesianRidge().fit(X[rows], Y[rows])
    np.testing.assert_allclose(weighted.coef_, repeated.coef_, rtol=1e-8, atol=1e-12)


def test_the_score_is_the_density_of_y():
    """Of y ~ N(0, I/α + X Xᵀ/λ) (Bishop 3.77), here without the priors of α and λ."""
    free = dict.fromkeys(("alpha_1", "alpha_2", "lambda_1", "lambda_2"), 0.0)
    model = BayesianRidge(**free, compute_score=True, fit_intercept=False, tol=1e-10).fit(X, Y)

    def evidence(α, λ):
        return stats.multivariate_normal(np.zeros(40), np.eye(40) / α + X @ X.T / λ).logpdf(Y)

    best = evidence(model.alpha_, model.lambda_)
    assert model.scores_[-1] == pytest.approx(best, rel=1e-9)
    assert (np.diff(model.scores_) > -1e-9).all()
    for α, λ in ((1.01, 1), (0.99, 1), (1, 1.01), (1, 0.99)):
        assert evidence(model.alpha_ * α, model.lambda_ * λ) < best
    ridge = Ridge(model.lambda_ / model.alpha_, fit_intercept=False).fit(X, Y)
    np.testing.assert_allclose(model.coef_, ridge.coef_, rtol=1e-8)


def test_ard_leaves_out_what_does_not_help():
    A = RNG.normal(size=(200, 8))
    model = ARDRegression().fit(A, A[:, 0] * 3 + 0.01 * RNG.normal(size=200))
    assert model.coef_[0] == pytest.approx(3, abs=0.01) and (model.lambda_[1:] > 100).all()
    assert (model.coef_[model.lambda_ >= 1e4] == 0).all()
