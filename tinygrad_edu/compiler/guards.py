"""What a tape is right for: the arguments of a call, and everything that the function names besides.

    signature    the shapes, dtypes and strides of the arrays of a call, and all else by value
    Names        what the function reaches through closures, globals and attributes

An array that is reached so is an input of the tape. A number is one that the tape is right for, and so is the
training mode of a module: each becomes a line of Python that is true as long as the tape holds.
"""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from tinygrad_edu.compiler.stand_ins import Draws, watched
from tinygrad_edu.compiler.tape import Tape
from tinygrad_edu.diagnostics.words import PACKAGE, refusal
from tinygrad_edu.nn import Module, Parameter
from tinygrad_edu.nn.layer_tools import ShownAsCalled
from tinygrad_edu.tensor import Tensor

REACHED = ("parameters", "loss", "optimizer")  # attributes of an optimizer and of a Trainer
NUMBERS = (int, float, complex, bool, str, bytes, type(None), np.generic, np.dtype)


def signature(tree: Any, arrays: list[Any]) -> Any:
    """What a tape must agree with in the arguments; the arrays in them are added to `arrays`."""
    kind = type(tree)
    if kind is np.ndarray:
        arrays.append(tree)
        return kind, tree.shape, tree.dtype, tree.strides
    if kind is tuple or kind is list:
        return kind, tuple([signature(part, arrays) for part in tree])
    if kind is dict:
        return kind, tuple([(name, signature(part, arrays)) for name, part in tree.items()])
    if isinstance(tree, np.generic):
        arrays.append(tree)
        return kind
    if isinstance(tree, Tensor) and not tree.requires_grad:
        arrays.append(tree)
        return kind, tree.shape, tree.dtype, tree.data.strides
    return (kind, repr(tree)) if isinstance(tree, NUMBERS) else (kind, id(tree))


