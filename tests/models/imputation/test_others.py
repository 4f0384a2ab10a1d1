"""Imputers that use the other columns, against scikit-learn's."""

import numpy as np
import pytest

from models import BayesianRidge, IterativeImputer, KNNImputer, Ridge
from tests.models.contract import assert_clear

pytest.importorskip("sklearn")
from sklearn import impute, linear_model
from sklearn.experimental import enable_iterative_imputer  # noqa: F401

RNG = np.random.default_rng(0)
FULL = RNG.normal(size=(80, 2)) @ RNG.normal(size=(2, 5)) + 0.1 * RNG.normal(size=(80, 5)) + 3
X = np.where(RNG.random(FULL.shape) < 0.2, np.nan, FULL)
X[0] = np.nan  # shares no feature with any other row
NEW = np.where(RNG.random((30, 5)) < 0.4, np.nan, FULL[:30] + 0.1)


@pytest.mark.parametrize("weights", ["uniform", "distance", lambda d: np.exp(-d)])
@pytest.mark.parametrize("k", [1, 4, 100])
def test_nearest_rows(weights, k):
    ours = KNNImputer(n_neighbors=k, weights=weights, add_indicator=True).fit(X)
    theirs = impute.KNNImputer(n_neighbors=k, weights=weights, add_indicator=True).fit(X)
    for rows in (X, NEW):
        np.testing.assert_allclose(ours.transform(rows), theirs.transform(rows), rtol=1e-7)


def test_nearest_rows_in_blocks_and_by_another_distance(monkeypatch):
    expected = KNNImputer().fit_transform(X)
    monkeypatch.setattr("models.imputation.nearest.BLOCK", 200)
    np.testing.assert_allclose(KNNImputer().fit_transform(X), expected)

    def steps(x, y, *, missing_values):
        return np.nansum(np.abs(x - y))

    found = KNNImputer(metric=steps).fit_transform(X)
    np.testing.assert_allclose(found, impute.KNNImputer(metric=steps).fit_transform(X))


def test_columns_without_any_value():
    empty = np.column_stack([X, np.full(80, np.nan)])
    assert KNNImputer().fit_transform(empty).shape == (80, 5)
    kept = KNNImputer(keep_empty_features=True).fit_transform(empty)
    assert (kept[:, 5] == 0).all()
    with pytest.warns(UserWarning, match="without any observed values"):
        assert IterativeImputer(tol=1.0).fit_transform(empty).shape == (80, 5)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"max_iter": 3},
        {"imputation_order": "arabic", "initial_strategy": "median"},
        {"imputation_order": "descending", "skip_complete": True},
        {"min_value": 2.5, "max_value": 3.5},
        {"n_nearest_features": 2, "random_state": 0},
        {"imputation_order": "random", "random_state": 0},
        {"add_indicator": True},
    ],
)
@pytest.mark.filterwarnings("ignore:.*Early stopping criterion not reached")
def test_predictions_from_the_other_columns(settings):
    data = X[1:]
    ours = IterativeImputer(Ridge(), **settings)
    theirs = impute.IterativeImputer(linear_model.Ridge(), **settings)
    np.testing.assert_allclose(ours.fit_transform(data), theirs.fit_transform(data), rtol=1e-8)
    np.testing.assert_allclose(ours.transform(NEW), theirs.transform(NEW), rtol=1e-8)
    assert ours.n_iter_ == theirs.n_iter_
    assert [step[0] for step in ours.imputation_sequence_] == [
        step.feat_idx for step in theirs.imputation_sequence_
    ]


@pytest.mark.filterwarnings("ignore:.*Early stopping criterion not reached")
def test_bayesian_ridge_is_the_default():
    ours, theirs = (kind().fit_transform(X) for kind in (IterativeImputer, impute.IterativeImputer))
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)
    same = IterativeImputer(BayesianRidge()).fit_transform(X)
    np.testing.assert_array_equal(ours, same)


def test_drawn_values_lie_around_the_predicted_ones():
    fill = IterativeImputer(sample_posterior=True, random_state=0, max_iter=2, min_value=0.0)
    drawn = fill.fit_transform(X)
    assert np.isfinite(drawn).all() and (drawn >= np.fmin(X, 0)).all()
    other = fill.set_params(random_state=1).fit_transform(X)
    assert 0 < np.abs(other - drawn).mean() < 1
    errors = np.abs(drawn - FULL)[1:][np.isnan(X[1:])]
    assert errors.mean() < 0.5 < np.abs(FULL - FULL.mean(axis=0)).mean()


def test_limits_that_cannot_be():
    for settings in ({"min_value": 1.0, "max_value": 0.0}, {"min_value": [0.0, 1.0]}):
        with pytest.raises(ValueError, match="min_value >= max_value") as error:
            IterativeImputer(**settings).fit(X)
        assert_clear(error.value)


@pytest.mark.filterwarnings("ignore:.*Early stopping criterion not reached")
def test_an_empty_column_that_is_kept_stays_0():
    rows = np.column_stack([X, np.full(len(X), np.nan)])
    settings = {"keep_empty_features": True, "max_iter": 3}
    ours, theirs = (
        kind(**settings).fit_transform(rows) for kind in (IterativeImputer, impute.IterativeImputer)
    )
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)
    assert not ours[:, -1].any()
