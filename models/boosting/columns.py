"""Parameters about columns of X, as histogram boosting takes them: by number, by name, or by a mask."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from models.foundation import frames
from models.foundation.fields import Parameter
from tinygrad_edu.diagnostics.words import refusal


def is_listed(x: Any) -> bool:
    """Is it a list or an array of numbers, booleans or names?"""
    if not isinstance(x, (list, tuple, np.ndarray)) or np.ndim(x) != 1:
        return False
    return np.asarray(x).dtype.kind in "biuU" or all(isinstance(name, str) for name in x)


def columns(default: Any, *, doc: str) -> Any:
    """Some columns of X: None, "from_dtype", or a list of names, of numbers, or of booleans."""
    words = "'from_dtype', or a list of names or numbers of columns, or of True and False, or None"
    return Parameter(default, lambda x: x is None or x == "from_dtype" or is_listed(x), words, doc)


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


def chosen(columns: Any, X: Any, name: str) -> np.ndarray | None:
    """Which columns of X are meant: (features,) booleans; None if no column is."""
    if columns is None or (isinstance(columns, str) and not frames.is_frame(X)):
        return None
    if isinstance(columns, str):  # "from_dtype"
        kinds = [str(kind) for kind in X.dtypes]
        found = np.array([kind.startswith(("category", "Categorical", "Enum")) for kind in kinds])
        return found if found.any() else None
    width = len(X.columns) if frames.is_frame(X) else np.asarray(X).shape[-1]
    places = np.asarray(columns)
    if places.dtype.kind in "UO":
        names = list(X.columns) if frames.is_frame(X) else []
        places = np.array([names.index(c) if c in names else -1 for c in places])
    if places.dtype == bool:
        places = np.flatnonzero(places) if len(places) == width else np.array([-1])
    if places.size and (places.min() < 0 or places.max() >= width):
        what = f"{name}: categorical_features={columns!r} does not fit the {width} columns of X."
        raise refusal(
            ValueError, what, "names of columns, numbers from 0, or a mask of all columns"
        )
    found = np.isin(np.arange(width), places)
    return found if found.any() else None


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


class Categories:
    """The categories of some columns, met in fit: a column of them becomes numbers 0, 1, 2, ..."""

    def __init__(self, X: Any, chosen: np.ndarray, most: int, name: str):
        self.known: list[Any] = [None] * len(chosen)
        for j in np.flatnonzero(chosen):
            values = _column(X, j)
            present = np.array(
                [value for value in values if not frames.is_missing(value)], dtype=object
            )
            self.known[j] = np.unique(present)
            if len(self.known[j]) > most:
                what = (
                    f"{name}: Categorical feature {_name(X, j)} is expected to have a cardinality <= {most} "
                    f"but actually has a cardinality of {len(self.known[j])}."
                )
                raise refusal(ValueError, what, "fewer categories, or the feature as a number")

    def numbers(self) -> list[Any]:
        """How many categories each column has; None for numbers."""
        return [None if known is None else max(len(known), 1) for known in self.known]

    def encoded(self, X: Any) -> np.ndarray:
        """X with numbers in place of categories; NaN for missing and for unknown ones."""
        width = len(X.columns) if frames.is_frame(X) else np.asarray(X).shape[-1]
        if np.ndim(X) != 2 or width != len(self.known):
            return X  # refused where every X is checked
        codes = {}
        for j, known in enumerate(self.known):
            if known is not None:
                code = {value: float(i) for i, value in enumerate(known.tolist())}
                codes[j] = [code.get(frames.plain(value), np.nan) for value in _column(X, j)]
        found = np.empty(np.shape(X), dtype=object)
        for j in range(found.shape[1]):
            found[:, j] = codes.get(j, _column(X, j))
        return found


def _column(X: Any, j: Any) -> list[Any]:
    if frames.is_frame(X):
        column = X.iloc[:, j] if hasattr(X, "iloc") else X[:, j]
        return list(column)
    return list(np.asarray(X)[:, j])


def _name(X: Any, j: Any) -> str:
    return repr(X.columns[j]) if frames.is_frame(X) else f"at index {j}"
