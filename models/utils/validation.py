"""Checks that estimators of your own call in `fit` and `predict`, with scikit-learn's names.

def fit(self, X, y):
    X, y = validate_data(self, X, y)
    ...

def predict(self, X):
    check_is_fitted(self)
    X = validate_data(self, X, reset=False)
"""

import inspect
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from models.foundation import frames, sklearn_bridge, validation
from models.foundation.randomness import random_state
from models.metrics.reading import array, column, numbers, same_length
from tinygrad_edu.diagnostics.words import refusal

__all__ = [
    "check_X_y",
    "check_array",
    "check_consistent_length",
    "check_is_fitted",
    "check_random_state",
    "column_or_1d",
    "has_fit_parameter",
    "indexable",
    "validate_data",
]


def check_array(
    array: Any,
    accept_sparse: Any = False,
    *,
    dtype: Any = "numeric",
    order: Any = None,
    copy: bool = False,
    ensure_all_finite: Any = True,
    ensure_non_negative: bool = False,
    ensure_2d: bool = True,
    allow_nd: bool = False,
    ensure_min_samples: int = 1,
    ensure_min_features: int = 1,
    estimator: Any = None,
    input_name: str = "X",
) -> Any:
    """The array of a list, a frame or an array: two axes, finite numbers, not empty.

    accept_sparse        True, or the formats of SciPy's matrices that may stay sparse
    dtype                "numeric": numbers keep their type, other values become float64; None: any values
    ensure_all_finite    "allow-nan" refuses infinity alone, False nothing
    ensure_2d, allow_nd  are two axes required? May there be more?

    Raises ValueError for other data, which names the row and the column, and TypeError for sparse ones.
    """
    name = estimator if isinstance(estimator, str) else type(estimator).__name__
    name = "check_array" if estimator is None else name
    numeric = isinstance(dtype, str) and dtype == "numeric"
    if hasattr(array, "tocsr") and not isinstance(array, np.ndarray):
        found = _sparse(array, accept_sparse, name)
    else:
        found = frames.values(array) if hasattr(array, "columns") else _array(array, name)
        if found.dtype.kind == "c":
            raise refusal(ValueError, f"Complex data not supported by {name}.", "X.real or abs(X)")
        if numeric and found.dtype.kind in "USV":
            what = "dtype='numeric' is not compatible with arrays of bytes/strings."
            raise refusal(
                ValueError, what, "OneHotEncoder().fit_transform(X); dtype=None; dtype=float"
            )
        if numeric and found.dtype.kind not in "biuf":
            numeric, dtype = False, np.float64
    if (ensure_2d and len(found.shape) != 2) or (len(found.shape) > 2 and not allow_nd):
        validation.require_two_axes(found, name, array)
    if isinstance(dtype, (list, tuple)):
        dtype = None if found.dtype in [np.dtype(t) for t in dtype] else dtype[0]
    if not numeric and dtype is not None:
        found = _converted(found, dtype, array, name)
    _require_size(found, ensure_min_samples, ensure_min_features if ensure_2d else 0, name)
    if ensure_all_finite and found.dtype.kind == "f":
        kind: Any = type(name, (), {"allow_nan": ensure_all_finite == "allow-nan"})
        whole = input_name == "X" or ensure_all_finite != "allow-nan"
        validation.require_finite(found, input_name if whole else "X", kind(), source=array)
    if not (isinstance(ensure_all_finite, (bool, np.bool_)) or ensure_all_finite == "allow-nan"):
        what = (
            f"ensure_all_finite should be a bool or 'allow-nan'. Got {ensure_all_finite!r} instead."
        )
        raise refusal(ValueError, what, "ensure_all_finite=True")
    if ensure_non_negative and found.size and found.min() < 0:
        what = f"Negative values in data passed to {name}."
        raise refusal(ValueError, what, "values that are 0 or more")
    if hasattr(found, "tocsr"):
        return found.copy() if copy and found is array else found
    found = np.asarray(found, order=order)
    return found.copy() if copy and np.may_share_memory(found, array) else found


def _array(X: Any, name: str) -> np.ndarray:
    try:
        return np.asarray(X)
    except ValueError as error:  # rows of different lengths
        what = f"{name} cannot read X: {error}"
        raise refusal(ValueError, what, "as many values in every row") from None


def _sparse(X: Any, accept_sparse: Any, name: str) -> Any:
    if accept_sparse is False or accept_sparse is None:
        raise validation.sparse_refused(X, name)
    formats = [accept_sparse] if isinstance(accept_sparse, str) else accept_sparse
    return X if accept_sparse is True or X.format in formats else X.asformat(formats[0])


def _converted(found: Any, dtype: Any, source: Any, name: str) -> Any:
    values = found.data if hasattr(found, "tocsr") else found
    if np.dtype(dtype).kind in "iu" and values.dtype.kind == "f" and values.size:
        limits = np.iinfo(dtype)
        if not (values.min() >= limits.min and values.max() < float(limits.max) + 1):  # or NaN
            beyond = f"a value outside the range of {np.dtype(dtype)}"
            what = f"Input X of {name} contains NaN, infinity or {beyond}."
            raise refusal(ValueError, what, "dtype=float")
    try:
        return found.astype(dtype, copy=False)
    except (TypeError, ValueError) as error:
        if found.ndim == 2 and np.dtype(dtype).kind in "iuf":
            return validation.as_numbers(source, found, name).astype(dtype)
        raise refusal(ValueError, f"{name} needs numbers: {error}.", "numbers") from None


