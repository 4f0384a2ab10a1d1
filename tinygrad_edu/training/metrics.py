"""Metrics: how good a prediction is, as (prediction, target) -> number or table.

A metric takes the output of a model and the targets, arrays or Tensors. Settings are keyword arguments:
`functools.partial(top_k_accuracy, k=3)` fixes them.

Most metrics are means over samples, which training averages over its batches. Those that are not, such as
the area under a curve, are marked `whole` and computed once per epoch, on all of its predictions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.modes import no_grad
from tinygrad_edu.nn import cross_entropy
from tinygrad_edu.tensor import value

Metric = TypeVar("Metric", bound=Callable)


class TooFewError(ValueError):
    """The metric is not defined for so few samples, though nothing is wrong with them."""


def whole(metric: Metric) -> Metric:
    """Marks a metric that is not a mean over samples: write `@whole` above it."""
    metric.whole = True  # type: ignore[attr-defined]
    return metric


# ------------------------------------------------------------------------------------ right or wrong


def accuracy(scores: Any, labels: Any, *, threshold: float | None = None) -> float:
    """The share of samples whose largest score is that of their label.

    Several classes: scores (n, K) and labels (n,), or one-hot (n, K); for sequences (n, T, K) and (n, T).
    Of equal scores, the first counts as the largest.

    Two classes: scores (n,) or (n, 1) mean "yes" above the threshold, which is 0.5 if left out. That is
    right for probabilities; give 0 for logits. With a threshold, scores and labels may have any shape, as
    long as it is the same, and each element counts.

    Raises ValueError if the shapes do not fit, for labels that are no class, and for scores outside
    0 ... 1 without a threshold.
    """
    scores, labels = _arrays("accuracy", scores, labels)
    if threshold is not None or scores.ndim == 1 or scores.shape[-1] == 1:
        said, labels = _yes_or_no("accuracy", scores, labels, threshold)
        return float(np.mean(said == labels))
    labels = _labels("accuracy", scores, labels)
    return float(np.count_nonzero(scores.argmax(axis=-1) == labels)) / labels.size


def top_k_accuracy(scores: Any, labels: Any, *, k: int = 5) -> float:
    """The share of samples whose label has one of the k largest scores. Equal scores have equal rank.

    scores: (n, K), labels: (n,), or as in `accuracy`. Raises ValueError unless 1 <= k <= K.
    """
    scores, labels = _arrays("top_k_accuracy", scores, labels)
    labels = _labels("top_k_accuracy", scores, labels)
    if not 1 <= k <= scores.shape[-1]:
        raise refusal(
            ValueError,
            f"top_k_accuracy(k={k!r}): from 1 to {scores.shape[-1]}, the number of classes.",
        )
    own = np.take_along_axis(scores, labels[..., None], axis=-1)
    return float(np.mean((scores > own).sum(axis=-1) < k))


def confusion_matrix(labels: Any, predicted: Any, classes: int | None = None) -> np.ndarray:
    """counts[i, j]: how many samples of class i were predicted as class j.    labels, predicted: (n,)

    classes    how many there are; None: as many as the largest number in labels and predicted says

    Raises ValueError for unequal lengths, and for labels that are not one of the classes; TypeError for
    labels that are no whole numbers.
    """
    i, j = _pair_of_labels(labels, predicted, classes)
    if classes is None:
        classes = int(np.concatenate([i, j]).max(initial=-1)) + 1
    counts = np.bincount(i * classes + j, minlength=classes * classes)
    return counts.reshape(classes, classes)


@whole
def precision(
    scores: Any, labels: Any, *, average: str | None = None, threshold: float | None = None
) -> Any:
    """The share of true positives among the positive predictions: TP / (TP + FP), or 0 if there are none.

    scores, labels, threshold: as in `accuracy`. average, over the classes that occur:

    "binary"     the class "yes" alone; for two classes, scores (n,) or (n, 1), and the default there
    "macro"      the mean over classes; the default for scores (n, K)
    "weighted"   the mean over classes, weighted by their numbers of samples
    "micro"      all samples counted together, which is the accuracy
    "none"       an array with a number for each of the K classes
    """
    hits, taken, there = _counts("precision", scores, labels, average, threshold)
    return _averaged(hits, taken, taken, there, average)


@whole
def recall(
    scores: Any, labels: Any, *, average: str | None = None, threshold: float | None = None
) -> Any:
    """The share of positive samples that are predicted as such: TP / (TP + FN), or 0 if there are none.

    Arguments as in `precision`.
    """
    hits, taken, there = _counts("recall", scores, labels, average, threshold)
    return _averaged(hits, there, taken, there, average)


@whole
def f1(
    scores: Any, labels: Any, *, average: str | None = None, threshold: float | None = None
) -> Any:
    """The harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN). Arguments as in `precision`."""
    hits, taken, there = _counts("f1", scores, labels, average, threshold)
    return _averaged(2 * hits, taken + there, taken, there, average)


def _counts(
    name: str, scores: Any, labels: Any, average: str | None, threshold: float | None
) -> Any:
    """For each class, or for "yes" alone: the numbers of hits, of predictions and of samples."""
    scores, labels = _arrays(name, scores, labels)
    if average not in (None, "binary", "macro", "weighted", "micro", "none"):
        raise refusal(
            ValueError,
            f"{name}(average={average!r}): 'binary', 'macro', 'weighted', 'micro' or 'none'.",
        )
    if scores.ndim == 1 or scores.shape[-1] == 1 or threshold is not None:
        said, labels = _yes_or_no(name, scores, labels, threshold)
        if average in (None, "binary"):
            return (said & labels).sum(), said.sum(), labels.sum()
        said, labels, classes = said.astype(int), labels.astype(int), 2
    else:
        if average == "binary":
            raise refusal(
                ValueError,
                f"{name}(average='binary') is of two classes, but scores {scores.shape} are of "
                f"{scores.shape[-1]}.",
                "average='macro'",
            )
        labels = _labels(name, scores, labels)
        said, classes = scores.argmax(axis=-1), scores.shape[-1]
    table = confusion_matrix(labels.reshape(-1), said.reshape(-1), classes)
    return np.diag(table), table.sum(axis=0), table.sum(axis=1)


def _averaged(part: Any, of: Any, taken: Any, there: Any, average: str | None) -> Any:
    """part / of, or 0 where both are 0, averaged over classes."""
    if average == "micro":
        part, of = part.sum(), of.sum()
    each = part / np.maximum(of, 1)
    if not each.ndim:
        return float(each)
    if average == "none":
        return each
    if average == "weighted":
        return float((each * there).sum() / there.sum())
    return float(each[(there > 0) | (taken > 0)].mean())


@whole
def auc(scores: Any, labels: Any) -> float:
    """The area under the ROC curve: the probability that a "yes" has a larger score than a "no".

    Equal scores count one half (Mann and Whitney 1947). scores: (n,) or (n, 1), probabilities or logits;
    only their order matters. labels: 0 or 1.

    Raises ValueError if the shapes do not fit, or all labels are the same.
    """
    scores, labels = _arrays("auc", scores, labels)
    if scores.ndim > 1 and scores.shape[1:] != (1,):
        raise refusal(
            ValueError,
            f"auc takes one score for each sample, (n,), not {scores.shape}.",
            "scores[:, 1] - scores[:, 0] for two classes, scores[:, k] against labels == k "
            "for more",
        )
    if not np.isfinite(scores).all():
        raise refusal(ValueError, "auc: some scores are not finite, so they have no order.")
    _, labels = _yes_or_no("auc", scores, labels, 0.0)
    yes = labels.sum()
    no = labels.size - yes
    if not yes or not no:
        raise refusal(
            TooFewError,
            f"auc: all {labels.size} labels are {int(yes > 0)}; it compares two classes.",
        )
    _, places, counts = np.unique(scores.reshape(-1), return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2  # the mean rank, from 1, of equal scores
    return float(
        (ranks[places.reshape(-1)][labels.reshape(-1)].sum() - yes * (yes + 1) / 2) / (yes * no)
    )


@whole
def perplexity(logits: Any, labels: Any, *, ignore_index: int | None = None) -> float:
    """exp(mean cross-entropy): as uncertain as a choice among so many equally likely classes.

    logits: (n, K) or (n, T, K); labels and ignore_index: as in `cross_entropy`.
    """
    with no_grad():
        mean = cross_entropy(value(logits), labels, ignore_index=ignore_index)
    return float(np.exp(value(mean)))


# ----------------------------------------------------------------------------------------- distances


def mse(prediction: Any, target: Any) -> float:
    """Mean squared error: the mean of (prediction - target)². Both have the same shape."""
    prediction, target = _alike("mse", prediction, target)
    return float(np.mean(np.square(prediction - target)))


def mae(prediction: Any, target: Any) -> float:
    """Mean absolute error: the mean of |prediction - target|. Both have the same shape."""
    prediction, target = _alike("mae", prediction, target)
    return float(np.mean(np.abs(prediction - target)))


@whole
def rmse(prediction: Any, target: Any) -> float:
    """Root mean squared error, in the unit of the target: √ of the mean of (prediction - target)²."""
    prediction, target = _alike("rmse", prediction, target)
    return float(np.sqrt(np.mean(np.square(prediction - target))))


@whole
def r2(prediction: Any, target: Any) -> float:
    """The share of the variance that is explained: 1 - Σ (prediction - target)² / Σ (target - mean)².

    1 is perfect, 0 as good as predicting the mean. For several outputs, (n, d), their mean. A constant
    target gives 1 if it is predicted exactly, and 0 if not.

    Raises ValueError if the shapes differ, or for fewer than two samples.
    """
    prediction, target = _alike("r2", prediction, target)
    if len(target) < 2:
        raise refusal(TooFewError, "r2: one sample has no variance.")
    missed = np.square(prediction - target).sum(axis=0)
    varied = np.square(target - target.mean(axis=0)).sum(axis=0)
    constant = np.where(missed > 0, 0.0, 1.0)
    return float(
        np.mean(np.where(varied > 0, 1 - missed / np.where(varied > 0, varied, 1), constant))
    )


# -------------------------------------------------------------------------------------------- checks


def _arrays(name: str, prediction: Any, target: Any) -> tuple[np.ndarray, np.ndarray]:
    prediction, target = np.asarray(value(prediction)), np.asarray(value(target))
    for what, array in (("a prediction", prediction), ("a target", target)):
        if array.dtype.kind not in "fiub":
            raise refusal(TypeError, f"{name}: {what} is numbers, not {array.dtype}.")
    if not prediction.size or not target.size:
        raise refusal(
            ValueError, f"{name} of no samples: shapes {prediction.shape} and {target.shape}."
        )
    if not prediction.ndim:
        raise refusal(ValueError, f"{name} of a single number: an axis of samples is missing.")
    return prediction, target


def _labels(name: str, scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Labels as numbers of classes, which they are or which one-hot rows stand for."""
    fits = labels.shape in (scores.shape, scores.shape[:-1])
    if scores.ndim < 2 or scores.shape[-1] < 2 or not fits:
        raise refusal(
            ValueError,
            f"{name} takes scores (n, K) and labels (n,), not {scores.shape} and {labels.shape}.",
            "labels[:, 0]" if labels.shape[1:] == (1,) else "",
        )
    if labels.shape == scores.shape:
        if np.abs(labels.sum(axis=-1) - 1).max() > 1e-3:
            raise refusal(
                ValueError,
                f"{name}: labels {labels.shape} are one-hot if their rows have the sum 1, but "
                "these do not.",
                "threshold=0.5 (of logits: 0), if each number is a yes or no",
            )
        return labels.argmax(axis=-1)
    whole_numbers = labels.dtype.kind != "f" or (labels == np.floor(labels)).all()
    if not whole_numbers or labels.min() < 0 or labels.max() >= scores.shape[-1]:
        raise refusal(
            ValueError,
            f"{name}: labels from {labels.min()} to {labels.max()} are not the numbers of "
            f"{scores.shape[-1]} classes, 0 to {scores.shape[-1] - 1}.",
        )
    return labels.astype(int, copy=False)


