"""How wrong is a prediction? One number, the mean over the samples."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from tinygrad_edu import ops
from tinygrad_edu.errors import user_line
from tinygrad_edu.tensor import Tensor, value


def mse(prediction: Any, target: Any) -> Tensor:
    """Mean squared error: L = mean of (prediction - target)².

    Raises ValueError unless both have the same shape: (n, 1) against (n,) would broadcast to (n, n)
    and silently compare every prediction with every target.
    """
    shape, wanted = np.shape(value(prediction)), np.shape(value(target))
    if shape != wanted:
        raise ValueError(
            f"mse: prediction {shape} and target {wanted} differ in shape."
            f"{_what_broadcasting_would_do(shape, wanted)}{user_line()}"
            f"\n  Try: {_what_to_reshape(shape, wanted)}"
        )
    if 0 in shape:
        raise ValueError(f"mse: an empty batch, {shape}, has no mean.{user_line()}")
    if not isinstance(prediction, Tensor):
        prediction = np.asarray(prediction)
    if not isinstance(target, Tensor) and prediction.dtype.kind == "f":
        target = np.asarray(
            target, prediction.dtype
        )  # a list of numbers does not raise the precision
    return np.mean(np.square(prediction - target))


def cross_entropy(logits: Any, labels: Any) -> Tensor:
    """Cross-entropy of a classifier: L = mean of -ln softmax(logits)[label].

    logits: (n, K), any real numbers, so no softmax before it. labels: (n,), whole numbers 0 ... K-1.
    (Bishop 2006, eq. 4.108; Keras's SparseCategoricalCrossentropy(from_logits=True).)

    Raises ValueError if the shapes do not fit or a label is not one of the K classes, TypeError if the
    labels are not whole numbers. Warns if the logits come out of a softmax.
    """
    labels = np.asarray(value(labels))
    shape = np.shape(value(logits))
    if len(shape) != 2 or labels.shape != shape[:1]:
        hint = "logits of shape (n, K) and labels of shape (n,)"
        if labels.shape == shape:
            hint = "labels.argmax(axis=1): these labels look one-hot"
        elif labels.shape == (*shape[:1], 1):
            hint = f"labels[:, 0] of shape {shape[:1]}"
        raise ValueError(
            f"cross_entropy: logits {shape} and labels {labels.shape} do not fit.{user_line()}"
            f"\n  Try: {hint}"
        )
    if labels.dtype.kind not in "iu":
        raise TypeError(
            f"cross_entropy: labels are the numbers of classes, not {labels.dtype}.{user_line()}\n  Try: "
            + (
                "labels.astype(int)"
                if labels.dtype.kind in "fb"
                else "np.unique(labels, return_inverse=True)[1]"
            )
        )
    if labels.size == 0:
        raise ValueError(
            f"cross_entropy: an empty batch, logits {shape}, has no mean.{user_line()}"
        )
    if labels.min() < 0 or labels.max() >= shape[1]:
        raise ValueError(
            f"cross_entropy: labels run from {labels.min()} to {labels.max()}, but logits {shape} "
            f"have {shape[1]} classes, 0 to {shape[1] - 1}.{user_line()}"
            "\n  Try: labels - labels.min(), or a last layer with more outputs"
        )
    if isinstance(logits, Tensor) and logits.op is ops.softmax:
        warnings.warn(
            "cross_entropy takes logits, but these come out of a softmax, which it applies itself: "
            f"learning will be slow.{user_line()}\n  Try: the model without Softmax()",
            stacklevel=2,
        )
    return ops.cross_entropy(logits, labels)


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
