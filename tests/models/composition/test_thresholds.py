"""Thresholds: scikit-learn's predictions and best thresholds."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

import sklearn.metrics
import sklearn.model_selection as theirs
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

import models
from models.metrics import f1_score, make_scorer

X, Y = make_classification(300, weights=[0.8], flip_y=0.1, random_state=2)
NAMES = np.array(["no", "yes"])[Y]
MODEL = LogisticRegression(max_iter=500)


@pytest.mark.parametrize("given", [{}, {"threshold": 0.2}, {"threshold": 0.7, "pos_label": "no"}])
def test_fixed(given):
    ours = models.FixedThresholdClassifier(MODEL, **given).fit(X, NAMES)
    expected = theirs.FixedThresholdClassifier(MODEL, **given).fit(X, NAMES)
    assert (ours.predict(X) == expected.predict(X)).all()
    assert (ours.predict_proba(X) == expected.predict_proba(X)).all()
    svm = models.FixedThresholdClassifier(LinearSVC(random_state=0, C=0.1)).fit(X, NAMES)
    assert (svm.predict(X) == LinearSVC(random_state=0, C=0.1).fit(X, NAMES).predict(X)).all()


CASES = [
    {}, {"scoring": "accuracy", "cv": 3, "store_cv_results": True}, {"thresholds": [0.1, 0.3, 0.6]},
    {"cv": 0.3, "random_state": 0}, {"cv": 0.3, "random_state": 0, "refit": False},
    {"response_method": "decision_function", "thresholds": 30, "n_jobs": 2},
]  # fmt: skip


@pytest.mark.parametrize("given", CASES)
def test_tuned(given):
    ours = models.TunedThresholdClassifierCV(MODEL, **given).fit(X, NAMES)
    expected = theirs.TunedThresholdClassifierCV(MODEL, **given).fit(X, NAMES)
    assert ours.best_threshold_ == pytest.approx(expected.best_threshold_, rel=1e-12)
    assert ours.best_score_ == pytest.approx(expected.best_score_, rel=1e-12)
    assert (ours.predict(X) == expected.predict(X)).all()
    if "store_cv_results" in given:
        np.testing.assert_allclose(ours.cv_results_["scores"], expected.cv_results_["scores"])


def test_a_positive_label():
    ours = models.TunedThresholdClassifierCV(MODEL, scoring=make_scorer(f1_score, pos_label="no"))
    scorer = sklearn.metrics.make_scorer(sklearn.metrics.f1_score, pos_label="no")
    expected = theirs.TunedThresholdClassifierCV(MODEL, scoring=scorer).fit(X, NAMES)
    assert ours.fit(X, NAMES).best_threshold_ == pytest.approx(expected.best_threshold_)
    assert (ours.predict(X) == expected.predict(X)).all()


def test_mistakes():
    with pytest.raises(ValueError, match="refit cannot be False"):
        models.TunedThresholdClassifierCV(MODEL, refit=False).fit(X, Y)
    with pytest.raises(ValueError, match="Only binary classification is supported"):
        models.FixedThresholdClassifier(MODEL).fit(X, np.arange(300) % 3)
    with pytest.raises(ValueError, match="not fitted"):
        models.FixedThresholdClassifier(MODEL).predict(X)
