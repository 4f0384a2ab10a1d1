"""Counts of right and wrong classes, and the metrics made from these counts.

Source: T. Hastie, R. Tibshirani, J. Friedman, The Elements of Statistical Learning (2009), section 9.2.5;
J. Cohen, A coefficient of agreement for nominal scales (1960); B. Matthews (1975), J. Gorodkin (2004) for
several classes.
"""

from typing import Any

import numpy as np

from models.foundation.distinct import numbers_among
from models.foundation.sklearn_bridge import UndefinedMetricWarning, warn
from models.metrics.reading import array, compared, mean_or_sum, union
from tinygrad_edu.diagnostics.words import refusal


def confusion_matrix(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Any = None,
    sample_weight: Any = None,
    normalize: str | None = None,
) -> np.ndarray:
    """C[i, j]: how many samples of class i were predicted as class j, or their weight.

    labels      the classes of the rows and columns; None: all, in ascending order
    normalize   "true", "pred" or "all": divide by the sum of each row, of each column, or by all
    """
    if normalize not in (None, "true", "pred", "all"):
        what = f"normalize={normalize!r}: no such sum."
        raise refusal(ValueError, what, "'true', 'pred', 'all' or None")
    if labels is not None and len(labels) == 0:
        what = "'labels' should contain at least one label."
        raise refusal(ValueError, what, "labels=None, for all classes")
    if labels is not None and len(array(y_true)) == 0:
        return np.zeros((len(labels), len(labels)), dtype=int)
    kind, present, y_true, y_pred, weight = compared(y_true, y_pred, sample_weight)
    if kind == "multilabel-indicator":
        what = "multilabel-indicator is not supported: a confusion matrix is about one class per sample."
        raise refusal(ValueError, what, "multilabel_confusion_matrix")
    chosen = present if labels is None else array(labels)
    if not np.isin(chosen, y_true).any():
        what = "At least one label specified must be in y_true."
        raise refusal(ValueError, what, f"some of {np.unique(y_true).tolist()[:10]}")
    row, column = numbers_among(chosen, y_true), numbers_among(chosen, y_pred)
    known = (row >= 0) & (column >= 0)
    cells = row[known] * len(chosen) + column[known]
    counted = None if weight is None else weight[known]
    counts = np.bincount(cells, counted, minlength=len(chosen) ** 2)
    matrix = counts.reshape(len(chosen), len(chosen))
    if sample_weight is not None and array(sample_weight).dtype.kind in "biu":
        matrix = matrix.astype(np.int64)
    if normalize is not None:
        axis = {"true": 1, "pred": 0, "all": None}[normalize]
        with np.errstate(all="ignore"):
            matrix = np.nan_to_num(matrix / matrix.sum(axis=axis, keepdims=True))
    if len(chosen) == 1:
        warn(
            UserWarning,
            "A single label was found in 'y_true' and 'y_pred'. For the confusion matrix to have the correct "
            "shape, use the 'labels' parameter to pass all known labels.",
        )
    return matrix


def multilabel_confusion_matrix(
    y_true: Any,
    y_pred: Any,
    *,
    sample_weight: Any = None,
    labels: Any = None,
    samplewise: bool = False,
) -> np.ndarray:
    """[[TN, FP], [FN, TP]] of each label against the rest, or of each sample: (labels or samples, 2, 2)."""
    kind, present, y_true, y_pred, weight = compared(y_true, y_pred, sample_weight)
    chosen = present if labels is None else array(labels)
    if kind == "multilabel-indicator":
        if not np.isin(chosen, present).all():
            what = f"All labels must be in [0, n labels) for multilabel targets. Got {chosen.tolist()}."
            raise refusal(ValueError, what, f"column numbers from 0 to {len(present) - 1}")
        y_true, y_pred = y_true[:, chosen], y_pred[:, chosen]
        axis = 1 if samplewise else 0
        total = y_true.shape[axis]
        if weight is not None:
            total = weight * total if samplewise else weight.sum()
        both, true, predicted = (
            _count(table, axis, weight) for table in (y_true & y_pred, y_true, y_pred)
        )
    else:
        if samplewise:
            what = "Samplewise metrics are not available outside of multilabel classification."
            raise refusal(
                ValueError, what, "average='macro', or a column of 0 and 1 for each label"
            )
        everything = union(chosen, present)
        place = np.searchsorted(everything, chosen)
        y_true, y_pred = numbers_among(everything, y_true), numbers_among(everything, y_pred)
        hit = y_true == y_pred
        hits = None if weight is None else weight[hit]
        both, true, predicted = (
            np.bincount(codes, w, minlength=len(everything))[place]
            for codes, w in ((y_true[hit], hits), (y_true, weight), (y_pred, weight))
        )
        total = len(y_true) if weight is None else weight.sum()
    fp, fn = predicted - both, true - both
    tn = total - both - fp - fn
    return np.stack([tn, fp, fn, both], axis=1).reshape(-1, 2, 2)


def _count(table: np.ndarray, axis: int, weight: np.ndarray | None) -> np.ndarray:
    if weight is None:
        return table.sum(axis=axis)
    return table.sum(axis=1) * weight if axis == 1 else weight @ table


def accuracy_score(
    y_true: Any, y_pred: Any, *, normalize: bool = True, sample_weight: Any = None
) -> float:
    """The fraction of samples whose class (or every label) is right; their number if not `normalize`."""
    kind, _, y_true, y_pred, weight = compared(y_true, y_pred, sample_weight)
    right = y_true == y_pred
    if kind == "multilabel-indicator":
        right = right.all(axis=1)
    return mean_or_sum(right, weight, normalize)


