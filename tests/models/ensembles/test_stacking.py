"""Stacking: the numbers of scikit-learn's, with the same members, folds and last model."""

import numpy as np
import pytest

import models
from tests.models.contract import assert_clear

datasets = pytest.importorskip("sklearn.datasets")
ensemble = pytest.importorskip("sklearn.ensemble")
linear_model = pytest.importorskip("sklearn.linear_model")
model_selection = pytest.importorskip("sklearn.model_selection")
naive_bayes = pytest.importorskip("sklearn.naive_bayes")
svm = pytest.importorskip("sklearn.svm")

RNG = np.random.default_rng(0)
X, Y = datasets.load_diabetes(return_X_y=True)
A, LABELS = datasets.load_wine(return_X_y=True)
A = (A - A.mean(axis=0)) / A.std(axis=0)
LABELS = np.array(["a", "b", "c"])[LABELS]
CLASSIFIERS = [
    ("line", linear_model.LogisticRegression(C=0.1)),
    ("bayes", naive_bayes.GaussianNB()),
    ("vectors", svm.LinearSVC(C=0.01)),
]
REGRESSORS = [("line", linear_model.LinearRegression()), ("ridge", linear_model.Ridge(1.0))]
LAST = {"final_estimator": linear_model.LogisticRegression(C=0.1)}


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"passthrough": True, "cv": 3},
        {"stack_method": "predict"},
        {"cv": model_selection.KFold(4, shuffle=True, random_state=0)},
    ],
)
@pytest.mark.parametrize("two", [False, True])
def test_the_classifier_is_scikit_learns(settings, two):
    rows = LABELS != "c" if two else np.ones(len(LABELS), bool)
    ours, theirs = (
        library.StackingClassifier(CLASSIFIERS, **LAST, **settings).fit(A[rows], LABELS[rows])
        for library in (models, ensemble)
    )
    np.testing.assert_allclose(ours.transform(A), theirs.transform(A), rtol=1e-10)
    np.testing.assert_allclose(ours.predict_proba(A), theirs.predict_proba(A), atol=1e-10)
    np.testing.assert_allclose(ours.decision_function(A), theirs.decision_function(A), atol=1e-10)
    assert np.array_equal(ours.predict(A), theirs.predict(A))
    assert np.array_equal(ours.get_feature_names_out(), theirs.get_feature_names_out())
    assert ours.stack_method_ == theirs.stack_method_


@pytest.mark.parametrize("settings", [{}, {"passthrough": True}, {"cv": 3}])
def test_the_regressor_is_scikit_learns(settings):
    ours, theirs = (
        library.StackingRegressor(REGRESSORS, linear_model.Ridge(), **settings).fit(X, Y)
        for library in (models, ensemble)
    )
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-10)
    assert np.array_equal(ours.get_feature_names_out(), theirs.get_feature_names_out())


def test_weights_reach_all_models():
    weight = RNG.random(len(Y))
    ours, theirs = (
        library.StackingRegressor(REGRESSORS, linear_model.Ridge()).fit(X, Y, sample_weight=weight)
        for library in (models, ensemble)
    )
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-10)


def test_the_last_models_by_default():
    assert isinstance(
        models.StackingRegressor(REGRESSORS).fit(X, Y).final_estimator_, models.RidgeCV
    )
    ours = models.StackingClassifier(CLASSIFIERS).fit(A, LABELS)
    assert (
        isinstance(ours.final_estimator_, models.LogisticRegression)
        and ours.score(A, LABELS) > 0.97
    )


def test_fitted_members_are_not_fitted_again():
    fitted = [(name, model.fit(X, Y)) for name, model in REGRESSORS]
    ours, theirs = (
        library.StackingRegressor(fitted, linear_model.Ridge(), cv="prefit").fit(X[:100], Y[:100])
        for library in (models, ensemble)
    )
    assert ours.estimators_[0] is fitted[0][1]
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-10)


def test_members_are_dropped():
    model = models.StackingRegressor(REGRESSORS).set_params(ridge="drop").fit(X, Y)
    assert model.transform(X).shape == (442, 1) and model.named_estimators_["ridge"] == "drop"


def test_mistakes():
    members = [("line", linear_model.LinearRegression())]
    with pytest.raises(
        ValueError, match="line does not implement the method predict_proba"
    ) as error:
        models.StackingClassifier(members, stack_method="predict_proba").fit(A, np.arange(178) % 2)
    assert_clear(error.value)
    last = models.StackingClassifier(CLASSIFIERS, final_estimator=svm.LinearSVC()).fit(A, LABELS)
    assert not hasattr(last, "predict_proba") and hasattr(last, "decision_function")
