"""Theil-Sen and RANSAC: against scikit-learn where nothing is random, and on data with outliers."""

import numpy as np
import pytest

from models import LinearRegression, RANSACRegressor, Ridge, TheilSenRegressor
from models.linear.ransac import trials_needed

linear_model = pytest.importorskip("sklearn.linear_model")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 2))
Y = X @ [1.0, -2.0] + 3 + 0.1 * RNG.normal(size=60)
WRONG = np.arange(60) % 5 == 0
Y[WRONG] += 30


@pytest.mark.parametrize("columns, rows", [(1, 60), (2, 25), (2, 2)])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_theil_sen_of_all_subsets_is_that_of_scikit_learn(columns, rows, fit_intercept):
    same = {"fit_intercept": fit_intercept, "tol": 1e-12, "max_iter": 10_000}
    A, y = X[:rows, :columns], Y[:rows]
    ours = TheilSenRegressor(**same).fit(A, y)
    theirs = linear_model.TheilSenRegressor(**same).fit(A, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-7)
    assert ours.intercept_ == pytest.approx(theirs.intercept_, rel=1e-7)
    assert ours.breakdown_ == pytest.approx(theirs.breakdown_, rel=1e-12)
    assert ours.n_subpopulation_ == theirs.n_subpopulation_


def test_theil_sen_of_one_feature_is_the_median_of_slopes():
    model = TheilSenRegressor(fit_intercept=False).fit(X[:, :1], Y)
    assert model.coef_[0] == np.median(Y / X[:, 0])


@pytest.mark.parametrize("kind, settings", [
    (TheilSenRegressor, {"random_state": 0, "max_subpopulation": 3000}),
    (RANSACRegressor, {"random_state": 0}),
])  # fmt: skip
def test_outliers_hardly_matter(kind, settings):
    model = kind(**settings).fit(X, Y)
    clean = LinearRegression().fit(X[~WRONG], Y[~WRONG])
    plain = LinearRegression().fit(X, Y)
    far = [np.abs(m.predict(X) - clean.predict(X)).max() for m in (model, plain)]
    assert far[0] < 1 < far[1]
    again = kind(**settings).fit(X, Y)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


def test_many_samples_draw_distinct_rows():
    drawn = TheilSenRegressor(random_state=0)._subsets(1000, 4)
    assert drawn.shape == (10_000, 4) and (np.diff(np.sort(drawn)) > 0).all()
    counts = np.bincount(drawn.ravel(), minlength=1000)
    assert abs(counts.mean() - 40) < 1e-9 and counts.std() == pytest.approx(40**0.5, rel=0.1)


def test_ransac_finds_the_inliers_and_fits_them_by_any_estimator():
    model = RANSACRegressor(random_state=0, residual_threshold=1.0).fit(X, Y)
    np.testing.assert_array_equal(model.inlier_mask_, ~WRONG)
    np.testing.assert_array_equal(
        model.estimator_.coef_, LinearRegression().fit(X[~WRONG], Y[~WRONG]).coef_
    )
    assert model.n_trials_ <= trials_needed(0.8, 3, 0.99)
    weight = RNG.uniform(1, 2, size=60)
    for estimator in (Ridge(0.1), linear_model.Ridge(alpha=0.1)):
        robust = RANSACRegressor(estimator, min_samples=0.1, residual_threshold=1.0, random_state=1)
        expected = Ridge(0.1).fit(X[~WRONG], Y[~WRONG], weight[~WRONG]).coef_
        np.testing.assert_allclose(robust.fit(X, Y, weight).estimator_.coef_, expected, rtol=1e-9)
    both = RANSACRegressor(random_state=0, residual_threshold=2.0).fit(X, np.column_stack([Y, -Y]))
    np.testing.assert_array_equal(both.inlier_mask_, ~WRONG)


@pytest.mark.parametrize("inliers, m", [(0.8, 3), (0.5, 2), (0.1, 4), (1.0, 3)])
def test_the_number_of_trials_is_that_of_scikit_learn(inliers, m):
    from sklearn.linear_model._ransac import _dynamic_max_trials

    for probability in (0.5, 0.99):
        expected = _dynamic_max_trials(100 * inliers, 100, m, probability)
        assert trials_needed(inliers, m, probability) == pytest.approx(expected, abs=1)


def test_trials_may_be_refused_and_end_early():
    even = RANSACRegressor(random_state=0, is_data_valid=lambda X, y: y.max() < 20).fit(X, Y)
    assert even.n_skips_invalid_data_ > 0
    never = RANSACRegressor(random_state=0, is_model_valid=lambda model, X, y: False)
    with pytest.raises(ValueError, match="could not find a valid consensus set"):
        never.fit(X, Y)
    assert RANSACRegressor(random_state=0, stop_n_inliers=1).fit(X, Y).n_trials_ == 1
    with pytest.raises(
        ValueError, match="`min_samples` may not be larger than number of samples: n_samples = 2"
    ):
        RANSACRegressor().fit(X[:2], Y[:2])
    with pytest.raises(ValueError, match="`min_samples` needs to be explicitly set"):
        RANSACRegressor(Ridge()).fit(X, Y)
    with pytest.raises(ValueError, match="n_subsamples > n_samples"):
        TheilSenRegressor(n_subsamples=99).fit(X, Y)
