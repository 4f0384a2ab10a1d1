"""How good predicted probabilities and decision values are.

log loss   -Σ_k y_k log p_k         Brier score   Σ_k (y_k - p_k)²         (means over the samples)

Both are least in the mean if p are the true probabilities. Source: T. Gneiting, A. Raftery, Strictly proper
scoring rules, prediction, and estimation (2007).
"""

from typing import Any

import numpy as np

from models.foundation import frames
from models.foundation.sklearn_bridge import warn
from models.metrics.reading import (
    array,
    column,
    indicators,
    mean_or_sum,
    numbers,
    positive_label,
    same_length,
    too_few,
    type_of_target,
    weights,
)
from tinygrad_edu.diagnostics.words import refusal


def _read(y_true, y_proba, sample_weight, labels):
    """(indicators of the classes, probabilities, weights), both (samples, classes)."""
    y_proba = _probabilities(y_proba)
    same_length(y_proba, y_true, sample_weight)
    y_true = column(y_true, "y_true")
    classes = np.unique(y_true if labels is None else array(labels, "labels"))
    if labels is not None:
        _check_labels(y_true, labels, classes)
    if len(classes) == 1:
        if labels is None:
            what = (
                f"y_true contains only one label ({frames.plain(classes[0])}). Please provide the list of "
                "all expected class labels explicitly through the labels argument."
            )
        else:
            what = f"The labels array needs to contain at least two labels, got {classes}."
        raise refusal(ValueError, what, "labels=model.classes_")
    if y_proba.ndim == 1 or y_proba.shape[1] == 1:
        second = y_proba.reshape(-1, 1)
        y_proba = np.hstack([1 - second, second])
    if not np.isclose(y_proba.sum(axis=1), 1, rtol=np.sqrt(np.finfo(np.float64).eps)).all():
        text = "The y_prob values do not sum to one. Make sure to pass probabilities."
        warn(UserWarning, text)
    if len(classes) != y_proba.shape[1]:
        what = (
            f"y_true and y_prob contain different number of classes: {len(classes)} vs {y_proba.shape[1]}. "
            f"Classes found in {'y_true' if labels is None else 'labels'}: {classes.tolist()}."
        )
        raise refusal(ValueError, what, "labels=model.classes_: a class may be missing in y_true")
    return indicators(y_true, classes), y_proba, weights(sample_weight, len(y_true))


def _probabilities(y_proba):
    y_proba = numbers(y_proba, "y_proba")
    if y_proba.max(initial=0) > 1 or y_proba.min(initial=0) < 0:
        wrong = y_proba[(y_proba > 1) | (y_proba < 0)][0]
        what = (
            f"y_prob contains values {'greater than 1' if wrong > 1 else 'lower than 0'}: {wrong}."
        )
        raise refusal(ValueError, what, "predict_proba(X), not decision_function(X)")
    return y_proba


def _check_labels(y_true, labels, classes):
    if list(array(labels)) != list(classes):
        what = f"Labels passed were {list(labels)}. But this function assumes labels are ordered."
        warn(
            UserWarning,
            f"{what} Try: labels={classes.tolist()}, with the columns of y_prob in that order",
        )
    unknown = {*y_true.tolist()} - {*classes.tolist()}
    if unknown:
        what = f"y_true contains values {unknown} not belonging to the passed labels {classes.tolist()}."
        raise refusal(ValueError, what, "labels with every class of y_true")


def log_loss(
    y_true: Any,
    y_proba: Any,
    *,
    normalize: bool = True,
    sample_weight: Any = None,
    labels: Any = None,
) -> float:
    """The mean of -log(the probability of the true class); the sum if not `normalize`.

    y_proba   (samples, classes), the classes in ascending order; or of the second of two, (samples,)
    labels    all classes, if one may be missing in y_true

    A probability of 0 counts as the smallest difference of floats from 1, so that the loss is finite.
    """
    y, p, weight = _read(y_true, y_proba, sample_weight, labels)
    return mean_or_sum(_log_losses(y, p), weight, normalize)


def _log_losses(y, p):
    eps = np.finfo(np.float64).eps
    return -np.sum(np.where(y, np.log(np.clip(p, eps, 1 - eps)), 0.0), axis=1)


