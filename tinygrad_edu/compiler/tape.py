"""The tape: what one call of a function computed, as a list of calls of plain functions on plain arrays.

While a function is recorded, its arrays are stand-ins (`stand_ins.py`), and each operation on one of them
comes here. `call` does it at once, on the numbers, and writes it down as a line of Python:

    v5 = matmul(v1, v2)
    v6 = add(v5, v3)

The walk back is written down likewise, rule by rule: nothing is left of Tensors, of the choice of a row and
of the search for the way back. `plan.py` makes these lines a function, which is the whole replay.
"""

from __future__ import annotations

import operator
import re
import weakref
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygrad_edu.autodiff import FREED, unbroadcast
from tinygrad_edu.compiler.opened import Array, open_row
from tinygrad_edu.compiler.stand_ins import StandIn, numbers_of
from tinygrad_edu.diagnostics.words import line_of, refusal, user_frame
from tinygrad_edu.modes import set_mode, thread
from tinygrad_edu.node import own
from tinygrad_edu.tensor import Tensor

LITERALS = (int, float, bool, str, type(None), type(...))
NONE: dict[str, Any] = {}


@dataclass(eq=False)
class Step:
    """One line of the tape: v5 = text."""

    name: str  # of the operation
    text: str  # Python that gives the result
    makes: int  # the slot of the result: v5 is slot 5
    reads: tuple[int, ...]  # the slots of the operands
    y: Any = None  # an array like the result, without its numbers; None if it is no array
    line: str = ""  # the user's line that asked for it
    loads: bool = False  # does it only fetch an array?
    effect: bool = False  # does it draw, check or change something?
    view_of: int | None = None  # the slot whose memory the result shares
    writes: str = ""  # how `text` names an array to write into: ", {}" or ", out={}"
    elementwise: bool = False
    asks: bool = False  # `text` is a condition, and a replay leaves the plan if it does not hold
    opened: list[Step] | None = None  # the steps inside; None: it is called as it is
    row: int = 0  # its place on the tape, or that of the step which it is inside of

    def about(self) -> str:
        if self.y is None:
            return "no array"
        size = "a view" if self.view_of is not None else f"{self.y.nbytes:,} bytes"
        return f"{self.y.shape} {self.y.dtype}, {size}"


