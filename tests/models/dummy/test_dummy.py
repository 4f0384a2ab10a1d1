"""Predictions that do not depend on X, equal to scikit-learn's with the same seed."""

import numpy as np
import pytest

import models
from models.dummy import DummyClassifier, DummyRegressor

theirs = pytest.importorskip("sklearn.dummy")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 2))
LABELS = np.array(["a", "b", "b", "c"])[RNG.integers(0, 4, 40)]
Y = RNG.normal(size=(40, 2))
WEIGHT = RNG.integers(1, 5, 40).astype(float)


@pytest.mark.parametrize(
    "strategy", ["prior", "most_frequent", "stratified", "uniform", "constant"]
)
@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_classifier(strategy, weight):
    settings = {"strategy": strategy, "constant": "c", "random_state": 3}
    ours = DummyClassifier(**settings).fit(X, LABELS, weight)
    other = theirs.DummyClassifier(**settings).fit(X, LABELS, weight)
    np.testing.assert_allclose(ours.class_prior_, other.class_prior_, rtol=1e-15)
    np.testing.assert_array_equal(ours.predict(X), other.predict(X))
    np.testing.assert_allclose(ours.predict_proba(X), other.predict_proba(X), rtol=1e-15)
    assert ours.score(None, LABELS) == other.score(None, LABELS) == ours.score(X, LABELS)


@pytest.mark.parametrize("weight", [None, WEIGHT])
@pytest.mark.parametrize("y", [Y, Y[:, 0]], ids=["two", "one"])
@pytest.mark.parametrize(
    "settings",
    [
        {"strategy": "mean"},
        {"strategy": "median"},
        {"strategy": "quantile", "quantile": 0.3},
        {"strategy": "quantile", "quantile": 1.0},
        {"strategy": "constant", "constant": 2.0},
    ],
)
def test_regressor(settings, y, weight):
    if "constant" in settings and y.ndim == 2:
        settings = {**settings, "constant": [1.0, 2.0]}
    ours = DummyRegressor(**settings).fit(X, y, weight)
    other = theirs.DummyRegressor(**settings).fit(X, y, weight)
    np.testing.assert_allclose(ours.predict(X), other.predict(X), rtol=1e-14)
    np.testing.assert_allclose(np.ravel(ours.constant_), np.ravel(other.constant_), rtol=1e-14)
    assert ours.score(None, y) == pytest.approx(other.score(None, y), abs=1e-14)
    found, deviation = ours.predict(X, return_std=True)
    assert found.shape == deviation.shape == y.shape and not deviation.any()


def test_x_may_be_anything():
    texts = ["one", "two", "three"]
    assert list(DummyClassifier().fit(texts, [1, 1, 0]).predict(texts[:2])) == [1, 1]
    assert list(DummyRegressor().fit(texts, [1.0, 2.0, 3.0]).predict(["x"])) == [2.0]
    assert models.DummyClassifier is DummyClassifier


@pytest.mark.parametrize(
    "model, kind, message",
    [
        (DummyClassifier(strategy="constant"), ValueError, "has to be specified"),
        (
            DummyClassifier(strategy="constant", constant=7),
            ValueError,
            "present in the training data",
        ),
        (DummyClassifier(strategy="mean"), ValueError, "strategy"),
        (DummyRegressor(strategy="constant"), TypeError, "has to be specified"),
        (DummyRegressor(strategy="constant", constant=[1, 2]), ValueError, r"shape \(1, 1\)"),
        (DummyRegressor(strategy="quantile"), ValueError, "specify the desired quantile"),
    ],
)
def test_refusals(model, kind, message):
    with pytest.raises(kind, match=message):
        model.fit(X, np.arange(40) % 2)
