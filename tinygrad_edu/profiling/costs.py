"""What an operation costs, from the shapes of its arrays: bytes and multiply-adds."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu import ops
from tinygrad_edu.diagnostics.rules import arguments_read
from tinygrad_edu.tensor import ROWS, Op

# What only moves numbers: it makes no multiply-adds.
MOVES = {row for room in (ops.indexing, ops.joining, ops.shapes) for row in vars(room).values()
         if isinstance(row, Op) and not row.elementwise} - {ops.indexing.scatter_add}  # fmt: skip


class Step(NamedTuple):
    """What a line of a generated function does."""

    operation: str
    direction: str
    dtype: str
    line: str  # of the user
    calls: int  # 0 for the further lines of one operation
    bytes: int
    multiply_adds: int


def derivative(row: Op, i: int) -> str:
    """What a rule is called: `d matmul/dx`; `d concatenate`, whose inputs have no names."""
    if row.variadic_rule or i >= len(row.inputs):
        return f"d {row.name}"
    return f"d {row.name}/d{row.inputs[i]}"


def bytes_moved(read: Iterable[Any], y: Any) -> int:
    """Bytes of the arrays read and of the result; 0 for a view, for which nothing is read or written."""
    arrays = [x for x in read if isinstance(x, np.ndarray)]
    if isinstance(y, np.ndarray) and any(np.may_share_memory(x, y) for x in arrays):
        return 0
    return sum(map(_in_memory, arrays)) + y.nbytes


def _in_memory(x: np.ndarray) -> int:
    """The bytes of an array in memory: one that is repeated by broadcasting is there once."""
    if 0 not in x.strides:
        return x.nbytes
    return x.itemsize * math.prod(
        n for n, step in zip(x.shape, x.strides, strict=True) if step or not n
    )


def products(row: Op, shapes: Sequence, params: Mapping[str, Any], made: tuple) -> int:
    """Multiply-adds of a forward: as the row says, or one for each element of the largest array.

    shapes, made   the shapes of the inputs and of the result
    """
    if row in MOVES:
        return 0
    told = row.multiply_adds(made, *shapes, **params) if row.multiply_adds else 0
    return int(told) or max(map(math.prod, (made, *shapes)))


def products_back(row: Op, i: int, shapes: Sequence, params: Mapping[str, Any], made: tuple) -> int:
    """Multiply-adds of rule number i; `shapes` are those of g, y and the inputs.

    The two rules of a product of two factors take a product each. A recurrent row has four factors for two
    products. A bias (b) and a cell state (c) are no factors.
    """
    if row in MOVES:
        return 0
    factors = [name for name in row.inputs if row.linear or name not in ("b", "c")]
    names = row.inputs[i : i + 1]  # empty for one of any number of inputs
    if row.multiply_adds and set(names) <= set(factors):
        told = int(row.multiply_adds(*shapes[1:], **params)) * 2 // max(len(factors), 2)
        if told:
            return told
    return max(math.prod(shapes[0]), math.prod(made))


def step_of(name: str, line: str, function: Any, read: Sequence, y: Any, view: bool) -> Step:
    """What is known of y = function(*read), a line of a tape, before it is replayed.

    function   the forward or the rule of a row, or another one
    read, y    what has the shape, dtype and nbytes of the arrays; y None if it is no array
    view       does the result share the memory of an array that is read?
    """
    match = re.fullmatch(r"d ?(.+/d\w+)", name)
    direction = "backward" if match else "forward"
    name = f"d {match[1]}" if match else name
    if y is None or view:
        return Step(name, direction, "" if y is None else y.dtype.name, line, 1, 0, 0)
    try:
        counted = _products_of(function, [x.shape for x in read], y.shape)
    except (TypeError, ValueError, IndexError):  # it needs settings, which are not told here
        counted = max(math.prod(x.shape) for x in (y, *read))
    moved = sum(x.nbytes for x in read) + y.nbytes
    return Step(name, direction, y.dtype.name, line, 1, moved, counted)


def _products_of(function: Any, shapes: Sequence, made: tuple) -> int:
    """Multiply-adds of the forward or the rule of a row, or of a function of NumPy."""
    found: Any = None
    if isinstance(function, functools.partial) and function.args:  # rule i of any number of inputs
        found = _variadic_rules().get(function.func), function.args[0]
    elif isinstance(function, Hashable):
        found = _rules().get(function)  # type: ignore[call-overload]
    if found and found[0]:
        return products_back(found[0], found[1], shapes, {}, made)
    row: Any = ROWS.get(function) if isinstance(function, Hashable) else None  # type: ignore[call-overload]
    if isinstance(row, Op):
        return products(row, shapes, {}, made)
    return max(map(math.prod, (made, *shapes)))


@functools.cache
def _rules() -> dict[Callable, tuple[Op, int]]:
    return {rule: (row, i) for row in ops.rows() for i, rule in enumerate(row.rules) if rule}


@functools.cache
def _variadic_rules() -> dict[Callable, Op]:
    return {row.variadic_rule: row for row in ops.rows() if row.variadic_rule}


@functools.lru_cache(4096)
def values_read(rule: Callable) -> set[int] | None:
    return arguments_read(rule)
