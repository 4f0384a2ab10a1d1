"""Voting: the votes of scikit-learn's, of members of either library."""

import numpy as np
import pytest

import models
from tests.models.contract import assert_clear

ensemble = pytest.importorskip("sklearn.ensemble")
linear_model = pytest.importorskip("sklearn.linear_model")
naive_bayes = pytest.importorskip("sklearn.naive_bayes")
pipeline = pytest.importorskip("sklearn.pipeline")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(150, 4))
Y = X[:, 0] ** 2 + X[:, 1]
LABELS = np.array(["low", "middle", "high"])[np.digitize(Y, [0.0, 1.5])]
WEIGHT = RNG.random(150)
CLASSIFIERS = [
    ("line", linear_model.LogisticRegression()),
    ("bayes", naive_bayes.GaussianNB()),
    ("ridge", linear_model.LogisticRegression(C=0.01)),
]
REGRESSORS = [("line", linear_model.LinearRegression()), ("ridge", linear_model.Ridge(100.0))]


@pytest.mark.parametrize("voting", ["hard", "soft"])
@pytest.mark.parametrize("weights", [None, [3, 1, 1]])
@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_the_classifier_is_scikit_learns(voting, weights, weight):
    settings = {"voting": voting, "weights": weights}
    ours, theirs = (
        library.VotingClassifier(CLASSIFIERS, **settings).fit(X, LABELS, sample_weight=weight)
        for library in (models, ensemble)
    )
    assert np.array_equal(ours.predict(X), theirs.predict(X))
    np.testing.assert_allclose(ours.transform(X), theirs.transform(X))
    assert np.array_equal(ours.get_feature_names_out(), theirs.get_feature_names_out())
    if voting == "soft":
        np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-12)
    else:
        assert not hasattr(ours, "predict_proba")


def test_the_regressor_is_scikit_learns():
    ours, theirs = (
        library.VotingRegressor(REGRESSORS, weights=[1, 3]).fit(X, Y)
        for library in (models, ensemble)
    )
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-12)
    np.testing.assert_allclose(ours.transform(X), theirs.transform(X), rtol=1e-12)
    assert np.array_equal(ours.get_feature_names_out(), theirs.get_feature_names_out())


def test_members_are_dropped_and_changed_by_their_names():
    model = models.VotingClassifier(CLASSIFIERS, voting="soft", weights=[1, 2, 3])
    model.set_params(bayes="drop", ridge__C=10.0).fit(X, LABELS)
    assert len(model.estimators_) == 2 and model.named_estimators_["bayes"] == "drop"
    line, ridge = model.estimators_
    assert ridge.C == 10.0
    expected = (line.predict_proba(X) + 3 * ridge.predict_proba(X)) / 4
    np.testing.assert_allclose(model.predict_proba(X), expected, rtol=1e-12)
    with pytest.raises(ValueError, match="At least one is required") as error:
        model.set_params(line="drop", ridge="drop").fit(X, LABELS)
    assert_clear(error.value)


def test_frames_reach_the_members_as_they_are():
    pandas = pytest.importorskip("pandas")
    compose = pytest.importorskip("sklearn.compose")
    table = pandas.DataFrame(X, columns=["a", "b", "c", "d"]).assign(
        color=np.where(Y > 0, "red", "blue")
    )
    columns = compose.make_column_transformer(("passthrough", ["a", "b"]))
    members = [("part", pipeline.make_pipeline(columns, linear_model.LinearRegression()))]
    model = models.VotingRegressor(members).fit(table, Y)
    expected = linear_model.LinearRegression().fit(X[:, :2], Y).predict(X[:, :2])
    np.testing.assert_allclose(model.predict(table), expected)


def test_probabilities_of_each_member():
    model = models.VotingClassifier(CLASSIFIERS, voting="soft", flatten_transform=False).fit(
        X, LABELS
    )
    assert model.transform(X).shape == (3, 150, 3)
    with pytest.raises(ValueError, match="flatten_transform"):
        model.get_feature_names_out()


def test_weights_for_other_members():
    with pytest.raises(ValueError, match="got 2 weights, 3 estimators") as error:
        models.VotingClassifier(CLASSIFIERS, weights=[1, 2]).fit(X, LABELS)
    assert_clear(error.value)


def test_a_member_of_the_other_kind():
    X, y = np.random.default_rng(0).normal(size=(12, 2)), np.arange(12) % 2
    for kind, member in (
        (models.VotingClassifier, models.Ridge()),
        (models.VotingRegressor, models.GaussianNB()),
    ):
        with pytest.raises(ValueError, match="should be a (classifier|regressor)") as error:
            kind([("a", member)]).fit(X, y)
        assert_clear(error.value)
