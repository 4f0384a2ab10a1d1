"""Conformal intervals: they contain the target as often as they promise, for any model and distribution."""

import math

import numpy as np
import pytest

import models
from models.inspection.conformal import quantile_of


def covered(level, model, noise, rounds=300):
    """The part of new targets in their intervals, over new data of the same distribution."""
    rng, found = np.random.default_rng(0), []
    for seed in range(rounds):
        X = rng.normal(size=(100, 2))
        y = np.sin(2 * X[:, 0]) + noise(rng, 100) * (1 + np.abs(X[:, 1]))
        conformal = models.ConformalRegressor(model, confidence_level=level, random_state=seed)
        low, high = conformal.fit(X[:60], y[:60]).predict_interval(X[60:]).T
        found.append(np.mean((low <= y[60:]) & (y[60:] <= high)))
    return np.mean(found), np.std(found) / math.sqrt(rounds)


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9])
@pytest.mark.parametrize(
    "noise", [lambda r, n: r.standard_cauchy(n), lambda r, n: r.exponential(size=n)]
)
def test_the_coverage_is_as_promised(level, noise):
    """At least the level, at most 1/16 more, as 15 rows calibrate; of a wrong model, with wild errors."""
    mean, error = covered(level, models.Ridge(), noise)
    assert level - 4 * error <= mean <= level + 1 / 16 + 4 * error


def test_intervals():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(200, 3))
    y = X[:, 0] + rng.normal(size=200)
    model = models.ConformalRegressor(models.Ridge(), random_state=0).fit(X, y)
    low, high = model.predict_interval(X).T
    np.testing.assert_allclose((low + high) / 2, model.predict(X))
    np.testing.assert_allclose(high - low, 2 * model.quantile_)
    assert len(model.errors_) == 50 and model.quantile_ == model.errors_[math.ceil(51 * 0.9) - 1]
    wide = model.predict_interval(X, confidence_level=0.99)
    assert np.isinf(wide).all()  # 51 · 0.99 > 50: too few rows for so much confidence
    assert quantile_of(np.array([1.0, 2.0, 3.0]), 0.5) == 2.0


def test_mistakes():
    with pytest.raises(ValueError, match="confidence_level"):
        models.ConformalRegressor(models.Ridge(), confidence_level=1).fit(
            np.zeros((4, 1)), np.zeros(4)
        )
    with pytest.raises(ValueError, match="n_samples=1"):
        models.ConformalRegressor(models.Ridge()).fit([[1.0]], [1.0])
