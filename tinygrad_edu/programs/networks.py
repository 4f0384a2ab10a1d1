"""The two networks to choose from, and how they are trained."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from tinygrad_edu import nn
from tinygrad_edu.data.transforms import augment
from tinygrad_edu.optim import AdamW
from tinygrad_edu.optim.schedules import CosineRestarts, Warmup
from tinygrad_edu.programs.settings import Settings


def mlp(
    shape: tuple[int, ...], classes: int, dropout: float, rng: np.random.Generator
) -> nn.Module:
    """A multilayer perceptron with two hidden layers: every unit has a weight for every pixel."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(None, 256, rng=rng), nn.ReLU(), nn.Dropout(dropout, rng=rng),
        nn.Linear(256, 128, rng=rng), nn.ReLU(), nn.Dropout(dropout, rng=rng),
        nn.Linear(128, classes, rng=rng),
    ).build(shape)  # fmt: skip


def cnn(
    shape: tuple[int, ...], classes: int, dropout: float, rng: np.random.Generator
) -> nn.Module:
    """A convolutional network: two convolutions, then two dense layers.

    Strides take the place of pooling (Springenberg et al. 2015), for a quarter of the work. Pictures below 16
    pixels are too small for a stride in both convolutions.
    """
    stride = 2 if min(shape[:2]) >= 16 else 1
    return nn.Sequential(
        nn.Conv2d(shape[2], 32, 5, stride=stride, padding="same", rng=rng), nn.ReLU(),
        nn.Conv2d(32, 64, 3, stride=2, padding="same", rng=rng), nn.ReLU(),
        nn.Flatten(), nn.Dropout(dropout, rng=rng),
        nn.Linear(None, 128, rng=rng), nn.ReLU(), nn.Dropout(dropout, rng=rng),
        nn.Linear(128, classes, rng=rng),
    ).build(shape)  # fmt: skip


def network(settings: Settings, shape: tuple[int, ...], classes: int) -> nn.Module:
    """The untrained network; the same for the same seed."""
    make = {"cnn": cnn, "mlp": mlp}[settings.model]
    return make(shape, classes, settings.dropout, np.random.default_rng([settings.seed, 0]))


def augmentation(settings: Settings) -> Callable[[Any, np.random.Generator], Any]:
    """The function (pictures, rng) -> randomly changed pictures, at the strength of the settings."""
    s = settings.augment
    return partial(augment, degrees=25 * s, zoom=0.2 * s, shift=0.1 * s)


def optimizer(model: nn.Module, settings: Settings, batches: int) -> AdamW:
    """AdamW; its learning rate rises during the first twentieth of the steps and falls as a cosine to 0.

    If a run is resumed for more epochs, the rate restarts at half its height (Loshchilov and Hutter 2017).
    """
    steps = settings.epochs * batches
    rate = Warmup(CosineRestarts(settings.lr, steps, longer=1.0, lower=0.5), steps // 20 + 1)
    return AdamW(model.parameters(), lr=rate, weight_decay=settings.weight_decay)
