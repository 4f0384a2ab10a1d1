"""LarsCV, LassoLarsCV and LassoLarsIC against scikit-learn, grids of LassoCV, and the criterion's formula."""

import numpy as np
import pytest

from models import LarsCV, LassoCV, LassoLars, LassoLarsCV, LassoLarsIC, LinearRegression

linear_model = pytest.importorskip("sklearn.linear_model")
datasets = pytest.importorskip("sklearn.datasets")

RNG = np.random.default_rng(0)


def shuffled(load):
    X, y = getattr(datasets, f"load_{load}")(return_X_y=True)
    rows = np.random.default_rng(0).permutation(len(X))
    return X[rows], y[rows].astype(float)


def assert_same(ours, theirs, names, tolerance=1e-6):
    for name in names:
        found, expected = getattr(ours, name), getattr(theirs, name)
        assert np.shape(found) == np.shape(expected), name
        size = np.abs(expected).max() + 1e-12
        np.testing.assert_allclose(found, expected, tolerance, tolerance * size, err_msg=name)


@pytest.mark.parametrize("load", ["diabetes", "iris", "wine"])
@pytest.mark.parametrize("settings", [{}, {"cv": 3}, {"fit_intercept": False}])
def test_the_lasso_as_in_scikit_learn(load, settings):
    X, y = shuffled(load)
    ours, theirs = LassoLarsCV(**settings).fit(X, y), linear_model.LassoLarsCV(**settings).fit(X, y)
    names = ["alpha_", "coef_", "intercept_"]
    assert_same(ours, theirs, names)
    if (
        ours.cv_alphas_.shape == theirs.cv_alphas_.shape
    ):  # their corners may be there twice, by rounding
        assert_same(ours, theirs, ["cv_alphas_", "mse_path_"])
    few = LassoLarsCV(max_n_alphas=10, **settings).fit(X, y)
    assert 10 <= len(few.cv_alphas_) < 20 or len(few.cv_alphas_) == len(ours.cv_alphas_)


@pytest.mark.parametrize("load", ["diabetes", "wine"])
def test_lars_as_in_scikit_learn(load):
    """Of few steps: scikit-learn's path is another from where a weight crosses 0, see Lars."""
    X, y = shuffled(load)
    ours, theirs = LarsCV(max_iter=4).fit(X, y), linear_model.LarsCV(max_iter=4).fit(X, y)
    assert_same(
        ours, theirs, ["alpha_", "cv_alphas_", "mse_path_", "coef_", "intercept_", "alphas_"]
    )
    assert ours.active_ == list(theirs.active_)


def test_the_lasso_has_the_errors_of_a_grid_and_nonnegative_weights():
    X, y = shuffled("diabetes")
    by_corners = LassoLarsCV().fit(X, y)
    by_grid = LassoCV(alphas=by_corners.cv_alphas_[5::9], tol=1e-12).fit(X, y)
    np.testing.assert_allclose(by_grid.mse_path_[::-1], by_corners.mse_path_[5::9], rtol=1e-6)
    lasso = LassoLars(by_corners.alpha_).fit(X, y)
    np.testing.assert_allclose(by_corners.coef_, lasso.coef_, rtol=1e-9)
    ours = LassoLarsCV(positive=True, cv=4).fit(X, y)
    assert ours.alpha_ == 0  # where scikit-learn's path ends before the minimum
    least = LinearRegression(positive=True).fit(X, y)
    np.testing.assert_allclose(ours.coef_, least.coef_, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("load", ["diabetes", "iris", "wine", "breast_cancer"])
@pytest.mark.parametrize("criterion", ["aic", "bic"])
@pytest.mark.parametrize("settings", [{}, {"noise_variance": 2.0}, {"positive": True}])
def test_the_criterion_as_in_scikit_learn(load, criterion, settings):
    X, y = shuffled(load)
    ours = LassoLarsIC(criterion, **settings).fit(X, y)
    theirs = linear_model.LassoLarsIC(criterion, **settings).fit(X, y)
    assert_same(ours, theirs, ["noise_variance_"])
    if ours.alphas_.shape == theirs.alphas_.shape:  # a corner may be there twice, by rounding
        shown = slice(-1 if "positive" in settings else None)  # theirs ends before the minimum
        np.testing.assert_allclose(ours.criterion_[shown], theirs.criterion_[shown], rtol=1e-6)
    if ours.alpha_ > 0 or "positive" not in settings:
        assert_same(ours, theirs, ["alpha_", "coef_", "intercept_"])


def test_the_criterion_by_its_formula():
    X, y = shuffled("diabetes")
    weight = RNG.integers(0, 3, len(X))
    model = LassoLarsIC("bic").fit(X, y, weight)
    rows = np.repeat(np.arange(len(X)), weight)
    repeated, n = LassoLarsIC("bic").fit(X[rows], y[rows]), len(rows)
    assert_same(model, repeated, ["criterion_", "coef_", "noise_variance_"], 1e-8)
    r = y[rows] - LinearRegression().fit(X[rows], y[rows]).predict(X[rows])
    σ2 = r @ r / (n - 11)
    r = y[rows] - model.predict(X[rows])
    k = np.count_nonzero(model.coef_)
    least = n * np.log(2 * np.pi * σ2) + r @ r / σ2 + np.log(n) * k
    assert model.criterion_.min() == pytest.approx(least, rel=1e-10)
    assert 0 < k < 10


def test_more_features_than_rows_need_a_variance():
    X, y = RNG.normal(size=(10, 20)), RNG.normal(size=10)
    with pytest.raises(
        ValueError, match="number of samples is smaller than the number of features"
    ):
        LassoLarsIC().fit(X, y)
    assert np.isfinite(LassoLarsIC(noise_variance=1.0).fit(X, y).criterion_).all()
