"""Selections by models against scikit-learn's, with the same models inside."""

import numpy as np
import pytest

import models
from models import (
    RFE,
    RFECV,
    DecisionTreeClassifier,
    KMeans,
    Lasso,
    LinearRegression,
    LogisticRegression,
    Perceptron,
    Ridge,
    SelectFromModel,
    SequentialFeatureSelector,
)
from models.feature_selection.from_model import _is_lasso
from tests.models.contract import assert_clear

theirs = pytest.importorskip("sklearn.feature_selection")
datasets = pytest.importorskip("sklearn.datasets")

X, Y = datasets.load_diabetes(return_X_y=True)
WINE = datasets.load_wine(return_X_y=True)
TREE = DecisionTreeClassifier(max_depth=4, random_state=0)


def both(name, estimator, settings, data):
    kinds = getattr(models, name), getattr(theirs, name)
    return (kind(estimator, **settings).fit(*data) for kind in kinds)


@pytest.mark.parametrize(
    "estimator, settings, data",
    [
        (Ridge(), {}, (X, Y)),
        (Ridge(), {"threshold": "1.5*median"}, (X, Y)),
        (Ridge(), {"threshold": 100.0, "max_features": 3}, (X, Y)),
        (Ridge(), {"max_features": lambda X: 2}, (X, Y)),
        (Lasso(0.5), {}, (X, Y)),
        (LinearRegression(), {"norm_order": 2}, (X, np.stack([Y, Y**2], axis=1))),
        (TREE, {}, WINE),
        (TREE, {"importance_getter": "feature_importances_"}, WINE),
        (Ridge(), {"importance_getter": lambda model: np.arange(10.0)}, (X, Y)),
    ],
)
def test_by_importance(estimator, settings, data):
    ours, other = both("SelectFromModel", estimator, settings, data)
    np.testing.assert_array_equal(ours.get_support(), other.get_support())
    np.testing.assert_array_equal(ours.transform(data[0]), other.transform(data[0]))
    np.testing.assert_allclose(ours.threshold_, other.threshold_, rtol=1e-9)


def test_of_a_model_that_is_fitted():
    model = Ridge().fit(X, Y)
    ours = SelectFromModel(model, prefit=True)
    np.testing.assert_array_equal(ours.get_support(), ours.fit(X, Y).get_support())
    expected = theirs.SelectFromModel(model, prefit=True).transform(X)
    np.testing.assert_array_equal(SelectFromModel(model, prefit=True).transform(X), expected)
    with pytest.raises(ValueError, match="is expected to be a fitted estimator"):
        SelectFromModel(Ridge(), prefit=True).transform(X)
    with pytest.raises(ValueError, match="call `fit` before `transform`"):
        SelectFromModel(model, prefit=True, max_features=len).transform(X)


def test_more_rows_and_what_has_no_importances():
    parts = SelectFromModel(Perceptron(random_state=0))
    for rows in (slice(0, 90), slice(90, 178)):
        parts.partial_fit(WINE[0][rows], WINE[1][rows] > 0, classes=[False, True])
    assert parts.get_support().sum() > 0
    assert not hasattr(SelectFromModel(Ridge()), "partial_fit")
    with pytest.raises(
        ValueError, match="KMeans should have `coef_` or `feature_importances_`"
    ) as error:
        SelectFromModel(KMeans(2)).fit(X)
    assert_clear(error.value)
    with pytest.raises(
        ValueError, match="Expected threshold='mean' or threshold='median' got 'most'"
    ):
        SelectFromModel(Ridge(), threshold="most").fit(X, Y)


def test_models_with_weights_of_0():
    assert _is_lasso(Lasso()) and not _is_lasso(Ridge())
    assert not _is_lasso(LogisticRegression())


@pytest.mark.parametrize("settings", [{}, {"n_features_to_select": 0.3, "step": 0.2}, {"step": 3}])
@pytest.mark.parametrize("estimator, data", [(Ridge(), (X, Y)), (TREE, WINE)])
def test_elimination(estimator, data, settings):
    ours, other = both("RFE", estimator, settings, data)
    np.testing.assert_array_equal(ours.support_, other.support_)
    np.testing.assert_array_equal(ours.ranking_, other.ranking_)
    assert ours.n_features_ == other.n_features_
    np.testing.assert_array_equal(ours.predict(data[0]), other.predict(data[0]))
    assert ours.score(*data) == other.score(*data)


def test_elimination_keeps_what_its_model_can_do():
    model = RFE(TREE).fit(*WINE)
    assert list(model.classes_) == [0, 1, 2]
    np.testing.assert_allclose(model.predict_proba(WINE[0]).sum(axis=1), 1)
    assert not hasattr(RFE(Ridge()), "predict_proba")
    with pytest.warns(UserWarning, match="n_features_to_select=99 > n_features=13"):
        assert RFE(TREE, n_features_to_select=99).fit(*WINE).support_.all()
    with pytest.raises(ValueError, match="a minimum of 2 is required"):
        RFE(TREE).fit(WINE[0][:, :1], WINE[1])


@pytest.mark.parametrize(
    "estimator, data, settings",
    [
        (Ridge(), (X, Y), {}),
        (Ridge(), (X, Y), {"cv": 3, "step": 2, "min_features_to_select": 3, "scoring": "r2"}),
        (TREE, WINE, {"cv": 3}),
    ],
)
def test_elimination_with_cross_validation(estimator, data, settings):
    pytest.importorskip("models.selection")
    ours = RFECV(estimator, **settings).fit(*data)
    sklearn_model_selection = pytest.importorskip("sklearn.model_selection")
    if estimator is TREE:  # so that scikit-learn takes the stratified folds of a classifier
        folds = list(sklearn_model_selection.StratifiedKFold(3).split(*data))
        settings = {**settings, "cv": folds}
    other = theirs.RFECV(estimator, **settings).fit(*data)
    np.testing.assert_array_equal(ours.support_, other.support_)
    np.testing.assert_array_equal(ours.ranking_, other.ranking_)
    assert ours.cv_results_.keys() == other.cv_results_.keys()
    for name, found in ours.cv_results_.items():
        np.testing.assert_allclose(found, other.cv_results_[name], err_msg=name)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"n_features_to_select": 3, "cv": 3},
        {"n_features_to_select": 0.8, "direction": "backward", "cv": 3},
        {"tol": 0.01, "cv": 3},
        {"scoring": "neg_mean_absolute_error", "cv": 2, "n_features_to_select": 2},
    ],
)
def test_one_by_one(settings):
    pytest.importorskip("models.selection")
    ours, other = both("SequentialFeatureSelector", Ridge(), settings, (X, Y))
    np.testing.assert_array_equal(ours.support_, other.support_)
    assert ours.n_features_to_select_ == other.n_features_to_select_


def test_one_by_one_of_what_is_not_there():
    for settings, words in (
        ({"n_features_to_select": 10}, "must be < n_features, got 10 of 10"),
        ({"tol": -1.0}, "tol must be strictly positive"),
    ):
        with pytest.raises(ValueError, match=words) as error:
            SequentialFeatureSelector(Ridge(), **settings).fit(X, Y)
        assert_clear(error.value)


def test_the_same_for_any_number_of_processes():
    pytest.importorskip("models.selection")
    pytest.importorskip("joblib")
    one, two = (RFECV(Ridge(), cv=3, n_jobs=n).fit(X, Y) for n in (1, 2))
    np.testing.assert_array_equal(one.ranking_, two.ranking_)
