"""Metrics of an order: of the classes or labels of a sample by their scores, of documents by relevance.

Source: G. Tsoumakas, I. Katakis, I. Vlahavas, Mining multi-label data (2010), for several labels;
K. Järvelin, J. Kekäläinen, Cumulated gain-based evaluation of IR techniques (2002), for the gain.
"""

from typing import Any

import numpy as np

from models.foundation.sklearn_bridge import UndefinedMetricWarning, warn
from models.metrics.curves import known_classes
from models.metrics.reading import (
    array,
    column,
    mean_or_sum,
    numbers,
    same_length,
    type_of_target,
    weights,
)
from tinygrad_edu.diagnostics.words import refusal


def _read(y_true, y_score, sample_weight, kinds):
    """(y_true, y_score, weights): both (samples, labels)."""
    same_length(y_true, y_score, sample_weight)
    y_true, y_score = numbers(y_true, "y_true"), numbers(y_score, "y_score")
    kind = type_of_target(y_true)
    if kind not in kinds:
        what = f"{kind} format is not supported, only {', '.join(kinds)}."
        raise refusal(ValueError, what, "a column for each label or document")
    if y_true.shape != y_score.shape:
        what = f"y_true and y_score have different shape: {y_true.shape} and {y_score.shape}."
        raise refusal(ValueError, what, "a score for each label of each sample")
    return y_true, y_score, weights(sample_weight, len(y_true))


def coverage_error(y_true: Any, y_score: Any, *, sample_weight: Any = None) -> float:
    """How far down the scores one must go to meet all true labels: the mean of their number."""
    y_true, y_score, weight = _read(y_true, y_score, sample_weight, ("multilabel-indicator",))
    least = np.where(y_true != 0, y_score, np.inf).min(axis=1, keepdims=True)
    return float(np.average((y_score >= least).sum(axis=1), weights=weight))


def label_ranking_loss(y_true: Any, y_score: Any, *, sample_weight: Any = None) -> float:
    """The fraction of the pairs of a true and a false label whose scores are in the wrong order, or equal."""
    y_true, y_score, weight = _read(y_true, y_score, sample_weight, ("multilabel-indicator",))
    true = y_true != 0
    pairs = true.sum(axis=1) * (~true).sum(axis=1)
    wrong = (_as_high(y_score, ~true) * true).sum(axis=1)
    losses = wrong / np.where(pairs == 0, 1, pairs)
    return float(np.average(losses, weights=weight))


def label_ranking_average_precision_score(
    y_true: Any, y_score: Any, *, sample_weight: Any = None
) -> float:
    """The mean over the true labels of: the fraction of true labels among those with as high a score."""
    kinds = ("multilabel-indicator", "binary")
    y_true, y_score, weight = _read(y_true, y_score, sample_weight, kinds)
    if y_true.ndim == 1:
        raise refusal(ValueError, "binary format is not supported.", "a column for each label")
    true = y_true != 0
    precision = _as_high(y_score, true) / _as_high(y_score, np.ones_like(true))
    relevant = true.sum(axis=1)
    means = (precision * true).sum(axis=1) / np.where(relevant == 0, 1, relevant)
    means[(relevant == 0) | (relevant == true.shape[1])] = 1.0
    return float(np.average(means, weights=weight))


def _as_high(y_score, counted):
    """For each label of a sample: how many of its counted labels have as high a score, or higher."""
    columns = [((y_score >= score[:, None]) & counted).sum(axis=1) for score in y_score.T]
    return np.stack(columns, axis=1)


# ---- gain ----------------------------------------------------------------------------------------

GAINS = ("multilabel-indicator", "continuous-multioutput", "multiclass-multioutput")


def dcg_score(
    y_true: Any,
    y_score: Any,
    *,
    k: int | None = None,
    log_base: float = 2,
    sample_weight: Any = None,
    ignore_ties: bool = False,
) -> float:
    """Discounted cumulative gain: Σ_r relevance of the document on rank r / log(r + 1), the mean of the rows.

    k             only the k documents with the highest scores
    ignore_ties   of equal scores the last document comes first; otherwise it is the mean over their orders
                  (McSherry, Najork 2008)
    """
    y_true, y_score, weight = _read(y_true, y_score, sample_weight, GAINS)
    gains = _gains(y_true, y_score, k, log_base, ignore_ties)
    return float(np.average(gains, weights=weight))


