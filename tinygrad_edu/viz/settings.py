"""The settings of an operation as its user wrote them, and NumPy's axes in words."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import shortened
from tinygrad_edu.tensor import Tensor


def settings_of(y: Tensor) -> str:
    """The settings of the operation that made y, without the defaults: "axis=1", "[:, 0:3]"."""
    return ", ".join(
        f"[{_index(x)}]" if name == "index" else f"{name}={_shown(x)}" for name, x in _settings(y)
    )


def _settings(y: Tensor) -> Iterator[tuple[str, Any]]:
    """Names and values of an operation's settings as the user wrote them, without the defaults."""
    row: Any = y.op
    for name, x in y.params.items():
        parts = [(name, x, _defaults(row.forward).get(name))]
        if hasattr(x, "_fields"):  # settings in one tuple
            parts = [
                (field, getattr(x, field), x._field_defaults.get(field)) for field in x._fields
            ]
        for field, part, default in parts:
            plain = isinstance(part, (int, str, tuple)) and type(part) is type(default)
            if part is not None and part is not False and not (plain and part == default):
                yield field, part


@functools.cache
def _defaults(function: Any) -> dict[str, Any]:
    try:
        return {name: x.default for name, x in inspect.signature(function).parameters.items()}
    except (ValueError, TypeError):  # of a builtin
        return {}


def _shown(x: Any) -> str:
    if isinstance(x, tuple) and any(isinstance(part, np.ndarray) for part in x):
        return f"({', '.join(map(_shown, x))})"
    if isinstance(x, np.ndarray):
        return f"array {x.shape}"
    return str(x) if isinstance(x, np.dtype) else shortened(x)


def _index(x: Any) -> str:
    """An index as it is written between brackets."""
    if isinstance(x, tuple):
        return ", ".join(map(_index, x)) if x else "()"
    if isinstance(x, slice):
        ends = [("" if end is None else shortened(end)) for end in (x.start, x.stop)]
        return ":".join(ends if x.step is None else [*ends, shortened(x.step)])
    return "..." if x is Ellipsis else _shown(x)


def axes_in_words(y: Tensor) -> str:
    """Over which axes of its first input an operation goes: "over axis 1, the columns". Else ""."""
    row: Any = y.op
    if "axis" not in (row.params or y.params) or not y.inputs:
        return ""
    shape = np.shape(y.inputs[0])
    if row.variadic_rule or not shape:  # several arrays, side by side
        return ""
    axis = y.params.get("axis", _defaults(row.forward).get("axis"))
    less = y.ndim < len(shape) or "keepdims" in row.params  # it reduces
    if axis is None:
        return "over all axes" if less and len(shape) > 1 else ""
    axes = axis if isinstance(axis, tuple) else (axis,)
    if not all(isinstance(i, (int, np.integer)) and -len(shape) <= i < len(shape) for i in axes):
        return ""
    if less and len(shape) > 1 and len(axes) == len(shape):
        return "over all axes"
    named = [_axis(int(i) % len(shape), len(shape)) for i in axes]
    return f"{'over' if less else 'along'} {' and '.join(named)}"


def _axis(i: int, ndim: int) -> str:
    """An axis by its number and, where it has one, by its usual name."""
    if ndim == 2:
        return f"axis {i}, the {('rows', 'columns')[i]}"
    if i == 0 and ndim > 2:
        return "axis 0, the first"
    return f"axis {i}, the last" if i == ndim - 1 and ndim > 1 else f"axis {i}"
