"""Data frames of pandas and polars, known by what they can do: neither library is imported to read them.

A frame has `columns` and `dtypes`. What an error says about a value is its column's name and its row's
label; of an array, their numbers.
"""

from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal


def is_frame(X: Any) -> bool:
    if hasattr(X, "collect"):  # a lazy frame, whose columns are still to be computed
        return False
    return hasattr(X, "columns") and hasattr(X, "dtypes")


def column_names(X: Any) -> np.ndarray | None:
    """The names of the columns, if X is a frame and they are all strings.

    Raises TypeError if only some are: such names could be neither kept nor ignored.
    """
    if not is_frame(X) or len(X.columns) == 0:
        return None
    names = list(X.columns)
    kinds = sorted({type(name).__name__ for name in names})
    if "str" in kinds and len(kinds) > 1:
        raise refusal(
            TypeError,
            "Feature names are only supported if all input features have string names, but your "
            f"input has {kinds} as feature name / column name types.",
            "X.columns = X.columns.astype(str)",
        )
    return np.array(names, dtype=object) if kinds == ["str"] else None


def values(X: Any) -> np.ndarray:
    """X as an array, of numbers if it has nothing else; missing and masked values become NaN."""
    if isinstance(X, np.ma.MaskedArray):
        return np.ma.filled(X.astype(np.float64), np.nan)
    found = np.asarray(X)
    if found.dtype == object and is_frame(X):
        # pandas has missing values that are no NaN; if it finds text here, the array of objects stands
        options = {"na_value": np.nan} if hasattr(X, "iloc") else {}
        try:
            return X.to_numpy(**options).astype(np.float64)
        except (TypeError, ValueError):
            pass
    return found


def place(X: Any, row: int, column: int) -> str:
    """Where a value stands: row 7, column 1; or in a frame row 'Ann', column 'age'."""
    if not is_frame(X):
        return f"row {row}, column {column}"
    label = X.index[row] if hasattr(X, "iloc") else row
    return f"row {label!r}, column {X.columns[column]!r}"


def plain(value: Any) -> Any:
    """A value as Python writes it: 'red', not np.str_('red')."""
    return value.item() if isinstance(value, np.generic) else value


def samples(X: Any) -> int:
    """How many rows an array, a sparse matrix, a frame or a list has."""
    if hasattr(X, "shape"):
        return X.shape[0]
    return len(X if hasattr(X, "__len__") else np.asarray(X))


def take_rows(X: Any, rows: Any) -> Any:
    """The chosen rows of an array, a sparse matrix, a frame or a list; rows: a mask or row numbers."""
    rows = np.asarray(rows)
    numbers = np.flatnonzero(rows) if rows.dtype == bool else rows
    if hasattr(X, "iloc"):
        return X.iloc[numbers]
    if isinstance(X, (list, tuple)):
        return [X[i] for i in numbers]
    return X[numbers] if hasattr(X, "shape") else np.asarray(X)[numbers]


def as_frame(values: np.ndarray, container: str, columns: Any, like: Any) -> Any:
    """A result as a "pandas" or "polars" frame, with the row labels of the frame that it was made from."""
    names = list(columns)
    if container == "pandas":
        import pandas

        index = like.index if is_frame(like) and hasattr(like, "iloc") else None
        return pandas.DataFrame(values, index=index, columns=names)
    import polars

    return polars.DataFrame(values, schema=names, orient="row")
