"""What every estimator shares, and what it answers to the mistakes that learners make."""

import copy
import pickle
import re

import numpy as np
import pytest

import models
from models.base import ConvergenceWarning, DataConversionWarning, Estimator, NotFittedError

EVERY_MODEL = [getattr(models, name) for name in models.__all__]
SUPERVISED = [model for model in EVERY_MODEL if model._supervised]
CLASSIFIERS = [model for model in EVERY_MODEL if model._kind == "classifier"]

X = np.random.default_rng(0).normal(size=(12, 3))
Y = np.arange(12) % 2


def small(model, **params):
    """A model that can learn from twelve samples."""
    return model(n_clusters=2, random_state=0) if model is models.KMeans else model(**params)


def learned(model):
    return {name: value for name, value in vars(model).items() if name.endswith("_")}


def test_repr_shows_what_differs_from_the_defaults():
    assert repr(models.LogisticRegression()) == "LogisticRegression()"
    changed = models.LogisticRegression(C=10.0, solver="newton", tol=1e-4)
    assert repr(changed) == "LogisticRegression(C=10.0, solver='newton')"


def test_parameters_of_an_estimator_inside_another():
    class Outer(Estimator):
        def __init__(self, inner=None, size=1):
            self.inner, self.size = inner, size

    outer = Outer(models.KMeans(3))
    assert outer.get_params()["inner__n_clusters"] == 3
    assert "inner__n_clusters" not in outer.get_params(deep=False)
    assert outer.set_params(inner__n_clusters=5, size=2) is outer
    assert (outer.inner.n_clusters, outer.size) == (5, 2)


def test_unknown_parameter_names_those_there_are():
    model = models.KMeans()
    with pytest.raises(ValueError, match="KMeans has no parameter 'clusters': it has n_clusters, "):
        model.set_params(n_clusters=2, clusters=3)
    assert model.n_clusters == 8


@pytest.mark.parametrize("model", EVERY_MODEL)
def test_pickle_and_copy(model):
    fitted = small(model).fit(X, Y)
    for again in (pickle.loads(pickle.dumps(fitted)), copy.deepcopy(fitted)):
        assert learned(again).keys() == learned(fitted).keys()
        np.testing.assert_array_equal(again.predict(X), fitted.predict(X))


# ---- mistakes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "model, method",
    [
        (model, method)
        for model in EVERY_MODEL
        for method in ("predict", "predict_proba", "score", "transform", "apply", "get_depth")
        if hasattr(model, method)
    ],
)
def test_an_answer_before_fit_names_the_estimator(model, method):
    arguments = {"get_depth": (), "score": (X, Y)}.get(method, (X,))
    with pytest.raises(NotFittedError, match=rf"{model.__name__} has not .* {model.__name__}\.fit"):
        getattr(model(), method)(*arguments)


