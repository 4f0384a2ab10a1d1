"""Errors of Tensors and operations that cannot be made, with operands, module and the user's own line."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, NoReturn

import numpy as np

from tinygrad_edu.diagnostics.words import (
    alike,
    broadcast_hint,
    describe,
    inside,
    named,
    numpy_name,
    range_of,
    refusal,
    refuse_keywords,
    reraise_as,
    shortened,
    user_line,
)
from tinygrad_edu.modes import thread
from tinygrad_edu.node import value


def only_numbers(dtype: np.dtype, given: Any) -> Exception:
    return refusal(TypeError, f"a Tensor holds numbers, not {dtype}: got {shortened(given)}")


def only_floats(x: Any, name: str | None) -> Exception:
    """The error of asking for the gradient of integers, say."""
    return refusal(
        TypeError,
        f"{describe(x, name or 'a Tensor')} cannot require a gradient: only floating point numbers "
        "change smoothly.",
        "floats (2.0 instead of 2), or x.astype(np.float64)",
    )


def only_one_array(kind: str, data: Any, more: tuple) -> Exception:
    """The error of Tensor(3, 3), which may be meant as a shape or as numbers."""
    given = ", ".join(map(shortened, (data, *more)))
    hint = f"{kind}([{given}]) for these numbers"
    if all(isinstance(n, int) for n in (data, *more)):
        hint += f"; {kind}(np.zeros(({given}))) for an array of this shape"
    return refusal(TypeError, f"{kind}({given}): it takes one array.", hint)


def refused(row: Any, inputs: tuple, params: Mapping[str, Any], error: Exception) -> Exception:
    """What NumPy refused, in the words of the person who asked for it."""
    operands = ", ".join(describe(x, name) for x, name in named(row, inputs))
    settings = "".join(f", {k}={v!r}" for k, v in params.items())
    hint = row.hint(*map(np.shape, inputs), **params) if row.hint else ""
    hint = hint or (broadcast_hint(inputs) if row.elementwise else "")
    text = f"{row.name}({operands}{settings}): {error}{user_line()}"
    return reraise_as(error, text + (f"\n  Try: {hint}" if hint else ""))


def truth_values(
    got: str, mask: Any, meaning: str, name: str = "mask", scores: str = ""
) -> np.ndarray:
    """The array of a mask. Raises TypeError unless it holds truth values.

    got       who got it: "attention got"
    meaning   where it is True
    scores    how to add these numbers to the scores of attention
    """
    mask = np.asarray(value(mask))
    if mask.dtype == bool:
        return mask
    hint = f"{name}.astype(bool)" if np.isin(mask, (0, 1)).all() else f"{name} == 0"
    hint += f", True {meaning}"
    hint += f"; or {scores}, if these numbers are to be added to the scores" if scores else ""
    raise refusal(TypeError, f"{got} a {name} of {mask.dtype}: it takes truth values.", hint)


def demand_finite(y: np.ndarray, row: Any, inputs: tuple) -> None:
    """Raises FloatingPointError at the first NaN or infinity, with the range of each operand."""
    bad = ~np.isfinite(y)
    if not bad.any():
        return
    first = tuple(map(int, np.argwhere(bad)[0])) if y.ndim else ()
    operands = []
    for x, name in named(row, inputs):
        array = np.asarray(value(x))
        numbers = range_of(array) if array.size > 1 else f"= {array}"
        operands.append(describe(x, name) + (f" {numbers}" if array.dtype.kind in "fiu" else ""))
    raise FloatingPointError(
        f"{row.name} gave {bad.sum()} of {y.size} numbers that are not finite, the first {y[first]} at "
        f"{list(first)}, from {', '.join(operands)}{inside(thread.mode.scope)}{user_line()}"
    )


def no_row(called: str, rows: Collection[Callable]) -> Exception:
    """The error of a NumPy function that is not among the rows of the table, with those like it."""
    known = {numpy_name(f) for f in rows if hasattr(f, "__name__")}
    near = alike(called, {name for name in known if name.startswith("np.")} - {called})
    return refusal(
        TypeError,
        f"{called} has no row in the derivative table, so its result would be cut out of the graph.",
        (f"{', '.join(near)}; or " if near else "")
        + "op(...) for a row of your own; or x.data, if no gradient is to flow through it",
    )


def refuse_ufunc(ufunc: np.ufunc, method: str, given: Collection[str], rows: Mapping) -> NoReturn:
    """Raises TypeError for a call like np.add.reduceat(x), or np.add(x, 1, out=y)."""
    row = rows.get(ufunc)
    if row is None or method != "__call__":
        raise no_row(numpy_name(ufunc) + ("" if method == "__call__" else f".{method}"), rows)
    refuse_keywords(ufunc.__name__, given, getattr(row, "params", ()))
