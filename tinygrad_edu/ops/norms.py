"""Norms of vectors and matrices, of every order, and the condition number.

A norm has a kink at 0, where its derivative is taken to be 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.ops.cases import each, nonzero, real
from tinygrad_edu.ops.decompositions import svdvals
from tinygrad_edu.ops.elementwise import along_unit, or_infinite, with_tip
from tinygrad_edu.ops.reductions import kept, without_overflow
from tinygrad_edu.tensor import ROWS, op, value


@without_overflow
def _length(x: np.ndarray, axis: Any = None, keepdims: bool = False) -> np.ndarray:
    if x.dtype.kind == "c":
        return np.sqrt((x.real**2 + x.imag**2).sum(axis=axis, keepdims=keepdims))
    return np.sqrt((x * x).sum(axis=axis, keepdims=keepdims))


def _safe(y: Any) -> Any:
    return np.where(y == 0, 1, y)


def _length_rule(g: Any, y: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """g x / y"""
    shaped = lambda v: kept(v, x, axis, keepdims)
    conjugate = np.conjugate(x) if x.dtype.kind == "c" else x  # see complex.py
    return with_tip(along_unit(g, y, conjugate, shaped), g, y, conjugate, shaped)


_axes: tuple = (
    ((3, 4), {}),
    ((3, 4), {"axis": 0}),
    ((2, 3, 4), {"axis": (0, 2), "keepdims": True}),
)

length = op(
    _length, _length_rule, name="norm", formula="√ Σ x²", kinks="derivative 0 at 0",
    cases=each(real, *_axes),
)  # fmt: skip


@without_overflow
def _p_norm(x: np.ndarray, ord: float = 3, axis: Any = None, keepdims: bool = False) -> np.ndarray:
    with np.errstate(divide="ignore"):  # 0 to a negative power is infinite, and one over that is 0
        return (abs(x) ** ord).sum(axis=axis, keepdims=keepdims) ** (1 / ord)


def _p_norm_rule(
    g: Any, y: Any, x: Any, ord: float = 3, axis: Any = None, keepdims: bool = False
) -> Any:
    """g sign(x) (|x| / y)^(p - 1)"""
    size = np.abs(x)
    sign = np.conjugate(x) / or_infinite(size) if x.dtype.kind == "c" else np.sign(x)
    size = _safe(size)
    y = kept(y, x, axis, keepdims)
    return kept(g, x, axis, keepdims) * sign * (size / _safe(y)) ** (ord - 1)


p_norm = op(
    _p_norm, _p_norm_rule, name="norm", formula="(Σ |x|ᵖ)^(1/p)", kinks="derivative 0 where x = 0",
    cases=lambda rng: [
        (inputs, {**params, "ord": ord})
        for ord in (3, 1.5, -1.0) for inputs, params in each(nonzero, *_axes)(rng)
    ],
)  # fmt: skip


def _in_axes(x: Any, axis: Any) -> tuple[int, ...]:
    axes = range(x.ndim) if axis is None else (axis,) if np.ndim(axis) == 0 else axis
    return tuple(i % x.ndim if -x.ndim <= i < x.ndim else _no_axis(i, x) for i in axes)


def _no_axis(i: int, x: Any) -> Any:
    raise refusal(np.exceptions.AxisError, f"norm: there is no axis {i} in shape {x.shape}.")


def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """np.linalg.vector_norm: over all axes, or over those of `axis` together."""
    axis = _in_axes(x, axis)
    if ord is None or ord == 2:
        return length(x, axis=axis, keepdims=keepdims)
    if isinstance(ord, str):
        raise refusal(ValueError, f"Invalid norm order {ord!r} for vectors.")
    if ord == 0:
        return np.linalg.vector_norm(value(x), axis=axis, keepdims=keepdims, ord=0)
    if ord == 1:
        return np.abs(x).sum(axis=axis, keepdims=keepdims)
    if ord == np.inf:
        return np.abs(x).max(axis=axis, keepdims=keepdims)
    if ord == -np.inf:
        return np.abs(x).min(axis=axis, keepdims=keepdims)
    return p_norm(x, ord=ord, axis=axis, keepdims=keepdims)


def _matrix_norm(x: Any, axes: tuple[int, int], keepdims: bool, ord: Any) -> Any:
    row, column = axes
    if row == column:
        raise refusal(ValueError, f"norm: the two axes of a matrix are different, not both {row}.")
    if ord in (None, "fro", "f"):
        return length(x, axis=axes, keepdims=keepdims)
    if ord in ("nuc", 2, -2):
        others = [i for i in range(x.ndim) if i not in axes]
        s = svdvals(np.transpose(x, (*others, row, column)) if others or row > column else x)
        y = s.sum(axis=-1) if ord == "nuc" else s[..., 0] if ord == 2 else s[..., -1]
        return np.expand_dims(y, axes) if keepdims else y
    if ord not in (1, -1, np.inf, -np.inf):
        raise refusal(
            ValueError,
            f"Invalid norm order {ord!r} for matrices.",
            "'fro', 'nuc', 1, -1, 2, -2, np.inf or -np.inf; np.linalg.vector_norm(x, ord=...) "
            "takes a matrix as one long vector",
        )
    summed, chosen = (row, column) if ord in (1, -1) else (column, row)
    sums = np.abs(x).sum(axis=summed, keepdims=True)
    y = sums.max(axis=chosen, keepdims=True) if ord > 0 else sums.min(axis=chosen, keepdims=True)
    return y if keepdims else np.squeeze(y, axes)


def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """np.linalg.matrix_norm: the norm of every matrix in a stack."""
    if np.ndim(x) < 2:
        raise refusal(ValueError, f"matrix_norm of shape {np.shape(x)}: a matrix has two axes.")
    return _matrix_norm(x, (x.ndim - 2, x.ndim - 1), keepdims, ord)


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """np.linalg.norm: the length of the flattened x; with an order or axes, a vector or matrix norm.

    Order 0 counts the elements that are not 0. It is constant almost everywhere: a plain array.
    """
    if axis is None and ord is None:
        return length(x, axis=_in_axes(x, None), keepdims=keepdims)
    axes = _in_axes(x, axis)
    if len(axes) == 1:
        return vector_norm(x, axis=axes, keepdims=keepdims, ord=ord)
    if len(axes) == 2:
        return _matrix_norm(x, (axes[0], axes[1]), keepdims, ord)
    raise refusal(
        ValueError,
        f"Improper number of dimensions to norm: {len(axes)}, of {np.shape(x)}.",
        "axis=one number for vectors, axis=(i, j) for matrices, or np.linalg.vector_norm",
    )


def cond(x: Any, p: Any = None) -> Any:
    """np.linalg.cond: norm(x) norm(x⁻¹), the factor by which x can magnify a relative error."""
    if p in (None, 2, -2):
        s = svdvals(x)
        with np.errstate(divide="ignore", invalid="ignore"):
            y = s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
        # a singular matrix has an infinite condition number, that of zeros as well
        return np.where(np.isnan(value(y)) & ~np.isnan(value(s)).any(-1), np.inf, y)
    return matrix_norm(x, ord=p) * matrix_norm(np.linalg.inv(x), ord=p)


ROWS[np.linalg.norm] = norm
ROWS[np.linalg.vector_norm] = vector_norm
ROWS[np.linalg.matrix_norm] = matrix_norm
ROWS[np.linalg.cond] = cond
