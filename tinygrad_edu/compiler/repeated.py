"""Did a function compute the same in two calls? Only then its tape is right for a third."""

from __future__ import annotations

import functools
import itertools
import re
import types
from typing import Any

import numpy as np

from tinygrad_edu.compiler.tape import Tape
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.tensor import Op

CONSTANT = re.compile(r"\bk\d+\b")  # in the text of a step
NUMBERED = re.compile(r"\b[kv]\d+\b")


def demand_equal(called: str, old: Tape, new: Tape) -> None:
    """Refuses a function that did something else in its second call."""
    old_rows, new_rows = ({s.makes: s.row for s in tape.steps} for tape in (old, new))
    for a, b in itertools.zip_longest(old.steps, new.steps):
        same = (
            a is not None and b is not None and NUMBERED.sub("", a.text) == NUMBERED.sub("", b.text)
        )
        same = same and [old_rows[i] for i in a.reads] == [new_rows[i] for i in b.reads]
        if same and _kind(a.y) == _kind(b.y):
            pairs = zip(CONSTANT.findall(a.text), CONSTANT.findall(b.text), strict=True)
            if all(_same(old.names[x], new.names[y]) for x, y in pairs):
                continue
        step = b or a
        raise refusal(
            TypeError,
            f"compile: {called} did not compute the same twice: {step.name} {step.line} got another "
            "constant, or came at another place.",
            "what changes from call to call as an array that is an argument or that the function names; a "
            "generator, made outside, for random numbers",
        )


def _kind(y: Any) -> Any:
    """Another shape in the second call is one that depends on numbers."""
    return None if y is None else (y.shape, y.dtype)


def _same(a: Any, b: Any) -> bool:
    """Are two constants of a tape equal in all that a replay may depend on?"""
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, functools.partial):
        return _same([a.func, a.args, a.keywords], [b.func, b.args, b.keywords])
    if isinstance(a, types.MethodType):
        return _same([a.__func__, a.__self__], [b.__func__, b.__self__])
    if isinstance(a, types.FunctionType):
        cells = [[c.cell_contents for c in f.__closure__ or ()] for f in (a, b)]
        return a.__code__ is b.__code__ and _same(*cells)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_same(a[k], b[k]) for k in a)
    if isinstance(a, Op):
        return _same(vars(a), vars(b))
    try:
        return bool(a == b)
    except (ValueError, TypeError):
        return False
