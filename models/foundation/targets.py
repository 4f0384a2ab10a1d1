"""Targets and weights, checked: y of a regressor and of a classifier, and sample_weight."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from models.foundation import frames
from models.foundation.distinct import numbered
from models.foundation.frames import plain
from models.foundation.sklearn_bridge import DataConversionWarning, warn
from models.foundation.validation import require_finite
from tinygrad_edu.diagnostics.words import refusal


def target(y: Any, samples: int, estimator: Any) -> np.ndarray:
    """y as an array with one row for each of the samples."""
    name = type(estimator).__name__
    if y is None:
        raise refusal(
            ValueError,
            f"{name} requires y to be passed, but the target y is None.",
            "fit(X, y)",
        )
    found = _array(y, name)
    _refuse_missing(found, y, name)
    if found.dtype.kind == "c":
        raise refusal(ValueError, f"Complex data not supported by {name}: y.", "y.real or abs(y)")
    if found.ndim == 2 and found.shape[1] == 1 and not estimator.several_targets:
        warn(
            DataConversionWarning,
            "A column-vector y was passed when a 1d array was expected. Try y.ravel(): it has shape "
            f"({len(found)},) instead of {found.shape}",
        )
        found = found.ravel()
    if found.ndim != 1 and not (found.ndim == 2 and estimator.several_targets):
        raise refusal(
            ValueError,
            f"y should be a 1d array, one target per sample; {name} got shape {found.shape}.",
            _hint_for_shape(found),
        )
    if len(found) != samples:
        raise refusal(
            ValueError,
            f"Found input variables with inconsistent numbers of samples: [{samples}, {len(found)}]. "
            f"X has {samples} samples and y has {len(found)}.",
            "X and y of the same split, such as X_train with y_train",
        )
    return found


def _hint_for_shape(y: np.ndarray) -> str:
    if y.ndim != 2:
        return "one target for each row of X"
    if y.dtype.kind in "biuf" and ((y == 0) | (y == 1)).all() and (y.sum(axis=1) == 1).all():
        return "y.argmax(axis=1): the rows are one-hot, and the labels are the columns of the ones"
    return "one column of it, y[:, 0]"


def _refuse_missing(found: np.ndarray, y: Any, name: str) -> None:
    """Raises ValueError for None and the missing values of pandas among objects."""
    if found.dtype == object:
        missing = [i for i, x in enumerate(found) if frames.is_missing(x)]
        if missing:
            raise refusal(
                ValueError,
                f"Input y contains NaN or None: {len(missing)} of its {len(found)} values, "
                f"the first ({found[missing[0]]}) in {frames.row_of(y, missing[0])}. {name} needs a "
                "target for every sample.",
                "drop those rows of X and y: present = y.notna()" if hasattr(y, "notna")
                else "drop those rows of X and y",
            )  # fmt: skip


def _array(y: Any, name: str) -> np.ndarray:
    """y as an array; numbers of Python and of nullable columns become numbers of NumPy."""
    try:
        found = y.to_numpy() if hasattr(y, "to_numpy") else np.asarray(y)
    except ValueError as error:  # lists of different lengths
        raise refusal(
            ValueError, f"{name} cannot read y: {error}", "one target per sample"
        ) from None
    listed = isinstance(y, (list, tuple)) and found.ndim == 1
    if listed and found.dtype.kind == "U" and not all(isinstance(label, str) for label in y):
        return np.array(y, dtype=object)  # NumPy has turned numbers into text
    numeric = (isinstance(label, (int, np.number)) for label in found.flat)
    if found.dtype == object and found.size and all(numeric):
        return np.array(found.tolist())
    return found


def numbers(y: Any, samples: int, estimator: Any) -> np.ndarray:
    """The targets of a regressor: float64, finite, and in the range of the estimator."""
    found = target(y, samples, estimator)
    try:
        found = found.astype(np.float64)
    except (TypeError, ValueError):
        row = next(i for i, value in enumerate(found) if not _is_number(value))
        raise refusal(
            ValueError,
            f"{type(estimator).__name__} predicts numbers, and y has {plain(found[row])!r} in "
            f"{frames.row_of(y, row)}.",
            "a classifier, if y contains the names of classes",
        ) from None
    require_finite(found, "y", estimator, source=y)
    for bound, sign, wrong in (
        (estimator.y_at_least, "≥", np.less),
        (estimator.y_above, ">", np.less_equal),
    ):
        if bound is not None and wrong(found, bound).any():
            row = int(np.argmax(wrong(found, bound)))
            raise refusal(
                ValueError,
                f"{type(estimator).__name__} is for targets {sign} {bound}, and y has {found[row]} in "
                f"{frames.row_of(y, row)}.",
                "another model, such as LinearRegression, for such targets",
            )
    return found


def _is_number(value: Any) -> bool:
    try:
        np.asarray(value).astype(np.float64)
    except (TypeError, ValueError):
        return False
    return True


def labels(y: Any, samples: int, estimator: Any) -> np.ndarray:
    """The targets of a classifier: text, booleans or integers."""
    found = target(y, samples, estimator)
    if found.dtype.kind == "f":
        require_finite(found, "y", estimator, source=y)
        uneven = found != np.floor(found)
        if uneven.any():
            row = int(np.argmax(uneven))
            raise refusal(
                ValueError,
                f"Unknown label type: continuous. {type(estimator).__name__} predicts classes, and y "
                f"has {found[row]} in {frames.row_of(y, row)}.",
                "a regressor, if y contains measurements",
            )
    return found


def classes_of(y: np.ndarray, estimator: Any) -> tuple[np.ndarray, np.ndarray]:
    """The classes of y in order, and for each sample the number of its class."""
    try:
        classes, numbers = numbered(y)
    except TypeError:
        kinds = ", ".join(sorted({type(label).__name__ for label in y}))
        raise refusal(
            ValueError,
            f"Unknown label type: y mixes {kinds}, which have no common order.",
            "y.astype(str), or integers for all of them",
        ) from None
    if len(classes) == 1 and not estimator.one_class:
        raise refusal(
            ValueError,
            "This solver needs samples of at least 2 classes in the data, but "
            f"{type(estimator).__name__} got one class only: {classes.tolist()[0]!r}.",
            "data with a second class; np.unique(y, return_counts=True) counts them",
        )
    if len(classes) > 2 and not estimator.several_classes:
        raise refusal(
            ValueError,
            "Only binary classification is supported. The type of the target is multiclass: "
            f"{len(classes)} classes.",
            "one classifier per class, of that class against the rest",
        )
    return classes, numbers


def codes(y: np.ndarray, classes: np.ndarray, estimator: Any) -> np.ndarray:
    """For each sample the number of its class, among known classes."""
    known = np.isin(y, classes)
    if not known.all():
        row = int(np.argmin(known))
        raise refusal(
            ValueError,
            f"{type(estimator).__name__} knows the classes {classes.tolist()}, and y has "
            f"{plain(y[row])!r} in row {row}.",
            "partial_fit(X, y, classes=...) with every class, in the first call",
        )
    return np.searchsorted(classes, y)


def against_rest(y: np.ndarray, classes: int) -> np.ndarray:
    """Whether a row is of a class or of the rest, for each class: (classes, samples), from their numbers y.

    For two classes only of the second, (1, samples): the first is its rest.
    """
    numbers = np.arange(classes)[:, None]
    return y == (numbers[1:] if classes == 2 else numbers)


def warn_of_other_labels(y: np.ndarray, classes: np.ndarray, estimator: Any) -> None:
    """Warns if y has labels, none of which is a class of fit: then every prediction counts as wrong."""
    if {*y.tolist()}.isdisjoint(classes.tolist()):
        warn(
            UserWarning,
            f"no label of y, such as {plain(y[0])!r}, is one of the classes of {type(estimator).__name__}: "
            f"{frames.listed(classes.tolist())}. The accuracy is 0. Try: labels of the kind used in fit",
        )


def class_weights(
    chosen: Any, classes: np.ndarray, y: np.ndarray, weight: np.ndarray, estimator: Any
) -> np.ndarray:
    """The factor of each class: given by a dict, or "balanced", which gives all classes the same weight.

    Balanced is n / (K n_k), with n_k the weight of class k and n that of all (King and Zeng 2001).
    Scikit-learn's trees and forests take numbers of rows for n and n_k, whatever sample_weight says.
    """
    if not isinstance(chosen, Mapping):
        n = np.bincount(y, weight, minlength=len(classes))
        return weight.sum() / (len(classes) * np.where(n > 0, n, 1))
    labels = classes.tolist()
    for label in chosen:
        if label not in labels:
            what = f"class_weight of {type(estimator).__name__} has {label!r}, which is not a class of y."
            raise refusal(ValueError, what, f"a weight for any of {labels}")
    return np.array([float(chosen.get(label, 1.0)) for label in labels])


def weights(sample_weight: Any, samples: int, estimator: Any) -> np.ndarray:
    """sample_weight as a float64 array of shape (samples,): all ones if it is None."""
    if sample_weight is None:
        return np.ones(samples)
    try:
        weight = np.asarray(sample_weight).astype(np.float64)
    except (TypeError, ValueError) as error:
        what = f"sample_weight must be numbers: {error}."
        raise refusal(ValueError, what, f"{samples} numbers, one per sample") from None
    if weight.ndim == 0:
        weight = np.full(samples, weight)
    if weight.shape != (samples,):
        raise refusal(
            ValueError,
            f"sample_weight must hold one weight for each of the {samples} samples, got shape "
            f"{weight.shape}.",
            "weights of the same split as X",
        )
    require_finite(weight, "sample_weight", estimator, source=sample_weight)
    if (weight < 0).any():
        row = int(np.argmax(weight < 0))
        raise refusal(
            ValueError,
            f"sample_weight must not be negative: {weight[row]} in {frames.row_of(sample_weight, row)}.",
            "0, which leaves the row out",
        )
    if not weight.any():
        raise refusal(
            ValueError,
            "every sample_weight is zero: at least one weight must not be.",
            "sample_weight=None, for equal weights",
        )
    return weight
