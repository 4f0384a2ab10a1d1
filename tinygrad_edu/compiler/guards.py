"""What a tape is right for, besides the arguments of a call: everything that the function names.

An array that is reached so is an input of the tape. A number is one that the tape is right for, and so is the
training mode of a module: each becomes a line of Python that is true as long as the tape holds.
"""

from __future__ import annotations

import functools
import sys
import types
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from tinygrad_edu.compiler.stand_ins import Draws, kind_of, watched
from tinygrad_edu.compiler.tape import Tape
from tinygrad_edu.diagnostics.words import PACKAGE, describe, refusal
from tinygrad_edu.nn import Module, Parameter
from tinygrad_edu.nn.layer_tools import ShownAsCalled
from tinygrad_edu.optim import Optimizer
from tinygrad_edu.tensor import Tensor

REACHED = "f", "parameters", "loss", "optimizer"  # attributes of ours that are looked at
NUMBERS = (int, float, complex, bool, str, bytes, type(None), slice, range, np.generic, np.dtype)
MANY = 50  # parts of a list: as many are visited one by one
ABSENT: Any = object()
GONE = AttributeError, KeyError, IndexError, ValueError, TypeError  # the name of a condition is


class Names:
    """What the function f reaches by its names, and what must stay as it is."""

    def __init__(self, f: Callable, more: Any, tape: Tape):
        self.tape = tape
        self.conditions: dict[str, None] = {}  # a set in order
        self.swaps: list[tuple[Any, Any, Any, Callable]] = []  # (where, key, what is there, new)
        self.tensors: dict[int, Tensor] = {}  # to be watched
        self.seen: set[int] = set()
        for part in (f, *more):
            self.visit(tape.constant(part), part)

    def demand(self, condition: str) -> None:
        self.conditions[condition] = None

    def visit(self, text: str, x: Any, place: Any = None) -> None:
        """x, which the Python `text` finds; `place` is where it may be exchanged: (dict or cell, key)."""
        name = self.tape.constant
        if isinstance(x, NUMBERS):
            same = "is" if x is None or x != x else "=="
            self.demand(f"type({text}) is {name(type(x))} and {text} {same} {name(x)}")
        elif isinstance(x, np.ndarray):
            self._array(text, x, place)
        else:
            if not text.isidentifier():
                self.demand(f"{text} is {name(x)}")
            if isinstance(x, np.random.Generator) and place:
                self.swaps.append((*place, x, lambda: Draws(x)))
            elif id(x) not in self.seen:
                self.seen.add(id(x))
                self._conditions(name(x), x)
                for suffix, part, where in self._parts(x):
                    self.visit(name(x) + suffix, part, where)

    def _array(self, text: str, x: np.ndarray, place: Any) -> None:
        name = self.tape.constant
        if type(x) is not np.ndarray:
            raise refusal(
                TypeError,
                f"compile: the function names {describe(x)}, a {type(x).__name__}.",
                "np.asarray",
            )
        self.demand(f"type({text}) is {name(np.ndarray)} and {text}.shape == {x.shape}")
        self.demand(f"{text}.dtype == {name(x.dtype)} and {text}.strides == {x.strides}")
        if place:
            about = str(place[1] or "closure")
            self.swaps.append((*place, x, lambda: self.tape.note(about, text, x, loads=True)))
        else:  # in a tuple, for instance: it is compared number by number
            self.demand(f"{text}.tobytes() == {name(x.tobytes())}")

    def _conditions(self, here: str, x: Any) -> None:
        """What must stay as it is in x itself."""
        if isinstance(x, Tensor):
            self.tensors[id(x)] = x
            self.demand(f"{here}.requires_grad is {x.requires_grad}")
        elif isinstance(x, Module):
            if x.hooks:
                raise refusal(
                    TypeError,
                    f"compile: {type(x).__name__} has hooks, which would be called once, in the first call.",
                    "the function without compile as long as hooks are there",
                )
            self.demand(f"{here}.training is {x.training} and not {here}.hooks")
        if isinstance(x, (tuple, list, dict, deque)):
            self.demand(f"len({here}) == {len(x)}")
        elif _has_attributes(x):
            self.demand(f"len(vars({here})) == {len(vars(x))}")
        if isinstance(x, (set, frozenset)) or _is_long(x):
            self.demand(f"{here} == {self.tape.constant(type(x)(x))}")

    def _parts(self, x: Any) -> Iterator[tuple[str, Any, Any]]:
        """(Python that finds it in x, the part, where it may be exchanged) for all that x refers to."""
        if isinstance(x, types.FunctionType):
            yield from self._parts_of_function(x)
        elif isinstance(x, type) and _is_of_user(x):
            for key, part in vars(x).items():
                found = getattr(part, "__func__", getattr(part, "fget", part))
                suffix = (
                    ".__func__" if hasattr(part, "__func__") else ".fget" * hasattr(part, "fget")
                )
                if isinstance(found, types.FunctionType) or not key.startswith("__"):
                    yield f".__dict__[{key!r}]{suffix}", found, None
        elif isinstance(x, (tuple, list, deque)) and not _is_long(x):
            for i, part in enumerate(x):
                yield f"[{i}]", part, None if isinstance(x, tuple) else (x, i)
        elif isinstance(x, dict):
            for key, part in x.items():
                yield f"[{self.tape.constant(key)}]", part, (x, key)
        elif _has_attributes(x):
            for key, part in vars(x).items():
                if key not in ("training", "_start", "hooks"):
                    yield f".__dict__[{key!r}]", part, (vars(x), key)
        names: tuple[str, ...] = ()
        if isinstance(x, functools.partial):
            names = "func", "args", "keywords"
        elif isinstance(x, types.MethodType):
            names = "__func__", "__self__"
        elif isinstance(x, Parameter):
            names = ("regularizer",)
        elif _is_ours(type(x)) and not _has_attributes(
            x
        ):  # an optimizer is called again, for instance
            names = tuple(key for key, part in getattr(x, "__dict__", {}).items() if (
                isinstance(part, (Module, Tensor)) or key in REACHED))  # fmt: skip
        for key in names:
            yield f".{key}", getattr(x, key), None
        for kind in type(x).__mro__:
            if _is_of_user(kind):
                yield f".__class__.__mro__[{type(x).__mro__.index(kind)}]", kind, None
                for key in vars(kind).get("__slots__", ()) if "__dict__" not in vars(kind) else ():
                    if hasattr(x, key):
                        yield f".{key}", getattr(x, key), None

    def _parts_of_function(self, f: types.FunctionType) -> Iterator[tuple[str, Any, Any]]:
        for i, cell in enumerate(f.__closure__ or ()):
            if cell != types.CellType():  # otherwise it is not assigned yet
                yield f".__closure__[{i}].cell_contents", cell.cell_contents, (cell, None)
        if f.__code__.co_filename.startswith(PACKAGE):
            return
        for i, default in enumerate(f.__defaults__ or ()):
            yield f".__defaults__[{i}]", default, None
        for key, default in (f.__kwdefaults__ or {}).items():
            yield f".__kwdefaults__[{key!r}]", default, (f.__kwdefaults__, key)
        self.demand(f"{self.tape.constant(f)}.__code__ is {self.tape.constant(f.__code__)}")
        words = sorted(set(_names_in(f.__code__)))
        for word in words:
            if word == "type" and word not in f.__globals__:
                self.swaps.append((f.__globals__, word, ABSENT, lambda: kind_of))
            if word not in f.__globals__:
                continue
            part = f.__globals__[word]
            yield f".__globals__[{word!r}]", part, (f.__globals__, word)
            if isinstance(part, types.ModuleType) and _is_users(part.__name__):
                for inner in set(words) & vars(part).keys():
                    text = f".__globals__[{word!r}].__dict__[{inner!r}]"
                    yield text, vars(part)[inner], (vars(part), inner)

    @contextmanager
    def exchanged(self) -> Iterator[None]:
        """Context in which the function finds stand-ins in the places of its arrays and generators."""
        put: list[tuple[Any, Any, Any, Any]] = []
        kinds: list[tuple[Any, Any]] = [(x, type(x)) for x in self.tensors.values()]
        try:
            places = {(id(where), key): (where, key, *rest) for where, key, *rest in self.swaps}
            for where, key, old, make in places.values():  # one for all functions that name it
                put.append((where, key, old, make()))
                _put(*put[-1][:2], put[-1][3])
            for x, kind in kinds:
                x.__class__ = watched(kind)
            yield
            if self.tape.refused:
                raise self.tape.refused[0]
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
            for where, key, old, _ in reversed(put):
                _put(where, key, old)

    def changed(self) -> str:
        """The first condition that does not hold, in readable words; "" if all do."""
        for condition in self.conditions:
            try:
                holds = eval(condition, self.tape.names)
            except GONE:
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


