"""Targets in the form that the formulas of losses need."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.nn.layer_tools import as_array
from tinygrad_edu.nn.loss_checks import (
    demand_labels,
    demand_one_output,
    demand_pair,
    demand_range,
    demand_signs,
    demand_smoothing,
)
from tinygrad_edu.ops.reductions import wide
from tinygrad_edu.tensor import value


def yes_or_no(name: str, prediction: Any, target: Any, smoothing: float) -> tuple[Any, Any]:
    """(x, t): the prediction, and targets 0 ... 1 moved toward ½ by the smoothing."""
    demand_smoothing(name, smoothing)
    x, t = demand_pair(name, prediction, target)
    demand_range(name, "targets", t, 0, 1, "0 for no, 1 for yes")
    return x, t * (1 - smoothing) + smoothing / 2 if smoothing else t


def signs(name: str, target: Any) -> Any:
    """Targets -1 and 1, from these or from 0 and 1."""
    t = value(target)
    if ((t == 0) | (t == 1)).all():
        return 2 * target - 1
    demand_signs(name, t)
    return target


def one_hot(labels: np.ndarray, classes: int, dtype: Any) -> np.ndarray:
    """1 at the label and 0 elsewhere, along a new last axis."""
    return (labels[..., None] == np.arange(classes)).astype(dtype)


def one_per_class(name: str, prediction: Any, labels: Any, smoothing: float = 0) -> tuple[Any, Any]:
    """(x, t): the prediction, and a probability for each class, from these or from labels."""
    demand_one_output(name, prediction)
    x = as_array(prediction)
    labels, dense, _ = demand_labels(name, x, labels)
    x = wide(x)
    t = labels if dense else one_hot(labels, x.shape[-1], x.dtype)
    return x, smoothed(name, t, smoothing)


def smoothed(name: str, t: Any, smoothing: float) -> Any:
    """Probabilities t of K classes, moved toward 1 / K."""
    demand_smoothing(name, smoothing)
    return t * (1 - smoothing) + smoothing / t.shape[-1] if smoothing else t
