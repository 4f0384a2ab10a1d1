"""Calibrated probabilities: scikit-learn's."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

import sklearn.calibration as theirs
import sklearn.frozen
from models.frozen import FrozenEstimator
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import LinearSVC

import models
from models.composition import calibration, calibration_curve
from models.metrics import brier_score_loss
from models.selection import train_test_split

B, T = load_breast_cancer(return_X_y=True)
X, Y = load_iris(return_X_y=True)
NAMES = np.array(["no", "yes"])[T]


@pytest.mark.parametrize("method", ["sigmoid", "isotonic", "temperature"])
@pytest.mark.parametrize("ensemble", [True, False])
@pytest.mark.parametrize("part", [GaussianNB(), LinearSVC(), LogisticRegression(max_iter=500)])
def test_the_same_probabilities(part, ensemble, method):
    for x, y in ((B[:, :4] / B[:, :4].std(axis=0), NAMES), (X, Y)):
        given = {"method": method, "ensemble": ensemble, "cv": 3}
        ours = models.CalibratedClassifierCV(part, **given).fit(x, y)
        expected = theirs.CalibratedClassifierCV(part, **given).fit(x, y)
        found, wanted = ours.predict_proba(x), expected.predict_proba(x)
        np.testing.assert_allclose(found, wanted, atol=2e-4 if method == "sigmoid" else 1e-9)


def test_isotonic_functions():
    rng = np.random.default_rng(0)
    for n in (1, 2, 50):
        f, y, weight = np.round(rng.normal(size=n), 1), rng.integers(0, 2, n), rng.random(n)
        expected = IsotonicRegression(out_of_bounds="clip").fit(f, y, weight)
        points = np.linspace(-4, 4, 99)
        found = calibration.Isotonic(f, y, weight)(points)
        np.testing.assert_allclose(found, expected.predict(points), atol=1e-12)


def test_it_makes_probabilities_better():
    x, x_test, y, y_test = train_test_split(B, T, random_state=0)
    plain = models.GaussianNB().fit(x, y)
    ours = models.CalibratedClassifierCV(models.GaussianNB(), method="isotonic").fit(x, y)
    losses = [brier_score_loss(y_test, m.predict_proba(x_test)[:, 1]) for m in (plain, ours)]
    assert losses[1] < losses[0]
    assert models.CalibratedClassifierCV().fit(X, Y).score(X, Y) > 0.8


def test_curve():
    rng = np.random.default_rng(1)
    p = rng.random(80)
    y = (rng.random(80) < p).astype(int)
    for given in ({}, {"n_bins": 7, "strategy": "quantile"}):
        for a, b in zip(
            calibration_curve(y, p, **given), theirs.calibration_curve(y, p, **given), strict=True
        ):
            np.testing.assert_allclose(a, b)
    with pytest.raises(ValueError, match="outside"):
        calibration_curve(y, 2 * p)
    with pytest.raises(ValueError, match="less than 3 examples"):
        models.CalibratedClassifierCV(cv=3).fit(X[:100], [0] * 98 + [1] * 2)


@pytest.mark.parametrize("method", ["sigmoid", "isotonic", "temperature"])
@pytest.mark.parametrize("part", [GaussianNB(), LinearSVC(tol=1e-8)])
@pytest.mark.parametrize("classes", [2, 3])
def test_weights_and_two_classes(part, method, classes):
    """With weights, of two classes and of three; ties of the scores as well."""
    rows = classes > Y
    x, y = np.round(X[rows], 1), np.array(["a", "b", "c"])[Y[rows]]
    weight = np.random.default_rng(0).integers(0, 4, len(y)) + 0.0
    ours = models.CalibratedClassifierCV(part, method=method, cv=3).fit(x, y, weight)
    expected = theirs.CalibratedClassifierCV(part, method=method, cv=3).fit(x, y, weight)
    tolerance = {"sigmoid": 2e-4, "isotonic": 1e-9, "temperature": 1e-6}[method]
    np.testing.assert_allclose(ours.predict_proba(x), expected.predict_proba(x), atol=tolerance)


@pytest.mark.parametrize("method", ["sigmoid", "isotonic", "temperature"])
def test_a_frozen_classifier_is_calibrated_by_all_rows(method):
    train, rest = np.arange(150) % 2 == 0, np.arange(150) % 2 == 1
    fitted = GaussianNB().fit(X[train], Y[train])
    ours = models.CalibratedClassifierCV(FrozenEstimator(fitted), method=method).fit(
        X[rest], Y[rest]
    )
    other = sklearn.frozen.FrozenEstimator(fitted)
    expected = theirs.CalibratedClassifierCV(other, method=method).fit(X[rest], Y[rest])
    same = models.CalibratedClassifierCV(other, method=method).fit(X[rest], Y[rest])
    assert len(ours.calibrated_classifiers_) == 1
    assert ours.calibrated_classifiers_[0][0].estimator is fitted
    tolerance = 2e-4 if method == "sigmoid" else 1e-6
    np.testing.assert_allclose(ours.predict_proba(X), expected.predict_proba(X), atol=tolerance)
    np.testing.assert_array_equal(ours.predict_proba(X), same.predict_proba(X))


def test_temperature_of_scores_that_separate():
    """β is at its bound; and a temperature changes no prediction."""
    f = np.array([[1.0, -1.0], [-1.0, 1.0]])
    separated = calibration.Temperature(f, np.array([0, 1]), np.ones(2))
    assert separated.beta > 300  # from there on the loss is 0
    np.testing.assert_allclose(separated(f), np.eye(2), atol=1e-300)
    assert calibration.Temperature(f, np.array([1, 0]), np.ones(2)).beta == pytest.approx(
        np.exp(-10)
    )
    part = LogisticRegression(max_iter=1000)
    model = models.CalibratedClassifierCV(part, method="temperature", ensemble=False).fit(X, Y)
    np.testing.assert_array_equal(model.predict(X), part.fit(X, Y).predict(X))
