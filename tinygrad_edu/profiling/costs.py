"""What an operation costs, from the shapes of its arrays: bytes and multiply-adds."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from tinygrad_edu import ops
from tinygrad_edu.diagnostics.rules import arguments_read
from tinygrad_edu.tensor import ROWS, Op

# What only moves numbers: it makes no multiply-adds.
MOVES = {row for room in (ops.indexing, ops.joining, ops.shapes) for row in vars(room).values()
         if isinstance(row, Op) and not row.elementwise} - {ops.indexing.scatter_add}  # fmt: skip


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


OF_THE_WALK = (
    "unbroadcast",
    "not_shared",
    "_add_gradient",
)  # lines on the way back that are no rules


class Line:
    """A line of a generated function, such as `v5 = k3(v1, v2)`, where k3 is np.matmul.

    name   of the operation: "matmul", or "dmatmul/dx"
    line   of the user
    makes  the name of the result, which is either assigned or, as in `k3(v1, v2, v5)`, written into
    costs  dtype of the result, bytes and multiply-adds, as soon as the line has been seen to run
    """

    def __init__(self, name: str, line: str, makes: str):
        self.makes = makes
        rule = re.fullmatch(r"d ?(.+/d\w+)", name)
        self.operation, self.line = (f"d {rule[1]}" if rule else name), line.removeprefix("at ")
        self.direction = "backward" if rule or name in OF_THE_WALK else "forward"
        self.costs: tuple[str, int, int] | None = None

    def look(self, text: str, names: Mapping[str, Any], seen: dict[str, Any]) -> None:
        """Sets the costs, after the line has run.

        names   what its names are
        seen    those of the arrays that earlier lines have made, some of which may be forgotten
        """
        call = text.split(";")[0]
        slots = [*re.findall(r"\bv\d+\b", call)]
        functions = [names.get(name) for name in re.findall(r"\b(k\d+)\(", call)]
        y = seen[self.makes] = names.get(self.makes)
        if not functions or self.makes not in slots or not isinstance(y, (np.ndarray, np.generic)):
            self.costs = "", 0, 0  # an array is fetched, or something changed
            return
        function, into = functions[-1], not re.match(r"\s*v\d+ = ", call)
        del slots[-1 if into else 0]
        row = _row_of_rule(function)
        read = (
            values_read(function) if row and not isinstance(function, functools.partial) else None
        )
        arrays: list[Any] = [
            x if (x := names.get(slot)) is not None else seen.get(slot) for slot in slots
        ]
        shapes = [np.shape(x) for x in arrays]
        arrays = [x for k, x in enumerate(arrays) if read is None or k in read]
        arrays = [x for x in arrays if isinstance(x, (np.ndarray, np.generic))]
        moved = sum(x.nbytes for x in (*arrays, y)) if into else bytes_moved(arrays, y)
        counted = 0
        if moved:
            try:
                counted = _products_of(function, row, shapes, y.shape)
            except (
                TypeError,
                ValueError,
                IndexError,
            ):  # it needs settings, which are not looked at
                counted = max(map(math.prod, (y.shape, *shapes)))
        self.costs = y.dtype.name, moved, counted


def _products_of(function: Any, found: Any, shapes: Sequence, made: tuple) -> int:
    """Multiply-adds of the forward or the rule of a row, or of a function of NumPy."""
    if found:
        return products_back(found[0], found[1], shapes, {}, made)
    function = np.matmul if function is np.dot else function  # of matrices
    row: Any = ROWS.get(function) if isinstance(function, Hashable) else None  # type: ignore[call-overload]
    if isinstance(row, Op):
        return products(row, shapes, {}, made)
    return max(map(math.prod, (made, *shapes)))


def _row_of_rule(function: Any) -> tuple[Op, int] | None:
    """(row, number of the rule) if a function is a rule of the table."""
    if isinstance(function, functools.partial) and function.args:  # of any number of inputs
        row = _variadic_rules().get(function.func)
        return (row, function.args[0]) if row else None
    return _rules().get(function) if isinstance(function, Hashable) else None  # type: ignore[call-overload]


@functools.cache
def _rules() -> dict[Callable, tuple[Op, int]]:
    return {rule: (row, i) for row in ops.rows() for i, rule in enumerate(row.rules) if rule}


@functools.cache
def _variadic_rules() -> dict[Callable, Op]:
    return {row.variadic_rule: row for row in ops.rows() if row.variadic_rule}


@functools.lru_cache(4096)
def values_read(rule: Callable) -> set[int] | None:
    return arguments_read(rule)
