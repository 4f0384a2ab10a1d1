"""LassoCV and ElasticNetCV against scikit-learn, and their path against the conditions of the minimum."""

import numpy as np
import pytest

from models import ElasticNet, ElasticNetCV, Lasso, LassoCV
from models.linear.path import enet_path, kkt_residuals, lasso_path

linear_model = pytest.importorskip("sklearn.linear_model")
datasets = pytest.importorskip("sklearn.datasets")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 8)) * [1, 3, 0.5, 2, 1, 1, 1, 1] + 1.0
Y = X[:, :3] @ [1.0, -1.0, 2.0] + RNG.normal(size=40)
WEIGHT = RNG.uniform(0.1, 3, size=40)
STRICT = {"tol": 1e-12, "max_iter": 100_000}


def assert_same(ours, theirs, names):
    for name in names:
        found, expected = getattr(ours, name), getattr(theirs, name)
        assert np.shape(found) == np.shape(expected), name
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8, err_msg=name)


@pytest.mark.parametrize("load", ["diabetes", "iris", "wine"])
def test_the_same_as_scikit_learn_on_real_data(load):
    A, y = getattr(datasets, f"load_{load}")(return_X_y=True)
    rows = np.random.default_rng(0).permutation(len(A))
    ours = LassoCV(alphas=30, **STRICT).fit(A[rows], y[rows])
    theirs = linear_model.LassoCV(alphas=30, **STRICT).fit(A[rows], y[rows])
    assert_same(ours, theirs, ["alphas_", "alpha_", "mse_path_", "coef_", "intercept_"])


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("positive", [True, False])
@pytest.mark.parametrize("alphas", [10, [0.01, 1.0, 0.1]])
def test_the_lasso(weighted, fit_intercept, positive, alphas):
    same = {
        "fit_intercept": fit_intercept,
        "positive": positive,
        "alphas": alphas,
        "cv": 4,
        **STRICT,
    }
    weight = WEIGHT if weighted else None
    ours, theirs = LassoCV(**same).fit(X, Y, weight), linear_model.LassoCV(**same).fit(X, Y, weight)
    assert_same(
        ours, theirs, ["alphas_", "alpha_", "mse_path_", "coef_", "intercept_", "dual_gap_"]
    )


@pytest.mark.parametrize("l1_ratio", [0.3, [0.1, 0.5, 0.9]])
@pytest.mark.parametrize("alphas", [10, [0.01, 1.0, 0.1]])
def test_the_elastic_net(l1_ratio, alphas):
    same = {"l1_ratio": l1_ratio, "alphas": alphas, **STRICT}
    ours, theirs = ElasticNetCV(**same).fit(X, Y), linear_model.ElasticNetCV(**same).fit(X, Y)
    assert_same(
        ours, theirs, ["alphas_", "alpha_", "l1_ratio_", "mse_path_", "coef_", "intercept_"]
    )


@pytest.mark.parametrize("l1_ratio", [1.0, 0.4])
@pytest.mark.parametrize("positive", [True, False])
@pytest.mark.parametrize("shape", ["tall", "wide"])
def test_the_path_is_at_the_minimum_everywhere(l1_ratio, positive, shape):
    A, y = (X, Y) if shape == "tall" else (RNG.normal(size=(20, 50)), Y[:20])
    A, y = A - A.mean(axis=0), y - y.mean()
    settings = {"positive": positive, "l1_ratio": l1_ratio}
    alphas, coefs, gaps = enet_path(A, y, **settings, alphas=25, tol=1e-13)
    theirs = linear_model.enet_path(A, y, **settings, alphas=25, **STRICT)
    np.testing.assert_allclose(alphas, theirs[0], rtol=1e-12)
    np.testing.assert_allclose(coefs, theirs[1], rtol=1e-5, atol=1e-6)
    residuals = kkt_residuals(A, y, alphas, coefs, **settings)
    assert (residuals <= 1e-7 * alphas[0]).all() and (gaps <= 1e-12 * y.var()).all()
    assert (kkt_residuals(A, y, alphas, coefs + 0.1, **settings) > 0.01 * alphas).all()
    assert np.abs(coefs[:, 0]).max() < 1e-12 and np.count_nonzero(coefs[:, -1]) > 3


def test_the_path_is_a_method_as_in_scikit_learn():
    _, coefs, _, iterations = Lasso.path(X, Y, alphas=5, return_n_iter=True)
    np.testing.assert_array_equal(coefs, lasso_path(X, Y, alphas=5)[1])
    assert len(iterations) == 5 and LassoCV.path is lasso_path and ElasticNet.path is enet_path
    with pytest.raises(ValueError, match="needs X .* got shapes"):
        lasso_path(X, Y[:20])
    with pytest.raises(ValueError, match="positive=True is not allowed for several columns"):
        lasso_path(X, X, positive=True)
    with pytest.raises(ValueError, match="not supported for l1_ratio=0"):
        ElasticNetCV(l1_ratio=0).fit(X, Y)


def test_a_fold_with_weights_is_a_fold_with_repeated_rows():
    weight = np.r_[RNG.integers(0, 4, size=20), np.ones(20)].astype(int)
    rows = np.repeat(np.arange(40), weight)
    half = np.arange(40) < 20
    splits = [(~half, half), (half, ~half)]
    repeated = [(np.flatnonzero(a[rows]), np.flatnonzero(b[rows])) for a, b in splits]
    splits = [(np.flatnonzero(a), np.flatnonzero(b)) for a, b in splits]
    a = LassoCV(cv=splits, alphas=20, **STRICT).fit(X, Y, weight)
    b = LassoCV(cv=repeated, alphas=20, **STRICT).fit(X[rows], Y[rows])
    assert_same(a, b, ["alphas_", "alpha_", "mse_path_", "coef_", "intercept_"])
