# ruff: noqa: E402  (skipped as a whole where scikit-learn is missing)
"""The estimators keep scikit-learn's contract, by its own checks, and work inside its tools."""

import subprocess
import sys
from functools import partial

import numpy as np
import pytest

sklearn = pytest.importorskip("sklearn")

from sklearn.base import clone, is_classifier, is_clusterer, is_regressor
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import _yield_clustering_checks, parametrize_with_checks

import models

EVERY_MODEL = [getattr(models, name) for name in models.__all__]


@parametrize_with_checks(
    [
        *(model() for model in EVERY_MODEL),
        models.LogisticRegression(solver="newton"),
        models.DecisionTreeClassifier(criterion="entropy"),
    ]
)
@pytest.mark.filterwarnings("ignore:KMeans found")  # some checks have only four different rows
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


CLUSTERERS = [model() for model in EVERY_MODEL if model._kind == "clusterer"]
CLUSTERING_CHECKS = [
    pytest.param(estimator, check, id=f"{estimator}-{getattr(check, 'func', check).__name__}-{i}")
    for estimator in CLUSTERERS
    for i, check in enumerate(_yield_clustering_checks(estimator))
]


@pytest.mark.parametrize("estimator, check", CLUSTERING_CHECKS)
def test_scikit_learns_clustering_checks(estimator, check):
    """scikit-learn runs these by itself only for subclasses of its own ClusterMixin."""
    partial(check, type(estimator).__name__)(estimator)


def test_the_checks_are_many():
    """An empty list of checks would pass too."""
    assert len(CLUSTERING_CHECKS) >= 4 * len(CLUSTERERS) > 0


def test_importing_the_models_imports_no_scikit_learn():
    code = (
        "import sys, models, numpy as np\n"
        "X = np.arange(12.0).reshape(6, 2) % 5; y = np.array([0, 1, 0, 1, 1, 0])\n"
        "for name in models.__all__:\n"
        "    model = getattr(models, name)()\n"
        "    if hasattr(model, 'n_clusters'): model.set_params(n_clusters=2)\n"
        "    model.fit(X, y).predict(X); repr(model)\n"
        "loaded = {'sklearn', 'scipy', 'pandas', 'matplotlib'} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("model", EVERY_MODEL)
def test_scikit_learn_knows_what_kind_it_is(model):
    kinds = {"classifier": is_classifier, "regressor": is_regressor, "clusterer": is_clusterer}
    assert [kind for kind, is_it in kinds.items() if is_it(model())] == [model._kind]


@pytest.mark.parametrize("model", EVERY_MODEL)
def test_scikit_learns_own_not_fitted_error_is_raised(model):
    with pytest.raises(NotFittedError, match=model.__name__):
        model().predict([[1.0]])


def test_clone_pipeline_and_grid_search():
    X, y = load_iris(return_X_y=True)
    tree = models.DecisionTreeClassifier(max_depth=3, random_state=7)
    assert clone(tree).get_params() == tree.get_params()

    pipeline = make_pipeline(StandardScaler(), models.LogisticRegression(tol=1e-8, max_iter=500))
    search = GridSearchCV(pipeline, {"logisticregression__C": [1e-4, 1.0]}, cv=3).fit(X, y)
    assert search.best_params_ == {"logisticregression__C": 1.0}
    assert search.score(X, y) == search.best_estimator_.score(X, y)

    theirs = sklearn.linear_model.LogisticRegression(tol=1e-8, max_iter=500)
    scaled = StandardScaler().fit_transform(X)
    np.testing.assert_allclose(
        cross_val_score(models.LogisticRegression(tol=1e-8, max_iter=500), scaled, y),
        cross_val_score(theirs, scaled, y),
    )
    grouped = make_pipeline(StandardScaler(), models.KMeans(3, random_state=0))
    assert grouped.fit_predict(X).shape == y.shape
    assert grouped.transform(X).shape == (len(X), 3)


def test_they_read_data_frames():
    pandas = pytest.importorskip("pandas")
    X, y = load_iris(return_X_y=True)
    frame, words = pandas.DataFrame(X), pandas.Series(np.array(["a", "b", "c"])[y])
    model = models.DecisionTreeClassifier(max_depth=2).fit(frame, words)
    plain = models.DecisionTreeClassifier(max_depth=2).fit(X, y)
    assert list(model.classes_) == ["a", "b", "c"]
    np.testing.assert_array_equal(model.predict_proba(frame), plain.predict_proba(X))
