"""Searches: scikit-learn's results, for its estimators and for ours."""

import pickle

import numpy as np
import pytest

pytest.importorskip("sklearn")

import sklearn.model_selection as theirs
from scipy import stats
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.experimental import enable_halving_search_cv  # noqa: F401  (it is what enables them)
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import models
from models import selection

X, Y = load_iris(return_X_y=True)
D, T = load_diabetes(return_X_y=True)
GRID = {"C": [0.1, 1.0, 10.0], "kernel": ["linear", "rbf"]}
RANDOM = {"C": stats.loguniform(0.1, 100), "kernel": ["linear", "rbf"]}
CASES = {
    "grid": ("GridSearchCV", SVC(), GRID, {"return_train_score": True}),
    "two grids": ("GridSearchCV", SVC(), [{"C": [1, 2]}, {"kernel": ["linear"], "tol": [0.1]}], {"cv": 3}),
    "several scores": ("GridSearchCV", SVC(), GRID, {
        "scoring": ["accuracy", "f1_macro"], "refit": "f1_macro",
    }),
    "no refit": ("GridSearchCV", SVC(), GRID, {"scoring": ["accuracy", "f1_macro"], "refit": False}),
    "a function": ("GridSearchCV", SVC(), GRID, {"refit": lambda r: int(r["rank_test_score"].argmax())}),
    "pipeline": ("GridSearchCV", make_pipeline(StandardScaler(), SVC()), {"svc__C": [0.1, 1]}, {"cv": 4}),
    "random": ("RandomizedSearchCV", SVC(), RANDOM, {"random_state": 0, "n_iter": 5}),
    "random lists": ("RandomizedSearchCV", SVC(), GRID, {"random_state": 1, "n_iter": 4}),
    "halving": ("HalvingGridSearchCV", SVC(), GRID, {"random_state": 0}),
    "halving, hard": ("HalvingGridSearchCV", SVC(), GRID, {
        "random_state": 0, "aggressive_elimination": True, "max_resources": 70, "factor": 2, "cv": 3,
    }),
    "halving, random": ("HalvingRandomSearchCV", SVC(), RANDOM, {"random_state": 0, "cv": 3}),
    "halving a parameter": ("HalvingGridSearchCV", SVC(), GRID, {
        "resource": "max_iter", "max_resources": 60, "min_resources": 5, "factor": 2,
    }),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize("name", CASES)
def test_the_same_results(name, n_jobs):
    kind, model, parameters, given = CASES[name]
    if n_jobs and name not in ("several scores", "random"):
        pytest.skip("two are enough")
    ours = getattr(selection, kind)(clone(model), parameters, n_jobs=n_jobs, **given).fit(X, Y)
    expected = getattr(theirs, kind)(clone(model), parameters, **given).fit(X, Y)
    assert [*ours.cv_results_] == [*expected.cv_results_]
    for key, value in expected.cv_results_.items():
        if "time" in key:
            continue
        if key == "params":
            assert ours.cv_results_[key] == list(value)
        elif key.startswith("param_"):
            assert ours.cv_results_[key].tolist() == value.tolist()
        else:
            np.testing.assert_allclose(ours.cv_results_[key], value, rtol=1e-12, err_msg=key)
    names = [n for n in vars(expected) if n.startswith(("best", "n_", "min_", "max_", "multi"))]
    for attribute in names:
        if attribute not in ("best_estimator_", "n_jobs"):
            assert getattr(ours, attribute) == getattr(expected, attribute), attribute
    if given.get("refit") is not False:
        assert (ours.predict(X) == expected.predict(X)).all()
        assert ours.score(X, Y) == expected.score(X, Y) and ours.n_features_in_ == 4


def test_our_estimators_in_our_search():
    search = models.GridSearchCV(models.Ridge(), {"alpha": [0.01, 0.1, 1.0, 10.0]}, cv=4)
    assert search.fit(D, T) is search
    expected = theirs.GridSearchCV(Ridge(), {"alpha": [0.01, 0.1, 1.0, 10.0]}, cv=4).fit(D, T)
    assert search.best_params_ == expected.best_params_
    np.testing.assert_allclose(search.predict(D), expected.predict(D), rtol=1e-9)
    again = pickle.loads(pickle.dumps(search))
    assert (again.predict(D) == search.predict(D)).all()
    assert search.kind == "regressor" and not hasattr(search, "predict_proba")
    nested = selection.cross_val_score(search, D, T, cv=3)
    np.testing.assert_allclose(nested, theirs.cross_val_score(expected, D, T, cv=3), rtol=1e-9)


def test_weights_and_groups():
    weight, groups = np.arange(442.0) + 1, np.arange(442) % 5
    given = {"cv": theirs.GroupKFold(3)}
    ours, expected = (
        module.GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, **given).fit(
            D, T, sample_weight=weight, groups=groups
        )
        for module in (selection, theirs)
    )
    for name in ("mean_test_score", "std_test_score"):
        np.testing.assert_allclose(ours.cv_results_[name], expected.cv_results_[name], rtol=1e-12)


