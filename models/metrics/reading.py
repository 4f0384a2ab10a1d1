"""Reads what metrics compare: targets, predictions and weights, as arrays that fit together.

In scikit-learn's words a target is "binary", "multiclass" or "multilabel-indicator" (a column of 0 and 1 for
each label), "continuous", or one of these with several columns, "...-multioutput".
"""

from typing import Any

import numpy as np

from models.foundation import frames
from models.foundation.distinct import distinct
from models.foundation.sklearn_bridge import UndefinedMetricWarning, warn
from tinygrad_edu.diagnostics.words import refusal


def array(y: Any, name: str = "y") -> np.ndarray:
    """y as an array: of a list, a series, a frame or a sparse matrix."""
    if hasattr(y, "toarray"):
        return y.toarray()
    try:
        found = y.to_numpy() if hasattr(y, "to_numpy") else np.asarray(y)
    except ValueError as error:  # rows of different lengths
        what = f"{name} cannot be read: {error}"
        raise refusal(
            ValueError, what, "as many values in every row; of lists of labels MultiLabelBinarizer"
        ) from None
    if found.dtype == object and found.size:
        if any(map(frames.is_missing, found.flat)):
            raise refusal(ValueError, f"Input {name} contains NaN or None.", "drop those rows")
        if all(isinstance(value, (int, np.number)) for value in found.flat):
            return np.array(found.tolist())
    return found


def column(y: Any, name: str = "y") -> np.ndarray:
    """y as an array with one axis."""
    found = array(y, name)
    if found.ndim == 2 and found.shape[1] == 1:
        return found[:, 0]
    if found.ndim != 1:
        what = f"y should be a 1d array, got an array of shape {found.shape} instead ({name})."
        raise refusal(ValueError, what, f"one value per sample: {name}.ravel() or one column of it")
    return found


def numbers(y: Any, name: str = "y") -> np.ndarray:
    """y as an array of finite floats."""
    found = array(y, name)
    if found.dtype.kind == "c":
        raise refusal(ValueError, f"Complex data not supported: {name}.", f"{name}.real")
    try:
        found = found.astype(np.float64, copy=False)
    except (TypeError, ValueError) as error:
        raise refusal(ValueError, f"{name} must be numbers: {error}.", "numbers") from None
    if not np.isfinite(found).all():
        bad = found[~np.isfinite(found)]
        what = f"Input {name} contains NaN or infinity: {len(bad)} of its {found.size} values."
        raise refusal(ValueError, what, "finite numbers; a model that diverged predicts others")
    return found


def same_length(*arrays: Any) -> None:
    """Raises ValueError for arrays, other than None, of different lengths."""
    lengths = [frames.samples(x) for x in arrays if x is not None]
    if len({*lengths}) > 1:
        what = f"Found input variables with inconsistent numbers of samples: {lengths}."
        raise refusal(ValueError, what, "targets and predictions of the same rows")


def weights(sample_weight: Any, samples: int) -> np.ndarray | None:
    """sample_weight as an array of shape (samples,), or None."""
    if sample_weight is None:
        return None
    found = numbers(sample_weight, "sample_weight")
    if found.ndim == 0:
        found = np.full(samples, found)
    if found.shape != (samples,):
        what = f"sample_weight must hold one weight for each of the {samples} samples, got {found.shape}."
        raise refusal(ValueError, what, "weights of the same rows as the targets")
    if not found.any():
        what = "Sample weights must contain at least one non-zero number."
        raise refusal(ValueError, what, "sample_weight=None, for equal weights")
    return found


def mean_or_sum(values: np.ndarray, weight: np.ndarray | None, mean: bool) -> float:
    """The mean of the values of the samples, by weight, or their sum."""
    if mean:
        return float(np.average(values, weights=weight))
    return float(np.sum(values) if weight is None else weight @ values)


def too_few(y: Any, name: str) -> bool:
    """Has y less than two samples? Then a score that compares with its mean is undefined, with a warning."""
    if frames.samples(y) >= 2:
        return False
    warn(UndefinedMetricWarning, f"{name} score is not well-defined with less than two samples.")
    return True


def type_of_target(y: Any) -> str:
    """What kind of target y is, such as "binary" or "continuous"; "unknown" if none."""
    found = array(y)
    if found.ndim == 0:
        what = f"Expected array-like (array or non-string sequence), got {y!r}."
        raise refusal(ValueError, what, "a list or an array of targets")
    return kind_and_values(found)[0]