def _require_size(X: Any, samples: int, features: int, name: str) -> None:
    if X.ndim > 0 and X.shape[0] < samples:
        what = (
            f"Found array with {X.shape[0]} sample(s) (shape={X.shape}) while a minimum of {samples} is "
            f"required by {name}."
        )
        raise refusal(ValueError, what, "more rows")
    if X.ndim == 2 and X.shape[1] < features:
        what = (
            f"Found array with {X.shape[1]} feature(s) (shape={X.shape}) while a minimum of {features} is "
            f"required by {name}."
        )
        raise refusal(ValueError, what, "more columns")


def check_X_y(
    X: Any,
    y: Any,
    accept_sparse: Any = False,
    *,
    multi_output: bool = False,
    y_numeric: bool = False,
    **settings: Any,
) -> tuple[Any, np.ndarray]:
    """X and y as arrays, one target per row, without NaN or infinity. The settings are those of check_array.

    multi_output   may y have several columns?
    y_numeric      must y be numbers?
    """
    if y is None:
        name = settings.get("estimator") or "check_X_y"
        name = name if isinstance(name, str) else type(name).__name__
        what = f"{name} requires y to be passed, but the target y is None."
        raise refusal(ValueError, what, "fit(X, y)")
    X = check_array(X, accept_sparse, **settings)
    found = array(y) if multi_output else column(y)
    if y_numeric or found.dtype.kind == "f":
        found = numbers(found)
    same_length(X, found)
    return X, found


def validate_data(
    _estimator: Any,
    /,
    X: Any = "no_validation",
    y: Any = "no_validation",
    reset: bool = True,
    skip_check_array: bool = False,
    **settings: Any,
) -> Any:
    """X, or X and y, checked as by check_array and check_X_y; the estimator remembers the columns of X.

    reset   True, in fit: sets n_features_in_ and, for a data frame, feature_names_in_. False, afterwards: the
            columns must be the same
    """
    has_y = y is not None and not (isinstance(y, str) and y == "no_validation")
    if isinstance(X, str) and X == "no_validation":
        return column(y)
    names = frames.column_names(X)
    known = vars(_estimator)
    if reset:
        known.pop("feature_names_in_", None)
        if names is not None:
            _estimator.feature_names_in_ = names
    else:
        validation.require_same_columns(names, known.get("feature_names_in_"), _estimator)
    source = X
    if not skip_check_array:
        settings.setdefault("estimator", _estimator)
        if has_y:
            X, y = check_X_y(X, y, **settings)
        else:
            X = check_array(X, **settings)
    if len(getattr(source if skip_check_array else X, "shape", ())) == 2:
        if reset:
            _estimator.n_features_in_ = X.shape[1]
        elif "n_features_in_" in known:
            validation.require_same_width(X, _estimator)
    return (X, y) if has_y else X


def check_is_fitted(
    estimator: Any,
    attributes: str | Iterable[str] | None = None,
    *,
    msg: str | None = None,
    all_or_any: Callable[[Iterable[bool]], bool] = all,
) -> None:
    """Raises NotFittedError if the estimator has not learned anything, or not these attributes.

    msg   the words of the error, in which %(name)s is the name of the class
    """
    name = type(estimator).__name__
    if isinstance(estimator, type):
        raise refusal(TypeError, f"{estimator.__name__} is a class, not an instance.", f"{name}()")
    if not hasattr(estimator, "fit"):
        raise refusal(TypeError, f"{name} is not an estimator instance.", "an object with fit")
    if attributes is not None:
        wanted = [attributes] if isinstance(attributes, str) else attributes
        fitted = all_or_any([hasattr(estimator, each) for each in wanted])
    elif hasattr(estimator, "__sklearn_is_fitted__"):
        fitted = estimator.__sklearn_is_fitted__()
    else:
        fitted = any(n.endswith("_") and not n.startswith("__") for n in vars(estimator))
    if fitted:
        return
    text = msg or (
        "This %(name)s instance is not fitted yet. Call 'fit' with appropriate arguments before using this "
        "estimator."
    )
    kind = sklearn_bridge.known_to_sklearn(sklearn_bridge.NotFittedError)
    raise refusal(kind, text % {"name": name}, f"{name}(...).fit(X, y) first")


def check_random_state(seed: Any) -> np.random.RandomState:
    """NumPy's older generator: RandomState(seed); a RandomState itself; None for the global one."""
    return random_state(seed)


def check_consistent_length(*arrays: Any) -> None:
    """Raises ValueError for arrays, other than None, of different lengths."""
    same_length(*arrays)


def column_or_1d(y: Any, *, dtype: Any = None, warn: bool = False) -> np.ndarray:
    """y as an array with one axis; with `warn`, a column of two axes gives a DataConversionWarning."""
    found = column(y)
    if warn and np.ndim(y) == 2:
        text = "A column-vector y was passed when a 1d array was expected. Try y.ravel()"
        sklearn_bridge.warn(sklearn_bridge.DataConversionWarning, text)
    return found if dtype is None else found.astype(dtype)


def indexable(*arrays: Any) -> list[Any]:
    """The arrays, all of one length, in forms from which rows can be taken."""
    same_length(*arrays)
    return [x.tocsr() if hasattr(x, "tocsr") else x for x in arrays]


def has_fit_parameter(estimator: Any, parameter: str) -> bool:
    """Does its `fit` have this argument?"""
    return parameter in inspect.signature(estimator.fit).parameters
