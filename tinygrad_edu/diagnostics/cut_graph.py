"""Refuses to turn a Tensor into plain numbers where nobody asked for it: its derivative would be lost.

`float(x)`, `x.item()` and `x.data` ask for it. `np.asarray(x)`, `out[i] = x` and `math.exp(x)` do not. But
the last two call the same `x.__float__` as float(x) does: only the instruction of the caller tells which
it was.
"""

from __future__ import annotations

import dis
import functools
import linecache
import re
import sys
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import describe, refusal, warn
from tinygrad_edu.modes import thread
from tinygrad_edu.node import Node

_STORE_ITEM = dis.opmap["STORE_SUBSCR"]
_STEPS = ("isnan", "isinf", "isfinite", "isclose", "floor", "ceil", "trunc")  # have no derivative


def cut_by_asarray(x: Node) -> Exception:
    return refusal(
        TypeError,
        f"{describe(x)} would be cut out of the graph by turning it into an array.",
        "np.stack([x, y]) for a list of Tensors; x.data for the numbers alone",
    )


def changed_in_place(x: Node) -> Exception:
    return refusal(
        TypeError,
        f"{describe(x)} cannot be changed in place: backward() may need its old values.",
        "np.where(mask, new, x) inside a computation, or x.data[...] = new before it begins.",
    )


def demand_asked_for(x: Node) -> None:
    """Called by x.__float__ and x.__int__: refuses unless the caller wrote float(x) or int(x).

    Lets pass what cannot be told: a function that calls float() itself, as map(math.exp, xs) does; and a
    call whose source is not at hand.
    """
    frame = sys._getframe(2)
    code, instruction = frame.f_code, frame.f_lasti
    if code.co_code[instruction] == _STORE_ITEM:
        raise refusal(
            TypeError,
            f"{describe(x)} would be cut out of the graph by putting it into an array.",
            "y = np.stack([...]) of all the parts, ops.put(array, i, x) for a new array; or "
            "out[i] = float(x) for the number alone",
        )
    name, *rest = _called(code, instruction)
    function = frame.f_globals.get(name) or frame.f_locals.get(name)
    for name in rest:
        function = getattr(function, name, None)
    if function is np.fromiter:
        raise refusal(
            TypeError, f"np.fromiter would cut {describe(x)} out of the graph.", "np.stack([...])"
        )
    name = getattr(function, "__name__", "")
    if getattr(function, "__module__", None) == "math" and name not in _STEPS:
        raise refusal(
            TypeError,
            f"math.{name} takes a number, and would cut {describe(x)} out of the graph.",
            f"{f'np.{name}(x)' if hasattr(np, name) else 'a function of NumPy or of tinygrad_edu.ops'}; "
            f"or math.{name}(float(x)) for the number alone",
        )
    thread.mode.asked = describe(x)


def warn_of_constant(f: str) -> None:
    """Warns of a function whose result is a constant, because float(x) took the number of an argument."""
    asked, thread.mode.asked = thread.mode.asked, ""
    if asked:
        warn(
            f"grad: the result of {f} does not depend on its arguments, and so the gradient is 0: "
            f"float(...) took the number of {asked} out of the graph.",
            "x itself, without float(x)",
            stacklevel=4,
        )


@functools.lru_cache
def _called(code: Any, instruction: int) -> tuple[str, ...]:
    """("math", "exp") where an instruction calls math.exp(...), as far as the source tells."""
    line, _, first, _ = [*code.co_positions()][instruction // 2]
    if line is None or first is None:
        return ("",)
    text = linecache.getline(code.co_filename, line).encode()[first:].decode()
    return tuple(re.match(r"[\w.]*", text)[0].split("."))  # type: ignore[index]
