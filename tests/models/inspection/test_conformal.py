"""Intervals contain the target as often as theory says: the number of hits has a known distribution."""

import numpy as np
import pytest

from models import DecisionTreeRegressor, Ridge, SplitConformalRegressor


def draw(rng, rows):
    """Errors that are neither normal nor of one size."""
    X = rng.uniform(-2, 2, size=(rows, 2))
    return X, np.sin(2 * X[:, 0]) + (0.2 + X[:, 1] ** 2) * rng.standard_t(3, size=rows)


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_the_coverage_is_within_the_bounds_of_the_theorem(level):
    """Over data sets the coverage is Beta(k, n + 1 - k), whatever the distribution of the errors."""
    n, k, rng = 39, int(np.ceil(40 * level)), np.random.default_rng(0)
    covered = []
    for seed in range(300):
        X, y = draw(rng, 52)
        model = SplitConformalRegressor(Ridge(), confidence_level=level, calibration_size=0.75)
        model.set_params(random_state=seed).fit(X, y)
        assert model.n_calibration_ == n
        X, y = draw(rng, 400)
        low, high = model.predict_interval(X).T
        covered.append(np.mean((low <= y) & (y <= high)))
    mean, variance = k / (n + 1), k * (n + 1 - k) / ((n + 1) ** 2 * (n + 2))
    assert level <= mean <= level + 1 / (n + 1)
    assert abs(np.mean(covered) - mean) < 4 * np.sqrt(variance / 300)
    expected = variance + mean * (1 - mean) / 400
    assert np.var(covered) == pytest.approx(expected, rel=0.4)


def test_the_width_is_an_order_statistic_of_the_errors_that_were_not_trained_on():
    X, y = draw(np.random.default_rng(1), 100)
    model = SplitConformalRegressor(DecisionTreeRegressor(), random_state=0).fit(X, y)
    held = np.random.RandomState(0).permutation(100)[:25]
    trained = np.setdiff1d(np.arange(100), held)
    inside = np.abs(y[held] - model.predict(X[held])) <= model.half_width_
    assert inside.sum() == np.ceil(26 * 0.9) == 24
    np.testing.assert_allclose(model.predict(X[trained]), y[trained])  # a full tree repeats them
    assert model.predict_interval(X).shape == (100, 2)


def test_too_few_rows_for_the_promise():
    X, y = draw(np.random.default_rng(1), 20)
    with pytest.raises(ValueError, match=r"n_samples=20, of which 5[\s\S]*take 9, and others"):
        SplitConformalRegressor().fit(X, y)