def zero_one_loss(
    y_true: Any, y_pred: Any, *, normalize: bool = True, sample_weight: Any = None
) -> float:
    """The fraction of samples whose class is wrong: 1 - accuracy; their number if not `normalize`."""
    score = accuracy_score(y_true, y_pred, normalize=normalize, sample_weight=sample_weight)
    if normalize:
        return 1 - score
    return (len(array(y_true)) if sample_weight is None else np.sum(sample_weight)) - score


def hamming_loss(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """The fraction of labels that are wrong."""
    kind, _, y_true, y_pred, weight = compared(y_true, y_pred, sample_weight)
    wrong = y_true != y_pred
    if kind != "multilabel-indicator":
        return float(np.average(wrong, weights=weight))
    mean = 1.0 if weight is None else np.average(weight)
    wrongs = wrong.sum() if weight is None else (weight @ wrong).sum()
    return float(wrongs) / (wrong.shape[0] * wrong.shape[1] * float(mean))


def balanced_accuracy_score(
    y_true: Any, y_pred: Any, *, sample_weight: Any = None, adjusted: bool = False
) -> float:
    """The mean recall of the classes; `adjusted`: 0 for guessing, 1 if all is right."""
    matrix = confusion_matrix(y_true, y_pred, sample_weight=sample_weight)
    with np.errstate(divide="ignore", invalid="ignore"):
        recalls = np.diag(matrix) / matrix.sum(axis=1)
    if np.isnan(recalls).any():
        warn(UserWarning, "y_pred contains classes not in y_true")
        recalls = recalls[~np.isnan(recalls)]
    score, chance = np.mean(recalls), 1 / len(recalls)
    return float((score - chance) / (1 - chance) if adjusted else score)


def matthews_corrcoef(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """The correlation of true and predicted classes: 1 if all is right, 0 for guessing.

    (c s - t·p) / √((s² - p·p)(s² - t·t)): of s samples c are right; t and p count each class in y_true and
    in y_pred.
    """
    matrix = confusion_matrix(y_true, y_pred, sample_weight=sample_weight)
    true, predicted = (matrix.sum(axis=axis, dtype=np.float64) for axis in (1, 0))
    correct, samples = np.trace(matrix, dtype=np.float64), predicted.sum()
    product = (samples**2 - predicted @ predicted) * (samples**2 - true @ true)
    if product == 0:
        return 0.0
    return float((correct * samples - true @ predicted) / np.sqrt(product))


def cohen_kappa_score(
    y1: Any,
    y2: Any,
    *,
    labels: Any = None,
    weights: str | None = None,
    sample_weight: Any = None,
    replace_undefined_by: float = np.nan,
) -> float:
    """Agreement of two raters beyond chance: 1 - Σ w C / Σ w E.

    C counts how the ratings coincide, E how they would by chance. w is 1 off the diagonal, or grows with the
    difference of the class numbers: weights="linear" or "quadratic".
    """
    matrix = confusion_matrix(y1, y2, labels=labels, sample_weight=sample_weight).astype(np.float64)
    first, second = matrix.sum(axis=0), matrix.sum(axis=1)
    numbers = np.arange(len(matrix))
    apart = np.abs(numbers[:, None] - numbers)
    cost = {None: (apart > 0) * 1.0, "linear": apart, "quadratic": apart**2}[weights]
    total = first.sum()
    expected = np.sum(cost * (np.outer(first, second) / total)) if total else 0.0
    if expected == 0:
        what = f"`cohen_kappa_score` is undefined and set to {replace_undefined_by}: "
        warn(UndefinedMetricWarning, what + "the ratings have only one label, or none, in common.")
        return replace_undefined_by
    return float(1 - np.sum(cost * matrix) / expected)


def class_likelihood_ratios(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Any = None,
    sample_weight: Any = None,
    replace_undefined_by: Any = np.nan,
) -> tuple[float, float]:
    """How much a prediction changes the odds of the positive class: (TPR / FPR, FNR / TNR).

    replace_undefined_by   a number for both, or {"LR+": ..., "LR-": ...}, in place of x / 0
    """
    kind, *_ = compared(y_true, y_pred)
    if kind != "binary":
        what = f"class_likelihood_ratios only supports binary classification problems, got {kind}."
        raise refusal(ValueError, what, "one class against the rest: y_true == label")
    matrix = confusion_matrix(y_true, y_pred, labels=labels, sample_weight=sample_weight)
    if matrix.shape != (2, 2):
        what = f"class_likelihood_ratios needs two classes, but got {len(matrix)}."
        raise refusal(ValueError, what, "labels=[negative, positive]")
    tn, fp, fn, tp = (float(x) for x in matrix.ravel())
    instead = replace_undefined_by
    if not isinstance(instead, dict):
        instead = {"LR+": instead, "LR-": instead}

    def ratio(name: str, above: float, below: float) -> float:
        if tp + fn == 0 or below == 0:
            warn(UndefinedMetricWarning, f"{name} is ill-defined and set to {instead[name]}.")
            return float(np.nan if tp + fn == 0 and below else instead[name])
        return above / below

    positives, negatives = tp + fn, tn + fp
    return (
        ratio("LR+", tp * negatives, fp * positives),
        ratio("LR-", fn * negatives, tn * positives),
    )