def ndcg_score(
    y_true: Any,
    y_score: Any,
    *,
    k: int | None = None,
    sample_weight: Any = None,
    ignore_ties: bool = False,
) -> float:
    """dcg_score, divided by that of the best order: 1 is perfect."""
    if array(y_true).min() < 0:
        what = "ndcg_score should not be used on negative y_true values."
        raise refusal(ValueError, what, "relevances of 0 or more")
    y_true, y_score, weight = _read(y_true, y_score, sample_weight, GAINS)
    gains = _gains(y_true, y_score, k, 2, ignore_ties)
    best = _gains(y_true, y_true, k, 2, True)
    gains = np.where(best == 0, 0.0, gains / np.where(best == 0, 1, best))
    return float(np.average(gains, weights=weight))


def _gains(y_true, y_score, k, log_base, ignore_ties):
    """The cumulative gain of each row. Documents of equal score share the mean of their discounts."""
    discount = 1 / (np.log(np.arange(y_true.shape[1]) + 2) / np.log(log_base))
    if k is not None:
        if k < 1:
            raise refusal(ValueError, f"k must be 1 or more: got {k}.", "k=None, for all documents")
        discount[k:] = 0
    order = np.argsort(y_score, axis=1, kind="stable")[:, ::-1]  # of equal ones the last first
    gains = np.take_along_axis(y_true, order, axis=1)
    if ignore_ties:
        return gains @ discount
    ranked = np.take_along_axis(y_score, order, axis=1)
    new = np.ones(ranked.shape, bool)
    new[:, 1:] = ranked[:, 1:] != ranked[:, :-1]
    group = np.cumsum(new.ravel()) - 1  # the number of each document's group of equal scores
    size = np.bincount(group)
    mean = np.bincount(group, np.tile(discount, len(y_true))) / size
    return (gains * mean[group].reshape(gains.shape)).sum(axis=1)


def top_k_accuracy_score(
    y_true: Any,
    y_score: Any,
    *,
    k: int = 2,
    normalize: bool = True,
    sample_weight: Any = None,
    labels: Any = None,
) -> float:
    """The fraction of samples whose class has one of the k highest scores; of equal ones the last count."""
    y_true, y_score = column(y_true, "y_true"), numbers(y_score, "y_score")
    kind = type_of_target(y_true)
    kind = "multiclass" if kind == "binary" and labels is not None and len(labels) > 2 else kind
    if kind not in ("binary", "multiclass"):
        what = f"y type must be 'binary' or 'multiclass', got '{kind}' instead."
        raise refusal(ValueError, what, "classes")
    if kind == "binary" and y_score.ndim == 2 and y_score.shape[1] != 1:
        what = f"`y_true` is binary while y_score is 2d with {y_score.shape[1]} classes."
        raise refusal(ValueError, what, "labels=model.classes_, or the score of the second class")
    if kind == "multiclass" and y_score.ndim != 2:
        what = (
            "`y_score` needs to be of shape `(n_samples, n_classes)`, since `y_true` contains multiple "
            f"classes. Got `y_score.shape={y_score.shape}`."
        )
        raise refusal(ValueError, what, "predict_proba(X)")
    same_length(y_true, y_score, sample_weight)
    y_score = column(y_score) if kind == "binary" else y_score
    classes = known_classes(y_true, y_score, labels)
    if k >= len(classes):
        warn(
            UndefinedMetricWarning,
            f"'k' ({k}) greater than or equal to 'n_classes' ({len(classes)}) will result in a perfect score "
            "and is therefore meaningless.",
        )
    codes = np.searchsorted(classes, y_true)
    if kind == "multiclass":
        best = np.argsort(y_score, axis=1, kind="stable")[:, ::-1][:, :k]
        hits = (best == codes[:, None]).any(axis=1)
    elif k == 1:
        probable = y_score.min() >= 0 and y_score.max() <= 1
        hits = (y_score > (0.5 if probable else 0)) == codes
    else:
        hits = np.ones(len(y_true), bool)
    return mean_or_sum(hits, weights(sample_weight, len(y_true)), normalize)