def _yes_or_no(
    name: str, scores: np.ndarray, labels: np.ndarray, threshold: float | None
) -> tuple[np.ndarray, np.ndarray]:
    """(predicted "yes", labeled "yes"): two boolean arrays of one shape."""
    if scores.shape != labels.shape:
        if scores.shape[-1:] == (1,) and scores.shape[:-1] == labels.shape:
            scores = scores[..., 0]
        elif labels.shape[-1:] == (1,) and labels.shape[:-1] == scores.shape:
            labels = labels[..., 0]
        else:
            raise refusal(
                ValueError,
                f"{name} of two classes takes scores and labels (n,), not {scores.shape} and "
                f"{labels.shape}.",
            )
    if not ((labels == 0) | (labels == 1)).all():
        raise refusal(
            ValueError,
            f"{name} of two classes: labels are 0 and 1, but these run from {labels.min()} to "
            f"{labels.max()}.",
            "(labels > 0).astype(int) for labels -1 and 1; scores (n, K) for K classes",
        )
    if threshold is None:
        if scores.min() < 0 or scores.max() > 1:
            raise refusal(
                ValueError,
                f"{name}: scores from {scores.min():.4g} to {scores.max():.4g} are no "
                "probabilities.",
                f"threshold=0 for logits: functools.partial({name}, threshold=0)",
            )
        threshold = 0.5
    return scores > threshold, labels == 1


