"""An array, or a tuple or a dict of arrays: the inputs and the targets of a model may be any of these."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


def leaves(part: Any, name: str = "x") -> list[tuple[str, Any]]:
    """(name, array) of an array, or of each in a tuple or a dict: x, or x[0], or x['left']."""
    if isinstance(part, dict):
        return [(f"{name}[{key!r}]", array) for key, array in part.items()]
    if isinstance(part, tuple):
        return [(f"{name}[{i}]", array) for i, array in enumerate(part)]
    return [(name, part)]


def as_tuple(part: Any) -> Any:
    """A tuple for a list of arrays that are not the rows of one: several inputs or targets, as in Keras."""
    if isinstance(part, list) and part and all(hasattr(array, "shape") for array in part):
        shapes = [array.shape for array in part]
        if len({*shapes}) > 1 or len(shapes[0]) > 1:
            return tuple(part)
    return part


def mapped(function: Callable[[Any], Any], part: Any) -> Any:
    """function(array), or the tuple or dict of them."""
    if isinstance(part, dict):
        return {key: function(array) for key, array in part.items()}
    return tuple(map(function, part)) if isinstance(part, tuple) else function(part)


def joined(parts: Sequence[Any]) -> Any:
    """The rows of all batches, as one array or one tuple or dict of arrays."""
    first = parts[0]
    if isinstance(first, dict):
        return {key: np.concatenate([part[key] for part in parts]) for key in first}
    if isinstance(first, tuple):
        return tuple(map(np.concatenate, zip(*parts, strict=True)))
    return np.concatenate(parts)


def rows_of(part: Any) -> int:
    """The number of samples."""
    if isinstance(part, (tuple, dict)):
        part = leaves(part)[0][1]
    return len(part)
