# ruff: noqa: E402  (skipped as a whole where scikit-learn is missing)
"""Estimators of ours inside scikit-learn's tools, which they do not need."""

import subprocess
import sys
import warnings

import numpy as np
import pytest

sklearn = pytest.importorskip("sklearn")

from sklearn import ensemble, exceptions, feature_selection, preprocessing
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline

import models

X, Y = load_iris(return_X_y=True)


def test_the_models_work_without_scikit_learn():
    code = (
        "import sys, models, numpy as np\n"
        "for name in models.__all__:\n"
        "    for estimator, X, y in getattr(models, name).examples(np.random.default_rng(0)):\n"
        "        estimator.fit(X, y); repr(estimator)\n"
        "        try: type(estimator)().score(X, y)\n"
        "        except (ValueError, AttributeError, TypeError): pass\n"
        "loaded = {'sklearn', 'scipy', 'pandas', 'polars', 'matplotlib'} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_its_exceptions_and_warnings_are_caught_by_theirs():
    with pytest.raises(exceptions.NotFittedError, match="Ridge"):
        models.Ridge().predict(X)
    with pytest.warns(exceptions.ConvergenceWarning) as caught:
        models.LogisticRegression(max_iter=1).fit(X, Y)
    assert caught[0].filename == __file__
    with pytest.warns(exceptions.DataConversionWarning, match=r"has shape \(150,\) instead of"):
        models.LogisticRegression(tol=1).fit(X, Y[:, None])


def test_clone_pipeline_and_grid_search():
    tree = models.DecisionTreeClassifier(max_depth=3, random_state=7)
    assert clone(tree).get_params() == tree.get_params()
    pipeline = make_pipeline(models.StandardScaler(), models.LogisticRegression(tol=1e-8))
    search = GridSearchCV(pipeline, {"logisticregression__C": [1e-4, 1.0]}, cv=3).fit(X, Y)
    assert search.best_params_ == {"logisticregression__C": 1.0}
    assert search.score(X, Y) == search.best_estimator_.score(X, Y)

    theirs = make_pipeline(
        preprocessing.StandardScaler(), sklearn.linear_model.LogisticRegression(tol=1e-8)
    )
    np.testing.assert_allclose(cross_val_score(pipeline, X, Y), cross_val_score(theirs, X, Y))
    grouped = make_pipeline(models.StandardScaler(), models.KMeans(3, random_state=0))
    assert grouped.fit_predict(X).shape == Y.shape
    assert grouped.transform(X).shape == (len(X), 3)


@pytest.mark.parametrize(
    "tool",
    [
        lambda: ensemble.AdaBoostClassifier(models.DecisionTreeClassifier(max_depth=1), n_estimators=5),
        lambda: ensemble.BaggingClassifier(models.LogisticRegression(tol=1e-2), n_estimators=3),
        lambda: ensemble.VotingClassifier(
            [("tree", models.DecisionTreeClassifier(max_depth=2)), ("line", models.LogisticRegression())],
            voting="soft",
        ),
        lambda: ensemble.StackingClassifier([("tree", models.DecisionTreeClassifier(max_depth=2))]),
        lambda: sklearn.calibration.CalibratedClassifierCV(models.DecisionTreeClassifier(max_depth=2)),
        lambda: sklearn.multiclass.OneVsRestClassifier(models.LogisticRegression()),
        lambda: make_pipeline(
            feature_selection.SelectFromModel(models.LogisticRegression()), models.LogisticRegression()
        ),
    ],
)  # fmt: skip
def test_inside_other_tools(tool):
    for module in ("calibration", "multiclass"):
        __import__(f"sklearn.{module}")
    assert tool().fit(X, Y).score(X, Y) > 0.8


def test_metadata_routing_hands_on_the_weights():
    weight = np.where(Y == 0, 1.0, 3.0)
    with sklearn.config_context(enable_metadata_routing=True):
        ours = models.LogisticRegression(tol=1e-8).set_fit_request(sample_weight=True)
        ours.set_score_request(sample_weight=True)
        scaler = models.StandardScaler().set_fit_request(sample_weight=False)
        pipeline = make_pipeline(scaler, ours)
        again = clone(pipeline)  # the requests are cloned with it
        again.fit(X, Y, sample_weight=weight)
        score = again.score(X, Y, sample_weight=weight)
        plain = models.StandardScaler().fit(X)
        by_hand = models.LogisticRegression(tol=1e-8).fit(
            plain.transform(X), Y, sample_weight=weight
        )
        np.testing.assert_array_equal(again[-1].coef_, by_hand.coef_)
        assert score == by_hand.score(plain.transform(X), Y, weight)
        cross_validate(ours, plain.transform(X), Y, params={"sample_weight": weight})

        undecided = make_pipeline(models.StandardScaler(), models.Ridge())
        with pytest.raises(exceptions.UnsetMetadataPassedError, match="sample_weight"):
            undecided.fit(X, Y, sample_weight=weight)
        assert undecided.fit(X, Y).score(X, Y) > 0.5  # without weights nothing is asked
    with pytest.raises(
        TypeError, match=r"Ridge.fit has no argument groups\.[\s\S]*Try: sample_weight=True"
    ):
        models.Ridge().set_fit_request(groups=True)


def test_metadata_routing_reaches_predict_and_transform():
    class Rounded(models.Ridge):
        def predict(self, X, digits=8):
            return np.round(super().predict(X), digits)

    class Shifted(models.StandardScaler):
        def transform(self, X, by=0.0):
            return super().transform(X) + by

    with sklearn.config_context(enable_metadata_routing=True):
        model = Rounded().set_predict_request(digits=True)
        scaler = Shifted().set_transform_request(by=True)
        pipeline = clone(make_pipeline(scaler, model)).fit(X, Y, by=1.0)
        found = pipeline.predict(X, digits=1, by=1.0)
        expected = Rounded().fit(Shifted().fit(X).transform(X, 1.0), Y)
        np.testing.assert_array_equal(found, expected.predict(pipeline[0].transform(X, 1.0), 1))
        refusing = make_pipeline(models.StandardScaler(), Rounded()).fit(X, Y)
        with pytest.raises(exceptions.UnsetMetadataPassedError, match="digits"):
            refusing.predict(X, digits=1)
    with pytest.raises(TypeError, match=r"Ridge.predict has no argument return_std"):
        models.Ridge().set_predict_request(return_std=True)
    with pytest.raises(TypeError, match=r"Ridge.transform has no argument copy"):
        models.Ridge().set_transform_request(copy=True)


def test_set_output_makes_frames_with_names():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=["a", "b", "c", "d"], index=[f"r{i}" for i in range(150)])
    scaler = models.StandardScaler().set_output(transform="pandas")
    assert scaler.set_output() is scaler
    shown = clone(scaler).fit_transform(frame)
    assert list(shown.columns) == ["a", "b", "c", "d"] and shown.index[3] == "r3"
    distances = models.KMeans(2, random_state=0).set_output(transform="pandas").fit_transform(frame)
    assert list(distances.columns) == ["kmeans0", "kmeans1"]
    with sklearn.config_context(transform_output="pandas"):
        assert isinstance(models.StandardScaler().fit_transform(X), pandas.DataFrame)
    polars = pytest.importorskip("polars")
    shown = scaler.set_output(transform="polars").fit_transform(
        polars.DataFrame(X, schema=list("abcd"))
    )
    assert isinstance(shown, polars.DataFrame) and shown.columns == list("abcd")
    with pytest.raises(ValueError, match=r"set_output\(transform='cudf'\)"):
        scaler.set_output(transform="cudf")


def test_columns_in_another_order_are_not_swapped_in_silence():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X[:, :2], columns=["a", "b"])
    model = models.LinearRegression().fit(frame, Y)
    with pytest.raises(
        ValueError, match=r"same order as they were in fit[\s\S]*'b'; in fit it was 'a'"
    ):
        model.predict(frame[["b", "a"]])
    mixed = frame.rename(columns={"b": 3})
    with pytest.raises(
        TypeError, match="Feature names are only supported if all input features have str"
    ):
        models.LinearRegression().fit(mixed, Y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        numbers_as_names = pandas.DataFrame(X)
        numbered = models.LinearRegression().fit(numbers_as_names, Y)
    assert not hasattr(numbered, "feature_names_in_")
    with pytest.warns(
        UserWarning, match="X has feature names, but LinearRegression was fitted without"
    ):
        models.LinearRegression().fit(X[:, :2], Y).predict(frame)
