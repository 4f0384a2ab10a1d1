"""The two ends of a tape: the arguments of a call, and what it returns."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.autodiff import FREED
from tinygrad_edu.compiler.guards import NUMBERS
from tinygrad_edu.compiler.stand_ins import Draws, StandIn
from tinygrad_edu.compiler.tape import Tape
from tinygrad_edu.diagnostics.words import describe, refusal
from tinygrad_edu.tensor import Op, Tensor, result_of


class Arguments:
    """The arguments of a call, as stand-ins, and the conditions under which others are like them.

    shown        the arguments, with stand-ins for the arrays
    conditions   Python that is true of other arguments of the same structure, shapes, dtypes, strides and
                 numbers, and gives a0, a1, ... their values
    others       what is neither an array nor a number, such as a model
    """

    def __init__(self, args: tuple, kwargs: dict, tape: Tape):
        self.tape = tape
        self.others: list[Any] = []
        self.conditions: list[str] = []
        self.shown = self._shown(args, "args"), self._shown(kwargs, "kwargs")

    def _shown(self, x: Any, text: str) -> Any:
        name, kind = self.tape.constant, type(x)
        if kind is tuple or kind is list:
            self.conditions.append(f"type({text}) is {name(kind)} and len({text}) == {len(x)}")
            return kind([self._shown(part, f"{text}[{i}]") for i, part in enumerate(x)])
        if kind is dict:
            keys = name(tuple(x))
            self.conditions.append(f"type({text}) is {name(dict)} and tuple({text}) == {keys}")
            return {key: self._shown(x[key], f"{text}[{keys}[{i}]]") for i, key in enumerate(x)}
        tensor = isinstance(x, Tensor) and not x.requires_grad
        if tensor or kind is np.ndarray or isinstance(x, np.generic):
            here = f"a{self.tape.arguments}"
            self.tape.arguments += 1
            self.conditions.append(f"type({here} := {text}) is {name(kind)}")
            if not isinstance(x, np.generic):
                self._layout(here, x, tensor)
            y = x.data if tensor else x
            here += ".data" if tensor else ""
            return self.tape.note("argument", here, y, tensor=tensor, loads=True)
        if isinstance(x, NUMBERS):
            self.conditions.append(f"type({text}) is {name(kind)} and repr({text}) == {repr(x)!r}")
        else:
            self.conditions.append(f"{text} is {name(x)}")
        self.others.append(x)
        return Draws(x) if isinstance(x, np.random.Generator) else x

    def _layout(self, here: str, x: Any, tensor: bool) -> None:
        if tensor:
            self.conditions.append(f"not {here}.requires_grad")
            here, x = here + ".data", x.data
        dtype = self.tape.constant(x.dtype)
        self.conditions.append(f"{here}.shape == {x.shape} and {here}.strides == {x.strides}")
        self.conditions.append(f"({here}.dtype is {dtype} or {here}.dtype == {dtype})")


def result_text(y: Any, tape: Tape) -> str:
    """What f returned, as Python."""
    if type(y) in (tuple, list):
        inside = "".join(f"{result_text(part, tape)}, " for part in y)
        return f"({inside})" if type(y) is tuple else f"[{inside}]"
    if isinstance(y, tuple):
        return f"{tape.constant(type(y))}(*{result_text(tuple(y), tape)})"
    if type(y) is dict:
        return (
            "{"
            + "".join(
                f"{result_text(k, tape)}: {result_text(part, tape)}, " for k, part in y.items()
            )
            + "}"
        )
    if isinstance(y, np.ndarray):
        return f"{tape.constant(y)}.copy()"
    if not isinstance(y, StandIn):
        if not isinstance(y, NUMBERS):
            raise refusal(
                TypeError,
                f"compile: {describe(y, 'the result')} is nothing that a replay could make anew.",
                "arrays, Tensors and numbers, in tuples, lists and dicts",
            )
        return tape.constant(y)
    if not y.tensor:
        return f"v{y.slot}"
    if y.requires_grad and y.op is not FREED:
        raise refusal(
            TypeError,
            f"compile: {describe(y, 'the result')} could be differentiated with respect to parameters, and a "
            "tape keeps no graph.",
            "backward() inside the function, `with no_grad():` around the call, or y.detach()",
        )
    return f"{tape.constant(_tensor)}(v{y.slot}, {tape.constant(y.op)})"


def _tensor(x: np.ndarray, op: Op | None) -> Tensor:
    return result_of(op, (), {}, x)
