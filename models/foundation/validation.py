"""Checks X. Every error says what to try.

Sentences that scikit-learn's checks require, and that people search for, are kept word for word.
"""

from typing import Any

import numpy as np

from models.foundation import frames
from models.foundation.columns import Columns, columns_of
from models.foundation.sklearn_bridge import warn
from tinygrad_edu.diagnostics.frame_rows import hint_for_word
from tinygrad_edu.diagnostics.words import refusal


def table(X: Any, estimator: Any, y: Any = None) -> Any:
    """X as a float64 array of shape (samples, features), not yet known to be finite.

    estimator: says what else it accepts. If it reads "categories", the result is `Columns`; with
    `accepts_sparse` it may be a matrix of SciPy. y: tells whether X and y are swapped.
    """
    name = type(estimator).__name__
    if hasattr(X, "toarray") and not isinstance(X, np.ndarray):
        if not estimator.accepts_sparse:
            raise sparse_refused(X, name)
        return X.tocsr().astype(np.float64)
    if hasattr(X, "collect"):
        raise refusal(TypeError, f"{name} got a lazy frame, which has no rows yet.", "X.collect()")
    categories = estimator.reads == "categories"
    try:
        found = X if categories and frames.is_frame(X) else frames.values(X)
    except ValueError as error:  # a list of lists of different lengths
        raise refusal(ValueError, f"X is not a table: {error}", "rows of equal length") from None
    if isinstance(found, np.ndarray) and found.dtype.kind == "c":
        raise refusal(ValueError, f"Complex data not supported by {name}.", "X.real or abs(X)")
    refuse_swapped(found, y, estimator)
    require_two_axes(found, name, X)
    if categories:
        return columns_of(X)
    if found.dtype.kind not in "biuf":
        found = as_numbers(X, found, name)
    return found.astype(np.float64, copy=False)


def sparse_refused(X: Any, name: str) -> Exception:
    dense = 8 * X.shape[0] * X.shape[1]  # bytes in float64
    unit, size = next(
        (u, s) for u, s in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)) if dense >= s or s == 1e3
    )
    return refusal(
        TypeError,
        f"Sparse data are not supported by {name}: X is a {type(X).__name__} of shape {X.shape}.",
        f"X.toarray(), which needs {dense / size:.3g} {unit}",
    )


def refuse_swapped(X: Any, y: Any, estimator: Any) -> None:
    """Raises ValueError if X has the shape of a target, and y that of a table."""
    if y is None or estimator.reads == "anything":
        return
    X, y = _shape(X), _shape(y)
    is_column = len(X) == 2 and X[1] == 1 and not estimator.several_targets
    if (len(X) == 1 or is_column) and len(y) == 2 and y[1] > 1 and X[0] == y[0]:
        raise refusal(
            ValueError,
            f"X and y look swapped: {type(estimator).__name__} got X of shape {X} and y of shape {y}. It "
            "expects X of shape (samples, features).",
            "fit(X, y): the features, then the target; X.reshape(-1, 1) if X is one feature",
        )


def _shape(x: Any) -> tuple[int, ...]:
    try:
        return tuple(x.shape) if hasattr(x, "shape") else np.asarray(x).shape
    except ValueError:  # lists of different lengths
        return ()


def require_two_axes(X: Any, name: str, given: Any) -> None:
    if len(X.shape) != 2:
        hint = "X.reshape(-1, 1) if it is one feature, X.reshape(1, -1) if it is one sample"
        if isinstance(given, str):
            hint = "read the file first: pandas.read_csv(X), or tinygrad_edu.data.read_csv(X)"
        elif hasattr(given, "keys"):
            hint = "pandas.DataFrame(X)"
        elif hasattr(given, "__next__"):
            hint = "list(X)"
        elif len(X.shape) == 1 and X.dtype.kind in "US":
            hint = "models.CountVectorizer().fit_transform(X), if each is a text"
        elif len(X.shape) == 0:
            hint = "an array, a list of rows or a data frame"
        elif len(X.shape) > 2:
            hint = "X.reshape(len(X), -1), which makes one row of each sample"
        raise refusal(
            ValueError,
            f"{name} expects X of shape (samples, features), got shape {X.shape}. Reshape your data.",
            hint,
        )
    for axis, things in enumerate(("sample", "feature")):
        if X.shape[axis] == 0:
            raise refusal(
                ValueError,
                f"Found array with 0 {things}(s) (shape={X.shape}) while a minimum of 1 is required "
                f"by {name}.",
                "X.shape, right before this line",
            )


def as_numbers(X: Any, found: np.ndarray, name: str) -> np.ndarray:
    """Objects as numbers, or an error that names the first that is not a number, and its position."""
    try:
        if found.dtype.kind in "mM":
            raise TypeError(f"dates and durations ({found.dtype}) are not numbers")
        return found.astype(np.float64)
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        row, column = next(
            ((i, j) for i, j in np.ndindex(*found.shape) if not _is_number(found[i, j])), (0, 0)
        )
        value = frames.plain(found[row, column])
        hint = "convert that column to numbers"
        if isinstance(value, str):
            hint = "one column of 0 and 1 for each word of that column: OneHotEncoder"
            hint += (
                ", or pandas.get_dummies(X)" if frames.is_frame(X) and hasattr(X, "iloc") else ""
            )
            hint = hint_for_word(value, hint)
        raise refusal(
            kind,
            f"{name} computes with numbers, and X has {value!r} in {frames.place(X, row, column)}: {error}.",
            hint,
        ) from None


