"""Gradient boosting: scikit-learn's trees, where no questions are equally good; losses of one's own."""

import numpy as np
import pytest

import models
from models.boosting.gradient_boosting import naive_boosting
from tests.models.contract import assert_clear

datasets = pytest.importorskip("sklearn.datasets")
ensemble = pytest.importorskip("sklearn.ensemble")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(400, 5)).astype(np.float32).astype(float)  # scikit-learn rounds to float32
Y = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] + 0.3 * RNG.normal(size=400)
WEIGHT = RNG.random(400) + 0.1


def pair(name, **settings):
    settings = {"n_estimators": 30, "random_state": 0} | settings
    return getattr(models, name)(**settings), getattr(ensemble, name)(**settings)


# Gradients of 1 and -1 make many questions equally good. With one question a tree there are none.
REGRESSORS = {
    "default": ({}, None),
    "weights": ({}, WEIGHT),
    "leaves": ({"max_leaf_nodes": 6, "max_depth": None, "min_samples_leaf": 3}, None),
    "from zero": ({"init": "zero", "learning_rate": 0.3}, None),
    "from a line": ({"init": models.LinearRegression()}, WEIGHT),
    "huber": ({"loss": "huber"}, None),
    "huber, weights": ({"loss": "huber", "alpha": 0.7}, WEIGHT),
    "absolute error": ({"loss": "absolute_error", "max_depth": 1}, None),
    "absolute error, weights": ({"loss": "absolute_error", "max_depth": 1}, WEIGHT),
    "quantile": ({"loss": "quantile", "alpha": 0.3, "max_depth": 1}, None),
    "pruned": ({"ccp_alpha": 0.01}, None),
}


@pytest.mark.parametrize("case", REGRESSORS)
def test_regressors_are_scikit_learns(case):
    settings, weight = REGRESSORS[case]
    ours, theirs = pair("GradientBoostingRegressor", **settings)
    ours.fit(X, Y, sample_weight=weight)
    theirs.fit(X, Y, sample_weight=weight)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), atol=1e-12)
    np.testing.assert_allclose(ours.train_score_, theirs.train_score_, rtol=1e-12)
    for found, expected in zip(
        ours.staged_predict(X[:5]), theirs.staged_predict(X[:5]), strict=True
    ):
        np.testing.assert_allclose(found, expected, atol=1e-12)
    assert ours.apply(X).shape == theirs.apply(X).shape == (400, 30)
    np.testing.assert_allclose(ours.feature_importances_, theirs.feature_importances_, atol=0.01)


def test_the_bundled_data():
    A, y = datasets.load_diabetes(return_X_y=True)
    ours, theirs = pair("GradientBoostingRegressor")
    np.testing.assert_allclose(ours.fit(A, y).predict(A), theirs.fit(A, y).predict(A), rtol=1e-12)


@pytest.mark.parametrize("settings", [{}, {"loss": "exponential"}, {"init": "zero"}])
def test_two_classes_are_scikit_learns(settings):
    # min_samples_leaf: a small leaf can be had by several questions
    ours, theirs = pair("GradientBoostingClassifier", min_samples_leaf=40, **settings)
    labels = np.where(Y > 0, "yes", "no")
    ours.fit(X, labels)
    theirs.fit(X, labels)
    np.testing.assert_allclose(ours.decision_function(X), theirs.decision_function(X), atol=1e-12)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-12)
    np.testing.assert_allclose(ours.train_score_, theirs.train_score_, rtol=1e-12)
    assert np.array_equal(ours.predict(X), theirs.predict(X))
    *_, last = ours.staged_predict(X)
    assert np.array_equal(last, ours.predict(X))


@pytest.mark.parametrize("name", ["iris", "breast_cancer"])
def test_classes_of_bundled_data_are_scikit_learns(name):
    A, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    ours, theirs = pair("GradientBoostingClassifier", n_estimators=20)
    np.testing.assert_allclose(
        ours.fit(A, y).predict_proba(A), theirs.fit(A, y).predict_proba(A), atol=1e-10
    )
    assert ours.apply(A).shape == theirs.apply(A).shape


def test_a_start_from_another_classifier():
    linear_model = pytest.importorskip("sklearn.linear_model")
    y = np.digitize(Y, [-0.5, 0.5])
    for labels in (y, y > 0):
        init = linear_model.LogisticRegression()
        ours, theirs = pair(
            "GradientBoostingClassifier", min_samples_leaf=40, n_estimators=5, init=init
        )
        found, expected = (
            ours.fit(X, labels).predict_proba(X),
            theirs.fit(X, labels).predict_proba(X),
        )
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_the_naive_version_gives_the_same_scores():
    ours, _ = pair("GradientBoostingRegressor", max_depth=1, n_estimators=20)
    x, y = X[:60, 0], Y[:60]
    naive = naive_boosting(x.tolist(), y.tolist(), 20)
    np.testing.assert_allclose(ours.fit(x[:, None], y).predict(x[:, None]), naive, atol=1e-12)


