"""The different values of an array of labels: of integers by counting, which beats sorting and hashing."""

from typing import Any

import numpy as np


def distinct(y: np.ndarray) -> np.ndarray:
    """The different values of y, in ascending order."""
    least, above = _range(y)
    if least is None:
        return np.unique(y)
    return _values(np.bincount(above), least, y.dtype)


def numbered(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(the different values of y in ascending order, for each element the number of its value)."""
    least, above = _range(y)
    if least is None:
        values, numbers = np.unique(y, return_inverse=True)
        return values, numbers
    counts = np.bincount(above)
    number = np.cumsum(counts > 0) - 1
    return _values(counts, least, y.dtype), number[above]


def numbers_among(values: np.ndarray, y: np.ndarray) -> np.ndarray:
    """For each element of y the place of its value in `values`, which are different, or -1."""
    least, above = _range(y)
    if least is not None and np.can_cast(values.dtype, np.intp):
        number = np.full(above.max() + 1, -1, dtype=np.intp)
        places = values.astype(np.intp) - least
        present = (places >= 0) & (places < len(number))
        number[places[present]] = np.flatnonzero(present)
        return number[above]
    order = np.argsort(values, kind="stable")
    place = np.searchsorted(values, y, sorter=order).clip(max=len(values) - 1)
    return np.where(values[order[place]] == y, order[place], -1)


def _range(y: np.ndarray) -> Any:
    """(the least value, by how much each is above it), if y has integers close to each other; or Nones."""
    if y.dtype.kind not in "biu" or y.size == 0:
        return None, None
    least, most = int(y.min()), int(y.max())
    if most - least > 2 * y.size or most > np.iinfo(np.intp).max:
        return None, None
    return least, y.ravel().astype(np.intp) - least


def _values(counts: np.ndarray, least: int, dtype: Any) -> np.ndarray:
    return (np.flatnonzero(counts) + least).astype(dtype)
