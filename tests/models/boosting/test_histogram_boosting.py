"""Boosting on histograms: the same trees as scikit-learn's, losses of one's own, missing values, stopping."""

import numpy as np
import pytest

import models
from models.boosting.bins import Bins
from models.boosting.histogram_tree import rounded
from models.boosting.splitting import hold_out
from tests.models.contract import assert_clear

datasets = pytest.importorskip("sklearn.datasets")
ensemble = pytest.importorskip("sklearn.ensemble")

X, Y = datasets.load_diabetes(return_X_y=True)
RNG = np.random.default_rng(0)
HOLES = np.where(RNG.random(X.shape) < 0.1, np.nan, X)
WEIGHT = RNG.random(len(Y)) + 0.1
CATEGORIES = HOLES.copy()
CATEGORIES[:, 1] = RNG.integers(0, 12, len(X))
CATEGORIES[::7, 1] = np.nan


def regressors(**settings):
    settings = {"early_stopping": False, "max_iter": 40} | settings
    return (
        models.HistGradientBoostingRegressor(**settings),
        ensemble.HistGradientBoostingRegressor(**settings),
    )


REGRESSORS = {
    "default": ({}, X, None),
    "absolute error": ({"loss": "absolute_error"}, X, None),
    "quantile": ({"loss": "quantile", "quantile": 0.8}, X, None),
    "poisson": ({"loss": "poisson"}, X, None),
    "gamma": ({"loss": "gamma"}, X, None),
    "depth": ({"max_leaf_nodes": None, "max_depth": 4}, X, None),
    "penalty and few bins": ({"l2_regularization": 2.0, "max_bins": 20}, X, None),
    "large trees": ({"min_samples_leaf": 1, "max_leaf_nodes": None}, X, None),
    "monotonic": ({"monotonic_cst": [0, 0, 1, 1, 0, 0, -1, 0, 0, 0]}, X, None),
    "interactions": ({"interaction_cst": [[0, 1, 2], [3, 4], [2, 8]]}, X, None),
    "no interactions": ({"interaction_cst": "no_interactions"}, X, None),
    "weights": ({}, X, WEIGHT),
    "weights, absolute error": ({"loss": "absolute_error"}, X, WEIGHT),
    "weights, quantile": ({"loss": "quantile", "quantile": 0.3}, HOLES, WEIGHT),
    "missing values": ({}, HOLES, None),
    "categories": ({"categorical_features": [1]}, CATEGORIES, None),
    "categories, poisson": ({"categorical_features": [1], "loss": "poisson"}, CATEGORIES, WEIGHT),
}


@pytest.mark.parametrize("case", REGRESSORS)
def test_regressors_are_scikit_learns(case):
    settings, X, weight = REGRESSORS[case]
    ours, theirs = regressors(**settings)
    ours.fit(X, Y, sample_weight=weight)
    theirs.fit(X, Y, sample_weight=weight)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-12)
    # rows that fit has not seen, with missing values where it saw none
    np.testing.assert_allclose(ours.predict(HOLES), theirs.predict(HOLES), rtol=1e-12)
    stages = zip(ours.staged_predict(X), theirs.staged_predict(X), strict=True)
    np.testing.assert_allclose(*next(stages), rtol=1e-12)


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "digits"])
def test_classifiers_are_scikit_learns(name):
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    settings = {"early_stopping": False, "max_iter": 8}
    ours = models.HistGradientBoostingClassifier(**settings).fit(X, y)
    theirs = ensemble.HistGradientBoostingClassifier(**settings).fit(X, y)
    f = theirs.decision_function(X)
    np.testing.assert_allclose(ours.decision_function(X), f, atol=1e-12 * np.abs(f).max())
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-12)
    assert np.array_equal(ours.predict(X), theirs.predict(X))
    *_, last = ours.staged_predict_proba(X)
    np.testing.assert_allclose(last, ours.predict_proba(X), atol=1e-12)


def test_class_weights_are_scikit_learns():
    X, y = datasets.load_wine(return_X_y=True)
    settings = {"early_stopping": False, "max_iter": 8, "class_weight": {0: 1.0, 1: 3.0, 2: 0.5}}
    ours = models.HistGradientBoostingClassifier(**settings).fit(X, y)
    theirs = ensemble.HistGradientBoostingClassifier(**settings).fit(X, y)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-12)


# ---- losses of one's own ---------------------------------------------------------------------------


def test_a_function_is_as_good_as_the_name():
    ours, _ = regressors()
    expected = ours.fit(X, Y).predict(X)
    own, _ = regressors(loss=lambda f, y: (y - f) ** 2 / 2)
    np.testing.assert_allclose(own.fit(X, Y).predict(X), expected, rtol=1e-6)


def test_a_function_for_classes():
    X, y = datasets.load_breast_cancer(return_X_y=True)
    settings = {"early_stopping": False, "max_iter": 20}
    named = models.HistGradientBoostingClassifier(**settings).fit(X, y)
    loss = {"loss": lambda f, y: np.log(1 + np.exp(-f)) + (1 - y) * f}
    own = models.HistGradientBoostingClassifier(**settings, **loss).fit(X, y)
    np.testing.assert_allclose(own.predict_proba(X), named.predict_proba(X), atol=1e-6)