class Names:
    """What the function f reaches by its names, and what must stay as it is."""

    def __init__(self, f: Callable, more: Any, tape: Tape):
        self.tape = tape
        self.conditions: list[str] = []
        self.swaps: list[
            tuple[Any, Any, Any]
        ] = []  # (where, its key, the array or generator there)
        self.tensors: dict[int, Tensor] = {}  # to be watched
        self.seen: set[int] = set()
        self.visit(tape.constant(f), f)
        for part in more:
            self.visit(tape.constant(part), part)

    def demand(self, condition: str) -> None:
        if condition not in self.conditions:
            self.conditions.append(condition)

    def visit(self, text: str, x: Any, place: Any = None) -> None:
        """x, which the Python `text` finds; `place` is where it may be exchanged: (dict or cell, key)."""
        name = self.tape.constant
        if isinstance(x, NUMBERS):
            same = "is" if x is None or x != x else "=="
            self.demand(f"type({text}) is {name(type(x))} and {text} {same} {name(x)}")
            return
        if type(x) is np.ndarray and place:
            self.demand(f"type({text}) is {name(np.ndarray)} and {text}.shape == {x.shape}")
            self.demand(f"{text}.dtype == {name(x.dtype)} and {text}.strides == {x.strides}")
            self.swaps.append((*place, (text, x)))
            return
        if not text.isidentifier():
            self.demand(f"{text} is {name(x)}")
        if id(x) in self.seen:
            return
        self.seen.add(id(x))
        here = name(x)
        if isinstance(x, Tensor):
            self.tensors[id(x)] = x
            self.demand(f"{here}.requires_grad is {x.requires_grad}")
            if isinstance(x, Parameter) and x.regularizer:
                self.visit(f"{here}.regularizer", x.regularizer)
        elif isinstance(x, np.random.Generator) and place:
            self.swaps.append((*place, (None, x)))
        elif isinstance(x, functools.partial):
            self.visit(f"{here}.func", x.func)
            self.visit(f"{here}.args", x.args)
            self.visit(f"{here}.keywords", x.keywords)
        elif isinstance(x, types.MethodType):
            self.visit(f"{here}.__func__", x.__func__)
            self.visit(f"{here}.__self__", x.__self__)
        elif isinstance(x, types.FunctionType):
            self._function(here, x)
        elif type(x) in (tuple, list) and len(x) <= 1000:
            self.demand(f"len({here}) == {len(x)}")
            for i, part in enumerate(x):
                self.visit(f"{here}[{i}]", part, (x, i) if type(x) is list else None)
        elif type(x) is dict and len(x) <= 1000:
            self.demand(f"len({here}) == {len(x)}")
            for key, part in x.items():
                self.visit(f"{here}[{name(key)}]", part, (x, key))
        elif isinstance(x, Module):
            if x.hooks:
                raise refusal(
                    TypeError,
                    f"compile: {type(x).__name__} has hooks, which would be called once, in the first call.",
                    "the function without compile as long as hooks are there",
                )
            self.demand(f"{here}.training is {x.training} and not {here}.hooks")
            self._attributes(here, x)
        elif _is_of_user(type(x)) or isinstance(x, ShownAsCalled):
            self._attributes(here, x)
        elif _is_ours(
            type(x)
        ):  # an optimizer: it is called again, and only its parameters are watched
            for key, part in vars(x).items() if hasattr(x, "__dict__") else ():
                if isinstance(part, (Module, Tensor)) or key in REACHED:
                    self.visit(f"{here}.{key}", part)

    def _function(self, here: str, f: types.FunctionType) -> None:
        for i, cell in enumerate(f.__closure__ or ()):
            try:
                inside = cell.cell_contents
            except ValueError:  # not assigned yet
                continue
            self.visit(f"{here}.__closure__[{i}].cell_contents", inside, (cell, None))
        if f.__code__.co_filename.startswith(PACKAGE):
            return
        for i, default in enumerate(f.__defaults__ or ()):
            self.visit(f"{here}.__defaults__[{i}]", default)
        for word in sorted(set(_names_in(f.__code__))):
            if word in f.__globals__:
                place = f.__globals__, word
                self.visit(f"{here}.__globals__[{word!r}]", f.__globals__[word], place)

    def _attributes(self, here: str, x: Any) -> None:
        self.demand(f"len(vars({here})) == {len(vars(x))}")
        for key, part in vars(x).items():
            if key not in ("training", "_start", "hooks"):
                self.visit(f"vars({here})[{key!r}]", part, (vars(x), key))

    @contextmanager
    def exchanged(self) -> Iterator[None]:
        """Context in which the function finds stand-ins in the places of its arrays and generators."""
        put: list[tuple[Any, Any, Any, Any]] = []
        kinds: list[tuple[Any, Any]] = [(x, type(x)) for x in self.tensors.values()]
        made: dict[int, Any] = {}
        try:
            for where, key, (text, x) in self.swaps:
                if text is not None:
                    new = self.tape.note(str(key or "closure"), text, x, loads=True)
                else:
                    new = made.setdefault(id(x), Draws(x))
                put.append((where, key, x, new))
                _put(where, key, new)
            for x, kind in kinds:
                x.__class__ = watched(kind)
            yield
            for where, key, _, new in put:
                if _found(where, key) is not new:
                    raise refusal(
                        TypeError,
                        f"compile: the function assigns to {key or 'a variable of its closure'}, which a "
                        "replay would not do.",
                        "returning the new array, and assigning it outside",
                    )
        finally:
            for x, kind in kinds:
                x.__class__ = kind
            for where, key, old, new in put:
                if _found(where, key) is new:
                    _put(where, key, old)

    def holds(self) -> Callable[[], bool]:
        """A function that tells whether everything is as it was."""
        text = " and ".join(f"({condition})" for condition in self.conditions) or "True"
        return eval(f"lambda: {text}", self.tape.names)

    def changed(self) -> str:
        """The first condition that does not hold, in readable words; "" if all do."""
        for condition in self.conditions:
            try:
                holds = eval(condition, self.tape.names)
            except (AttributeError, KeyError, IndexError, ValueError):
                holds = False
            if not holds:
                words = condition.split(" and ")[-1].split(" == ")[0].split(" is ")[0]
                return words.split("[")[-1].rstrip("])").strip("'") if "[" in words else words
        return ""


def _names_in(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names_in(constant)


def _is_ours(kind: type) -> bool:
    return kind.__module__.partition(".")[0] in ("tinygrad_edu", "models")


def _is_of_user(kind: type) -> bool:
    """Is it a class that a user wrote in Python? (Not NumPy's and the standard library's.)"""
    root = kind.__module__.partition(".")[0]
    known = root in ("numpy", "builtins", "tinygrad_edu", "models") or root in _standard()
    return not known and hasattr(kind, "__dict__") and "__dict__" in dir(kind) and kind is not type


@functools.cache
def _standard() -> frozenset[str]:
    return sys.stdlib_module_names - {"__main__"}


def _put(where: Any, key: Any, new: Any) -> None:
    if key is None:
        where.cell_contents = new
    else:
        where[key] = new


def _found(where: Any, key: Any) -> Any:
    return where.cell_contents if key is None else where[key]