def _is_number(value: Any) -> bool:
    if type(value).__name__ in ("datetime64", "timedelta64", "Timestamp"):
        return False
    try:
        float(value)
    except (TypeError, ValueError):
        return frames.is_missing(value)  # reported by require_finite
    return True


def require_finite(numbers: Any, name: str, estimator: Any, source: Any = None) -> None:
    """Raises ValueError for NaN (unless the estimator allows it) and infinity: how many, and where.

    source: what the numbers were read from, for the labels of a data frame or series.
    """
    dense = numbers.data if hasattr(numbers, "tocsr") else numbers
    with np.errstate(all="ignore"):
        if np.isfinite(dense.sum()):  # the fast test: one bad number makes the sum bad
            return
    allow_nan = name == "X" and estimator.allow_nan
    bad = np.isinf(dense) if allow_nan else ~np.isfinite(dense)
    if not bad.any():
        return
    at = int(np.argmax(bad))
    first = [int(i) for i in np.unravel_index(at, dense.shape)]
    if hasattr(numbers, "tocsr"):
        first = [int(numbers.tocoo().row[at]), int(numbers.tocoo().col[at])]
    where = frames.place(source, *first) if len(first) == 2 else frames.row_of(source, first[0])
    hint = "drop those rows, or fill in the missing values"
    if hasattr(source, "dropna") and not np.isinf(dense).any():
        hint = f"{name}.dropna(), and the same rows of the rest; or {name}.fillna(...)"
    raise refusal(
        ValueError,
        f"Input {name} contains {'infinity' if allow_nan else 'NaN or infinity'}: "
        f"{np.count_nonzero(bad)} of its {dense.size} values, the first ({dense.flat[at]}) in {where}. "
        f"{type(estimator).__name__} needs finite numbers.",
        hint,
    )


def require_no_infinity(X: Columns, estimator: Any, source: Any) -> None:
    """Raises ValueError for infinity in a column of numbers: no category has this value."""
    for j, column in enumerate(X.columns):
        if column.dtype.kind == "f" and np.isinf(column).any():
            row = int(np.argmax(np.isinf(column)))
            raise refusal(
                ValueError,
                f"Input X contains infinity: the first ({column[row]}) in {frames.place(source, row, j)}. "
                f"{type(estimator).__name__} needs finite numbers.",
                "drop those rows, or fill in other values",
            )


def require_nonnegative(X: Any, estimator: Any, source: Any) -> None:
    least = X.min()
    if least < 0:
        row, column = (int(i) for i in np.unravel_index(int(X.argmin()), X.shape))
        raise refusal(
            ValueError,
            f"Negative values in data passed to {type(estimator).__name__}: {least} in "
            f"{frames.place(source, row, column)}.",
            "counts or frequencies, which are 0 or more",
        )


def require_range(X: np.ndarray) -> np.ndarray:
    """X, or an error if its squares are too large or too small for numbers."""
    largest = np.abs(X).max()
    if largest > 1e100 or 0 < largest < 1e-100:
        what = f"the largest number in X is {largest:.1e}, and its products leave the range of numbers."
        raise refusal(ValueError, what, "X / np.abs(X).max()")
    return X


def require_same_columns(names: Any, fitted: Any, estimator: Any) -> None:
    """Raises ValueError for a frame whose columns are not those of fit, in the same order.

    names and fitted: names of columns, or None. Warns if only one of the two has names.
    """
    kind = type(estimator).__name__
    if names is None and fitted is None:
        return
    if fitted is None:
        text = f"X has feature names, but {kind} was fitted without feature names"
        warn(UserWarning, f"{text}. Try: fit on a data frame as well")
        return
    if names is None:
        text = f"X does not have valid feature names, but {kind} was fitted with feature names"
        warn(UserWarning, f"{text}. Try: a data frame with the columns {frames.listed(fitted)}")
        return
    if np.array_equal(names, fitted):
        return
    text = "The feature names should match those that were passed during fit.\n"
    unseen, missing = sorted({*names} - {*fitted}), sorted({*fitted} - {*names})
    if unseen:
        text += "Feature names unseen at fit time:\n" + _listed(unseen)
    if missing:
        text += "Feature names seen at fit time, yet now missing:\n" + _listed(missing)
    if not unseen and not missing:
        text += "Feature names must be in the same order as they were in fit.\n"
    both = zip(names, fitted, strict=False)
    first = next((i for i, (a, b) in enumerate(both) if a != b), min(len(names), len(fitted)))
    now = repr(names[first]) if first < len(names) else "missing"
    then = repr(fitted[first]) if first < len(fitted) else "absent"
    text += f"Column {first} is {now}; in fit it was {then}."
    raise refusal(ValueError, text, "X[list(model.feature_names_in_)]")


def _listed(names: list[str], most: int = 5) -> str:
    lines = [f"- {name}\n" for name in names[:most]]
    return "".join(lines) + ("- ...\n" if len(names) > most else "")


def require_same_width(X: Any, estimator: Any) -> None:
    width = estimator.n_features_in_
    if X.shape[1] != width:
        raise refusal(
            ValueError,
            f"X has {X.shape[1]} features, but {type(estimator).__name__} is expecting {width} "
            "features as input, as many as in fit.",
            "the same columns as in fit" + _names_of(estimator),
        )


def _names_of(estimator: Any) -> str:
    names = vars(estimator).get("feature_names_in_")
    return "" if names is None else f": {frames.listed(names)}"
