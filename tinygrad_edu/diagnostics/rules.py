"""Reads the rules of the derivative table as text: their source, their place, and which inputs they use."""

from __future__ import annotations

import ast
import dis
import functools
import inspect
import linecache
import os
import textwrap
from collections.abc import Callable, Iterable
from typing import Any

from tinygrad_edu.diagnostics.words import PACKAGE, shortened


def inputs_used(rules: Iterable[Callable | None]) -> list[int]:
    """The numbers of the inputs whose values some rule reads, and not only their shape or dtype.

    A rule that does not tell counts as reading all.
    """
    rules = list(rules)
    used: set[int] = set()
    for rule in filter(None, rules):
        read = arguments_read(rule)
        if read is None:
            return list(range(len(rules)))
        used.update(i - 2 for i in read if i >= 2)  # without g and y
    return sorted(i for i in used if i < len(rules))


def arguments_read(rule: Callable) -> set[int] | None:
    """The numbers of the arguments whose values a rule reads; None if its bytecode does not tell.

    `lambda g, y, x, w: g * w` loads arguments 0 and 3. A partial, or a lambda with functions inside, does
    not tell.
    """
    code = getattr(rule, "__code__", None)
    if code is None or code.co_cellvars:
        return None
    names = code.co_varnames[: code.co_argcount]
    read: set[int] = set()
    steps = list(dis.get_instructions(code))
    for step, after in zip(steps, [*steps[1:], None], strict=True):
        if step.opname.startswith("LOAD_FAST"):
            loaded = step.argval if isinstance(step.argval, tuple) else (step.argval,)
            if after and after.argval in ("shape", "ndim", "size", "dtype"):
                loaded = loaded[:-1]
            read.update(names.index(name) for name in loaded if name in names)
    return read


def source_of(rule: Callable) -> str:
    """The source of a rule: what a lambda returns, or the whole of a named function."""
    code = getattr(rule, "__code__", None)
    if code is None:  # np.cos, or a functools.partial
        return shortened(rule)
    if code.co_name != "<lambda>":
        return textwrap.dedent(inspect.getsource(rule)).strip()
    for node in _lambdas(code.co_filename):
        places = [p for p in code.co_positions() if p[2] is not None and p[3] != p[2]]
        if node.lineno == code.co_firstlineno and all(_within(p, node) for p in places):
            return ast.unparse(node.body)
    return "(its source is not at hand)"


def _within(place: Any, node: ast.Lambda) -> bool:
    """Is a place in the source inside a lambda?"""
    line, end_line, column, end_column = place
    return (node.lineno, node.col_offset) <= (line, column) and (end_line, end_column) <= (
        node.end_lineno,
        node.end_col_offset,
    )


@functools.cache
def _lambdas(file: str) -> list[ast.Lambda]:
    """Every lambda of a file, the inner ones first."""
    try:
        tree = ast.parse(
            "".join(linecache.getlines(file))
        )  # a cell of a notebook has its lines there
    except SyntaxError:
        return []
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Lambda)]
    return found[::-1]


def place_of(function: Callable) -> str:
    """The file and line of a function: `tinygrad_edu/ops/elementwise.py, line 57`."""
    code = getattr(function, "__code__", None)
    if code is None:
        return ""
    file = os.path.relpath(code.co_filename, os.path.dirname(os.path.dirname(PACKAGE)))
    return f"{file if not file.startswith('..') else code.co_filename}, line {code.co_firstlineno}"
