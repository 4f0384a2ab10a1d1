"""Tables whose columns have types of their own: numbers, text, objects."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from models.foundation.frames import is_frame


class Columns:
    """The columns of a table, each an array of its own type. Indexing takes rows, as of an array."""

    def __init__(self, columns: Iterable[np.ndarray]):
        self.columns = list(columns)
        self.shape = (len(self.columns[0]), len(self.columns))

    def __getitem__(self, rows: Any) -> "Columns":
        return Columns(column[rows] for column in self.columns)


def columns_of(X: Any) -> Columns:
    """The columns of an array, a list of rows or a frame, of which at least one exists.

    In a frame numbers stay numbers beside text. In a list of rows NumPy would turn numbers beside text, and
    NaN, into text: they stay objects.
    """
    if is_frame(X):
        series = [X.iloc[:, j] if hasattr(X, "iloc") else X.to_series(j) for j in range(X.shape[1])]
        return Columns(map(_values, series))
    found = np.ma.filled(X.astype(object), np.nan) if np.ma.isMaskedArray(X) else np.asarray(X)
    if found.dtype.kind in "US" and not hasattr(X, "dtype"):
        found = np.asarray(X, dtype=object)
    return Columns(found.T)


def _values(series: Any) -> np.ndarray:
    """A column of a frame as an array. The missing value of pandas becomes NaN; None stays None."""
    kind = series.dtype
    if not hasattr(series, "iloc") or isinstance(kind, np.dtype):
        return series.to_numpy()
    if getattr(kind, "kind", "O") in "iufb" and series.hasnans:
        return series.to_numpy(dtype=np.float64, na_value=np.nan)
    return series.to_numpy(na_value=np.nan) if series.hasnans else series.to_numpy()
