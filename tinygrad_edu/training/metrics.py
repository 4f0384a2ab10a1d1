"""Metrics: how good a prediction is, as (prediction, target) -> number or table.

A metric takes the output of a model and the targets, arrays or Tensors. Settings are keyword arguments:
`functools.partial(top_k_accuracy, k=3)` fixes them.

Most metrics are means over samples, which training averages over its batches. Those that are not, such as
the area under a curve, are marked `whole` and computed once per epoch, on all of its predictions.

sample_weight, in all metrics: how much each sample counts, (n,); a mean is then Σ w x / Σ w.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.modes import no_grad
from tinygrad_edu.nn import cross_entropy
from tinygrad_edu.nn.loss_reduction import weights_of
from tinygrad_edu.tensor import value

Metric = TypeVar("Metric", bound=Callable)


class TooFewError(ValueError):
    """The metric is not defined for so few samples, though nothing is wrong with them."""


def whole(metric: Metric) -> Metric:
    """Marks a metric that is not a mean over samples: write `@whole` above it."""
    metric.whole = True  # type: ignore[attr-defined]
    return metric


# ------------------------------------------------------------------------------------ right or wrong


def accuracy(
    scores: Any, labels: Any, *, threshold: float | None = None, sample_weight: Any = None
) -> float:
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
        return _mean("accuracy", said == labels, sample_weight)
    labels = _labels("accuracy", scores, labels)
    return _mean("accuracy", scores.argmax(axis=-1) == labels, sample_weight)


def top_k_accuracy(scores: Any, labels: Any, *, k: int = 5, sample_weight: Any = None) -> float:
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
    return _mean("top_k_accuracy", (scores > own).sum(axis=-1) < k, sample_weight)


def confusion_matrix(
    labels: Any, predicted: Any, classes: int | None = None, *, sample_weight: Any = None
) -> np.ndarray:
    """counts[i, j]: how many samples of class i were predicted as class j.    labels, predicted: (n,)

    classes    how many there are; None: as many as the largest number in labels and predicted says

    Raises ValueError for unequal lengths, and for labels that are not one of the classes; TypeError for
    labels that are no whole numbers.
    """
    i, j = _pair_of_labels(labels, predicted, classes)
    if classes is None:
        classes = int(np.concatenate([i, j]).max(initial=-1)) + 1
    weights = (
        None if sample_weight is None else weights_of("confusion_matrix", sample_weight, i.shape)
    )
    counts = np.bincount(i * classes + j, weights, minlength=classes * classes)
    return counts.reshape(classes, classes)


@whole
def precision(
    scores: Any,
    labels: Any,
    *,
    average: str | None = None,
    threshold: float | None = None,
    sample_weight: Any = None,
) -> Any:
    """The share of true positives among the positive predictions: TP / (TP + FP), or 0 if there are none.

    scores, labels, threshold: as in `accuracy`. average, over the classes that occur:

    "binary"     the class "yes" alone; for two classes, scores (n,) or (n, 1), and the default there
    "macro"      the mean over classes; the default for scores (n, K)
    "weighted"   the mean over classes, weighted by their numbers of samples
    "micro"      all samples counted together, which is the accuracy
    "none"       an array with a number for each of the K classes
    """
    hits, taken, there = _counts("precision", scores, labels, average, threshold, sample_weight)
    return _averaged(hits, taken, taken, there, average)


@whole
def recall(
    scores: Any,
    labels: Any,
    *,
    average: str | None = None,
    threshold: float | None = None,
    sample_weight: Any = None,
) -> Any:
    """The share of positive samples that are predicted as such: TP / (TP + FN), or 0 if there are none.

    Arguments as in `precision`.
    """
    hits, taken, there = _counts("recall", scores, labels, average, threshold, sample_weight)
    return _averaged(hits, there, taken, there, average)


@whole
def f1(
    scores: Any,
    labels: Any,
    *,
    average: str | None = None,
    threshold: float | None = None,
    sample_weight: Any = None,
) -> Any:
    """The harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN). Arguments as in `precision`."""
    hits, taken, there = _counts("f1", scores, labels, average, threshold, sample_weight)
    return _averaged(2 * hits, taken + there, taken, there, average)


@whole
def f_beta(
    scores: Any,
    labels: Any,
    *,
    beta: float = 2.0,
    average: str | None = None,
    threshold: float | None = None,
    sample_weight: Any = None,
) -> Any:
    """`f1` in which recall counts β times as much: (1 + β²) TP / ((1 + β²) TP + β² FN + FP).

    Arguments as in `precision`. Raises ValueError unless β > 0. Van Rijsbergen 1979, chapter 7.
    """
    if not beta > 0:
        raise refusal(ValueError, f"f_beta(beta={beta!r}): a positive number.")
    hits, taken, there = _counts("f_beta", scores, labels, average, threshold, sample_weight)
    square = beta * beta
    return _averaged((1 + square) * hits, taken + square * there, taken, there, average)


@whole
def iou(
    scores: Any,
    labels: Any,
    *,
    average: str | None = None,
    threshold: float | None = None,
    sample_weight: Any = None,
) -> Any:
    """Intersection over union, TP / (TP + FP + FN): of regions, scores (N, H, W, K) and labels (N, H, W).

    Also known as Jaccard index; Keras's IoU and MeanIoU. Arguments as in `precision`.
    """
    hits, taken, there = _counts("iou", scores, labels, average, threshold, sample_weight)
    return _averaged(hits, taken + there - hits, taken, there, average)


def _counts(
    name: str,
    scores: Any,
    labels: Any,
    average: str | None,
    threshold: float | None,
    sample_weight: Any,
) -> Any:
    """For each class, or for "yes" alone: the weights of hits, of predictions and of samples."""
    scores, labels = _arrays(name, scores, labels)
    if average not in (None, "binary", "macro", "weighted", "micro", "none"):
        raise refusal(
            ValueError,
            f"{name}(average={average!r}): 'binary', 'macro', 'weighted', 'micro' or 'none'.",
        )
    if scores.ndim == 1 or scores.shape[-1] == 1 or threshold is not None:
        said, labels = _yes_or_no(name, scores, labels, threshold)
        if average in (None, "binary"):
            weights = _weights(name, sample_weight, said.shape)
            return [float((w * weights).sum()) for w in (said & labels, said, labels)]
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
    weights = _weights(name, sample_weight, said.shape).reshape(-1)
    table = confusion_matrix(labels.reshape(-1), said.reshape(-1), classes, sample_weight=weights)
    return np.diag(table), table.sum(axis=0), table.sum(axis=1)


def _averaged(part: Any, of: Any, taken: Any, there: Any, average: str | None) -> Any:
    """part / of, or 0 where both are 0, averaged over classes."""
    if average == "micro":
        part, of = part.sum(), of.sum()
    each = np.asarray(part / np.where(of, of, 1))
    if not each.ndim:
        return float(each)
    if average == "none":
        return each
    if average == "weighted":
        return float((each * there).sum() / there.sum())
    return float(each[(there > 0) | (taken > 0)].mean())


@whole
def auc(scores: Any, labels: Any, *, sample_weight: Any = None) -> float:
    """The area under the ROC curve: the probability that a "yes" has a larger score than a "no".

    Equal scores count one half (Mann and Whitney 1947). scores: (n,) or (n, 1), probabilities or logits;
    only their order matters. labels: 0 or 1.

    Raises ValueError if the shapes do not fit, or all labels are the same.
    """
    yes, no = _by_score("auc", scores, labels, sample_weight)
    below = np.cumsum(no) - no / 2  # equal scores count one half
    return float((yes * below).sum() / (yes.sum() * no.sum()))


@whole
def pr_auc(scores: Any, labels: Any, *, sample_weight: Any = None) -> float:
    """The area under the curve of precision over recall, as average precision: Σ P_i (R_i - R_{i-1}).

    P_i and R_i are precision and recall if scores from the i-th largest on mean "yes". Better than `auc`
    where "yes" is rare (Davis and Goadrich 2006). Arguments as in `auc`.
    """
    yes, no = _by_score("pr_auc", scores, labels, sample_weight)
    hits, taken = np.cumsum(yes[::-1]), np.cumsum((yes + no)[::-1])
    return float((hits / np.where(taken, taken, 1) * yes[::-1]).sum() / yes.sum())


def _by_score(name: str, scores: Any, labels: Any, sample_weight: Any) -> tuple[Any, Any]:
    """The weights of "yes" and of "no" at each score that occurs, the lowest first."""
    scores, labels = _arrays(name, scores, labels)
    if scores.ndim > 1 and scores.shape[1:] != (1,):
        raise refusal(
            ValueError,
            f"{name} takes one score for each sample, (n,), not {scores.shape}.",
            "scores[:, 1] - scores[:, 0] for two classes, scores[:, k] against labels == k "
            "for more",
        )
    if not np.isfinite(scores).all():
        raise refusal(ValueError, f"{name}: some scores are not finite, so they have no order.")
    _, labels = _yes_or_no(name, scores, labels, 0.0)
    labels = labels.reshape(-1)
    weights = _weights(name, sample_weight, labels.shape)
    if not (weights * labels).any() or not (weights * ~labels).any():
        raise refusal(
            TooFewError,
            f"{name}: all {labels.size} labels are {int(labels.any())}; it compares two classes.",
        )
    _, places = np.unique(scores.reshape(-1), return_inverse=True)
    places = places.reshape(-1)
    return np.bincount(places, weights * labels), np.bincount(places, weights * ~labels)


@whole
def perplexity(
    logits: Any, labels: Any, *, ignore_index: int | None = None, sample_weight: Any = None
) -> float:
    """exp(mean cross-entropy): as uncertain as a choice among so many equally likely classes.

    logits: (n, K) or (n, T, K); labels and ignore_index: as in `cross_entropy`.
    """
    with no_grad():
        about = {"sample_weight": sample_weight, "reduction": "mean_with_sample_weight"}
        mean = cross_entropy(value(logits), labels, ignore_index=ignore_index, **about)
    return float(np.exp(value(mean)))


# ----------------------------------------------------------------------------------------- distances


def mse(prediction: Any, target: Any, *, sample_weight: Any = None) -> float:
    """Mean squared error: the mean of (prediction - target)². Both have the same shape."""
    prediction, target = _alike("mse", prediction, target)
    return _mean("mse", np.square(prediction - target), sample_weight)


def mae(prediction: Any, target: Any, *, sample_weight: Any = None) -> float:
    """Mean absolute error: the mean of |prediction - target|. Both have the same shape."""
    prediction, target = _alike("mae", prediction, target)
    return _mean("mae", np.abs(prediction - target), sample_weight)


@whole
def rmse(prediction: Any, target: Any, *, sample_weight: Any = None) -> float:
    """Root mean squared error, in the unit of the target: √ of the mean of (prediction - target)²."""
    prediction, target = _alike("rmse", prediction, target)
    error = prediction - target
    unit = _unit(error)
    return float(np.sqrt(_mean("rmse", np.square(error / unit), sample_weight)) * unit)


@whole
def r2(prediction: Any, target: Any, *, sample_weight: Any = None) -> float:
    """The share of the variance that is explained: 1 - Σ (prediction - target)² / Σ (target - mean)².

    1 is perfect, 0 as good as predicting the mean. For several outputs, (n, d), their mean. A constant
    target gives 1 if it is predicted exactly, and 0 if not.

    Raises ValueError if the shapes differ, or for fewer than two samples.
    """
    prediction, target = _alike("r2", prediction, target)
    if len(target) < 2:
        raise refusal(TooFewError, "r2: one sample has no variance.")
    weights = _weights("r2", sample_weight, target.shape)
    varied = target - np.average(target, axis=0, weights=weights)
    unit = _unit(varied, axis=0)  # the same for both, as only their ratio counts
    with np.errstate(over="ignore"):  # a hopeless prediction of something small: -∞
        missed = (weights * np.square((prediction - target) / unit)).sum(axis=0)
    varied = (weights * np.square(varied / unit)).sum(axis=0)
    constant = np.where(missed > 0, 0.0, 1.0)
    return float(
        np.mean(np.where(varied > 0, 1 - missed / np.where(varied > 0, varied, 1), constant))
    )


@whole
def pearson(prediction: Any, target: Any, *, sample_weight: Any = None) -> float:
    """Pearson's correlation: the covariance over both standard deviations, from -1 to 1.

    For several outputs, (n, d), their mean; of something constant it is 0. Raises ValueError if the shapes
    differ, or for fewer than two samples.
    """
    prediction, target = _alike("pearson", prediction, target)
    if len(target) < 2:
        raise refusal(TooFewError, "pearson: one sample has no correlation.")
    weights = _weights("pearson", sample_weight, target.shape)
    p, t = (x - np.average(x, axis=0, weights=weights) for x in (prediction, target))
    p, t = p / _unit(p, axis=0), t / _unit(t, axis=0)
    both = np.sqrt((weights * p * p).sum(axis=0) * (weights * t * t).sum(axis=0))
    return float(np.mean((weights * p * t).sum(axis=0) / np.where(both > 0, both, 1)))


# -------------------------------------------------------------------------------------------- checks


def _weights(name: str, sample_weight: Any, shape: tuple[int, ...]) -> np.ndarray:
    """The weight of each number of this shape."""
    return np.ones(shape) if sample_weight is None else weights_of(name, sample_weight, shape)


def _unit(x: np.ndarray, axis: int | None = None) -> Any:
    """A power of 2 near the largest |x|, so that x / unit rounds nothing, and its squares do not overflow."""
    largest = np.max(np.abs(x), axis=axis, initial=0)
    usual = (largest == 0) | ~np.isfinite(largest) | ((largest > 1e-9) & (largest < 1e9))
    return np.exp2(np.where(usual, 0, np.frexp(largest)[1] - 1))


def _mean(name: str, values: np.ndarray, sample_weight: Any) -> float:
    """The mean of all values, Σ w x / Σ w with weights of the samples."""
    if sample_weight is None:
        return float(np.mean(values))
    weights = weights_of(name, sample_weight, values.shape)
    seen = weights != 0  # what does not count may be NaN
    return float((weights[seen] * values[seen]).sum() / weights.sum())


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
