"""Data frames whose rows or words are not what they seem: known by their methods, without pandas."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import warn


def warn_of_other_order(x: Any, y: Any) -> None:
    """Warns of a frame x and a series y with the same row labels in another order.

    Rows belong together by position. After a shuffle of x alone, their labels tell that they do not.
    """
    one: Any = getattr(x, "index", None)
    other: Any = getattr(y, "index", None)
    if not (hasattr(one, "equals") and hasattr(other, "equals")) or len(one) != len(other):
        return
    if one.equals(other):
        return
    try:
        same = one.sort_values().equals(other.sort_values())
    except TypeError:  # labels of several kinds have no order
        return
    if same:
        i = int(np.argmax(np.asarray(one) != np.asarray(other)))
        warn(
            f"x and y have the same row labels in another order: row number {i} is {one[i]} in x and "
            f"{other[i]} in y. Rows are taken by their position.",
            "y.loc[x.index]; or y.set_axis(x.index), if they do belong together by position",
            stacklevel=4,
        )


def hint_for_word(word: str, otherwise: str) -> str:
    """What to try for a word where a number is needed: 1,5 is one, with a decimal comma."""
    if re.fullmatch(r"\s*[-+]?\d*,\d+\s*", word):
        return 'column.str.replace(",", ".").astype(float): numbers with a decimal comma'
    return otherwise
