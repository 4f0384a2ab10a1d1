"""A Node is the note that an operation leaves on its result: which row made it, from what, and where.

All notes together are the computation graph. A Tensor is a Node that also computes. What only inspects
graphs, as everything in `diagnostics` does, needs to know no more than a Node.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


class Node:
    """A value, and how it was made."""

    __slots__ = (
        "__weakref__", "checksums", "created_at", "data", "inputs", "name", "op", "order", "params",
        "requires_grad", "scope",
    )  # fmt: skip

    data: np.ndarray
    requires_grad: bool
    name: str | None
    op: Any  # the row of the derivative table that made it; None for a leaf
    inputs: tuple  # from what it was made
    params: dict[str, Any]  # and how (axis=0, ...)
    order: int  # counts up: inputs have a lower number than what is made from them
    scope: tuple  # the modules that were being called, outermost first
    created_at: tuple | None  # (code, instruction) of the caller, see `diagnostics.words.made_at`
    checksums: Sequence[tuple[int, bytes]]  # of arrays that must not change, see `changed_arrays`

    stand_in = False  # does it stand for an array that the user gave, as in `vmap` and `compile`?
    as_array = False  # is it treated as an array, while `compile` records?

    shape = property(lambda self: self.data.shape)
    ndim = property(lambda self: self.data.ndim)
    size = property(lambda self: self.data.size)
    dtype = property(lambda self: self.data.dtype)

    def __len__(self) -> int:
        return len(self.data)

    def numpy(self) -> np.ndarray:
        """The array, without the memory of how it was made; a copy of a read-only one."""
        return self.data if self.data.flags.writeable else self.data.copy()

    def item(self) -> Any:
        """The one element, as a number of Python."""
        return self.data.item()

    def tolist(self) -> Any:
        """The elements in lists."""
        return self.data.tolist()


class NoValue(TypeError):
    """Raised by reading `data` inside `vmap`, where a Tensor stands for all examples at once."""

    def __init__(self, tensor: Any, text: str):
        super().__init__(text)
        self.tensor = tensor


def value(x: Any) -> Any:
    """The array of a Node; in a list or tuple, that of every part; anything else as it is."""
    if isinstance(x, Node):
        return x if x.as_array else x.data
    if isinstance(x, (list, tuple)):
        return [value(part) for part in x] if isinstance(x, list) else tuple(map(value, x))
    return x


def as_operand(x: Any) -> Any:
    """x, or the array that NumPy makes of a list or tuple."""
    return np.asarray(x) if isinstance(x, (list, tuple)) else x


CHANGEABLE = {np.ndarray, list, tuple}  # or, for a tuple, what it holds


def own(x: Any) -> Any:
    """x, as a copy where it is an array or a list, or holds some: the caller may change his own."""
    if type(x) is tuple:
        return tuple(map(own, x))
    if type(x) is list:
        return list(map(own, x))
    return x.copy() if isinstance(x, np.ndarray) else x