def d2_log_loss_score(
    y_true: Any, y_proba: Any, *, sample_weight: Any = None, labels: Any = None
) -> float:
    """1 - log loss / log loss of the frequencies of the classes."""
    if _too_few(y_true, y_proba):
        return float("nan")
    y, p, weight = _read(y_true, y_proba, sample_weight, labels)
    frequencies = np.tile(np.average(y, axis=0, weights=weight), (len(y), 1))
    losses, of_frequencies = (
        mean_or_sum(_log_losses(y, q), weight, mean=False) for q in (p, frequencies)
    )
    return 1 - losses / of_frequencies


def _too_few(y_true, y_proba):
    same_length(y_proba, y_true)
    return too_few(y_proba, "D^2")


def _read_brier(y_true, y_proba, sample_weight, pos_label, labels):
    found = numbers(y_proba, "y_proba")
    if found.ndim == 2 and found.shape[1] > 1:
        return _read(y_true, found, sample_weight, labels)
    second = column(_probabilities(found), "y_proba")
    y_true = column(y_true, "y_true")
    same_length(second, y_true, sample_weight)
    kind = type_of_target(y_true)
    if kind != "binary":
        what = (
            f"The type of the target inferred from y_true is {kind} but should be binary according to the "
            "shape of y_prob."
        )
        raise refusal(ValueError, what, "a column of y_proba for each class")
    if pos_label is None:
        labels_of_y = np.unique(y_true)
        numeric = labels_of_y.dtype.kind not in "OUS"
        zero_or_one = {*labels_of_y.tolist()} <= {0, 1} or {*labels_of_y.tolist()} <= {-1, 1}
        pos_label = labels_of_y[-1] if numeric and not zero_or_one else positive_label(None, y_true)
    positive = (y_true == pos_label).astype(np.int64)
    y, p = np.stack([1 - positive, positive], axis=1), np.stack([1 - second, second], axis=1)
    return y, p, weights(sample_weight, len(y_true))


def brier_score_loss(
    y_true: Any,
    y_proba: Any,
    *,
    sample_weight: Any = None,
    pos_label: Any = None,
    labels: Any = None,
    scale_by_half: Any = "auto",
) -> float:
    """The mean of Σ_k (y_k - p_k)², or half of it: by default for two classes, where it is (y - p)²."""
    y, p, weight = _read_brier(y_true, y_proba, sample_weight, pos_label, labels)
    score = np.average(np.sum((y - p) ** 2, axis=1), weights=weight)
    half = p.shape[1] < 3 if isinstance(scale_by_half, str) else scale_by_half
    return float(score / 2 if half else score)


def d2_brier_score(
    y_true: Any,
    y_proba: Any,
    *,
    sample_weight: Any = None,
    pos_label: Any = None,
    labels: Any = None,
) -> float:
    """1 - Brier score / Brier score of the frequencies of the classes."""
    if _too_few(y_true, y_proba):
        return float("nan")
    y, p, weight = _read_brier(y_true, y_proba, sample_weight, pos_label, labels)
    frequencies = np.average(y, axis=0, weights=weight)
    score, of_frequencies = (
        np.average(np.sum((y - q) ** 2, axis=1), weights=weight) for q in (p, frequencies)
    )
    return float(1 - score / of_frequencies)


def hinge_loss(
    y_true: Any, pred_decision: Any, *, labels: Any = None, sample_weight: Any = None
) -> float:
    """The mean of max(0, 1 - margin); the margin is ±f, or f of the true class - f of the best other.

    Source: K. Crammer, Y. Singer, On the algorithmic implementation of multiclass kernel-based vector
    machines (2001).
    """
    same_length(y_true, pred_decision, sample_weight)
    decision, y_true = numbers(pred_decision, "pred_decision"), column(y_true, "y_true")
    classes = np.unique(y_true if labels is None else array(labels))
    if len(classes) > 2:
        if decision.ndim == 1 or decision.shape[1] != len(classes):
            what = (
                f"The shape of pred_decision must be (n_samples, n_classes), that is ({len(y_true)}, "
                f"{len(classes)}). Got: {decision.shape}."
            )
            raise refusal(
                ValueError, what, "labels=model.classes_: a class may be missing in y_true"
            )
        true = indicators(y_true, classes).astype(bool)
        margin = decision[true] - np.where(true, -np.inf, decision).max(axis=1)
    else:
        sign = np.where(y_true == classes[-1], 1, -1) if len(classes) == 2 else -1
        margin = sign * column(decision, "pred_decision")
    losses = np.maximum(0, 1 - margin)
    return float(np.average(losses, weights=weights(sample_weight, len(y_true))))
