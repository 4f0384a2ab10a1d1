"""AdaBoost: the numbers of scikit-learn's SAMME; R2 as good as theirs."""

import numpy as np
import pytest

import models
from models.ensembles.adaboost import naive_adaboost
from tests.models.contract import assert_clear

datasets = pytest.importorskip("sklearn.datasets")
ensemble = pytest.importorskip("sklearn.ensemble")
linear_model = pytest.importorskip("sklearn.linear_model")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 4)).astype(np.float32).astype(float)
Y = X[:, 0] ** 2 + X[:, 1] + 0.2 * RNG.normal(size=300)
WEIGHT = RNG.random(300)


@pytest.mark.parametrize(
    "settings, y, weight",
    [
        ({}, Y > 1, None),
        ({"learning_rate": 0.5}, Y > 1, WEIGHT),
        ({}, np.digitize(Y, [0.0, 1.0]), None),
        ({"estimator": linear_model.LogisticRegression()}, np.digitize(Y, [0.0, 1.0]), WEIGHT),
    ],
)
def test_the_classifier_is_scikit_learns(settings, y, weight):
    settings = {"n_estimators": 20} | settings
    ours = models.AdaBoostClassifier(**settings).fit(X, y, sample_weight=weight)
    theirs = ensemble.AdaBoostClassifier(**settings, random_state=0).fit(X, y, sample_weight=weight)
    for name in ("estimator_weights_", "estimator_errors_"):
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), atol=1e-10)
    for name in ("decision_function", "predict_proba", "predict_log_proba"):
        np.testing.assert_allclose(getattr(ours, name)(X), getattr(theirs, name)(X), atol=1e-10)
    assert np.array_equal(ours.predict(X), theirs.predict(X))
    np.testing.assert_allclose([*ours.staged_score(X, y)], [*theirs.staged_score(X, y)])
    both = zip(ours.staged_predict_proba(X), theirs.staged_predict_proba(X), strict=True)
    for found, expected in both:
        np.testing.assert_allclose(found, expected, atol=1e-10)


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer"])
def test_bundled_data(name):
    A, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    ours = models.AdaBoostClassifier(n_estimators=15).fit(A, y)
    theirs = ensemble.AdaBoostClassifier(n_estimators=15, random_state=0).fit(A, y)
    np.testing.assert_allclose(ours.decision_function(A), theirs.decision_function(A), atol=1e-10)
    if name != "iris":  # where some questions of both petals are equally good
        np.testing.assert_allclose(
            ours.feature_importances_, theirs.feature_importances_, atol=1e-10
        )


def test_the_naive_version_gives_the_same_votes():
    y = np.where(Y[:60] > 1, 1, -1)
    votes = np.array(naive_adaboost(X[:60].tolist(), y.tolist(), 8))
    model = models.AdaBoostClassifier(n_estimators=8).fit(X[:60], y)
    total = model.estimator_weights_.sum()
    np.testing.assert_allclose(model.decision_function(X[:60]), 2 * votes / total, atol=1e-12)


def test_predictions_are_weighted_medians():
    model = models.AdaBoostRegressor(n_estimators=7, random_state=0).fit(X, Y)
    theirs = ensemble.AdaBoostRegressor(n_estimators=7)
    theirs.estimators_, theirs.estimator_weights_ = model.estimators_, model.estimator_weights_
    theirs.n_features_in_ = 4
    np.testing.assert_array_equal(model.predict(X), theirs.predict(X))
    np.testing.assert_allclose([*model.staged_score(X, Y)], [*theirs.staged_score(X, Y)])
    assert model.feature_importances_.sum() == pytest.approx(1)


def test_a_perfect_model_ends_it():
    model = models.AdaBoostClassifier().fit(X, X[:, 0] > 0)
    assert len(model.estimators_) == 1 and model.estimator_errors_[0] == 0
    line = models.AdaBoostRegressor(models.LinearRegression(), random_state=0).fit(
        X, X @ [1.0, 2, 3, 4]
    )
    assert line.score(X, X @ [1.0, 2, 3, 4]) == pytest.approx(1)


def test_mistakes():
    with pytest.raises(ValueError, match="doesn't support sample_weight") as error:
        models.AdaBoostClassifier(
            pytest.importorskip("sklearn.neighbors").KNeighborsClassifier()
        ).fit(X, Y > 1)
    assert_clear(error.value)
