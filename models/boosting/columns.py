"""Constraints on the columns of X, as histogram boosting takes them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from models.foundation.categories import is_listed
from models.foundation.fields import Parameter
from tinygrad_edu.diagnostics.words import refusal


def signs(default: Any, *, doc: str) -> Any:
    """-1, 0 or 1 for each column: an array, or a dict by the names of columns."""
    words = "a list with -1, 0 or 1 for each column, or a dict of them by name"

    def test(x: Any) -> bool:
        values = list(x.values()) if isinstance(x, Mapping) else x
        return (
            (isinstance(x, Mapping) or is_listed(x))
            and set(values) <= {-1, 0, 1}
            and len(values) > 0
        )

    return Parameter(default, test, words, doc)


def sets(default: Any, *, doc: str) -> Any:
    """Sets of columns that may meet in a tree."""
    words = "'pairwise', 'no_interactions', or a list of sets of column numbers"

    def test(x: Any) -> bool:
        if isinstance(x, str):
            return x in ("pairwise", "no_interactions")
        return (
            isinstance(x, (list, tuple))
            and len(x) > 0
            and all(isinstance(s, (list, tuple, set)) for s in x)
        )

    return Parameter(default, test, words, doc)


def signs_of(given: Any, width: int, names: Any, kind: str) -> np.ndarray:
    """-1, 0 or 1 for each feature."""
    found = np.zeros(width, dtype=np.intp)
    if given is None:
        return found
    if not isinstance(given, Mapping):
        if len(given) != width:
            what = f"{kind}: monotonic_cst has shape {len(given)} but the input data X has {width} features."
            raise refusal(ValueError, what, "-1, 0 or 1 for each feature")
        return np.asarray(given, dtype=np.intp)
    names = [] if names is None else list(names)
    for name, sign in given.items():
        if name not in names:
            what = f"{kind}: monotonic_cst contains {name!r}, which is not a column of X."
            raise refusal(ValueError, what, "a data frame, and names of its columns")
        found[names.index(name)] = sign
    return found


def sets_of(given: Any, width: int, kind: str) -> Any:
    """Lists of features that may meet, the others in one of their own; None for no limit."""
    if given is None:
        return None
    if given == "no_interactions":
        return [[j] for j in range(width)]
    if given == "pairwise":
        return [[i, j] for i in range(width) for j in range(i)]
    found = [sorted(group) for group in given]
    listed = {j for group in found for j in group}
    if not listed <= set(range(width)):
        what = (
            f"{kind}: Interaction constraints must consist of integer indices in [0, {width - 1}]."
        )
        raise refusal(ValueError, what, "sets of column numbers")
    rest = sorted(set(range(width)) - listed)
    return [*found, rest] if rest else found