def test_a_function_for_several_classes():
    X, y = datasets.load_iris(return_X_y=True)

    def brier(f, y):
        e = np.exp(f)
        return ((e / e.sum(axis=1, keepdims=True) - y) ** 2).sum(axis=1)

    model = models.HistGradientBoostingClassifier(loss=brier, max_iter=30, learning_rate=0.3).fit(
        X, y
    )
    assert model.predict_proba(X).shape == (150, 3) and model.score(X, y) > 0.97


def test_a_function_for_several_classes_without_curvature():
    X, y = datasets.load_iris(return_X_y=True)
    model = models.HistGradientBoostingClassifier(
        loss=lambda f, y: np.abs(y - f).sum(axis=1), max_iter=20
    )
    f = model.fit(X, y).decision_function(X)
    assert model.score(X, y) > 0.95 and np.abs(f - np.eye(3)[y]).mean() < 0.1


def test_a_pinball_loss_in_one_line_beats_the_squared_error_at_it():
    rng = np.random.default_rng(1)
    X = rng.uniform(-2, 2, size=(2000, 2))
    y = X[:, 0] + (1 + np.abs(X[:, 1])) * rng.normal(size=2000)
    train, test = slice(1000), slice(1000, None)
    own, _ = regressors(loss=lambda f, y: np.where(y > f, 0.9 * (y - f), 0.1 * (f - y)))
    named, _ = regressors(loss="quantile", quantile=0.9)
    squared, _ = regressors()
    losses = []
    for model in (own, named, squared):
        error = y[test] - model.fit(X[train], y[train]).predict(X[test])
        losses.append(np.mean(np.maximum(0.9 * error, -0.1 * error)))
    assert losses[0] < 0.7 * losses[2]
    assert losses[0] == pytest.approx(losses[1], rel=0.02)


def test_huber_ignores_outliers():
    y = Y.copy()
    y[::20] += 1e4
    huber, _ = regressors(loss="huber", quantile=0.9)
    squared, _ = regressors()
    errors = [np.median(np.abs(m.fit(X, y).predict(X) - Y)) for m in (huber, squared)]
    assert errors[0] < errors[1] / 3


def test_cox_orders_hazards():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1000, 3))
    hazard = np.sin(2 * X[:, 0]) + X[:, 1] ** 2
    time = rng.exponential(np.exp(-hazard))
    y = np.column_stack([np.minimum(time, 1.5), time < 1.5])
    model = models.HistGradientBoostingRegressor(loss="cox", max_iter=50).fit(X, y)
    assert np.corrcoef(model.predict(X), hazard)[0, 1] > 0.85
    linear = models.CoxPHRegressor().fit(X, y)
    assert -model.score(X, y) < linear.loss(X - linear.mean_, y, np.ones(1000), linear.coef_)


def test_lambdarank_orders_the_rows_of_queries():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 3))
    query = np.arange(600) // 10
    quality = np.sin(2 * X[:, 0]) + X[:, 1]
    relevance = np.digitize(quality, [-1.0, 0.0, 1.0])
    y = np.column_stack([relevance, query])
    model = models.HistGradientBoostingRegressor(loss="lambdarank", max_iter=30).fit(X, y)
    f = model.predict(X)
    i, j = np.nonzero((query[:, None] == query) & (relevance[:, None] > relevance))
    assert np.mean(f[i] > f[j]) > 0.9
    assert model.score(X, y) > -0.5 * np.log(2) * len(i) / 600


# ---- parts -------------------------------------------------------------------------------------------


def test_bins_are_between_the_values_or_quantiles():
    few = Bins(np.array([[1.0], [3.0], [np.nan], [3.0], [10.0]]), None, 255, [None], RNG)
    assert few.cuts[0].tolist() == [2.0, 6.5] and few.missing == 3
    assert few(np.array([[2.0], [2.1], [np.nan], [99.0]])).ravel().tolist() == [0, 1, 3, 2]
    x = RNG.normal(size=(5000, 1))
    counts = np.bincount(Bins(x, None, 50, [None], RNG)(x).ravel())
    assert len(counts) == 50 and np.abs(counts - 100).max() <= 1


def test_rounding_keeps_24_bits_at_every_scale():
    x = RNG.normal(size=100)
    for scale in (1.0, 2.0**-600, 2.0**600):
        assert np.array_equal(rounded(x * scale), x.astype(np.float32).astype(float) * scale)


def test_rows_held_out_are_of_all_classes_in_proportion():
    labels = np.repeat([0, 1, 2], [60, 30, 10])
    held = hold_out(100, 0.2, labels, 0, "Booster")
    assert np.bincount(labels[held]).tolist() == [12, 6, 2] and len(set(held)) == 20
    with pytest.raises(ValueError, match="leaves too few"):
        hold_out(3, 0.5, np.arange(3), 0, "Booster")


# ---- settings ----------------------------------------------------------------------------------------