def _is_long(x: Any) -> bool:
    """Is it a list of so many numbers that it is compared as a whole?"""
    many = isinstance(x, (tuple, list)) and len(x) > MANY
    return many and all(isinstance(part, NUMBERS) for part in x)


def _is_ours(kind: type) -> bool:
    return kind.__module__.partition(".")[0] in ("tinygrad_edu", "models")


def _is_users(module: str) -> bool:
    """Is it a module that a user wrote? (Not ours, NumPy's and the standard library's.)"""
    root = module.partition(".")[0]
    known = root in ("numpy", "tinygrad_edu", "models") or root in sys.stdlib_module_names
    return root == "__main__" or not known


def _is_of_user(kind: type) -> bool:
    in_python = bool(kind.__flags__ & 512)  # Py_TPFLAGS_HEAPTYPE
    return in_python and (_is_users(kind.__module__) or kind.__module__ == "builtins")


def _has_attributes(x: Any) -> bool:
    """Are all attributes of x looked at?"""
    if isinstance(x, (Optimizer, type)) or not hasattr(x, "__dict__"):
        return False
    shown = isinstance(x, (Module, ShownAsCalled, types.SimpleNamespace))
    return shown or (
        _is_of_user(type(x)) and not isinstance(x, (types.FunctionType, types.ModuleType))
    )


def _put(where: Any, key: Any, new: Any) -> None:
    if key is None:
        where.cell_contents = new
    elif new is ABSENT:
        where.pop(key, None)
    else:
        where[key] = new


def _found(where: Any, key: Any) -> Any:
    return (
        where.cell_contents
        if key is None
        else where.get(key)
        if isinstance(where, dict)
        else where[key]
    )
