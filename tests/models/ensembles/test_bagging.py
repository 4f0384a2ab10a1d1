"""Bagging: as good as scikit-learn's, with the same parts where nothing is drawn."""

import numpy as np
import pytest

import models
from models.trees.tree import DecisionTreeRegressor
from tests.models.contract import assert_clear

ensemble = pytest.importorskip("sklearn.ensemble")
linear_model = pytest.importorskip("sklearn.linear_model")
svm = pytest.importorskip("sklearn.svm")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(400, 5))
Y = X[:, 0] ** 2 + X[:, 1] + 0.3 * RNG.normal(size=400)
LABELS = np.array(["low", "middle", "high"])[np.digitize(Y, [0.0, 1.5])]


def test_without_draws_it_is_the_model():
    settings = {"bootstrap": False, "n_estimators": 3}
    for member in (models.Ridge(), linear_model.Ridge()):
        model = models.BaggingRegressor(member, **settings).fit(X, Y)
        np.testing.assert_allclose(model.predict(X), member.fit(X, Y).predict(X), rtol=1e-12)
    bag = models.BaggingClassifier(linear_model.LogisticRegression(), **settings).fit(X, LABELS)
    alone = linear_model.LogisticRegression().fit(X, LABELS)
    np.testing.assert_allclose(bag.predict_proba(X), alone.predict_proba(X), rtol=1e-10)
    np.testing.assert_allclose(bag.decision_function(X), alone.decision_function(X), rtol=1e-10)
    assert np.array_equal(bag.predict(X), alone.predict(X))


def test_members_learn_the_rows_and_features_that_they_drew():
    model = models.BaggingRegressor(models.Ridge(), max_samples=50, max_features=2, random_state=0)
    model.fit(X, Y)
    parts = zip(
        model.estimators_, model.estimators_samples_, model.estimators_features_, strict=True
    )
    for member, rows, columns in parts:
        assert len(rows) == 50 and len(set(columns)) == 2
        expected = models.Ridge().fit(X[rows][:, columns], Y[rows])
        np.testing.assert_allclose(member.coef_, expected.coef_, rtol=1e-10)


def test_rows_are_drawn_by_their_weights():
    weight = np.where(np.arange(400) < 200, 1.0, 9.0)
    model = models.BaggingRegressor(n_estimators=20, random_state=0).fit(X, Y, sample_weight=weight)
    part = np.mean([np.mean(rows >= 200) for rows in model.estimators_samples_])
    assert part == pytest.approx(0.9, abs=0.02)


def test_the_score_out_of_bag():
    model = models.BaggingRegressor(n_estimators=60, oob_score=True, random_state=0).fit(X, Y)
    total, count = np.zeros(400), np.zeros(400)
    for member, rows in zip(model.estimators_, model.estimators_samples_, strict=True):
        outside = np.setdiff1d(np.arange(400), rows)
        total[outside] += member.predict(X[outside])
        count[outside] += 1
    np.testing.assert_allclose(model.oob_prediction_, total / count, rtol=1e-12)
    theirs = ensemble.BaggingRegressor(n_estimators=60, oob_score=True, random_state=0).fit(X, Y)
    assert model.oob_score_ == pytest.approx(theirs.oob_score_, abs=0.05)
    ours = models.BaggingClassifier(n_estimators=60, oob_score=True, random_state=0).fit(X, LABELS)
    theirs = ensemble.BaggingClassifier(n_estimators=60, oob_score=True, random_state=0).fit(
        X, LABELS
    )
    assert ours.oob_score_ == pytest.approx(theirs.oob_score_, abs=0.05)
    np.testing.assert_allclose(ours.oob_decision_function_.sum(axis=1), 1)
    with pytest.warns(UserWarning, match="too few estimators"):
        models.BaggingRegressor(n_estimators=2, oob_score=True, random_state=0).fit(X, Y)


def test_members_without_probabilities_vote():
    model = models.BaggingClassifier(svm.LinearSVC(), random_state=0).fit(X, LABELS)
    assert set(np.round(10 * model.predict_proba(X)).ravel()) <= set(range(11))
    assert not hasattr(models.BaggingClassifier(), "decision_function")


def test_the_same_for_any_number_of_processes():
    pytest.importorskip("joblib")
    one, two = (
        models.BaggingRegressor(DecisionTreeRegressor(max_depth=3), n_jobs=n, random_state=0)
        for n in (1, 2)
    )
    assert np.array_equal(one.fit(X, Y).predict(X), two.fit(X, Y).predict(X))


def test_a_warm_start_goes_on():
    whole = models.BaggingRegressor(n_estimators=6, random_state=0).fit(X, Y)
    part = models.BaggingRegressor(n_estimators=3, random_state=0, warm_start=True).fit(X, Y)
    assert np.array_equal(part.set_params(n_estimators=6).fit(X, Y).predict(X), whole.predict(X))


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"bootstrap": False, "max_samples": 500}, "without replacement"),
        ({"max_features": 6}, "max_features must be <= n_features"),
        ({"bootstrap": False, "oob_score": True}, "only available if bootstrap=True"),
        ({"warm_start": True, "oob_score": True}, "only available if warm_start=False"),
    ],
)
def test_mistakes(settings, message):
    with pytest.raises(ValueError, match=message) as error:
        models.BaggingRegressor(**settings).fit(X, Y)
    assert_clear(error.value)


def test_rows_of_weight_0_are_counted_and_not_drawn():
    weight = (np.arange(400) >= 100).astype(float)
    model = models.BaggingRegressor(models.Ridge(), 20, oob_score=True, random_state=0)
    drawn = np.stack(model.fit(X, Y, sample_weight=weight).estimators_samples_)
    assert drawn.min() >= 100 and drawn.max() > 390
    expected = models.Ridge().fit(X[drawn[0]], Y[drawn[0]])
    np.testing.assert_allclose(model.estimators_[0].coef_, expected.coef_, rtol=1e-10)
