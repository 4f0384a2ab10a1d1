"""Attention: a mean of values, weighted by how well each key answers a query."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.ops.cases import Cases, real
from tinygrad_edu.ops.linear_algebra import mT
from tinygrad_edu.ops.neural import softmax
from tinygrad_edu.ops.recurrent import Once
from tinygrad_edu.tensor import Op, op, value

# -------------------------------------------------------------------------------------- the formula


def plain_attention_weights(q: Any, k: Any, mask: Any = None) -> Any:
    """softmax(q kᵀ / √d) along the keys, 0 where the mask is False."""
    scores = q @ mT(k) / math.sqrt(q.shape[-1])
    if mask is None:
        return softmax(scores)
    least = float(np.finfo(scores.dtype).min) / 2
    return softmax(np.where(mask, scores, least)) * mask


# ------------------------------------------------------------------------------------- the fast way
#
# The same in one row: scores are many, and every pass over them that is saved counts.


def _weights(q: np.ndarray, k: np.ndarray, mask: Any = None) -> np.ndarray:
    y = np.matmul(q / math.sqrt(q.shape[-1]), mT(k))
    if mask is not None:
        # Adding is many times faster than choosing, and nothing is left of a number added to the least.
        y += np.where(mask, 0, np.finfo(y.dtype).min / 2).astype(y.dtype)
    y -= y.max(axis=-1, keepdims=True)
    np.exp(y, out=y)
    y /= y.sum(axis=-1, keepdims=True)
    if mask is not None and not mask.any(axis=-1).all():
        y *= mask  # a query that may see nothing sees nothing
    return y


@Once
def _dscores(g: Any, y: Any, q: Any) -> Any:
    """dL/d(q kᵀ): softmax's rule, and the scale."""
    scale = 1 / math.sqrt(q.shape[-1])
    if type(g) is type(y) is np.ndarray:  # as below, in one array
        d = g - np.einsum("...s,...s->...", g, y)[..., None]
        d *= y
        d *= scale
        return d
    return y * (g - (g * y).sum(axis=-1, keepdims=True)) * scale


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
    lambda g, y, q, k, mask=None: _dscores(g, y, q) @ k,
    lambda g, y, q, k, mask=None: mT(_dscores(g, y, q)) @ q,
    name="attention_weights", formula="softmax(q kᵀ / √d)", cases=_cases,
)  # fmt: skip


def attention_weights(q: Any, k: Any, mask: Any = None) -> Any:
    """softmax(q kᵀ / √d): how much each query looks at each key.

    q (..., T, d), k (..., S, d); the result is (..., T, S), and sums to 1 along S. Where mask, which
    broadcasts to it, is False the weight is 0; a query that may look at nothing has weights 0 only.
    """
    return attention_weights_row(q, k, mask=None if mask is None else np.asarray(value(mask)))


def attention(q: Any, k: Any, v: Any, mask: Any = None) -> Any:
    """softmax(q kᵀ / √d) v, scaled dot-product attention.

    q (..., T, d), k (..., S, d), v (..., S, e), mask (..., T, S) as of `attention_weights`; the result
    is (..., T, e). Vaswani et al. 2017, eq. 1.

    >>> x = np.eye(3)
    >>> attention(x, x, x, mask=np.tri(3, dtype=bool)).round(2)
    array([[1.  , 0.  , 0.  ],
           [0.36, 0.64, 0.  ],
           [0.26, 0.26, 0.47]])
    """
    return attention_weights(q, k, mask) @ v
