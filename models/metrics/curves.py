"""Curves over all thresholds of a score: ROC, precision and recall, detection errors; and their areas.

Source: T. Fawcett, An introduction to ROC analysis (2006); D. Hand, R. Till, A simple generalisation of the
area under the ROC curve for multiple class classification problems (2001).
"""

import functools
from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np

from models.foundation.sklearn_bridge import UndefinedMetricWarning, warn
from models.metrics.reading import (
    array,
    column,
    indicators,
    numbers,
    positive_label,
    same_length,
    type_of_target,
    weights,
)
from tinygrad_edu.diagnostics.words import refusal


def confusion_matrix_at_thresholds(
    y_true: Any, y_score: Any, *, pos_label: Any = None, sample_weight: Any = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(TN, FP, FN, TP, thresholds): counts if all with score ≥ threshold are positive, thresholds falling."""
    kind = type_of_target(y_true)
    if not (kind == "binary" or (kind == "multiclass" and pos_label is not None)):
        what = f"{kind} format is not supported: a threshold tells two classes apart."
        raise refusal(
            ValueError, what, "one class against the rest: y_true == label, and its score"
        )
    same_length(y_true, y_score, sample_weight)
    y_true, y_score = column(y_true, "y_true"), column(numbers(y_score, "y_score"), "y_score")
    positive = (y_true == positive_label(pos_label, y_true)).astype(np.float64)
    weight = weights(sample_weight, len(y_true))
    if weight is not None:
        counted = weight != 0
        positive, y_score, weight = positive[counted], y_score[counted], weight[counted]
    order = np.argsort(-y_score, kind="stable")
    positive, y_score = positive[order], y_score[order]
    last = np.append(np.flatnonzero(np.diff(y_score)), len(y_score) - 1)  # of each equal score
    if weight is None:
        tp = np.cumsum(positive)[last]
        fp = 1.0 + last - tp
    else:
        tp = np.cumsum(positive * weight[order])[last]
        fp = np.cumsum((1 - positive) * weight[order])[last]
    return fp[-1] - fp, fp, tp[-1] - tp, tp, y_score[last]


def _corners(*bends: np.ndarray) -> np.ndarray:
    """Mask of the points where a curve bends; the ends are kept."""
    inner = np.logical_or(*bends)
    return np.concatenate([[True], inner, [True]])


def roc_curve(
    y_true: Any,
    y_score: Any,
    *,
    pos_label: Any = None,
    sample_weight: Any = None,
    drop_intermediate: bool = True,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(false positive rates, true positive rates, thresholds), from (0, 0) with threshold ∞ to (1, 1).

    drop_intermediate   leave out points on a straight line between others
    """
    _, fp, _, tp, thresholds = confusion_matrix_at_thresholds(
        y_true, y_score, pos_label=pos_label, sample_weight=sample_weight
    )
    if drop_intermediate and len(fp) > 2:
        kept = _corners(np.diff(fp, 2), np.diff(tp, 2))
        fp, tp, thresholds = fp[kept], tp[kept], thresholds[kept]
    fpr = _rate(np.append(0.0, fp), "No negative samples in y_true, false positive value")
    tpr = _rate(np.append(0.0, tp), "No positive samples in y_true, true positive value")
    return fpr, tpr, np.append(np.inf, thresholds)


def _rate(counts: np.ndarray, what: str) -> np.ndarray:
    if counts[-1] > 0:
        return counts / counts[-1]
    warn(UndefinedMetricWarning, f"{what} should be meaningless")
    return np.full(counts.shape, np.nan)


def precision_recall_curve(
    y_true: Any,
    y_score: Any,
    *,
    pos_label: Any = None,
    sample_weight: Any = None,
    drop_intermediate: bool = False,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(precisions, recalls, thresholds), thresholds rising; the end, precision 1 and recall 0, has none."""
    _, fp, _, tp, thresholds = confusion_matrix_at_thresholds(
        y_true, y_score, pos_label=pos_label, sample_weight=sample_weight
    )
    if drop_intermediate and len(fp) > 2:
        kept = _corners(np.diff(tp[:-1]), np.diff(tp[1:]))
        fp, tp, thresholds = fp[kept], tp[kept], thresholds[kept]
    precision = tp / np.where(tp + fp != 0, tp + fp, 1)
    if tp[-1] == 0:
        warn(
            UserWarning,
            "No positive class found in y_true, recall is set to one for all thresholds.",
        )
        recall = np.ones(tp.shape)
    else:
        recall = tp / tp[-1]
    return np.append(precision[::-1], 1.0), np.append(recall[::-1], 0.0), thresholds[::-1]


def det_curve(
    y_true: Any,
    y_score: Any,
    pos_label: Any = None,
    sample_weight: Any = None,
    drop_intermediate: bool = False,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(false positive rates, false negative rates, thresholds): the detection error tradeoff.

    Source: A. Martin et al., The DET curve in assessment of detection task performance (1997).
    """
    _, fp, _, tp, thresholds = confusion_matrix_at_thresholds(
        y_true, y_score, pos_label=pos_label, sample_weight=sample_weight
    )
    if len(np.unique(array(y_true))) != 2:
        what = "Only one class is present in y_true. Detection error tradeoff curve is not defined then."
        raise refusal(ValueError, what, "a split with both classes: stratify=y")
    fp, tp, thresholds = np.append(0.0, fp), np.append(0.0, tp), np.append(np.inf, thresholds)
    if drop_intermediate and len(fp) > 2:
        kept = _corners(np.diff(tp[:-1]), np.diff(tp[1:]))
        fp, tp, thresholds = fp[kept], tp[kept], thresholds[kept]
    first = np.searchsorted(fp, fp[0], side="right") - 1
    part = slice(int(first), int(np.searchsorted(tp, tp[-1])) + 1)
    fn = tp[-1] - tp
    return (fp[part] / fp[-1])[::-1], (fn[part] / tp[-1])[::-1], thresholds[part][::-1]


def auc(x: Any, y: Any) -> float:
    """The area under the points (x, y), by the trapezoidal rule; x rises or falls."""
    same_length(x, y)
    x, y = column(numbers(x, "x"), "x"), column(numbers(y, "y"), "y")
    if len(x) < 2:
        what = f"At least 2 points are needed to compute area under curve, but x.shape = {x.shape}."
        raise refusal(ValueError, what, "a curve with more points")
    steps = np.diff(x)
    if (steps < 0).any() and (steps > 0).any():
        what = f"x is neither increasing nor decreasing : {x}."
        raise refusal(ValueError, what, "order = np.argsort(x); auc(x[order], y[order])")
    return float(np.trapezoid(y, x) * (-1 if (steps < 0).any() else 1))


# ---- areas ---------------------------------------------------------------------------------------


def roc_auc_score(
    y_true: Any,
    y_score: Any,
    *,
    average: str | None = "macro",
    sample_weight: Any = None,
    max_fpr: float | None = None,
    multi_class: str = "raise",
    labels: Any = None,
) -> Any:
    """The area under the ROC curve: the probability that a positive has a higher score than a negative.

    max_fpr       only the part up to this false positive rate, scaled: 1/2 for guessing (McClish 1989)
    multi_class   for several classes, whose scores are probabilities: "ovr", each class against the rest, or
                  "ovo", each pair of classes
    """
    kind = type_of_target(y_true)
    y_true, y_score = array(y_true, "y_true"), numbers(y_score, "y_score")
    several = kind == "binary" and y_score.ndim == 2 and y_score.shape[1] > 2
    if kind == "multiclass" or several:
        if max_fpr not in (None, 1):
            what = (
                f"Partial AUC computation not available in multiclass setting: max_fpr={max_fpr}."
            )
            raise refusal(ValueError, what, "max_fpr=None")
        y_true = column(y_true, "y_true")
        return _of_classes(y_true, y_score, average, sample_weight, multi_class, labels)
    if kind == "binary":
        classes = np.unique(y_true)
        y_true = (column(y_true, "y_true") == classes[-1]).astype(int) * (len(classes) > 1)
    area = functools.partial(_binary_area, max_fpr=max_fpr)
    return averaged(area, y_true, y_score, average, sample_weight)


def _binary_area(y_true, y_score, sample_weight=None, max_fpr=None):
    weight = weights(sample_weight, len(y_true))
    counted = y_true if weight is None else y_true[weight != 0]
    if len(np.unique(counted)) != 2:
        text = "Only one class is present in y_true. ROC AUC score is not defined in that case."
        warn(UndefinedMetricWarning, text)
        return np.nan
    fpr, tpr, _ = roc_curve(y_true, y_score, sample_weight=sample_weight)
    if max_fpr is None or max_fpr == 1:
        return auc(fpr, tpr)
    if not 0 < max_fpr <= 1:
        what = f"Expected max_fpr in range (0, 1], got: {max_fpr!r}."
        raise refusal(ValueError, what, "max_fpr=0.1")
    stop = np.searchsorted(fpr, max_fpr, "right")
    last = np.interp(max_fpr, fpr[stop - 1 : stop + 1], tpr[stop - 1 : stop + 1])
    area = auc(np.append(fpr[:stop], max_fpr), np.append(tpr[:stop], last))
    least = max_fpr**2 / 2
    return 0.5 * (1 + (area - least) / (max_fpr - least))


def _of_classes(y_true, y_score, average, sample_weight, multi_class, labels):
    if multi_class not in ("ovo", "ovr"):
        what = f"multi_class must be in ('ovo', 'ovr') for several classes, got {multi_class!r}."
        raise refusal(ValueError, what, "multi_class='ovr'")
    if y_score.ndim != 2:
        what = (
            "`y_score` needs to be of shape `(n_samples, n_classes)`, since `y_true` contains multiple "
            f"classes. Got `y_score.shape={y_score.shape}`."
        )
        raise refusal(ValueError, what, "predict_proba(X)")
    if not np.allclose(1, y_score.sum(axis=1)):
        what = (
            "Target scores need to be probabilities for multiclass roc_auc, i.e. they should sum up to 1.0 "
            "over classes."
        )
        raise refusal(ValueError, what, "predict_proba(X)")
    allowed = (
        ("macro", "weighted") if multi_class == "ovo" else ("micro", "macro", "weighted", None)
    )
    if average not in allowed:
        what = f"average must be one of {allowed} for multiclass problems, got {average!r}."
        raise refusal(
            NotImplementedError if average is None else ValueError, what, "average='macro'"
        )
    classes = known_classes(y_true, y_score, labels)
    if multi_class == "ovr":
        table = indicators(y_true, classes)
        if len(classes) == 2:
            table = table[:, 1:]
        return averaged(_binary_area, table, y_score, average, sample_weight)
    if sample_weight is not None:
        what = "sample_weight is not supported for multiclass one-vs-one ROC AUC."
        raise refusal(ValueError, what, "multi_class='ovr'")
    codes, areas, sizes = np.searchsorted(classes, y_true), [], []
    for a, b in combinations(np.unique(codes), 2):
        pair = (codes == a) | (codes == b)
        sides = [_binary_area(codes[pair] == k, y_score[pair, k]) for k in (a, b)]
        areas.append(sum(sides) / 2)
        sizes.append(np.average(pair))
    return np.average(areas, weights=sizes if average == "weighted" else None)


def known_classes(y_true: np.ndarray, y_score: np.ndarray, labels: Any) -> np.ndarray:
    """The classes that the columns of y_score are for: labels, or those of y_true."""
    columns = y_score.shape[1] if y_score.ndim == 2 else 2
    if labels is None:
        classes = np.unique(y_true)
        if len(classes) != columns:
            what = (
                f"Number of classes in y_true ({len(classes)}) not equal to the number of columns in "
                f"'y_score' ({columns})."
            )
            raise refusal(
                ValueError, what, "labels=model.classes_: a class may be missing in y_true"
            )
        return classes
    found = column(labels, "labels")
    classes = np.unique(found)
    complaint = None
    if len(classes) != len(found):
        complaint = "Parameter 'labels' must be unique"
    elif list(classes) != list(found):
        complaint = "Parameter 'labels' must be ordered"
    elif len(classes) != columns:
        number = f"Number of given labels ({len(classes)})"
        complaint = f"{number} not equal to the number of columns in 'y_score' ({columns})"
    elif len(np.setdiff1d(y_true, classes)):
        complaint = "'y_true' contains labels not in parameter 'labels'"
    if complaint:
        raise refusal(ValueError, f"{complaint}.", "labels=model.classes_")
    return classes


def average_precision_score(
    y_true: Any,
    y_score: Any,
    *,
    average: str | None = "macro",
    pos_label: Any = 1,
    sample_weight: Any = None,
) -> Any:
    """Σ_n (R_n - R_{n-1}) P_n: the precision, averaged over the recall."""
    kind = type_of_target(y_true)
    y_true, present = array(y_true, "y_true"), np.unique(array(y_true, "y_true"))
    if kind == "binary" and len(present) == 2 and pos_label not in present.tolist():
        what = (
            f"pos_label={pos_label} is not a valid label. It should be one of {present.tolist()}."
        )
        raise refusal(ValueError, what, f"pos_label={present.tolist()[-1]!r}")
    if kind != "binary" and pos_label != 1:
        what = f"Parameter pos_label is fixed to 1 for {kind} y_true."
        raise refusal(ValueError, what, "no pos_label")
    if kind == "multiclass":
        y_true, y_score = indicators(column(y_true), present), numbers(y_score, "y_score")
        if y_score.shape != y_true.shape:
            what = (
                "`y_score` needs to be of shape `(n_samples, n_classes)`, since `y_true` contains multiple "
                f"classes. Got `y_score.shape={y_score.shape}`."
            )
            raise refusal(ValueError, what, "predict_proba(X)")

    def of_one(y, score, weight=None):
        precision, recall, _ = precision_recall_curve(
            y, score, pos_label=pos_label, sample_weight=weight
        )
        return float(max(0.0, -np.sum(np.diff(recall) * precision[:-1])))

    return averaged(of_one, y_true, y_score, average, sample_weight)


def averaged(
    metric: Callable[..., float],
    y_true: np.ndarray,
    y_score: Any,
    average: str | None,
    sample_weight: Any,
) -> Any:
    """A metric of two classes, for one column of y_true, or averaged over several columns."""
    if average not in (None, "micro", "macro", "weighted", "samples"):
        what = (
            f"average={average!r} has to be one of None, 'micro', 'macro', 'weighted', 'samples'."
        )
        raise refusal(ValueError, what, "average='macro'")
    kind = type_of_target(y_true)
    if kind == "binary":
        return metric(y_true, y_score, sample_weight)
    if kind != "multilabel-indicator":
        raise refusal(ValueError, f"{kind} format is not supported.", "a classifier's targets")
    y_score = numbers(y_score, "y_score")
    same_length(y_true, y_score, sample_weight)
    weight = weights(sample_weight, len(y_true))
    if average == "micro":
        repeated = None if weight is None else np.repeat(weight, y_true.shape[1])
        return float(metric(y_true.ravel(), y_score.ravel(), repeated))
    sizes = None
    if average == "weighted":
        sizes = (y_true if weight is None else y_true * weight[:, None]).sum(axis=0)
        if np.isclose(sizes.sum(), 0):
            return 0
    if average == "samples":
        y_true, y_score, sizes, weight = y_true.T, y_score.T, weight, None
    scores = np.array(
        [metric(y, score, weight) for y, score in zip(y_true.T, y_score.T, strict=True)]
    )
    if average is None:
        return scores
    if sizes is not None:
        scores[sizes == 0] = 0
    return float(np.average(scores, weights=sizes))