@pytest.mark.parametrize("model", EVERY_MODEL)
def test_nan_says_how_many_and_where_the_first(model):
    bad = X.copy()
    bad[7, 1], bad[9, 0] = np.nan, np.inf
    message = (
        "Input X contains NaN or infinity: 2 of its 36 values, the first (nan) in row 7, column 1. "
        f"{model.__name__} needs"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        small(model).fit(bad, Y)
    with pytest.raises(ValueError, match=re.escape(message)):
        small(model).fit(X, Y).predict(bad)


@pytest.mark.parametrize("model", SUPERVISED)
def test_nan_in_y(model):
    y = Y.astype(float)
    y[4] = np.nan
    with pytest.raises(ValueError, match=r"Input y contains NaN.*1 of its 12.*in row 4\. "):
        model().fit(X, y)


@pytest.mark.parametrize("model", SUPERVISED)
def test_lengths_of_x_and_y(model):
    with pytest.raises(ValueError, match="X has 12 samples and y has 11"):
        model().fit(X, Y[:-1])


@pytest.mark.parametrize("model", EVERY_MODEL)
def test_another_number_of_features(model):
    fitted = small(model).fit(X, Y)
    with pytest.raises(ValueError, match=f"X has 2 features, but {model.__name__} is expecting 3"):
        fitted.predict(X[:, :2])


@pytest.mark.parametrize("model", EVERY_MODEL)
@pytest.mark.parametrize(
    "bad, message",
    [
        (X[:, 0], r"expects X of shape \(samples, features\), got shape \(12,\).*reshape\(-1, 1"),
        (np.empty((0, 3)), r"0 sample\(s\) \(shape=\(0, 3\)\)"),
        (X + 1j, "Complex data not supported"),
        ([["red", 1.0]] * 12, "computes with numbers.*could not convert string to float: .*'red'"),
    ],
)
def test_what_is_no_matrix_of_numbers(model, bad, message):
    with pytest.raises(ValueError, match=message):
        small(model).fit(bad, Y)


@pytest.mark.parametrize("model", EVERY_MODEL)
@pytest.mark.parametrize(
    "weight, message",
    [
        (np.ones(11), r"one weight for each of the 12 samples, got shape \(11,\)"),
        (np.zeros(12), "every sample_weight is zero"),
        (-np.ones(12), "must not be negative: -1.0 in row 0"),
        (np.full(12, np.nan), "Input sample_weight contains NaN"),
    ],
)
def test_weights(model, weight, message):
    with pytest.raises(ValueError, match=message):
        small(model).fit(X, Y, sample_weight=weight)


@pytest.mark.parametrize("model", CLASSIFIERS)
def test_targets_that_are_no_classes(model):
    with pytest.raises(ValueError, match=r"continuous\. .* has 0\.5 in row 1: did you want a reg"):
        model().fit(X, Y * 0.5)
    mixed = np.array(["a", 1] * 6, dtype=object)
    with pytest.raises(ValueError, match="y mixes int, str"):
        model().fit(X, mixed)
    with pytest.raises(ValueError, match=r"y should be a 1d array.*got shape \(12, 2\)"):
        model().fit(X, np.stack([Y, Y], axis=1))
    with pytest.raises(ValueError, match="requires y to be passed"):
        model().fit(X, None)


@pytest.mark.parametrize("model", CLASSIFIERS)
def test_a_column_of_targets_is_taken_with_a_warning(model):
    with pytest.warns(DataConversionWarning, match=r"has shape \(12,\) instead of \(12, 1\)"):
        column = model().fit(X, Y[:, None])
    np.testing.assert_array_equal(column.predict_proba(X), model().fit(X, Y).predict_proba(X))


@pytest.mark.parametrize(
    "model, message",
    [
        (models.LogisticRegression(solver="sgd"), "solver='sgd'.*one of 'lbfgs', 'newton'"),
        (models.LogisticRegression(C=0), r"LogisticRegression\(C=0\): C must be a number above 0"),
        (models.LogisticRegression(tol="small"), "tol must be a number above 0"),
        (models.LogisticRegression(max_iter=0), "max_iter must be an integer at least 1"),
        (models.DecisionTreeClassifier("mse"), "criterion='mse'.*one of 'gini', 'entropy'"),
        (models.DecisionTreeClassifier(max_depth=0), "max_depth must be an integer at least 1"),
        (models.DecisionTreeClassifier(max_features=0.5), "max_features must be an integer"),
        (models.DecisionTreeClassifier(min_samples_split=1), "must be an integer at least 2"),
        (models.DecisionTreeClassifier(min_samples_leaf=True), "must be an integer at least 1"),
        (models.KMeans(init="far"), "init='far'.*one of 'k-means\\+\\+', 'random'"),
        (models.KMeans(n_clusters=2.0), "n_clusters must be an integer at least 1"),
        (models.KMeans(tol=-1), "tol must be a number at least 0"),
        (models.KMeans(13), "n_samples=12 should be >= n_clusters=13"),
        (models.KMeans(2, init=X[:3]), r"init has shape \(3, 3\).*n_clusters=2 .* need \(2, 3\)"),
    ],
)
def test_parameters_out_of_range_name_the_range(model, message):
    with pytest.raises(ValueError, match=message):
        model.fit(X, Y)


def test_one_class_only():
    with pytest.raises(ValueError, match=r"LogisticRegression needs two .* one class only: 7$"):
        models.LogisticRegression().fit(X, np.full(12, 7))
    tree = models.DecisionTreeClassifier().fit(X, np.full(12, 7))
    assert tree.predict(X).tolist() == [7] * 12 and tree.get_depth() == 0


@pytest.mark.parametrize("model", EVERY_MODEL)
def test_a_fit_that_fails_leaves_the_earlier_one(model):
    fitted = small(model).fit(X, Y)
    before = pickle.dumps(learned(fitted))
    for wrong in (
        lambda: fitted.fit(X * np.nan, Y),
        lambda: fitted.fit(X[:, :2], Y, sample_weight=np.zeros(12)),
    ):
        with pytest.raises(ValueError):
            wrong()
        assert pickle.dumps(learned(fitted)) == before


def test_solver_that_did_not_arrive_says_so_and_what_to_do():
    with pytest.warns(ConvergenceWarning, match=r"stopped after 2 steps of 'lbfgs'.*raise max_"):
        model = models.LogisticRegression(max_iter=2, tol=1e-9).fit(X, Y)
    assert model.n_iter_ == 2


# ---- scores --------------------------------------------------------------------------------------


def test_scores_agree_with_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(1)
    weight, y2 = rng.uniform(size=12), rng.normal(size=(12, 2))
    model = models.LinearRegression().fit(X, y2)
    expected = metrics.r2_score(y2, model.predict(X), sample_weight=weight)
    assert model.score(X, y2, weight) == pytest.approx(expected, rel=1e-12)
    y2[:, 1] = 3.0  # a target without variance: 0 if it is missed
    expected = metrics.r2_score(y2, model.predict(X))
    assert model.score(X, y2) == pytest.approx(expected, rel=1e-12)
    assert models.LinearRegression().fit(X, np.zeros(12)).score(X, np.zeros(12)) == 1  # 1 if met
    tree = models.DecisionTreeClassifier(max_depth=1).fit(X, Y)
    expected = metrics.accuracy_score(Y, tree.predict(X), sample_weight=weight)
    assert 0 < tree.score(X, Y, weight) < 1
    assert tree.score(X, Y, weight) == pytest.approx(expected, rel=1e-12)
