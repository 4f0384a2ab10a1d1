"""The settings of a training: names, defaults, limits and help of its options on the command line.

This module imports nothing, so that `--help` is quick.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

INFINITY = float("inf")


def setting(default: Any, about: str, **limits: Any) -> Any:
    """A field with its help and its limits: `at_least`, `above`, `below`, or `choices`."""
    return field(default=default, metadata={"about": about, **limits})


@dataclass(frozen=True)
class Settings:
    """The options of `train`, with defaults that were chosen on validation sets."""

    model: str = setting("cnn", "the network", choices=("cnn", "mlp"))
    epochs: int = setting(30, "train for at most N epochs", at_least=1)
    patience: int = setting(8, "stop after N epochs without a smaller validation loss", at_least=1)
    batch_size: int = setting(64, "pictures in a batch", at_least=1)
    lr: float = setting(0.002, "the highest learning rate", above=0)
    weight_decay: float = setting(0.01, "weight decay of AdamW", at_least=0)
    dropout: float = setting(0.3, "probability of dropping a unit", at_least=0, below=1)
    augment: float = setting(
        0.5,
        "strength of random changes to training pictures: at 1 they are rotated by up to 25°, zoomed by up "
        "to 20 %% and shifted by up to 10 %%, at 0 not at all",
        at_least=0,
        below=5,
    )
    validation_share: float = setting(
        0.1,
        "share of the CSV file for the validation set, which chooses the best epoch",
        above=0,
        below=1,
    )
    test_share: float = setting(
        0.1, "share of the CSV file for the test set if there is no --test", at_least=0, below=1
    )
    size: int = setting(28, "image files are scaled to N x N pixels", at_least=1)
    rgb: bool = setting(False, "keep the colors of image files")
    skip_bad: bool = setting(False, "leave out image files that cannot be read, and list them")
    seed: int = setting(0, "random seed", at_least=0)


def within(
    value: float, at_least: float = -INFINITY, above: float = -INFINITY, below: float = INFINITY
) -> bool:
    """Is a number within the limits of a setting? NaN never is."""
    return at_least <= value < below and value > above


def demand_valid(settings: Settings) -> None:
    """Raises ValueError for a setting outside its limits, as a file may have it."""
    for option in fields(settings):
        value, limits = getattr(settings, option.name), dict(option.metadata)
        about, choices = limits.pop("about"), limits.pop("choices", (value,))
        kinds = (int, float) if isinstance(option.default, float) else (type(option.default),)
        if (
            type(value) not in kinds
            or value not in choices
            or (limits and not within(value, **limits))
        ):
            raise ValueError(f"the setting {option.name}={value!r} ({about})")
