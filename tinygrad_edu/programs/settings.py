"""What a training can be told, and the two networks to choose from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from tinygrad_edu import nn
from tinygrad_edu.data.transforms import augment
from tinygrad_edu.optim import AdamW
from tinygrad_edu.optim.schedules import CosineRestarts, Warmup


@dataclass(frozen=True)
class Settings:
    """The words of the command line, with the values that were found best on validation sets.

    augment    0 shows the pictures as they are, 1 turns them by up to 25°, zooms by 20 % and shifts by 10 %
    """

    model: str = "cnn"
    epochs: int = 30
    batch_size: int = 64
    lr: float = 0.002
    weight_decay: float = 0.01
    dropout: float = 0.3
    patience: int = 8
    augment: float = 0.5
    validation: float = 0.1
    test: float = 0.1
    size: int = 28
    rgb: bool = False
    skip_bad: bool = False
    seed: int = 0


def mlp(
    shape: tuple[int, ...], classes: int, dropout: float, rng: np.random.Generator
) -> nn.Module:
    """Two hidden layers: every pixel is weighed against every unit, wherever it lies."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(None, 256, rng=rng), nn.ReLU(), nn.Dropout(dropout, rng=rng),
        nn.Linear(256, 128, rng=rng), nn.ReLU(), nn.Dropout(dropout, rng=rng),
        nn.Linear(128, classes, rng=rng),
    ).build(shape)  # fmt: skip


def cnn(
    shape: tuple[int, ...], classes: int, dropout: float, rng: np.random.Generator
) -> nn.Module:
    """Two convolutions, the same small kernels at every place, and two dense layers.

    Strides take the place of pooling (Springenberg et al. 2015): a quarter of the work, as what pooling
    throws away is not computed. Pictures below 16 pixels are too small to skip every other place at once.
    """
    stride = 2 if min(shape[:2]) >= 16 else 1
    return nn.Sequential(
        nn.Conv2d(shape[2], 32, 5, stride=stride, padding="same", rng=rng), nn.ReLU(),
        nn.Conv2d(32, 64, 3, stride=2, padding="same", rng=rng), nn.ReLU(),
        nn.Flatten(), nn.Dropout(dropout, rng=rng),
        nn.Linear(None, 128, rng=rng), nn.ReLU(), nn.Dropout(dropout, rng=rng),
        nn.Linear(128, classes, rng=rng),
    ).build(shape)  # fmt: skip


MODELS = {"cnn": cnn, "mlp": mlp}


def network(settings: Settings, shape: tuple[int, ...], classes: int) -> nn.Module:
    """The network before its first step; the same for the same seed."""
    rng = np.random.default_rng([settings.seed, 0])
    return MODELS[settings.model](shape, classes, settings.dropout, rng)


def moved(settings: Settings) -> Callable[[Any, np.random.Generator], Any]:
    """(pictures, rng) -> the same, each moved about anew: `augment` at the strength of the settings."""
    s = settings.augment
    return partial(augment, degrees=25 * s, zoom=0.2 * s, shift=0.1 * s)


def optimizer(model: nn.Module, settings: Settings, batches: int) -> AdamW:
    """AdamW; the learning rate rises in the first twentieth of the steps and falls as a cosine to 0.

    In epochs beyond those of the settings, which a run may be given later, it falls so again, from half as
    high (Loshchilov and Hutter 2017).
    """
    steps = settings.epochs * batches
    rate = Warmup(CosineRestarts(settings.lr, steps, longer=1.0, lower=0.5), steps // 20 + 1)
    return AdamW(model.parameters(), lr=rate, weight_decay=settings.weight_decay)
