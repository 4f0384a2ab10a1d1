"""Where a derivative leaves the finite numbers, the warning names the operation.

NumPy names the ufunc that divided by 0. On the way back that is a product or a quotient inside of a rule,
which tells a reader nothing: here it becomes "sqrt: divide by zero on the way back to its input x".
CONVENTIONS.md tells what the derivative is in such places.
"""

from __future__ import annotations

import functools
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import user_line
from tinygrad_edu.tensor import describe, made_at


def naming(walk: Callable) -> Callable:
    """A walk over recorded operations that says, where NumPy warns, which of them it was.

    In `walk` the operation at hand is called y, and the number of its input i. Only a row with a domain can
    leave it, so that nothing is looked after otherwise; and who told NumPy not to warn hears nothing.
    """

    @functools.wraps(walk)
    def named(first: Any, second: Any, *args: Any, **kwargs: Any) -> Any:
        operations = second if isinstance(second, list) else [first]
        if not any(y.op.domain for y in operations):
            return walk(first, second, *args, **kwargs)
        modes = np.geterr()
        ours: Any = {kind: "call" for kind in ("divide", "invalid") if modes[kind] == "warn"}
        if not ours:
            return walk(first, second, *args, **kwargs)
        with np.errstate(**ours, call=tell):
            return walk(first, second, *args, **kwargs)

    def tell(kind: str, flag: int) -> None:
        frame: Any = sys._getframe(1)
        while frame.f_code is not walk.__code__:
            frame = frame.f_back
        y, i = frame.f_locals["y"], frame.f_locals["i"]
        x, name = y.op.named(y.inputs)[i]
        domain = f"; its domain: {y.op.domain}" if y.op.domain else ""
        warnings.warn(
            f"{y.op.name}: {kind} in the derivative by its input {describe(x, name)}{domain}"
            f"{made_at(y) or user_line()}",
            RuntimeWarning,
            stacklevel=2,
        )

    return named