def kind_and_values(found: np.ndarray) -> tuple[str, np.ndarray]:
    """The kind of target, and its different values if these are classes."""
    none = found[:0].ravel()
    if found.ndim not in (1, 2) or (found.ndim == 2 and found.shape[1] == 0):
        return "unknown", none
    if found.dtype == object and found.size and not isinstance(found.flat[0], str):
        return "unknown", none
    several = found.ndim == 2 and found.shape[1] > 1
    ending = "-multioutput" if several else ""
    if found.dtype.kind == "f" and not np.isfinite(found).all():
        bad = ~np.isfinite(found)
        row, value = np.argwhere(bad)[0][0], found[bad][0]
        what = (
            f"Input y contains NaN or infinity: {bad.sum()} of its {found.size} values, the first "
        )
        raise refusal(ValueError, f"{what}({value}) in row {row}.", "drop those rows")
    if found.dtype.kind == "f" and (found != np.floor(found)).any():
        return "continuous" + ending, none
    values = distinct(found)
    if several and len(values) <= 2 and found.dtype.kind in "biuf" and len(found) > 0:
        return "multilabel-indicator", values
    return "multiclass" + ending if several or len(values) > 2 else "binary", values


def compared(
    y_true: Any, y_pred: Any, sample_weight: Any = None
) -> tuple[str, np.ndarray, np.ndarray, np.ndarray, np.ndarray | None]:
    """Targets and predictions of classes: (kind, the labels of both, y_true, y_pred, weights).

    The kind is "binary", "multiclass" or "multilabel-indicator". Labels of the latter are column numbers.
    """
    same_length(y_true, y_pred, sample_weight)
    y_true, y_pred = array(y_true, "y_true"), array(y_pred, "y_pred")
    if len(y_true) == 0:
        what = "Found empty input array (e.g., `y_true` or `y_pred`) while a minimum of 1 sample is required."
        raise refusal(ValueError, what, "the targets and predictions of at least one sample")
    (kind_true, of_true), (kind_pred, of_pred) = kind_and_values(y_true), kind_and_values(y_pred)
    kinds = kind_true, kind_pred
    kind = kinds[0] if kinds[0] == kinds[1] else "multiclass"
    if kinds[0] != kinds[1] and {*kinds} != {"binary", "multiclass"}:
        what = f"Classification metrics can't handle a mix of {kinds[0]} and {kinds[1]} targets."
        raise refusal(ValueError, what, "predicted classes: predict(X), not predict_proba(X)")
    if kind not in ("binary", "multiclass", "multilabel-indicator"):
        what = f"{kind} is not supported: a classification metric compares classes."
        raise refusal(ValueError, what, "a metric of regression, such as mean_squared_error")
    weight = weights(sample_weight, len(y_true))
    if kind == "multilabel-indicator":
        if y_true.shape != y_pred.shape:
            what = (
                f"y_true has shape {y_true.shape} and y_pred {y_pred.shape}: they must be the same."
            )
            raise refusal(ValueError, what, "a column for each label in both")
        return kind, np.arange(y_true.shape[1]), y_true != 0, y_pred != 0, weight
    y_true, y_pred = column(y_true, "y_true"), column(y_pred, "y_pred")
    labels = union(of_true, of_pred)
    return "multiclass" if len(labels) > 2 else kind, labels, y_true, y_pred, weight


def union(*labels: Any) -> np.ndarray:
    """The different labels of all arrays, in ascending order."""
    arrays = [array(each) for each in labels]
    if len({each.dtype.kind in "OUS" for each in arrays}) > 1:
        what = f"Mix of label input types (string and number): {[str(a.dtype) for a in arrays]}."
        raise refusal(ValueError, what, "predictions with the labels that fit got")
    return distinct(np.concatenate([distinct(each) for each in arrays]))


def positive_label(pos_label: Any, y: np.ndarray) -> Any:
    """The label that counts as positive: pos_label, or 1 if it is None and y has 0, 1 or -1, 1."""
    if pos_label is not None:
        return pos_label
    labels = distinct(y)
    if labels.dtype.kind in "OUS" or (
        not {*labels.tolist()} <= {0, 1} and not {*labels.tolist()} <= {-1, 1}
    ):
        what = (
            f"y_true takes value in {labels.tolist()} and pos_label is not specified: either make y_true "
            "take value in {0, 1} or {-1, 1} or pass pos_label explicitly."
        )
        raise refusal(ValueError, what, f"pos_label={frames.plain(labels[-1])!r}")
    return 1


def indicators(y: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """A column of 0 and 1 for each class: (samples, classes). A label that is none of them has a row of 0."""
    return (y[:, None] == classes).astype(np.int64)