# ---- losses of one's own -----------------------------------------------------------------------------


def test_a_pinball_loss_in_one_line_beats_the_squared_error_at_it():
    rng = np.random.default_rng(1)
    X = rng.uniform(-2, 2, size=(1500, 2))
    y = X[:, 0] + (1 + np.abs(X[:, 1])) * rng.normal(size=1500)

    def pinball(model):
        error = y[1000:] - model.fit(X[:1000], y[:1000]).predict(X[1000:])
        return np.mean(np.maximum(0.9 * error, -0.1 * error))

    own = models.GradientBoostingRegressor(
        loss=lambda f, y: np.where(y > f, 0.9 * (y - f), 0.1 * (f - y))
    )
    named = models.GradientBoostingRegressor(loss="quantile", alpha=0.9)
    losses = [pinball(model) for model in (own, named, models.GradientBoostingRegressor())]
    assert losses[0] < 0.7 * losses[2]
    assert losses[0] == pytest.approx(losses[1], rel=0.03)


def test_a_function_is_as_good_as_the_name():
    named, _ = pair("GradientBoostingRegressor")
    own, _ = pair("GradientBoostingRegressor", loss=lambda f, y: (y - f) ** 2)
    np.testing.assert_allclose(own.fit(X, Y).predict(X), named.fit(X, Y).predict(X), atol=1e-12)
    named, _ = pair("GradientBoostingClassifier")
    own, _ = pair(
        "GradientBoostingClassifier", loss=lambda f, y: np.log(1 + np.exp(-f)) + (1 - y) * f
    )
    found, expected = own.fit(X, Y > 0).predict_proba(X), named.fit(X, Y > 0).predict_proba(X)
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_a_function_for_several_classes():
    y = np.digitize(Y, [-0.5, 0.5])

    def cross_entropy(f, y):
        e = np.exp(f)
        return -(y * np.log(e / e.sum(axis=1, keepdims=True))).sum(axis=1)

    own, _ = pair("GradientBoostingClassifier", loss=cross_entropy)
    named, _ = pair("GradientBoostingClassifier")
    assert own.fit(X, y).score(X, y) == pytest.approx(named.fit(X, y).score(X, y), abs=0.05)
    hinge, _ = pair(
        "GradientBoostingClassifier",
        loss=lambda f, y: np.maximum(0, 1 - (2 * y - 1) * f).sum(axis=1),
    )
    assert hinge.fit(X, y).score(X, y) > 0.7


# ---- settings ----------------------------------------------------------------------------------------


def test_parts_of_the_rows():
    ours, theirs = pair("GradientBoostingRegressor", subsample=0.5, n_estimators=60)
    ours.fit(X, Y)
    theirs.fit(X, Y)
    for model in (ours, theirs):
        assert model.oob_score_ == model.oob_scores_[-1] and model.oob_improvement_[0] > 0
        assert (
            model.oob_scores_.shape
            == model.oob_improvement_.shape
            == model.train_score_.shape
            == (60,)
        )
    assert ours.score(X, Y) == pytest.approx(theirs.score(X, Y), abs=0.05)
    again, _ = pair("GradientBoostingRegressor", subsample=0.5, n_estimators=60)
    assert np.array_equal(again.fit(X, Y).predict(X), ours.predict(X))


def test_it_stops_early():
    ours, theirs = pair("GradientBoostingRegressor", n_iter_no_change=5, n_estimators=500)
    counts = [model.fit(X, Y).n_estimators_ for model in (ours, theirs)]
    assert 20 < counts[0] < 400 and 20 < counts[1] < 400
    assert len(ours.train_score_) == len(ours.estimators_) == counts[0]


def test_a_warm_start_goes_on():
    whole, _ = pair("GradientBoostingRegressor", n_estimators=20, max_features=2)
    part, _ = pair("GradientBoostingRegressor", n_estimators=10, max_features=2, warm_start=True)
    part.fit(X, Y).set_params(n_estimators=20).fit(X, Y)
    assert np.array_equal(part.predict(X), whole.fit(X, Y).predict(X)) and part.max_features_ == 2
    with pytest.raises(
        ValueError, match="n_estimators=5 must be larger or equal to estimators_.shape"
    ):
        part.set_params(n_estimators=5).fit(X, Y)


def test_mistakes():
    model = models.GradientBoostingClassifier(loss="exponential")
    with pytest.raises(ValueError, match="only suitable for a binary") as error:
        model.fit(X, np.arange(400) % 3)
    assert_clear(error.value)


def test_a_loss_that_diverges():
    model = models.GradientBoostingRegressor(learning_rate=1e300, n_estimators=3)
    with pytest.raises(
        ValueError, match="boosting squares gradients of the loss(?s:.*)a smaller learning_rate"
    ) as error:
        model.fit(X, X[:, 0])
    assert_clear(error.value)
