"""Checks of arguments that several modules share, with errors that name the caller and the argument."""

from __future__ import annotations

import operator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Seed: TypeAlias = "int | np.random.Generator | None"


def common_length(caller: str, arrays: list[NDArray[Any]]) -> int:
    """The number of rows, which all arrays must share."""
    if not arrays:
        raise ValueError(f"{caller} got no arrays: pass at least one, as in {caller}(x, y)")
    for position, a in enumerate(arrays):
        if a.ndim == 0:
            raise ValueError(
                f"{caller} got {a} as array {position}, which has no rows: "
                "the first axis must count the examples"
            )
    shapes = " and ".join(str(a.shape) for a in arrays)
    n = len(arrays[0])
    for position, a in enumerate(arrays):
        if len(a) != n:
            hint = "pass arrays made from the same examples"
            for one, other in ((arrays[0], a), (a, arrays[0])):
                if one.ndim == 2 and one.shape[1] == len(other):
                    hint = f"the array of shape {one.shape} would fit if it were transposed"
            raise ValueError(
                f"{caller} got arrays of shapes {shapes}: the first axis counts the examples, and "
                f"array 0 has {n} of them where array {position} has {len(a)}; {hint}"
            )
    if n == 0:
        raise ValueError(
            f"{caller} got arrays of shapes {shapes}, which have no rows: check the filter or the file that "
            "they come from"
        )
    return n


def whole_number(caller: str, name: str, value: Any) -> int:
    """The value as an int of at least 1."""
    try:
        if isinstance(value, bool):  # to Python, True is the number 1
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise TypeError(
            f"{caller} got {name}={value!r}: it must be a whole number, such as {name}=32"
        ) from None
    if number < 1:
        raise ValueError(f"{caller} got {name}={number}: it must be at least 1, such as {name}=32")
    return number


def share(caller: str, name: str, value: Any, rows: int) -> float:
    """The value, which must be between 0 and 1."""
    if isinstance(value, str) or value is None or not 0 < value < 1:
        raise ValueError(
            f"{caller} got {name}={value!r}: it is the share of the {rows} rows that goes into the {name} "
            f"set, a number between 0 and 1, such as {name}=0.2"
        )
    return float(value)


def generator(caller: str, seed: Seed) -> np.random.Generator:
    """The generator of a seed."""
    try:
        return np.random.default_rng(seed)
    except (TypeError, ValueError):
        raise ValueError(
            f"{caller} got seed={seed!r}: pass a whole number from 0 up, "
            "a numpy.random.Generator, or None"
        ) from None