def test_early_stopping():
    model = models.HistGradientBoostingRegressor(
        early_stopping=True, max_iter=500, random_state=0
    ).fit(X, Y)
    assert model.n_iter_ < 100 and len(model.validation_score_) == model.n_iter_ + 1
    best = np.argmax(model.validation_score_)
    assert model.n_iter_ - model.n_iter_no_change <= best + model.n_iter_no_change
    train = models.HistGradientBoostingRegressor(
        early_stopping=True, validation_fraction=None, max_iter=20
    )
    assert len(train.fit(X, Y).validation_score_) == 0 and np.all(np.diff(train.train_score_) > 0)


@pytest.mark.parametrize("scoring", [None, "r2", lambda model, X, y: model.score(X, y)])
def test_scores_for_early_stopping(scoring):
    pandas = pytest.importorskip("pandas")
    size = np.where(X[:, 2] > 0, "large", "small")
    table = pandas.DataFrame(X).set_axis([*"abcdefghij"], axis=1).assign(k=pandas.Categorical(size))
    model, _ = regressors(
        early_stopping=True, validation_fraction=None, scoring=scoring, max_iter=20
    )
    scores = model.fit(table, Y).train_score_
    assert scores[0] == pytest.approx(0) and scores[-1] == pytest.approx(
        model.score(table, Y), rel=1e-12
    )


def test_training_losses_are_scikit_learns():
    settings = {"early_stopping": True, "validation_fraction": None, "max_iter": 10}
    ours, theirs = regressors(**settings)
    np.testing.assert_allclose(
        ours.fit(X, Y).train_score_, theirs.fit(X, Y).train_score_, rtol=1e-12
    )


def test_a_warm_start_goes_on():
    whole, _ = regressors(max_iter=20)
    part, _ = regressors(max_iter=10, warm_start=True)
    part.fit(X, Y).set_params(max_iter=20).fit(X, Y)
    assert np.array_equal(part.predict(X), whole.fit(X, Y).predict(X))
    with pytest.raises(ValueError, match="max_iter=5 must be larger than or equal to n_iter_=20"):
        part.set_params(max_iter=5).fit(X, Y)


def test_a_part_of_the_features():
    model, _ = regressors(max_features=0.3, random_state=0)
    again, _ = regressors(max_features=0.3, random_state=0)
    assert np.array_equal(model.fit(X, Y).predict(X), again.fit(X, Y).predict(X))
    used = {int(tree.feature[0]) for trees in model._trees_ for tree in trees}
    assert len(used) > 5  # at the roots alone


def test_predictions_rise_with_a_monotonic_feature():
    model, _ = regressors(monotonic_cst=[0, 0, 1, 0, 0, 0, 0, 0, 0, 0])
    model.fit(X, Y)
    rows = np.repeat(X[:20], 30, axis=0)
    rows[:, 2] = np.tile(np.linspace(-0.1, 0.2, 30), 20)
    assert np.all(np.diff(model.predict(rows).reshape(20, 30), axis=1) >= 0)


def test_columns_of_categories_in_a_frame():
    pandas = pytest.importorskip("pandas")
    colors = np.array(["red", "green", "blue"])[RNG.integers(0, 3, len(Y))]
    table = pandas.DataFrame({"size": X[:, 2], "color": pandas.Categorical(colors)})
    y = Y + 500 * (colors == "green")
    ours, theirs = regressors()
    np.testing.assert_allclose(
        ours.fit(table, y).predict(table), theirs.fit(table, y).predict(table), rtol=1e-12
    )
    assert ours.is_categorical_.tolist() == [False, True]
    unknown = table.assign(color=pandas.Categorical(["violet"] * len(Y)))
    np.testing.assert_allclose(ours.predict(unknown), theirs.predict(unknown), rtol=1e-12)
    named, _ = regressors(categorical_features=["color"], monotonic_cst={"size": 1})
    assert named.fit(table.astype({"color": str}), y).score(table.astype({"color": str}), y) > 0.8


@pytest.mark.parametrize(
    "settings, y, message",
    [
        ({"loss": "quantile"}, Y, "needs quantile"),
        ({"loss": "poisson"}, -Y, "requires non-negative y"),
        ({"loss": "gamma"}, 0 * Y, "requires strictly positive y"),
        ({"loss": "lambdarank"}, Y, "relevance and query"),
        ({"monotonic_cst": [1, 0]}, Y, "has shape 2 but the input data X has 10 features"),
        ({"monotonic_cst": {"age": 1}}, Y, "'age', which is not a column"),
        ({"interaction_cst": [[0, 99]]}, Y, "must consist of integer indices"),
        ({"categorical_features": [10]}, Y, "does not fit the 10 columns"),
        ({"categorical_features": [0], "monotonic_cst": [1] + 9 * [0]}, Y, "cannot have monotonic"),
        (
            {"categorical_features": [0], "max_bins": 3},
            Y,
            "at index 0 is expected to have a cardinality <= 3",
        ),
    ],
)
def test_mistakes(settings, y, message):
    model, _ = regressors(**settings)
    with pytest.raises(ValueError, match=message) as error:
        model.fit(X, y)
    assert_clear(error.value)
