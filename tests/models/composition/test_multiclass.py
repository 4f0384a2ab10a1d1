"""Several classes by models of two: scikit-learn's answers."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

import sklearn.multiclass as theirs
from sklearn.datasets import load_digits, load_iris
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import LinearSVC

import models

X, Y = load_iris(return_X_y=True)
NAMES = np.array(["a", "b", "c"])[Y]
D, T = (x[:300] for x in load_digits(return_X_y=True))
METHODS = ("predict", "predict_proba", "decision_function")
KINDS = ("OneVsRestClassifier", "OneVsOneClassifier", "OutputCodeClassifier")
PARTS = (LogisticRegression(C=0.1, max_iter=500), GaussianNB(), LinearSVC(random_state=0), Ridge())


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("part", PARTS, ids=lambda m: type(m).__name__)
@pytest.mark.parametrize("kind", KINDS)
def test_the_same_answers(kind, part):
    more = {"random_state": 0} if kind == "OutputCodeClassifier" else {}
    if kind != "OneVsRestClassifier" and isinstance(part, Ridge):
        pytest.skip("theirs asks for a classifier")
    for x, y in ((X, NAMES), (X[:100], NAMES[:100]), (D, T)):
        ours = getattr(models, kind)(part, **more).fit(x, y)
        expected = getattr(theirs, kind)(part, **more).fit(x, y)
        assert (ours.classes_ == expected.classes_).all()
        for name in METHODS:
            assert hasattr(ours, name) == hasattr(expected, name) or name == "decision_function"
            if hasattr(expected, name):
                found, wanted = getattr(ours, name)(x), getattr(expected, name)(x)
                if wanted.dtype.kind == "f":
                    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12, err_msg=name)
                else:
                    np.testing.assert_array_equal(found, wanted)


def test_several_labels_and_weights():
    table = np.stack([Y == 0, Y > 0, np.arange(150) % 2 == 0], axis=1).astype(int)
    part = LogisticRegression(C=0.1, max_iter=500)
    ours = models.OneVsRestClassifier(part).fit(X, table)
    expected = theirs.OneVsRestClassifier(part).fit(X, table)
    for name in METHODS:
        np.testing.assert_allclose(getattr(ours, name)(X), getattr(expected, name)(X))
    weight = np.arange(150) % 3
    ours = models.OneVsRestClassifier(part).fit(X, NAMES, sample_weight=weight)
    rows = np.repeat(np.arange(150), weight)
    repeated = models.OneVsRestClassifier(part, n_jobs=2).fit(X[rows], NAMES[rows])
    np.testing.assert_allclose(ours.predict_proba(X), repeated.predict_proba(X), atol=1e-3)


def test_our_own_parts():
    for kind in KINDS:
        more = {"random_state": 0} if kind == "OutputCodeClassifier" else {}
        model = getattr(models, kind)(models.LogisticRegression(), **more).fit(X, NAMES)
        assert model.score(X, NAMES) > 0.7
    with pytest.raises(ValueError, match="got one class only"):
        models.OneVsOneClassifier(models.LogisticRegression()).fit(X, ["a"] * 150)
    with pytest.raises(ValueError, match="not fitted"):
        models.OneVsRestClassifier(models.LogisticRegression()).predict(X)
