"""Attention: a mean of values, weighted by how well each key matches a query."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.operations import truth_values
from tinygrad_edu.ops.activations import softmax
from tinygrad_edu.ops.cases import Cases, real
from tinygrad_edu.ops.formulas import documented
from tinygrad_edu.ops.linear_algebra import mT
from tinygrad_edu.ops.recurrent import Once, unread
from tinygrad_edu.tensor import Op, Tensor, op

# -------------------------------------------------------------------------------------- the formula


def plain_attention_weights(
    q: Any, k: Any, mask: Any = None, bias: Any = None, soft_cap: float | None = None
) -> Any:
    """softmax(q kᵀ / √d) along the keys, 0 where the mask is False: see `attention_weights`."""
    scores = q @ mT(k) / math.sqrt(q.shape[-1])
    if soft_cap is not None:
        scores = soft_cap * np.tanh(scores / soft_cap)
    return masked_softmax(scores if bias is None else scores + bias, mask)


def masked_softmax(scores: Any, mask: Any = None) -> Any:
    """softmax along the last axis, 0 where the mask is False."""
    if mask is None:
        return softmax(scores)
    least = float(np.finfo(scores.dtype).min) / 2
    return softmax(np.where(mask, scores, least)) * mask


# ------------------------------------------------------------------------------------- the fast way
#
# The same as one row: there are many scores, so every pass over them that is saved counts.


# Bytes of scores at a time, so that they stay in the cache from pass to pass.
CACHE = 2**20


def _turns(y: np.ndarray) -> Iterator[slice]:
    """Yields samples (the first axis), as many as fit in the cache."""
    step = max(1, CACHE // max(y[:1].nbytes, 1)) if y.ndim > 2 else len(y)
    yield from (slice(i, i + step) for i in range(0, len(y), step))


def _weights(q: np.ndarray, k: np.ndarray, mask: Any = None) -> np.ndarray:
    q = q * q.dtype.type(1 / math.sqrt(q.shape[-1]))
    if mask is None and q.shape[:-2] == k.shape[:-2]:
        bias = None
        y = np.empty((*q.shape[:-1], k.shape[-2]), q.dtype)
    else:
        # Adding the least number is many times faster than np.where, and leaves nothing of a score.
        bias = np.where(True if mask is None else mask, 0, np.finfo(q.dtype).min / 2).astype(
            q.dtype
        )
        y = np.empty(np.broadcast_shapes(_scores_shape(q, k), bias.shape), q.dtype)
        q, k = (np.broadcast_to(z, (*y.shape[:-2], *z.shape[-2:])) for z in (q, k))
        bias = np.broadcast_to(bias, (len(y), *bias.shape[1:])) if bias.ndim == y.ndim > 2 else bias
    ones = np.ones(k.shape[-2], y.dtype)
    for turn in _turns(y):
        part = y[turn]
        np.matmul(q[turn], mT(k[turn] if y.ndim > 2 else k), out=part)
        if bias is not None:
            part += bias[turn] if bias.ndim == y.ndim > 2 else bias
        part -= part.max(axis=-1, keepdims=True)
        np.exp(part, out=part)
        part /= (part @ ones)[..., None]  # sums by BLAS
    if mask is not None and not mask.any(axis=-1).all():
        y *= mask  # a query with a mask of False alone has weights 0
    return y


def _scores_shape(q: np.ndarray, k: np.ndarray) -> tuple[int, ...]:
    return (*np.broadcast_shapes(q.shape[:-2], k.shape[:-2]), q.shape[-2], k.shape[-2])


@Once
def dscores(g: Any, y: Any) -> Any:
    """dL/d(scores), by the rule of softmax."""
    if isinstance(g, Tensor) or isinstance(y, Tensor):
        return y * (g - (g * y).sum(axis=-1, keepdims=True))
    d, ones = np.empty(y.shape, y.dtype), np.ones(y.shape[-1], y.dtype)
    for turn in _turns(y):  # the same, a few samples at a time
        part = d[turn]
        np.multiply(g[turn], y[turn], out=part)
        np.subtract(g[turn], (part @ ones)[..., None], out=part)
        part *= y[turn]
    return d


def _cases(rng: np.random.Generator) -> Cases:
    shapes = ((3, 2), (4, 2)), ((2, 2, 3, 4), (2, 2, 3, 4)), ((2, 1, 2, 1), (2, 1, 3, 1))
    made: Cases = [(tuple(real(rng, *pair)), {"mask": None}) for pair in shapes]
    causal = np.tri(3, dtype=bool)
    made.append((tuple(real(rng, *shapes[1])), {"mask": causal}))
    nothing = np.array([[True, False, True], [False, False, False]])
    made.append((tuple(real(rng, *shapes[2])), {"mask": nothing}))
    return made


attention_weights_row: Op = op(
    _weights,
    documented(
        lambda g, y, q, k, mask=None: dscores(g, y) @ k * (1 / math.sqrt(k.shape[-1])),
        "s k / √d, with s = y (g - Σ g y) the gradient of q kᵀ / √d",
    ),
    documented(
        lambda g, y, q, k, mask=None: mT(dscores(g, y)) @ q * (1 / math.sqrt(q.shape[-1])),
        "sᵀ q / √d, with s = y (g - Σ g y) the gradient of q kᵀ / √d",
    ),
    name="attention_weights", formula="softmax(q kᵀ / √d)", cases=_cases,
    owns=("mask",), multiply_adds=lambda shape, q, k, mask=None: math.prod(shape) * q[-1],
)  # fmt: skip


_MEANING = "where a query may attend to a key"


def attention_weights(
    q: Any, k: Any, mask: Any = None, *, bias: Any = None, soft_cap: float | None = None
) -> Any:
    """softmax(q kᵀ / √d): how much each query attends to each key.

    q (..., T, d), k (..., S, d); the result is (..., T, S), and sums to 1 along S. The weight is 0 where
    mask, which broadcasts to the result, is False. A query with no True in its mask has weights 0 only.

    Raises TypeError for a mask that does not hold truth values.

    bias       added to the scores q kᵀ / √d, to which it broadcasts: for distances, say (Press et al. 2022)
    soft_cap   c keeps scores s between -c and c, as c tanh(s / c), before the bias (Gemma Team 2024)
    """
    if mask is not None:
        mask = truth_values("attention_weights got", mask, _MEANING, scores="bias=mask")
        k = unread(k, seen_keys(mask))
    if bias is not None or soft_cap is not None:
        return plain_attention_weights(q, k, mask, bias, soft_cap)
    return attention_weights_row(q, k, mask=mask)


def seen_keys(mask: np.ndarray) -> np.ndarray:
    """(..., S, 1): may any query attend to the key?"""
    return np.any(np.atleast_2d(mask), axis=-2, keepdims=True).swapaxes(-1, -2)


def attention(
    q: Any, k: Any, v: Any, mask: Any = None, *, bias: Any = None, soft_cap: float | None = None
) -> Any:
    """softmax(q kᵀ / √d) v, scaled dot-product attention.

    q (..., T, d), k (..., S, d), v (..., S, e); mask (..., T, S), bias and soft_cap are those of
    `attention_weights`; the result is (..., T, e). Vaswani et al. 2017, eq. 1.

    >>> x = np.eye(3)
    >>> attention(x, x, x, mask=np.tri(3, dtype=bool)).round(2)
    array([[1.  , 0.  , 0.  ],
           [0.36, 0.64, 0.  ],
           [0.26, 0.26, 0.47]])
    """
    if mask is not None:
        mask = truth_values("attention got", mask, _MEANING, scores="bias=mask")
        v = unread(v, seen_keys(mask))
    return attention_weights(q, k, mask, bias=bias, soft_cap=soft_cap) @ v
