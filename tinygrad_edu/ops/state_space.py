"""A linear system that moves from step to step: the recurrence that every backward pass in time solves."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.ops.cases import each, real
from tinygrad_edu.tensor import Op, op


def _linear_recurrence(A: np.ndarray, b: np.ndarray) -> np.ndarray:
    """y_t = A_t y_(t-1) + b_t for t = 0 ... T - 1, from y_(-1) = 0.  A: (..., T, n, n), b: (..., T, n)

    One step after the other: joining two steps into one, as `recurrence` does with numbers, would take
    products of matrices instead of products of a matrix and a vector.
    """
    shape = np.broadcast_shapes(A.shape[:-1], b.shape)
    y = np.array(np.broadcast_to(b, shape), np.result_type(A, b))
    if y.ndim == 2:
        before = y[0]
        for A_t, y_t in zip(A[1:], y[1:], strict=True):
            y_t += A_t.dot(before)  # A_t @ before, half a microsecond faster
            before = y_t
    else:
        for t in range(1, y.shape[-2]):
            y[..., t, :] += (A[..., t, :, :] @ y[..., t - 1, :, None])[..., 0]
    return y


def adjoint(A: Any, g: Any) -> Any:
    """λ_t = A_(t+1)ᵀ λ_(t+1) + g_t: the recurrence read from its end, with the transposed matrices."""
    none = np.zeros_like(A[..., :1, :, :])
    following = np.concatenate([A[..., 1:, :, :], none], axis=-3)
    turned = np.flip(np.swapaxes(following, -1, -2), -3)
    return np.flip(linear_recurrence(turned, np.flip(g, -2)), -2)


def _dA(g: Any, y: Any, A: Any, b: Any) -> Any:
    """λ_t y_(t-1)ᵀ, where λ_t = A_(t+1)ᵀ λ_(t+1) + g_t"""
    before = np.concatenate([np.zeros_like(y[..., :1, :]), y[..., :-1, :]], axis=-2)
    return adjoint(A, g)[..., :, None] * before[..., None, :]


def _db(g: Any, y: Any, A: Any, b: Any) -> Any:
    """λ_t, where λ_t = A_(t+1)ᵀ λ_(t+1) + g_t"""
    return adjoint(A, g)


linear_recurrence: Op = op(
    _linear_recurrence, _dA, _db,
    name="linear_recurrence", formula="y_t = A_t y_(t-1) + b_t",
    cases=each(real, ((4, 2, 2), (4, 2), {}), ((1, 3, 3), (1, 3), {}), ((2, 3, 2, 2), (3, 2), {})),
)  # fmt: skip

__all__ = ["adjoint", "linear_recurrence"]
