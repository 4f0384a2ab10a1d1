"""What all losses have in common: from many errors to one number."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.migration_hints import LOSS_ARGUMENTS
from tinygrad_edu.diagnostics.words import answering
from tinygrad_edu.nn.loss_checks import demand_reduction, demand_sample_weight
from tinygrad_edu.tensor import value

COUNTS: ContextVar[list[float] | None] = ContextVar("counts", default=None)
REDUCTIONS = ("mean", "mean_with_sample_weight", "sum", "none")

loss = answering(LOSS_ARGUMENTS)  # the decorator of a loss: answers arguments of other libraries


def reduced_errors(name: str, errors: Any, sample_weight: Any, reduction: str) -> Any:
    """`reduced` of the losses of samples, which are the means over the last axis of errors (n, ..., d)."""
    if sample_weight is None and reduction == "mean":
        return np.mean(errors)  # the mean of means of equally many numbers is the mean of all
    values = np.mean(errors, axis=-1) if errors.ndim > 1 else errors
    return reduced(name, values, sample_weight, reduction)


def reduced(
    name: str, values: Any, sample_weight: Any, reduction: str, counted: np.ndarray | None = None
) -> Any:
    """The losses of samples, weighted and reduced to one number: see `losses.py`.

    counted   which values count; the mean is 0 if none does

    Raises ValueError for an unknown reduction, or weights that do not fit.
    """
    demand_reduction(name, reduction, REDUCTIONS)
    weights = None
    if sample_weight is not None:
        weights = weights_of(name, sample_weight, values.shape).astype(values.dtype)
        weights = weights if counted is None else weights * counted
        values = values * weights
    elif counted is not None:
        values = values * counted
    if reduction == "none":
        return values
    total = np.sum(values)
    if reduction == "sum":
        return total
    n = float(values.size if counted is None else np.count_nonzero(counted))
    if reduction == "mean_with_sample_weight" and weights is not None:
        n = float(weights.sum())
    counts = COUNTS.get()
    if counts is not None:
        counts.append(n)
    return total / n if n else total * 0


class counting:
    """Context that collects what each loss is a mean over: the number of samples, or the sum of weights.

    A mean over the batches of an epoch needs it, if samples are ignored. The list stays empty if all count.
    """

    def __enter__(self) -> list[float]:
        counts: list[float] = []
        self.token = COUNTS.set(counts)
        return counts

    def __exit__(self, *_: object) -> None:
        COUNTS.reset(self.token)


def weights_of(name: str, sample_weight: Any, shape: tuple) -> np.ndarray:
    """A weight for each value of this shape, from one weight for each or one for each sample."""
    weights = np.asarray(value(sample_weight))
    demand_sample_weight(name, weights, shape)
    each = weights.reshape(weights.shape + (1,) * (len(shape) - weights.ndim))
    return np.broadcast_to(each, shape)