class Tape:
    """A list of steps, and the objects that they name."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.values = Values()  # slot -> what it holds now, while the tape is recorded
        # The result of an opened step -> that of the last step inside.
        self.same: dict[int, int] = {}
        self.names: dict[str, Any] = {}  # k3 -> a function, a constant, a module
        self.known: dict[int, str] = {}  # the id of an object -> its name
        # The id of a Tensor -> its array, since the last effect.
        self.loaded: dict[int, StandIn] = {}
        self.arguments = 0
        self.refused: list[Exception] = []  # what the function asked for, and caught
        self.lines: dict[str, list] = {}  # file of a program -> the steps of its lines

    # Recording: each operation is done and written down.

    def call(
        self, function: Callable, args: Any, params: Any = NONE, *, name: str = "", tensor: bool = False,
        effect: bool = False,
    ) -> Any:  # fmt: skip
        """function(*args, **params), now and in every replay. `tensor`: is the result one to the user?"""
        with set_mode(tape=None):
            y = function(*self.real(args), **self.real(params))
            text = self.call_text(function, args, params)
            as_array = tensor and type(y) is not np.ndarray
            if as_array:  # as in `Op.__call__`
                y, text = np.asarray(y), f"{self.constant(np.asarray)}({text})"
            found = None if effect else open_row(self, function, args, params, as_array, y)
        name = name or getattr(function, "__name__", type(function).__name__)
        result = self.note(name, text, y, (args, params), tensor, effect=effect)
        if found:
            step = self.steps[-1]
            step.opened, self.same[step.makes] = found
            for inner in step.opened:
                inner.name, inner.line, inner.row = name, step.line, step.row
        return result

    def note(
        self, name: str, text: str, y: Any, read: Any = (), tensor: bool = False, loads: bool = False,
        effect: bool = False,
    ) -> Any:  # fmt: skip
        """Writes a line down; returns a stand-in for its result y, or a tuple of them."""
        frame = user_frame()
        line = line_of(frame.f_code.co_filename, frame.f_lineno).strip() if frame else ""
        step = self.step(y, text, read, name=name, line=line, loads=loads, effect=effect)
        step.row = len(self.steps)
        self.steps.append(step)
        slot = step.makes
        if type(y) is tuple:
            parts = range(len(y))
            whole = StandIn(self, slot, False)
            self.values[slot] = None
            return tuple(self.note(name, f"v{slot}[{i}]", y[i], (whole,), tensor) for i in parts)
        return None if y is None else StandIn(self, slot, tensor)

    def step(self, y: Any, text: str, read: Any = (), **about: Any) -> Step:
        """A step with the next slot, whose value is y."""
        slot, read = len(self.values), stand_ins(read)
        self.values.append(y)
        like, view_of = None, None
        if isinstance(y, (np.ndarray, np.generic)):
            like = _Like(y)
            for x in read:
                shares = type(x.y) is np.ndarray and not like.owner and np.may_share_memory(x.y, y)
                if x.y is y or shares:
                    view_of = x.slot
        reads = tuple(x.slot for x in read)
        about = {"name": "", **about}
        return Step(text=text, makes=slot, reads=reads, y=like, view_of=view_of, **about)

    def row(self, row: Any, inputs: tuple, params: dict[str, Any]) -> Any:
        """A row of the derivative table, called with stand-ins among its inputs: see `Op.__call__`."""
        tensors = [x for x in inputs if isinstance(x, Tensor)]
        tensor = any(not (isinstance(x, StandIn) and not x.tensor) for x in tensors)
        arrays = tuple(map(self.array_of, inputs))
        y = self.call(row.forward, arrays, params, name=row.name, tensor=tensor)
        mode, tracked = thread.mode, any(x.requires_grad for x in tensors)
        if tensor and tracked and mode.recording and y.dtype.kind in "fc":
            for owned in row.owns:
                if owned in params:
                    params[owned] = own(params[owned])
            y.op, y.inputs, y.params, y.needs = row, inputs, params, True
        return y

    def array_of(self, x: Any) -> Any:
        """An operand of a row as an array: that which a Tensor holds when the replay comes here."""
        if isinstance(x, (list, tuple)):
            return self.call(np.asarray, (x,))
        if not isinstance(x, Tensor) or isinstance(x, StandIn):
            return x
        if x.op is not None:
            raise refusal(
                TypeError,
                "compile: an operand was computed from Tensors before the call, or from some that compile "
                "does not see.",
                "this part inside the function, from arrays that it is given or names directly",
            )
        if id(x) not in self.loaded:
            text = f"{self.constant(x)}.data"
            name = x.name or type(x).__name__
            self.loaded[id(x)] = self.note(name, text, numbers_of(x), loads=True)
        return self.loaded[id(x)]

    def again(self, function: Callable, args: tuple, params: Any) -> Any:
        """What draws, checks or changes something: done now, and again in every replay."""
        y = self.call(function, args, params, effect=True)
        self.loaded.clear()  # a parameter may have another array now
        return y

    def walk_back(
        self,
        grads: dict[Any, Any],
        operations: list[Any],
        wanted: Collection[Any] | None,
        create_graph: bool,
        free: bool,
    ) -> None:
        """`autodiff.walk_back`, written down: the same rules in the same order, and so the same bits."""
        for y, g in grads.items():
            if not isinstance(g, StandIn):
                grads[y] = self.call(np.asarray, (numbers_of(g),), tensor=create_graph)
        while operations:
            y = operations.pop()
            g = grads.pop(y, None)
            if g is None:
                continue
            arrays = y.inputs if create_graph else tuple(map(self.array_of, y.inputs))
            for i, x in enumerate(y.inputs):
                if not isinstance(x, Tensor) or not x.requires_grad or y.op.rule(i) is None:
                    continue
                if wanted is not None and x not in wanted:
                    continue
                rule = y.op.rule(i)
                if create_graph:  # the rule gets stand-ins for Tensors, and records itself
                    gx = rule(g, y, *arrays, **y.params)
                else:
                    named = y.op.inputs[i] if i < len(y.op.inputs) else i
                    gx = self.call(rule, (g, y, *arrays), y.params, name=f"d{y.op.name}/d{named}")
                do = _done if create_graph else self.call
                if gx.shape != x.shape:
                    gx = do(unbroadcast, (gx, x.shape))
                if gx.dtype != x.dtype:
                    gx = gx.astype(x.dtype)
                if x in grads:
                    gx = do(operator.add, (grads[x], gx))
                elif x.op is None and not create_graph:
                    gx = self.call(not_shared, (gx, g))
                grads[x] = gx
            if free:
                y.op, y.inputs, y.params = FREED, (), {}

    # The text of a step, and the objects in it.

    def constant(self, x: Any) -> str:
        """The name of an object that is the same in every replay."""
        if id(x) not in self.known:
            self.known[id(x)] = f"k{len(self.names)}"
            self.names[self.known[id(x)]] = x
        return self.known[id(x)]

    def expression(self, x: Any) -> str:
        """An operand as Python: v5, 0.5, (v1, v2), or the name of a constant."""
        if isinstance(x, (StandIn, Array)):
            return f"v{x.slot}"
        if type(x) in (tuple, list):
            inside = "".join(f"{self.expression(part)}, " for part in x)
            return f"({inside})" if type(x) is tuple else f"[{inside}]"
        if type(x) is dict:
            return "{" + ", ".join(f"{k!r}: {self.expression(part)}" for k, part in x.items()) + "}"
        if type(x) in LITERALS and x == x and x not in (np.inf, -np.inf):
            return repr(x) if x is not ... else "..."
        if type(x) is np.ndarray:  # as it is now: the function may change it later
            x = x.copy("K")
        return self.constant(x)

    def call_text(self, function: Any, args: Any, params: Any) -> str:
        given = [self.expression(x) for x in args]
        given += [f"{key}={self.expression(x)}" for key, x in params.items()]
        name = function if isinstance(function, str) else self.constant(function)
        return f"{name}({', '.join(given)})"

    def real(self, x: Any) -> Any:
        """The same operand as it is now."""
        if isinstance(x, (StandIn, Array)):
            return x.y
        if type(x) in (tuple, list):
            return type(x)(map(self.real, x))
        return {k: self.real(part) for k, part in x.items()} if type(x) is dict else x

    def readable(self, text: str) -> str:
        """The text of a step with the functions' own names."""

        def named(match: re.Match) -> str:
            x = self.names[match[0]]
            name = getattr(x, "__name__", None) or type(x).__name__
            if name == "reduce":
                name = f"{x.__self__.__name__}.reduce"
            return name if name != "<lambda>" else "rule"

        return re.sub(r"\bk\d+\b", named, text)

    def real_results(self, results: str) -> Any:
        """The results of the call that was recorded."""
        now = eval(results, self.names | {f"v{i}": self.values[i] for i in slots_in(results)})
        self.values, self.loaded = Values(), {}
        return now