def _pair_of_labels(labels: Any, predicted: Any, classes: int | None) -> list[np.ndarray]:
    pair = []
    for name, numbers in (("labels", labels), ("predicted", predicted)):
        numbers = np.asarray(value(numbers))
        if numbers.dtype.kind not in "iub" and numbers.size:
            raise refusal(
                TypeError,
                f"confusion_matrix: {name} are numbers of classes, not {numbers.dtype}.",
                "scores.argmax(axis=1) for the classes that scores mean",
            )
        most = np.inf if classes is None else classes
        if numbers.size and (numbers.min() < 0 or numbers.max() >= most):
            there = "classes count from 0."
            if classes is not None:
                there = f"there are {classes} classes, 0 to {classes - 1}."
            raise refusal(
                ValueError,
                f"confusion_matrix: {name} run from {numbers.min()} to {numbers.max()}, but {there}",
            )
        pair.append(numbers.astype(int))
    if pair[0].shape != pair[1].shape or pair[0].ndim != 1:
        raise refusal(
            ValueError,
            f"confusion_matrix: labels {pair[0].shape} and predicted {pair[1].shape} do not fit.",
            "both of shape (n,)",
        )
    return pair


def _alike(name: str, prediction: Any, target: Any) -> tuple[np.ndarray, np.ndarray]:
    prediction, target = _arrays(name, prediction, target)
    if prediction.shape != target.shape:
        raise refusal(
            ValueError,
            f"{name}: prediction {prediction.shape} and target {target.shape} differ in shape.",
            "prediction[:, 0] or target[:, None], if one has an axis of length 1",
        )
    return prediction.astype(float, copy=False), target.astype(float, copy=False)
