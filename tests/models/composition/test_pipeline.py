"""Pipelines and unions: scikit-learn's answers, and what they say of mistakes."""

import pickle

import numpy as np
import pytest

pytest.importorskip("sklearn")

import sklearn.pipeline as theirs
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

import models
from models.composition import FeatureUnion, Pipeline, make_pipeline, make_union
from models.foundation import clone
from models.selection import GridSearchCV, cross_val_score

X, Y = load_iris(return_X_y=True)
METHODS = ["predict", "predict_proba", "predict_log_proba", "decision_function"]


def test_the_same_answers():
    steps = [("scale", StandardScaler()), ("pca", PCA(2)), ("model", LogisticRegression())]
    ours, expected = Pipeline(steps).fit(X, Y), theirs.Pipeline(steps).fit(X, Y)
    for name in METHODS:
        np.testing.assert_array_equal(getattr(ours, name)(X), getattr(expected, name)(X))
    assert ours.score(X, Y) == expected.score(X, Y) and ours.n_features_in_ == 4
    assert (ours[-1].coef_ == expected[-1].coef_).all() and len(ours) == 3
    assert (ours[:-1].transform(X) == expected[:-1].transform(X)).all()
    assert list(ours[:-1].get_feature_names_out()) == list(expected[:-1].get_feature_names_out())
    assert not hasattr(ours, "transform") and hasattr(ours[:-1], "inverse_transform")
    np.testing.assert_allclose(ours[:1].inverse_transform(ours[:1].transform(X)), X)
    assert (ours.classes_ == [0, 1, 2]).all() and ours.kind == "classifier"


def test_our_own_steps():
    pipe = make_pipeline(models.StandardScaler(), models.LogisticRegression())
    assert [name for name, _ in pipe.steps] == ["standardscaler", "logisticregression"]
    before = pipe.steps[0][1]
    pipe.fit(X, Y)
    expected = theirs.make_pipeline(StandardScaler(), LogisticRegression(tol=1e-8)).fit(X, Y)
    np.testing.assert_allclose(pipe.predict_proba(X), expected.predict_proba(X), atol=1e-3)
    assert pipe["standardscaler"].mean_.shape == pipe.named_steps.standardscaler.mean_.shape == (4,)
    assert not hasattr(before, "mean_")  # the steps that were given stay unfitted
    again = pickle.loads(pickle.dumps(pipe))
    assert (again.predict(X) == pipe.predict(X)).all()
    with pytest.raises(ValueError, match="not fitted yet"):
        clone(pipe).predict(X)
    search = GridSearchCV(
        pipe, {"logisticregression__C": [0.1, 1.0], "standardscaler": ["passthrough"]}
    )
    assert search.fit(X, Y).best_estimator_[0] == "passthrough"
    assert len(cross_val_score(pipe, X, Y, cv=3)) == 3


def test_a_fit_that_fails_changes_nothing():
    pipe = make_pipeline(models.StandardScaler(), models.LogisticRegression()).fit(X, Y)
    expected = pipe.predict(X)
    with pytest.raises(ValueError):
        pipe.fit(X * np.nan, Y)
    assert (pipe.predict(X) == expected).all()


def test_arguments_of_steps_and_passing():
    pytest.importorskip("pandas")
    weight = np.arange(150.0)
    given = {"model__sample_weight": weight}
    steps = [("none", "passthrough"), ("model", LogisticRegression(max_iter=500))]
    ours, expected = Pipeline(steps).fit(X, Y, **given), theirs.Pipeline(steps).fit(X, Y, **given)
    assert (ours[-1].coef_ == expected[-1].coef_).all()
    assert ours.score(X, Y, sample_weight=weight) == expected.score(X, Y, sample_weight=weight)
    steps = [("scale", StandardScaler()), ("end", "passthrough")]
    assert (Pipeline(steps).fit_transform(X) == StandardScaler().fit_transform(X)).all()
    clusters = make_pipeline(StandardScaler(), KMeans(3, random_state=0, n_init=1))
    assert len(clusters.fit_predict(X)) == 150
    frame = make_pipeline(StandardScaler(), PCA(2)).set_output(transform="pandas").fit_transform(X)
    assert list(frame.columns) == ["pca0", "pca1"]


def test_unions():
    parts = [("a", StandardScaler()), ("b", PCA(2)), ("c", "drop"), ("d", "passthrough")]
    for given in ({}, {"transformer_weights": {"b": 10}, "n_jobs": 2}):
        ours, expected = FeatureUnion(parts, **given), theirs.FeatureUnion(parts, **given)
        np.testing.assert_array_equal(ours.fit_transform(X), expected.fit_transform(X))
        np.testing.assert_array_equal(ours.transform(X), expected.transform(X))
        names = [f"f{i}" for i in range(4)]
        assert list(ours.get_feature_names_out(names)) == list(
            expected.get_feature_names_out(names)
        )
    assert make_union(PCA(1), PCA(2)).fit_transform(X).shape == (150, 3)
    sparse = pytest.importorskip("scipy.sparse")
    both = make_union(StandardScaler(with_mean=False), "passthrough").fit_transform(
        sparse.csr_array(X)
    )
    assert hasattr(both, "tocsr") and both.shape == (150, 8)


@pytest.mark.parametrize(
    "call, kind, message",
    [
        (lambda: make_pipeline(models.Ridge(), models.Ridge()).fit(X, Y), TypeError,
         "step 'ridge-1', Ridge.., has no transform"),
        (lambda: make_pipeline(models.StandardScaler(), models.Ridge).fit(X, Y), TypeError, "Last step"),
        (lambda: Pipeline([]).fit(X, Y), ValueError, "'steps' parameter of Pipeline must be a list of pairs"),
        (lambda: Pipeline([("a", PCA()), ("a", PCA())]).fit(X, Y), ValueError, "all names different"),
        (lambda: make_pipeline(models.Ridge()).fit(X, Y, sample_weight=Y), ValueError,
         r"does not accept the sample_weight(?s:.*)Try: ridge__sample_weight"),
        (lambda: make_pipeline(models.Ridge()).set_params(ridge__alfa=1), ValueError, "'alfa' for estimator"),
        (lambda: make_union(models.Ridge()).fit(X, Y), TypeError, "should implement fit and transform"),
        (lambda: FeatureUnion([("a", PCA())], transformer_weights={"b": 1}).fit(X), ValueError, "present"),
    ],
)  # fmt: skip
def test_mistakes(call, kind, message):
    with pytest.raises(kind, match=message) as error:
        call()
    assert "test_pipeline.py" in str(error.value)


def test_a_parameter_without_its_step_is_suggested_with_it():
    pipe = make_pipeline(models.StandardScaler(), models.LogisticRegression())
    for name in ("C", "logistic__C"):
        search = models.GridSearchCV(pipe, {name: [1.0]})
        with pytest.raises(ValueError, match=f"{name}(?s:.*)Try: logisticregression__C"):
            search.fit([[0.0], [1.0], [0.0], [1.0]] * 3, [0, 1, 0, 1] * 3)
