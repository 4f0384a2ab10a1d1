"""The search for a learning rate."""

import math

import numpy as np
import pytest

from tinygrad_edu import nn, optim
from tinygrad_edu.optim.schedules import Cosine


def valley(curvature=4.0, accumulate=1):
    model = nn.Sequential(nn.Linear(1, 1, bias=False, rng=0, dtype=float))
    model[0].W.data[...] = 1.0
    optimizer = optim.SGD(model.parameters(), 0.01, momentum=0.5, accumulate=accumulate)

    def step():
        optimizer.zero_grad()
        loss = curvature / 2 * np.square(model(np.ones((1, 1)))).sum()
        loss.backward()
        optimizer.step()
        return loss.item()

    return model, optimizer, step


def test_rates_are_swept_and_everything_is_as_before():
    model, optimizer, step = valley(accumulate=2)
    for _ in range(3):
        step()
    before = str(optimizer.state_dict()), str(model.state_dict())
    found = optim.find_lr(step, model, optimizer, low=1e-5, high=10, steps=60)
    assert (str(optimizer.state_dict()), str(model.state_dict())) == before
    wanted = 1e-5 * (1e6 ** (np.arange(len(found.lrs)) / 59))
    np.testing.assert_allclose(found.lrs, wanted, rtol=1e-12)
    assert 3 < len(found.losses) < 60, "it ends when the loss explodes"
    assert found.suggestion in found.lrs


def test_the_losses_are_a_running_mean_and_the_suggestion_their_steepest_fall():
    model, optimizer, _ = valley()
    lrs, losses = [], iter([5.0, 5.0, 4.5, 3.0, 1.0, 0.9, 2.0, 80.0, 1.0])

    def step():
        lrs.append(optimizer.lr)
        return next(losses)

    found = optim.find_lr(step, model, optimizer, low=1e-4, high=1e4, steps=9, smoothing=0.0)
    assert found.losses.tolist() == [5.0, 5.0, 4.5, 3.0, 1.0, 0.9, 2.0]
    np.testing.assert_allclose(lrs, 10.0 ** np.arange(-4, 4))
    assert found.suggestion == pytest.approx(0.1)  # (4.5 - 1.0) / 2 is the steepest

    losses = iter([4.0, 1.0, 1.0])
    found = optim.find_lr(step, model, optimizer, steps=3, smoothing=0.5)
    # 2 / 0.5; (1 + 0.5) / 0.75; (0.75 + 0.5) / 0.875
    np.testing.assert_allclose(found.losses, [4.0, 2.0, 10 / 7])


def test_a_schedule_comes_back_and_a_refused_loss_ends_the_sweep():
    model, optimizer, step = valley()
    optimizer.lr = schedule = Cosine(0.5, 10)

    def careful():
        if optimizer.lr > 0.01:
            raise FloatingPointError("not finite")
        return step()

    found = optim.find_lr(careful, model, optimizer)
    assert optimizer.lr is schedule and optimizer.t == 0
    assert found.lrs.max() <= 0.01 and math.isfinite(found.losses.sum())


def test_what_the_finder_refuses():
    model, optimizer, step = valley()
    for settings, words in [
        ({"low": 0}, "low must be a positive number, not 0"),
        ({"high": 1e-8}, "high must be above low, 1e-07, not 1e-08"),
        ({"steps": 2}, "steps must be a whole number, 3 or more, not 2"),
        ({"smoothing": 1}, "smoothing must be from 0 to below 1, not 1"),
        ({"stop_at": 1}, "stop_at must be above 1, not 1"),
    ]:
        with pytest.raises(ValueError, match=words):
            optim.find_lr(step, model, optimizer, **settings)
    before = str(optimizer.state_dict()), str(model.state_dict())
    with pytest.raises(
        ValueError, match="the loss stayed finite for 0 steps only, from lr 1e-07 on"
    ):
        optim.find_lr(lambda: step() * np.nan, model, optimizer)
    assert (str(optimizer.state_dict()), str(model.state_dict())) == before
