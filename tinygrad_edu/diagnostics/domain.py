"""Names the operation whose derivative is infinite or undefined.

NumPy names the ufunc that divided by 0. In the backward pass that is a product or quotient inside a rule,
which tells a reader nothing. Here it becomes "sqrt: divide by zero in the derivative by its input x".
CONVENTIONS.md lists the derivatives at such places.
"""

from __future__ import annotations

import contextlib
import warnings
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import describe, made_at, named, user_line
from tinygrad_edu.node import Node


class Here:
    """Where a walk through the graph is. The walk fills it in, and errors and warnings read it."""

    __slots__ = ("i", "y")

    y: Node  # the operation
    i: int  # the number of the input whose derivative is being computed


def warnings_named(here: Here) -> Any:
    """A context in which NumPy's warnings name the operation `here`. `np.errstate` still silences them."""

    def warn(kind: str, flag: int) -> None:
        row = here.y.op
        domain = f"; its domain: {row.domain}" if row.domain else ""
        warnings.warn(
            f"{row.name}: {kind} in the derivative by its input "
            f"{describe(*named(row, here.y.inputs)[here.i])}{domain}{made_at(here.y) or user_line()}",
            RuntimeWarning,
            stacklevel=2,
        )

    states = np.geterr()
    ours: Any = {kind: "call" for kind in ("divide", "invalid") if states[kind] == "warn"}
    return np.errstate(**ours, call=warn) if ours else contextlib.nullcontext()
