"""Data frames of pandas and polars, recognized by their methods: neither library is imported to read them.

A frame has `columns` and `dtypes`. Errors name a value by its column and the label of its row, and in an
array by their numbers.
"""

import importlib
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal


def is_frame(X: Any) -> bool:
    if hasattr(X, "collect"):  # a lazy frame, which has no values yet
        return False
    return hasattr(X, "columns") and hasattr(X, "dtypes")


def column_names(X: Any) -> np.ndarray | None:
    """The names of the columns, if X is a frame and they are all strings.

    Raises TypeError if only some are: such names can be neither used nor ignored.
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
    """X as an array, of numbers if possible; missing and masked values become NaN."""
    if isinstance(X, np.ma.MaskedArray):
        return np.ma.filled(X.astype(np.float64), np.nan)
    found = np.asarray(X)
    if found.dtype == object and is_frame(X):
        # pandas has missing values other than NaN; with text in X, the array of objects is returned
        options = {"na_value": np.nan} if hasattr(X, "iloc") else {}
        try:
            return X.to_numpy(**options).astype(np.float64)
        except (TypeError, ValueError):
            pass
    return found


def place(X: Any, row: int, column: int) -> str:
    """The position of a value: row 7, column 1; in a frame row 'Ann', column 'age'."""
    if not is_frame(X):
        return f"row {row}, column {column}"
    return f"{row_of(X, row)}, column {X.columns[column]!r}"


def row_of(X: Any, row: int) -> str:
    """row 7; of a frame or series of pandas by its label, row 'Ann'."""
    return f"row {X.index[row] if hasattr(X, 'iloc') else row!r}"


def is_missing(x: Any) -> bool:
    """None, NaN, or a missing value of pandas."""
    return (
        x is None or type(x).__name__ in ("NAType", "NaTType") or (isinstance(x, float) and x != x)
    )


def plain(value: Any) -> Any:
    """A value as Python writes it: 'red', not np.str_('red')."""
    return value.item() if isinstance(value, np.generic) else value


def samples(X: Any) -> int:
    """How many rows an array, a sparse matrix, a frame or a list has."""
    if hasattr(X, "shape"):
        return X.shape[0]
    found = X if hasattr(X, "__len__") else np.asarray(X)
    if isinstance(found, np.ndarray) and found.ndim == 0:
        what = f"Expected sequence or array-like, got {type(X)}."
        raise refusal(TypeError, what, "a list, an array or a frame, with one entry for each row")
    return len(found)


def take_rows(X: Any, rows: Any) -> Any:
    """The chosen rows of an array, a sparse matrix, a frame or a list; rows: a mask or row numbers."""
    rows = np.asarray(rows)
    numbers = np.flatnonzero(rows) if rows.dtype == bool else rows
    if hasattr(X, "iloc"):
        return X.iloc[numbers]
    if isinstance(X, (list, tuple)):
        return [X[i] for i in numbers]
    if hasattr(X, "tocsr"):  # some sparse matrices have no rows to take
        return X.tocsr()[numbers]
    return X[numbers] if hasattr(X, "shape") else np.asarray(X)[numbers]


def as_frame(values: Any, container: str, columns: Any, like: Any) -> Any:
    """A result as a "pandas" or "polars" frame, with the row labels of the frame that it was made from."""
    if container == "pandas" or is_frame(values):
        return frame_of([values], container, columns, like)
    import polars

    return polars.DataFrame(values, schema=list(columns), orient="row")


def frame_of(tables: list[Any], container: str, columns: Any, like: Any) -> Any:
    """Tables side by side as a "pandas" or "polars" frame, in which columns keep their types."""
    names = list(columns)
    if container == "pandas":
        import pandas

        index = like.index if is_frame(like) and hasattr(like, "iloc") else None
        parts = [
            table if hasattr(table, "iloc") else pandas.DataFrame(np.asarray(table), index=index)
            for table in tables
        ]
        return pandas.concat(parts, axis=1).set_axis(names, axis=1)
    import polars

    frames = [
        table
        if isinstance(table, polars.DataFrame)
        else polars.DataFrame(np.asarray(table), orient="row")
        for table in tables
    ]
    series = [column for frame in frames for column in frame.get_columns()]
    return polars.DataFrame([s.alias(name) for s, name in zip(series, names, strict=True)])


def listed(names: Any, most: int = 5) -> str:
    """Names in a sentence: 'a', 'b', 'c', ..."""
    return ", ".join(map(repr, names[:most])) + (", ..." if len(names) > most else "")


def beside(tables: list[Any]) -> Any:
    """Tables side by side: an array, or a sparse matrix if one of them is."""
    if not any(hasattr(table, "tocsr") for table in tables):
        return np.hstack([np.asarray(table) for table in tables])
    sparse = importlib.import_module("scipy.sparse")  # there, since a table is of it
    return sparse.hstack(tables).tocsr()


def below(tables: list[Any]) -> Any:
    """Arrays or tables, one below the other: an array, or a sparse matrix if one of them is."""
    if not any(hasattr(table, "tocsr") for table in tables):
        return np.concatenate(tables)
    sparse = importlib.import_module("scipy.sparse")
    return sparse.vstack(tables).tocsr()
