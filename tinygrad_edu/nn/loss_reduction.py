"""What all losses have in common: a prediction beside its target, and one number of many."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.migration_hints import LOSS_ARGUMENTS
from tinygrad_edu.diagnostics.words import answering, refusal
from tinygrad_edu.tensor import Tensor, value

REDUCTIONS = ("mean", "mean_with_sample_weight", "sum", "none")

loss = answering(LOSS_ARGUMENTS)  # makes a function a loss


def demand_pair(name: str, prediction: Any, target: Any, least: int = 0) -> tuple[Any, Any]:
    """Both as arrays or Tensors of one shape; a target that is no Tensor in the prediction's precision.

    Raises ValueError if the shapes differ, have fewer axes than `least`, or hold no sample; TypeError
    for what is no number.
    """
    shape, wanted = np.shape(value(prediction)), np.shape(value(target))
    if shape != wanted:
        raise refusal(
            ValueError,
            f"{name}: prediction {shape} and target {wanted} differ in "
            f"shape.{_what_broadcasting_would_do(shape, wanted)}",
            f"{_what_to_reshape(shape, wanted)}",
        )
    if 0 in shape:
        raise refusal(ValueError, f"{name}: an empty batch, {shape}, has no mean.")
    if len(shape) < least:
        raise refusal(
            ValueError,
            f"{name}: prediction and target are vectors along a last axis, (n, d), not {shape}.",
            "x[None] for one sample",
        )
    if not isinstance(prediction, Tensor):
        prediction = np.asarray(prediction)
    if not isinstance(target, Tensor):
        target = np.asarray(target)
        if target.dtype.kind not in "fiub":
            raise refusal(TypeError, f"{name}: a target is numbers, not {target.dtype}.")
        if prediction.dtype.kind == "f":
            # a target does not raise the precision
            target = target.astype(prediction.dtype, copy=False)
    return prediction, target


def demand_range(name: str, what: str, x: Any, least: float, most: float, hint: str) -> None:
    """Raises ValueError unless all numbers lie between the two, but for rounding."""
    x = np.asarray(value(x))
    slack = 1e-5 if most == 1 else 0.0
    if x.min() < least - slack or x.max() > most + slack:
        wanted = f"within {least} ... {most}" if np.isfinite(most) else f"not below {least}"
        raise refusal(
            ValueError,
            f"{name}: {what} are {wanted}, but these run from {x.min():.4g} to {x.max():.4g}.",
            f"{hint}",
        )


def reduced_errors(name: str, errors: Any, sample_weight: Any, reduction: str) -> Any:
    """Of errors (n, ..., d): their mean over the last axis is the loss of a sample, and then `reduced`."""
    if sample_weight is None and reduction == "mean":
        return np.mean(errors)  # of equally many numbers each, the mean of means is the mean of all
    values = np.mean(errors, axis=-1) if errors.ndim > 1 else errors
    return reduced(name, values, sample_weight, reduction)


def reduced(
    name: str, values: Any, sample_weight: Any, reduction: str, counted: np.ndarray | None = None
) -> Any:
    """The losses of samples, weighted and made one number: see `losses.py`.

    counted   which values are those of samples; without any of them the mean is 0

    Raises ValueError for another reduction, or weights that do not fit.
    """
    if reduction not in REDUCTIONS:
        raise refusal(
            ValueError,
            f"{name}(reduction={reduction!r}): one of {', '.join(map(repr, REDUCTIONS))}.",
        )
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
    return total / n if n else total * 0


def weights_of(name: str, sample_weight: Any, shape: tuple) -> np.ndarray:
    """One weight for each value of a shape: given as such, or one for each sample."""
    weights = np.asarray(value(sample_weight))
    if weights.dtype.kind not in "fiub" or not np.isfinite(weights).all():
        raise refusal(ValueError, f"{name}: sample_weight holds weights that are no numbers.")
    if weights.shape != shape[: weights.ndim] or (shape and not weights.ndim):
        hint = "one weight for each sample"
        if weights.shape == (*shape[:1], 1):
            hint = "sample_weight[:, 0]"
        raise refusal(
            ValueError,
            f"{name}: sample_weight {weights.shape} does not fit the losses {shape} of the "
            "samples.",
            f"{hint}",
        )
    each = weights.reshape(weights.shape + (1,) * (len(shape) - weights.ndim))
    return np.broadcast_to(each, shape)


def _what_broadcasting_would_do(shape: tuple, wanted: tuple) -> str:
    try:
        return f" NumPy would broadcast them to {np.broadcast_shapes(shape, wanted)}."
    except ValueError:
        return ""


def _what_to_reshape(shape: tuple, wanted: tuple) -> str:
    if shape == (*wanted, 1):
        return "prediction[:, 0], or target[:, None]"
    if wanted == (*shape, 1):
        return "target[:, 0], or prediction[:, None]"
    return "one target for each prediction"
