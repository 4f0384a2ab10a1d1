"""What networks are made of: activations, and the loss of a classifier.

Each of these could be written with the rows of the other chapters, and stands here as one row because
the formula in one piece is faster or does not overflow. The plain way is given beside it by `plain_*`,
and a test holds the two equal.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.ops.cases import apart, each, real
from tinygrad_edu.ops.elementwise import row
from tinygrad_edu.ops.reductions import kept
from tinygrad_edu.tensor import op

# ------------------------------------------------------------------------------------- activations


def _relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


relu = row(
    _relu, lambda g, y, x: g * (x > 0),
    name="relu", formula="max(x, 0)", kinks="derivative 0 at 0", draw=apart,
)  # fmt: skip


def _sigmoid(x: np.ndarray) -> np.ndarray:
    # tanh saturates where e⁻ˣ would overflow
    return 0.5 * np.tanh(0.5 * x) + 0.5


sigmoid = row(_sigmoid, lambda g, y, x: g * (y * (1 - y)), name="sigmoid", formula="1 / (1 + e⁻ˣ)")


def plain_sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def _softplus(x: np.ndarray) -> np.ndarray:
    # np.logaddexp(x, 0), ten times faster
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


softplus = row(_softplus, lambda g, y, x: g * sigmoid(x), name="softplus", formula="ln(1 + eˣ)")

# ------------------------------------------------------------------- along an axis: softmax and kin


def _logsumexp(x: np.ndarray, axis: Any = -1, keepdims: bool = False) -> np.ndarray:
    """ln Σ eˣ, with the largest x taken out of the sum so that no power overflows."""
    top = x.max(axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)  # all -inf is a sum of nothing
    total = np.exp(x - top).sum(axis=axis, keepdims=True)
    y = np.log(total) + top
    return y if keepdims else np.squeeze(y, axis)


logsumexp = op(
    _logsumexp,
    lambda g, y, x, axis=-1, keepdims=False: (
        kept(g, x, axis, keepdims) * np.exp(x - kept(y, x, axis, keepdims))
    ),
    name="logsumexp", formula="ln Σ eˣ",
    cases=each(real, ((3, 4), {}), ((3, 4), {"axis": 0}), ((2, 3), {"axis": (0, 1)}),
               ((2, 3), {"axis": 1, "keepdims": True})),
)  # fmt: skip


def _softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    y = np.exp(x - x.max(axis=axis, keepdims=True))
    y /= y.sum(axis=axis, keepdims=True)
    return y


softmax = op(
    _softmax,
    lambda g, y, x, axis=-1: y * (g - np.sum(g * y, axis=axis, keepdims=True)),
    name="softmax", formula="eˣ / Σ eˣ", cases=each(real, ((3, 4), {}), ((3, 4), {"axis": 0})),
)  # fmt: skip


def plain_softmax(x: Any, axis: int = -1) -> Any:
    return np.exp(x) / np.sum(np.exp(x), axis=axis, keepdims=True)


log_softmax = op(
    lambda x, axis=-1: x - _logsumexp(x, axis=axis, keepdims=True),
    lambda g, y, x, axis=-1: g - np.exp(y) * np.sum(g, axis=axis, keepdims=True),
    name="log_softmax", formula="x - ln Σ eˣ", cases=each(real, ((3, 4), {}), ((3, 4), {"axis": 0})),
)  # fmt: skip

# ----------------------------------------------------------------------------------- cross-entropy


def _cross_entropy(x: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The mean over samples of -ln softmax(x)[label]."""
    shifted = x - x.max(axis=1, keepdims=True)
    picked = shifted[np.arange(len(x)), labels]
    return (np.log(np.exp(shifted).sum(axis=1)) - picked).sum() / len(x)


def _cross_entropy_dx(g: Any, y: Any, x: Any, labels: np.ndarray) -> Any:
    """(softmax - one-hot) / n: what the network says, minus what it should have said."""
    one_hot = np.zeros(x.shape, x.dtype)
    one_hot[np.arange(len(labels)), labels] = 1
    return (softmax(x) - one_hot) * (g / len(labels))


cross_entropy = op(
    _cross_entropy, _cross_entropy_dx, None,
    name="cross_entropy", formula="mean of -ln softmax(x)[label]",
    cases=lambda rng: [((*real(rng, (4, 3)), np.array([0, 2, 1, 1])), {})],
)  # fmt: skip


def plain_cross_entropy(x: Any, labels: np.ndarray) -> Any:
    return -np.mean(np.log(plain_softmax(x))[np.arange(len(labels)), labels])


__all__ = [
    "cross_entropy", "log_softmax", "logsumexp", "plain_cross_entropy", "plain_sigmoid",
    "plain_softmax", "relu", "sigmoid", "softmax", "softplus",
]  # fmt: skip