def test_grids():
    grid = [{"a": [1, 2], "b": ["x", "y", "z"]}, {"c": [3]}, {}]
    ours, expected = selection.ParameterGrid(grid), theirs.ParameterGrid(grid)
    assert list(ours) == list(expected) and len(ours) == len(expected) == 8
    assert [ours[i] for i in range(8)] == [expected[i] for i in range(8)]
    for number in (1, 5, 120, 200):
        lists = {"a": list(range(20)), "b": list(range(10))}
        ours, expected = (
            m.ParameterSampler(lists, number, random_state=7) for m in (selection, theirs)
        )
        assert list(ours) == list(expected) and len(ours) == len(expected)
    many = {"a": list(range(2000))}
    assert list(selection.ParameterSampler(many, 9, random_state=0)) == list(
        theirs.ParameterSampler(many, 9, random_state=0)
    )


@pytest.mark.parametrize(
    "call, kind, message",
    [
        (lambda: models.GridSearchCV(models.Ridge(), {"alfa": [1.0]}).fit(D, T), ValueError,
         r"Invalid parameter 'alfa' for estimator Ridge\..*(?s:.*)Try: alpha"),
        (lambda: models.GridSearchCV(models.Ridge(), {"alpha": 1.0}).fit(D, T), TypeError,
         r"needs to be a list.*(?s:.*)Try: \{'alpha': \[1\.0\]\}"),
        (lambda: models.GridSearchCV(models.Ridge(), {"alpha": []}).fit(D, T), ValueError, "non-empty"),
        (lambda: models.GridSearchCV(models.Ridge(), {"alpha": [-1.0]}).fit(D, T), ValueError,
         r"All the 5 fits failed.*(?s:.*)'alpha' parameter of Ridge must be"),
        (lambda: models.GridSearchCV(SVC(), GRID, scoring=["accuracy"]).fit(X, Y), ValueError,
         "refit must be set to a scorer key.*(?s:.*)Try: refit='accuracy'"),
        (lambda: models.HalvingGridSearchCV(SVC(), GRID, resource="rows").fit(X, Y), ValueError,
         "resource=rows which is not supported by estimator SVC"),
        (lambda: models.GridSearchCV(SVC(), GRID).predict(X), ValueError, "not fitted yet"),
        (lambda: models.GridSearchCV(SVC(), GRID, refit=False).fit(X, Y).predict(X), AttributeError,
         "has no predict: its best has none"),
        (lambda: models.GridSearchCV(SVC(), GRID, cv=1).fit(X, Y), ValueError, "'cv' parameter of"),
    ],
)  # fmt: skip
def test_mistakes(call, kind, message):
    with pytest.raises(kind, match=message) as error:
        call()
    assert "test_search.py" in str(error.value)
