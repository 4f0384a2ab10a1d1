"""A table, an array or a data frame, whose columns are replaced."""

from typing import Any

import numpy as np

from models.foundation import frames
from tinygrad_edu.diagnostics.words import refusal


def table(X: Any) -> Any:
    """A data frame as it is, anything else as an array. Raises ValueError unless it has columns."""
    X = X if frames.is_frame(X) else np.asarray(X)
    if len(X.shape) != 2:
        what = f"X has shape {X.shape}, and no columns."
        raise refusal(ValueError, what, "Reshape your data: one row for each sample")
    return X


def names_of(X: Any) -> list:
    """The names of the columns, or their numbers."""
    names = frames.column_names(X)
    return [*range(X.shape[1])] if names is None else [*names]


def place(X: Any, feature: Any) -> int:
    """The number of a column that is given by number or by name. Raises ValueError if there is none."""
    names = names_of(X)
    if isinstance(feature, (int, np.integer)) and 0 <= feature < len(names):
        return int(feature)
    if feature not in names:
        what = f"X has no feature {feature!r}: its features are {frames.listed(names)}."
        raise refusal(ValueError, what, "a number from 0, or a name in a data frame")
    return names.index(feature)


def column(X: Any, i: int) -> np.ndarray:
    """The values of column i."""
    if not frames.is_frame(X):
        return X[:, i]
    return np.asarray(X.iloc[:, i] if hasattr(X, "iloc") else X.to_series(i))


def with_column(X: Any, i: int, values: Any) -> Any:
    """A copy of X in which column i has these values; one value is that of every row."""
    if not frames.is_frame(X):
        X = X.copy() if np.can_cast(np.asarray(values).dtype, X.dtype, "same_kind") else X + 0.0
        X[:, i] = values
        return X
    if hasattr(X, "iloc"):
        return X.assign(**{X.columns[i]: values})
    repeated = np.broadcast_to(values, len(X))
    return X.with_columns(type(X.to_series(i))(X.columns[i], repeated))
