"""Boosting of a normal distribution: its natural gradient, and that it finds the spread."""

import numpy as np
import pytest

from models import DistributionBoostingRegressor, HistGradientBoostingRegressor
from models.boosting.distribution_boosting import natural_gradient
from models.boosting.losses import LOSSES

RNG = np.random.default_rng(0)
X = RNG.uniform(-2, 2, size=(1500, 2))
MEAN, SD = np.sin(2 * X[:, 0]), np.exp(0.7 * X[:, 1] - 0.5)
Y = MEAN + SD * RNG.normal(size=1500)


def test_the_natural_gradient_is_the_closed_form():
    f, y = RNG.normal(size=(30, 2)), RNG.normal(size=30)
    z = (y - f[:, 0]) / np.exp(f[:, 1])
    expected = np.column_stack([f[:, 0] - y, (1 - z**2) / 2])
    np.testing.assert_allclose(natural_gradient(LOSSES["normal"], f, y), expected, rtol=1e-12)


def test_it_finds_mean_and_spread():
    model = DistributionBoostingRegressor(max_iter=80).fit(X[:1000], Y[:1000])
    mean, sd = model.predict(X[1000:], return_std=True)
    assert np.array_equal(mean, model.predict(X[1000:]))
    assert np.corrcoef(mean, MEAN[1000:])[0, 1] > 0.85
    assert np.corrcoef(np.log(sd), np.log(SD[1000:]))[0, 1] > 0.9
    inside = np.abs(Y[1000:] - mean) < 1.96 * sd
    assert 0.87 < inside.mean() < 0.98


def test_its_likelihood_beats_a_mean_with_one_spread():
    model = DistributionBoostingRegressor(max_iter=80).fit(X[:1000], Y[:1000])
    mean, sd = model.predict(X[1000:], return_std=True)
    plain = HistGradientBoostingRegressor(max_iter=80).fit(X[:1000], Y[:1000])
    one = np.column_stack([plain.predict(X[1000:]), np.full(500, np.log(np.std(Y[:1000])))])
    losses = [
        LOSSES["normal"].mean(f, Y[1000:]) for f in (np.column_stack([mean, np.log(sd)]), one)
    ]
    assert losses[0] < losses[1] - 0.2


def test_the_loss_never_grows():
    model = DistributionBoostingRegressor(
        early_stopping=True, validation_fraction=None, max_iter=60
    )
    assert np.all(np.diff(model.fit(X, Y).train_score_) >= 0)


def test_a_constant_target_has_almost_no_spread():
    mean, sd = (
        DistributionBoostingRegressor(max_iter=300)
        .fit(X, np.full(1500, 7.0))
        .predict(X, return_std=True)
    )
    np.testing.assert_allclose(mean, 7.0, rtol=1e-9)
    assert sd.max() < 1e-9 and sd.min() > 0


def test_weights_move_the_mean():
    weight = np.where(Y > MEAN, 3.0, 1.0)
    heavy = DistributionBoostingRegressor(max_iter=30).fit(X, Y, sample_weight=weight)
    plain = DistributionBoostingRegressor(max_iter=30).fit(X, Y)
    assert np.mean(heavy.predict(X) - plain.predict(X)) == pytest.approx(0.45, abs=0.15)
