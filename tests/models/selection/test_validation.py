"""Cross-validation: the numbers of scikit-learn, for its estimators and for ours."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

import sklearn.model_selection as theirs
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.svm import SVC

import models
from models import selection

X, Y = load_iris(return_X_y=True)
D, T = load_diabetes(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[Y]
CASES = {
    "classes": (LogisticRegression(max_iter=500), X, NAMES, {}),
    "numbers": (Ridge(), D, T, {"scoring": ["r2", "neg_mean_absolute_error"], "cv": 3}),
    "a splitter": (Ridge(), D, T, {"cv": theirs.KFold(4, shuffle=True, random_state=0)}),
    "a kernel": (SVC(kernel="precomputed"), X @ X.T, Y, {"cv": 3}),
    "groups": (Ridge(), D, T, {"cv": theirs.GroupKFold(3), "groups": np.arange(442) % 7}),
    "weights": (Ridge(), D, T, {"params": {"sample_weight": np.arange(442.0)}}),
    "dict": (
        LogisticRegression(max_iter=500),
        X,
        Y,
        {"scoring": {"a": "accuracy", "f": "f1_macro"}},
    ),
}


@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize("name", CASES)
def test_cross_validate(name, n_jobs):
    model, x, y, given = CASES[name]
    if n_jobs and name not in ("classes", "numbers"):
        pytest.skip("two are enough")
    more = {"return_train_score": True, "return_indices": True}
    found = selection.cross_validate(model, x, y, n_jobs=n_jobs, **more, **given)
    expected = theirs.cross_validate(model, x, y, **more, **given)
    assert found.keys() == expected.keys()
    for key in expected:
        if key.startswith(("test", "train")):
            np.testing.assert_allclose(found[key], expected[key], rtol=1e-12, err_msg=key)
    for part in ("train", "test"):
        for ours, rows in zip(found["indices"][part], expected["indices"][part], strict=True):
            np.testing.assert_array_equal(ours, rows)


def test_our_estimators():
    found = selection.cross_val_score(models.Ridge(), D, T, cv=4)
    np.testing.assert_allclose(found, theirs.cross_val_score(Ridge(), D, T, cv=4), rtol=1e-9)
    kept = selection.cross_validate(models.LogisticRegression(), X, NAMES, return_estimator=True)
    assert [len(model.classes_) for model in kept["estimator"]] == [3] * 5


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
def test_cross_val_predict(method):
    model = LogisticRegression(max_iter=500)
    for x, y in ((X, NAMES), (X[:100], NAMES[:100])):
        found = selection.cross_val_predict(model, x, y, method=method)
        expected = theirs.cross_val_predict(model, x, y, method=method)
        assert (found == expected).all() and found.dtype == expected.dtype


def test_cross_val_predict_keeps_sparse_matrices():
    pytest.importorskip("scipy")
    encoder = models.OneHotEncoder(sparse_output=True)
    x, cv = np.arange(9)[:, None] % 3, theirs.KFold(3, shuffle=True, random_state=0)
    found = selection.cross_val_predict(encoder, x, cv=cv, method="transform")
    assert (found.toarray() == np.eye(3)[x[:, 0]]).all()


def test_a_fold_without_a_class():
    order = np.argsort(Y, kind="stable")
    model, folds = LogisticRegression(max_iter=500), selection.KFold(3)
    with pytest.warns(
        RuntimeWarning, match=r"training fold \(2\).*of classes \(3\).*Try: Stratified"
    ):
        found = selection.cross_val_predict(
            model, X[order], Y[order], cv=folds, method="predict_proba"
        )
    assert (found[:50, 0] == 0).all()
    with pytest.raises(
        ValueError, match="got one class only(?s:.*)Try: error_score='raise'"
    ) as error:
        selection.cross_val_score(
            models.LinearDiscriminantAnalysis(), X[:100], Y[:100], cv=selection.KFold(2)
        )
    assert "All the 2 fits failed" in str(error.value) and "test_validation.py" in str(error.value)


def test_fits_that_fail_are_reported():
    class Fails(models.Ridge):
        def fit(self, X, y):
            if X[0, 0] == D[0, 0]:
                raise ValueError("no")
            return super().fit(X, y)

    with pytest.warns(
        selection.validation.FitFailedWarning, match="4 fits failed out of a total of 5"
    ):
        found = selection.cross_val_score(Fails(), D, T)
    assert np.isnan(found).tolist() == [False, True, True, True, True]
    with pytest.raises(ValueError, match="^no$"):
        selection.cross_val_score(Fails(), D, T, error_score="raise")


def test_curves():
    expected = theirs.validation_curve(
        Ridge(), D, T, param_name="alpha", param_range=[0.1, 1.0], cv=3
    )
    found = selection.validation_curve(
        Ridge(), D, T, param_name="alpha", param_range=[0.1, 1.0], cv=3
    )
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    for given in (
        {},
        {"train_sizes": [20, 60], "shuffle": True, "random_state": 1, "cv": 3},
        {
            "train_sizes": [20, 60],
            "shuffle": True,
            "random_state": 1,
            "exploit_incremental_learning": True,
        },
    ):
        y = Y if "shuffle" in given else T
        model, x = (SGDClassifier(random_state=0), X) if "shuffle" in given else (Ridge(), D)
        ours, others = (m.learning_curve(model, x, y, **given) for m in (selection, theirs))
        for a, b in zip(ours, others, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12)
    assert len(selection.learning_curve(models.Ridge(), D, T, return_times=True)) == 5


def test_permutations():
    for groups in (None, np.arange(442) % 3):
        given = {"n_permutations": 5, "random_state": 3, "groups": groups, "cv": theirs.KFold(3)}
        given["cv"] = theirs.KFold(3) if groups is None else theirs.GroupKFold(3)
        found = selection.permutation_test_score(Ridge(), D, T, **given)
        expected = theirs.permutation_test_score(Ridge(), D, T, **given)
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12)


@pytest.mark.parametrize(
    "call, message",
    [
        (
            lambda: selection.cross_val_predict(Ridge(), D, T, cv=theirs.ShuffleSplit(2)),
            "only works for part",
        ),
        (
            lambda: selection.learning_curve(Ridge(), D, T, train_sizes=[0.5, 2.0]),
            r"within \(0, 1\]",
        ),
        (lambda: selection.learning_curve(Ridge(), D, T, train_sizes=[999]), r"within \(0, 353\]"),
        (lambda: selection.cross_val_score(Ridge(), D, T[:9]), r"numbers of samples: \[442, 9\]"),
        (
            lambda: selection.cross_validate(Ridge(), D, T, scoring=lambda *a: "good"),
            "must return a number",
        ),
    ],
)
def test_mistakes(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "Try: " in str(error.value)


def test_a_method_that_the_estimator_lacks():
    X, y = load_iris(return_X_y=True)
    for method in ("guess", "decision_function"):
        with pytest.raises(AttributeError, match=f"has no method '{method}'(?s:.*)Try: "):
            selection.cross_val_predict(models.GaussianNB(), X, y, method=method)