class Values(list):
    """What the slots hold. An array that nobody else has any more is forgotten, as without compile."""

    def append(self, y: Any) -> None:
        super().append(weakref.ref(y) if type(y) is np.ndarray else y)

    def __getitem__(self, slot: Any) -> Any:
        y = super().__getitem__(slot)
        return y() if type(y) is weakref.ref else y


class _Like:
    """What a plan must know of an array, without its numbers."""

    def __init__(self, y: Any):
        self.array, self.owner = type(y) is np.ndarray, type(y) is np.ndarray and y.base is None
        self.shape, self.dtype, self.nbytes = y.shape, y.dtype, y.nbytes
        self.strides = y.strides
        self.order: Any = "C" if y.flags.c_contiguous else "F" if y.flags.f_contiguous else None

    def layout(self) -> tuple:
        return self.shape, self.dtype, self.order


def slots_in(text: str) -> set[int]:
    """The slots that a line of the tape names."""
    return {int(slot) for slot in re.findall(r"\bv(\d+)\b", text)}


def stand_ins(x: Any) -> list[Any]:
    """The stand-ins in an operand."""
    if isinstance(x, (StandIn, Array)):
        return [x]
    parts = x.values() if type(x) is dict else x if type(x) in (tuple, list) else ()
    return [found for part in parts for found in stand_ins(part)]


def not_shared(gx: Any, g: Any) -> Any:
    """The gradient of a leaf, which shares no memory with another: the user may change it."""
    return gx.copy() if gx is g or gx.base is not None else gx


def _done(function: Callable, args: tuple) -> Any:
    return function(*args)
