"""What all losses have in common: from many errors to one number."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, TypeVar

import numpy as np

from tinygrad_edu.diagnostics.migration_hints import LOSS_ARGUMENTS
from tinygrad_edu.diagnostics.words import answering, refuse_incomplete, refuse_unknown
from tinygrad_edu.modes import recorded, thread
from tinygrad_edu.nn.layer_tools import as_array
from tinygrad_edu.nn.loss_checks import demand_reduction, demand_sample_weight, demand_samples
from tinygrad_edu.ops.reductions import narrow, wide
from tinygrad_edu.tensor import value

COUNTS: ContextVar[list[float] | None] = ContextVar("counts", default=None)
REDUCTIONS = ("mean", "mean_with_sample_weight", "sum", "none")

Errors = TypeVar("Errors", bound=Callable)

UNCALLED = "; a Trainer takes it without brackets"
# Decorator that answers the arguments of other libraries.
answered = answering(LOSS_ARGUMENTS, UNCALLED)


def loss(per: str) -> Callable[[Errors], Errors]:
    """Decorator that makes a loss of a function that returns errors: it weights and reduces them.

    per    "number": there is an error for each number of the prediction; the loss of a sample is their
           mean over the last axis. "sample": there is one for each sample
    """

    def decorate(errors: Errors) -> Errors:
        takes, name = inspect.signature(errors), errors.__name__

        @functools.wraps(errors)
        def call(
            *args: Any, sample_weight: Any = None, reduction: str = "mean", **settings: Any
        ) -> Any:
            if not settings.keys() <= takes.parameters.keys():
                refuse_unknown(call, settings, LOSS_ARGUMENTS)
            if sample_weight is not None:
                args = weighty(sample_weight, *args)
            try:
                values = errors(*args, **settings)  # in float32, if the prediction is float16
            except TypeError:
                refuse_incomplete(errors, args, settings, UNCALLED)
                raise
            if sample_weight is None and reduction == "mean":
                y = np.mean(values)  # the mean of means of equally many numbers is that of all
                demand_samples(name, values)
                y = mean_over_ranks(y, values.size)
            else:
                if per == "number" and values.ndim > 1:
                    values = np.mean(values, axis=-1)
                y = reduced(name, values, sample_weight, reduction)
            return y.astype(np.float16) if args and _is_half(args[0]) else y

        common = [SAMPLE_WEIGHT, REDUCTION]
        call.__signature__ = takes.replace(  # type: ignore[attr-defined]
            parameters=[*takes.parameters.values(), *common]
        )
        return call  # type: ignore[return-value]

    return decorate


SAMPLE_WEIGHT = inspect.Parameter("sample_weight", inspect.Parameter.KEYWORD_ONLY, default=None)
REDUCTION = inspect.Parameter("reduction", inspect.Parameter.KEYWORD_ONLY, default="mean")


def _is_half(x: Any) -> bool:
    return hasattr(x, "dtype") and x.dtype.char == "e"


def mean_over_ranks(mean: Any, n: int) -> Any:
    """A mean over n samples; where ranks share a batch, scaled so that their mean is that of all samples."""
    share = thread.mode.share
    return mean if share is None else mean * (n / share.divisor(n))


def reduced(
    name: str, values: Any, sample_weight: Any, reduction: str, counted: np.ndarray | None = None
) -> Any:
    """The losses of samples, weighted and reduced to one number: see `losses.py`.

    counted   which values count; the mean is 0 if none does

    Raises ValueError for an unknown reduction, or weights that do not fit.
    """
    demand_reduction(name, reduction, REDUCTIONS)
    weights, given, values = None, values, wide(values)
    if sample_weight is not None:
        weights = weights_of(name, sample_weight, values.shape).astype(values.dtype)
        weights = weights if counted is None else weights * counted
        values = values * weights
    elif counted is not None:
        values = values * counted
    if reduction == "none":
        return narrow(values, given)
    total, share = np.sum(values), thread.mode.share
    if reduction == "sum":
        return narrow(total if share is None else total * share.ranks(), given)
    by_weight = reduction == "mean_with_sample_weight" and weights is not None
    n, divisor = divisor_of(values.size, weights if by_weight else None, counted)
    counts = COUNTS.get()
    if counts is not None:
        counts.append(n)
    return narrow(total / divisor, given)


@recorded
def divisor_of(size: int, weights: Any, counted: Any) -> tuple[float, float]:
    """(what the mean is over, what the sum is divided by): infinity where nothing counts, so that it is 0."""
    n = float(size if counted is None else np.count_nonzero(counted))
    n = n if weights is None else float(weights.sum())
    share = thread.mode.share
    return n, (n if share is None else share.divisor(n)) or np.inf


def weighty(sample_weight: Any, *arrays: Any) -> tuple[Any, ...]:
    """The arrays, with a sample that counts in place of samples of weight 0 that hold NaN or infinity.

    These may be padding, and 0 · NaN would be NaN.
    """
    found = [(as_array(x), *_wrong(sample_weight, as_array(x))) for x in arrays]
    return tuple(np.where(w, fill, x) if may_hold(w) else x for x, w, fill in found)


@recorded
def _wrong(sample_weight: Any, x: Any) -> tuple[Any, Any]:
    """(where samples without weight hold NaN or infinity, the first sample that counts)."""
    counts, x = np.asarray(value(sample_weight)) != 0, value(x)
    shape = counts.shape + (1,) * (x.ndim - counts.ndim)
    if counts.all() or not counts.any():
        return np.zeros(shape, bool), np.zeros(x.shape[counts.ndim :], x.dtype)
    wrong = ~np.isfinite(x).all(axis=tuple(range(counts.ndim, x.ndim))) & ~counts
    return wrong.reshape(shape), x[np.unravel_index(counts.argmax(), counts.shape)]


def may_hold(condition: Any) -> bool:
    """Does it hold anywhere? While `compile` records, it may in another call."""
    return thread.mode.tape is not None or bool(np.any(condition))


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


@recorded
def weights_of(name: str, sample_weight: Any, shape: tuple) -> np.ndarray:
    """A weight for each value of this shape, from one weight for each or one for each sample."""
    weights = np.asarray(value(sample_weight))
    demand_sample_weight(name, weights, shape)
    each = weights.reshape(weights.shape + (1,) * (len(shape) - weights.ndim))
    return np.broadcast_to(each, shape)
