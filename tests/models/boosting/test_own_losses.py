"""Losses that a learner writes: boosting lowers them, however their curvature falls or grows."""

import numpy as np
import pytest

from models import GradientBoostingRegressor, HistGradientBoostingRegressor
from models.boosting.losses import Loss
from models.boosting.steps import downhill
from models.datasets import load_diabetes

X, y = load_diabetes(return_X_y=True)
OWN = {
    "√(1 + e²)": lambda f, y: np.sqrt(1 + (f - y) ** 2),
    "log cosh": lambda f, y: np.logaddexp(f - y, y - f),
    "exp f - y f": lambda f, y: np.exp(f) - y * f,
    "linex": lambda f, y: np.exp(f - y) - (f - y) - 1,
    "e⁴": lambda f, y: (f - y) ** 4,
}


@pytest.mark.parametrize("name", OWN)
def test_every_tree_lowers_the_loss(name):
    booster = GradientBoostingRegressor(loss=OWN[name], n_estimators=30, random_state=0).fit(X, y)
    losses = booster.train_score_
    assert (np.diff(losses) < 0).all()
    constant = np.mean(OWN[name](np.full(len(y), booster.init_), y))
    assert losses[-1] == pytest.approx(np.mean(OWN[name](booster.predict(X), y)))
    assert losses[-1] < losses[0] < constant


@pytest.mark.parametrize("monotonic_cst", [None, [0, 0, 1, 0, 0, 0, 0, 0, 1, 0]])
@pytest.mark.parametrize("name", OWN)
def test_histograms_lower_it_too_and_keep_what_is_monotonic(name, monotonic_cst):
    settings = {"early_stopping": False, "max_iter": 30, "monotonic_cst": monotonic_cst}
    booster = HistGradientBoostingRegressor(loss=OWN[name], **settings).fit(X, y)
    losses = [np.mean(OWN[name](f, y)) for f in booster.staged_predict(X)]
    assert (np.diff(losses) < 1e-12 * np.abs(losses[0])).all() and losses[-1] < losses[1]
    if monotonic_cst:
        line = np.tile(X[0], (50, 1))
        line[:, 2] = np.linspace(X[:, 2].min(), X[:, 2].max(), 50)
        assert (np.diff(booster.predict(line)) >= 0).all()


def test_the_poisson_loss_by_hand_is_the_one_with_that_name():
    counts = np.random.default_rng(0).poisson(np.exp(4 * X[:, 2] + 1)).astype(float)
    settings = {"early_stopping": False, "max_iter": 20}
    own = HistGradientBoostingRegressor(loss=OWN["exp f - y f"], **settings).fit(X, counts)
    named = HistGradientBoostingRegressor(loss="poisson", **settings).fit(X, counts)
    np.testing.assert_allclose(np.exp(own.predict(X)), named.predict(X), rtol=1e-6)


def test_a_step_is_halved_as_often_as_needed():
    loss = Loss(OWN["log cosh"])
    f, target = np.zeros(4), np.array([1.0, 1.0, -3.0, -3.0])
    group = np.array([0, 0, 1, 1])
    np.testing.assert_array_equal(
        downhill(loss, f, target, None, group, np.array([1.5, -1e200])), [1.5, -1e200 * 0.5**662]
    )
    long = downhill(loss, f, target, None, group, np.array([1e200, -6.5]))
    assert 1 < long[0] <= 2 < 2 * long[0] and long[1] == -3.25


def test_what_is_no_loss_of_f():
    for wrong in (lambda f, y: y**2, lambda f, y: (f.data - y) ** 2, lambda f, y: [1.0] * len(y)):
        with pytest.raises(TypeError, match="which does not remember f"):
            GradientBoostingRegressor(loss=wrong).fit(X, y)


def test_a_loss_with_an_if_of_whole_arrays():
    def branching(f, y):
        return y - f if y > f else f - y

    for wrong in (branching, lambda f, y: max(y - f, f - y)):
        with pytest.raises(
            ValueError, match=r"whole array is true(?s:.*)Try: np\.where\(y > f, a, b\)"
        ):
            GradientBoostingRegressor(loss=wrong).fit(X, y)
