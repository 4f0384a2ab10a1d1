"""Columns of categories: which they are, and numbers in place of their values."""

from typing import Any, ClassVar

import numpy as np

from models.foundation import frames
from models.foundation.columns import columns_of
from models.foundation.estimator import Estimator
from models.foundation.fields import Parameter, learned
from tinygrad_edu.diagnostics.words import refusal


def is_listed(x: Any) -> bool:
    """Is it a list or an array of numbers, booleans or names?"""
    if not isinstance(x, (list, tuple, np.ndarray)) or np.ndim(x) != 1:
        return False
    return np.asarray(x).dtype.kind in "biuU" or all(isinstance(name, str) for name in x)


def some_columns(default: Any, *, doc: str) -> Any:
    """Some columns of X: None, "from_dtype", or a list of names, of numbers, or of booleans."""
    words = "'from_dtype', or a list of names or numbers of columns, or of True and False, or None"

    def test(x: Any) -> bool:
        return x is None or (isinstance(x, str) and x == "from_dtype") or is_listed(x)

    return Parameter(default, test, words, doc)


class WithCategories(Estimator):
    """An estimator with the parameter `categorical_features`.

    In these columns `_fit` gets 0, 1, 2, ... for the categories in ascending order, and NaN for missing ones;
    predictions also for those that fit has not met. A warm start keeps the categories of the first fit.
    """

    categorical_features: Any
    _most_categories: ClassVar[Any]

    is_categorical_: np.ndarray | None = learned(
        "which features are categories: (features,), or None"
    )
    _categories_: Any = learned("their Categories, or None")

    def _note_columns(self, X, y):
        if "_categories_" not in vars(self):
            name = type(self).__name__
            wanted = self.categorical_features if _is_table(X) else None
            self.is_categorical_ = found = chosen(wanted, X, name)
            most = self._most_categories
            self._categories_ = None if found is None else Categories(X, found, most, name)
        return super()._note_columns(X, y)

    def _read_table(self, X, y=None):
        known = vars(self).get("_categories_")
        return super()._read_table(X if known is None else known.encoded(X), y)


def _is_table(X: Any) -> bool:
    """Has it rows and columns? Whatever has not is refused where every X is checked."""
    try:
        return frames.is_frame(X) or np.asarray(X).ndim == 2
    except ValueError:  # rows of different lengths
        return False


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


class Categories:
    """The categories of some columns, met in fit: a column of them becomes numbers 0, 1, 2, ...

    known   for each column its categories in ascending order, or None if it is a number
    """

    def __init__(self, X: Any, chosen: np.ndarray, most: int, name: str):
        self.known: list[Any] = [None] * len(chosen)
        columns = columns_of(X).columns
        for j in np.flatnonzero(chosen):
            self.known[j] = _values_of(columns[j], f"{name}: Categorical feature {_name(X, j)}")
            number = len(self.known[j])
            if number > most:
                what = (
                    f"{name}: Categorical feature {_name(X, j)} is expected to have a cardinality <= {most} "
                    f"but actually has a cardinality of {number}."
                )
                raise refusal(ValueError, what, "fewer categories, or the feature as a number")

    def numbers(self) -> list[Any]:
        """How many categories each column has; None for numbers."""
        return [None if known is None else max(len(known), 1) for known in self.known]

    def encoded(self, X: Any) -> np.ndarray:
        """X with numbers in place of categories; NaN for missing and for unknown ones."""
        columns = columns_of(X).columns if _is_table(X) else []
        if len(columns) != len(self.known):
            return X  # refused where every X is checked
        for j, known in enumerate(self.known):
            if known is not None:
                code = {value: float(i) for i, value in enumerate(known.tolist())}
                columns[j] = np.array(
                    [code.get(frames.plain(value), np.nan) for value in columns[j].tolist()]
                )
        numeric = all(column.dtype.kind in "biuf" for column in columns)
        shape = len(columns[0]), len(columns)
        found = np.empty(shape, dtype=np.float64 if numeric else object)
        for j, column in enumerate(columns):
            found[:, j] = column
        return found


def _values_of(column: np.ndarray, feature: str) -> np.ndarray:
    """The different values of a column, in ascending order, without missing ones."""
    present = np.array([not frames.is_missing(value) for value in column.tolist()], dtype=bool)
    try:
        return np.unique(column[present])
    except TypeError:
        kinds = sorted({type(value).__name__ for value in column[present].tolist()})
        what = f"{feature} has values of the types {', '.join(kinds)}, which have no common order."
        raise refusal(TypeError, what, "the same type for all values, as by astype(str)") from None


def _name(X: Any, j: Any) -> str:
    return repr(X.columns[j]) if frames.is_frame(X) else f"at index {j}"
