"""A search for the learning rate: try them all, from much too small to much too large."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.nn.module import Module
from tinygrad_edu.optim.checks import check_fraction, check_number, check_positive, check_whole
from tinygrad_edu.optim.optimizer import Optimizer


class LearningRates(NamedTuple):
    """The learning rates tried, the smoothed losses there, both (n,), and the one suggested."""

    lrs: np.ndarray
    losses: np.ndarray
    suggestion: float


def find_lr(
    step: Callable[[], float],
    model: Module,
    optimizer: Optimizer,
    *,
    low: float = 1e-7,
    high: float = 10.0,
    steps: int = 100,
    smoothing: float = 0.9,
    stop_at: float = 4.0,
) -> LearningRates:
    """Trains with a learning rate that grows from `low` to `high` step by step, then undoes it all.

        lr_i = low (high / low)^(i / (steps - 1))
        a ← β a + (1 - β) loss,   losses[i] = a / (1 - β^{i + 1})

    step        takes one training step with the optimizer and returns the loss before it
    smoothing   β
    stop_at     ends when the smoothed loss is this many times the smallest so far, or not finite

    The suggestion is where the smoothed loss falls fastest with ln lr. (Smith 2017 takes the range up to
    where it stops falling.) Groups with a learning rate of their own keep it. Afterwards the optimizer and
    the model's parameters and buffers are as before; random generators that `step` used are not.

    Raises ValueError for settings out of their range, or if the loss stays finite for less than three steps.
    """
    check_positive("low", low)
    check_number("high", high, f"above low, {low}", lambda x: x > low)
    check_number("stop_at", stop_at, "above 1", lambda x: x > 1)
    check_fraction("smoothing", smoothing)
    check_whole("steps", steps, 3)

    lr, state = optimizer.lr, optimizer.state_dict()
    weights = model.state_dict()
    lrs: list[float] = []
    losses: list[float] = []
    average = 0.0
    try:
        for i in range(steps):
            rate = low * (high / low) ** (i / (steps - 1))
            optimizer.lr = rate
            try:
                loss = float(step())
            except FloatingPointError:  # a Trainer's step refuses a loss that is not finite
                break
            average = smoothing * average + (1 - smoothing) * loss
            smooth = average / (1 - smoothing ** (i + 1))
            if not math.isfinite(smooth) or (losses and smooth > stop_at * min(losses) > 0):
                break
            lrs.append(rate)
            losses.append(smooth)
    finally:
        optimizer.lr = lr
        optimizer.load_state_dict(state)
        model.load_state_dict(weights)
    if len(lrs) < 3:
        raise refusal(
            ValueError,
            f"find_lr: the loss stayed finite for {len(lrs)} steps only, from lr {low} on.",
            "a smaller low, or a look at the data",
        )
    slopes = np.gradient(np.array(losses), np.log(lrs))
    return LearningRates(np.array(lrs), np.array(losses), lrs[int(slopes.argmin())])
