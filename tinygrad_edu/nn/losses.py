"""How wrong is a prediction? A loss is a number for each sample, and for all of them usually their mean.

Every loss is called with (prediction, target), and takes its settings by keyword. Where a function of two
arguments is needed, as in a Trainer, `functools.partial(huber, delta=0.5)` has its settings built in. The
functions below return errors; their decorator, `loss`, gives all of them two settings in common:

sample_weight   a weight w for each sample (for predictions (n, T, d): shape (n,), or (n, T))
reduction       "mean": Σ w L / n, over the n samples, as in Keras ("sum_over_batch_size");
                "mean_with_sample_weight": Σ w L / Σ w; "sum": Σ w L; "none": w L itself, for each sample

The loss of one sample is the mean over the last axis of its prediction, if it has more than one number.
Formulas are Keras's, and so are their limits: probabilities are clipped to 1e-7 ... 1 - 1e-7.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu import ops
from tinygrad_edu.modes import recorded
from tinygrad_edu.nn.checks import demand_positive
from tinygrad_edu.nn.layer_tools import as_array
from tinygrad_edu.nn.loss_checks import (
    demand_alpha,
    demand_class_weights,
    demand_labels,
    demand_logits,
    demand_one_output,
    demand_pair,
    demand_range,
)
from tinygrad_edu.nn.loss_reduction import (
    answered,
    loss,
    may_hold,
    mean_over_ranks,
    reduced,
    weights_of,
    weighty,
)
from tinygrad_edu.nn.loss_targets import one_hot, one_per_class, signs, smoothed, yes_or_no
from tinygrad_edu.ops.recurrent import unread
from tinygrad_edu.tensor import Tensor, value

__all__ = [
    "binary_cross_entropy", "binary_focal_cross_entropy", "categorical_hinge", "contrastive",
    "cosine_similarity", "cross_entropy", "dice", "focal_cross_entropy", "hinge", "huber",
    "kl_divergence", "log_cosh", "mae", "mape", "mse", "msle", "poisson", "squared_hinge", "triplet",
    "tversky",
]  # fmt: skip

EPSILON = 1e-7  # the smallest probability in a logarithm

# ------------------------------------------------------------------------------------ how far away


@loss(per="number")
def mse(prediction: Any, target: Any) -> Any:
    """Mean squared error: L = mean of (prediction - target)².

    Raises ValueError unless both have the same shape: (n, 1) against (n,) would broadcast to (n, n)
    and silently compare every prediction with every target.
    """
    prediction, target = demand_pair("mse", prediction, target)
    return np.square(prediction - target)


@loss(per="number")
def mae(prediction: Any, target: Any) -> Any:
    """Mean absolute error: L = mean of |prediction - target|. Its derivative is 0 where they are equal."""
    prediction, target = demand_pair("mae", prediction, target)
    return np.abs(prediction - target)


@loss(per="number")
def mape(prediction: Any, target: Any) -> Any:
    """Mean absolute percentage error: L = mean of 100 |prediction - target| / |target|, in percent.

    A target below 1e-7 counts as 1e-7: not for targets around 0.
    """
    prediction, target = demand_pair("mape", prediction, target)
    return 100 * np.abs((prediction - target) / np.maximum(np.abs(target), EPSILON))


@loss(per="number")
def msle(prediction: Any, target: Any) -> Any:
    """Mean squared logarithmic error: L = mean of (ln(prediction + 1) - ln(target + 1))².

    Of large numbers about the square of the relative error. What is below 1e-7 counts as 1e-7.
    """
    prediction, target = demand_pair("msle", prediction, target)
    prediction, target = np.maximum(prediction, EPSILON), np.maximum(target, EPSILON)
    return np.square(np.log1p(prediction) - np.log1p(target))


@loss(per="number")
def huber(
    prediction: Any,
    target: Any,
    *,
    delta: float = 1.0,
) -> Any:
    """Squared for small errors, absolute for large: L = e² / 2 where |e| <= δ, else δ (|e| - δ / 2).

    Huber 1964. Raises ValueError unless δ > 0.
    """
    demand_positive("huber", delta=delta)
    prediction, target = demand_pair("huber", prediction, target)
    error = prediction - target
    size = np.abs(error)
    near = size <= delta
    small = np.where(near, error, 0)  # an infinite error would have the gradient 0 · ∞
    return np.where(near, 0.5 * np.square(small), delta * size - 0.5 * delta * delta)


@loss(per="number")
def log_cosh(prediction: Any, target: Any) -> Any:
    """L = mean of ln cosh(prediction - target): about e² / 2 for small errors, |e| - ln 2 for large."""
    prediction, target = demand_pair("log_cosh", prediction, target)
    return ops.log_cosh(prediction - target)


@loss(per="number")
def poisson(prediction: Any, target: Any) -> Any:
    """-ln P(count) of a Poisson distribution, without the term that does not depend on the prediction.

    L = mean of prediction - target ln(prediction + 1e-7). The prediction is the expected count: exp or
    softplus as the last layer. Raises ValueError for predictions or targets below 0.
    """
    prediction, target = demand_pair("poisson", prediction, target)
    hint = "np.exp or Softplus() as last layer"
    demand_range("poisson", "predictions", prediction, 0, np.inf, hint)
    demand_range("poisson", "targets", target, 0, np.inf, "counts")
    return prediction - target * np.log(prediction + EPSILON)


@loss(per="sample")
def cosine_similarity(prediction: Any, target: Any) -> Any:
    """Minus the cosine of the angle between the two, along the last axis: -1 is the same direction.

    L = -Σ prediction · target / (|prediction| |target|), 0 if one of them is 0.
    """
    prediction, target = demand_pair("cosine_similarity", prediction, target, least=2)
    return -np.sum(_of_length_1(prediction) * _of_length_1(target), axis=-1)


def _of_length_1(x: Any) -> Any:
    largest = np.max(np.abs(value(x)), axis=-1, keepdims=True, initial=1)
    x = x / largest  # so that squares do not overflow
    return x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), EPSILON / largest)


# ------------------------------------------------------------------------------------- two classes


@loss(per="number")
def binary_cross_entropy(
    logits: Any,
    target: Any,
    *,
    label_smoothing: float = 0.0,
    from_probabilities: bool = False,
) -> Any:
    """Cross-entropy of yes or no: L = mean of -t ln p - (1 - t) ln(1 - p), p = sigmoid(logits).

    logits: any real numbers, without a sigmoid before; target: of the same shape, 0 ... 1. With
    `from_probabilities` the prediction is p itself, clipped to 1e-7 ... 1 - 1e-7; a clipped p has no
    gradient. `label_smoothing` s moves targets toward ½: t (1 - s) + s / 2. (Keras's
    BinaryCrossentropy(from_logits=True), or False.)

    Raises ValueError if shapes differ or a target or probability is not within 0 ... 1. Warns if the
    logits come out of a sigmoid.
    """
    name = "binary_cross_entropy"
    x, t = yes_or_no(name, logits, target, label_smoothing)
    demand_logits(name, logits, from_probabilities, ops.sigmoid)
    return _binary_errors(x, t, from_probabilities)


@loss(per="number")
def binary_focal_cross_entropy(
    logits: Any,
    target: Any,
    *,
    gamma: float = 2.0,
    alpha: float | None = None,
    label_smoothing: float = 0.0,
    from_probabilities: bool = False,
) -> Any:
    """Binary cross-entropy times (1 - q)^γ, q the probability of the right answer: easy samples count less.

    With α, yes has the weight α and no the weight 1 - α. Otherwise as `binary_cross_entropy`. Lin et al.
    2017, eq. 4 and 5.
    """
    name = "binary_focal_cross_entropy"
    x, t = yes_or_no(name, logits, target, label_smoothing)
    demand_logits(name, logits, from_probabilities, ops.sigmoid)
    p = x if from_probabilities else ops.sigmoid(x)
    right = t * p + (1 - t) * (1 - p)
    wrong = np.maximum(1 - right, np.finfo(right.dtype).tiny)  # a power of 0 may have the slope ∞
    errors = _binary_errors(x, t, from_probabilities) * wrong**gamma
    if alpha is not None:
        errors = errors * (t * alpha + (1 - t) * (1 - alpha))
    return errors


def _binary_errors(x: Any, t: Any, from_probabilities: bool) -> Any:
    if not from_probabilities:
        return ops.binary_cross_entropy(x, t)
    p = np.clip(x, EPSILON, 1 - EPSILON)
    return -(t * np.log(p) + (1 - t) * np.log(1 - p))


@loss(per="number")
def hinge(prediction: Any, target: Any) -> Any:
    """L = mean of max(1 - t · prediction, 0): right by a margin of 1 costs nothing (linear SVM).

    target: -1 and 1; or 0 and 1, where 0 means -1. Raises ValueError for others.
    """
    prediction, target = demand_pair("hinge", prediction, target)
    return np.maximum(1 - signs("hinge", target) * prediction, 0.0)


@loss(per="number")
def squared_hinge(prediction: Any, target: Any) -> Any:
    """L = mean of max(1 - t · prediction, 0)². Targets as in `hinge`."""
    prediction, target = demand_pair("squared_hinge", prediction, target)
    return np.square(np.maximum(1 - signs("squared_hinge", target) * prediction, 0.0))


@loss(per="sample")
def dice(prediction: Any, target: Any, *, axis: Any = None) -> Any:
    """L = 1 - 2 Σ p t / (Σ p + Σ t): how little two regions overlap, however small they are.

    prediction p: probabilities, of the shape of the target t, 0 ... 1. axis: what the sums are over. By
    default that is the whole batch, as in Keras; (1, 2, 3) gives a loss for each image (N, H, W, C).
    Milletari et al. 2016, section 3, without squares.
    """
    p, t = demand_pair("dice", prediction, target)
    demand_range("dice", "targets", t, 0, 1, "0 for no, 1 for yes")
    both = np.sum(p, axis=axis) + np.sum(t, axis=axis) + EPSILON
    return 1 - 2 * np.sum(p * t, axis=axis) / both


@loss(per="sample")
def tversky(
    prediction: Any, target: Any, *, alpha: float = 0.5, beta: float = 0.5, axis: Any = None
) -> Any:
    """L = 1 - Σ p t / (Σ p t + α Σ (1 - p) t + β Σ p (1 - t)): `dice`, with a price for each kind of error.

    α is the price of a place that was missed, β that of one too many; with ½ and ½ it is `dice`. Arguments
    as in `dice`. Salehi et al. 2017, with α and β exchanged, as in Keras's Tversky up to Keras 3.15.
    """
    p, t = demand_pair("tversky", prediction, target)
    demand_range("tversky", "targets", t, 0, 1, "0 for no, 1 for yes")
    hit, missed, wrong = (np.sum(x, axis=axis) for x in (p * t, (1 - p) * t, p * (1 - t)))
    return 1 - hit / (hit + alpha * missed + beta * wrong + EPSILON)


# ------------------------------------------------------------------------------------- K classes


@answered
def cross_entropy(
    logits: Any,
    labels: Any,
    *,
    label_smoothing: float = 0.0,
    class_weights: Any = None,
    ignore_index: int | None = None,
    from_probabilities: bool = False,
    sample_weight: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """Cross-entropy of a classifier: L = mean of -ln softmax(logits)[label].

    logits: (n, K) or (n, ..., K), any real numbers, without a softmax before. labels: (n, ...), whole
    numbers 0 ... K-1; or (n, ..., K), a probability t for each class: then L = mean of -Σ t ln softmax.
    (Bishop 2006, eq. 4.108; Keras's SparseCategoricalCrossentropy and CategoricalCrossentropy.)

    label_smoothing      s: every class gets s / K, the right one 1 - s more (Szegedy et al. 2016)
    class_weights        (K,): weight of a sample by its class, as in Keras's fit(class_weight=...)
    ignore_index         a label (-1, say, for padding) whose samples do not count
    from_probabilities   the prediction is already a softmax, as in Keras's from_logits=False

    Raises ValueError if the shapes do not fit or a label is not one of the K classes, TypeError if the
    labels are not whole numbers. Warns if the logits come out of a softmax.
    """
    name = "cross_entropy"
    if sample_weight is not None:
        logits, labels = weighty(sample_weight, logits, labels)
    demand_one_output(name, logits)
    logits = as_array(logits)
    labels, dense, counted = demand_labels(name, logits, labels, ignore_index)
    demand_logits(name, logits, from_probabilities, ops.softmax)
    weighted = not (sample_weight is None and class_weights is None and ignore_index is None)
    special = dense or label_smoothing or from_probabilities or reduction != "mean"
    if not (weighted or special):  # the usual case: one row of the derivative table
        if logits.ndim > 2:
            logits, labels = np.reshape(logits, (-1, logits.shape[-1])), labels.reshape(-1)
        return mean_over_ranks(ops.cross_entropy(logits, labels), labels.size)

    if counted is not None:
        logits = unread(logits, counted[..., None])
    weights = sample_weight
    if class_weights is not None:
        weights = np.asarray(value(class_weights), float)
        demand_class_weights(name, weights, logits.shape)
        weights = np.take(weights, labels.argmax(axis=-1) if dense else labels)
        if sample_weight is not None:
            weights = weights * weights_of(name, sample_weight, logits.shape[:-1])
    if dense or label_smoothing:
        t = labels if dense else one_hot(labels, logits.shape[-1], logits.dtype)
        t = smoothed(name, t, label_smoothing)
        y = _log_softmax(logits, from_probabilities)
        impossible = _impossible(t, y)
        if may_hold(impossible):
            y = np.where(impossible, 0, y)  # 0 ln 0 = 0: masks are logits of -∞
        values = -np.sum(t * y, axis=-1)
    else:
        y = ops.log_softmax(_log(logits) if from_probabilities else logits)
        values = -np.take_along_axis(y, labels[..., None], axis=-1)[..., 0]
    if counted is not None and may_hold(~counted):
        values = np.where(counted, values, 0)  # not 0 times infinity
    if class_weights is not None and may_hold(np.isinf(values)):
        values = np.where(weights == 0, 0, values)
    return reduced(name, values, weights, reduction, counted)


@recorded
def _impossible(t: Any, y: Any) -> np.ndarray:
    """Where a probability of 0 meets a logarithm of -∞."""
    return (value(t) == 0) & np.isneginf(value(y))


def _log(p: Any) -> Any:
    return np.log(np.clip(p, EPSILON, 1 - EPSILON))


def _log_softmax(x: Any, from_probabilities: bool) -> Any:
    """ln of the probability of each class; given probabilities are divided by their sum."""
    return _log(x / np.sum(x, axis=-1, keepdims=True)) if from_probabilities else ops.log_softmax(x)


@loss(per="sample")
def focal_cross_entropy(
    logits: Any,
    labels: Any,
    *,
    gamma: float = 2.0,
    alpha: Any = 0.25,
    label_smoothing: float = 0.0,
    from_probabilities: bool = False,
) -> Any:
    """L = mean of -Σ t α (1 - p)^γ ln p, p = softmax(logits): easy samples count less.

    labels: numbers of classes, or a probability t for each, as in `cross_entropy`. α is one number or
    one for each class. Lin et al. 2017; Keras's CategoricalFocalCrossentropy: p is clipped to
    1e-7 ... 1 - 1e-7, and a clipped p has no gradient.
    """
    name = "focal_cross_entropy"
    x, t = one_per_class(name, logits, labels, label_smoothing)
    demand_logits(name, logits, from_probabilities, ops.softmax)
    demand_alpha(name, alpha, t.shape[-1])
    p = x if from_probabilities else ops.softmax(x)
    p = np.clip(p / np.sum(p, axis=-1, keepdims=True), EPSILON, 1 - EPSILON)
    weight = (1 - p) ** gamma * np.asarray(alpha, p.dtype)
    return -np.sum(t * weight * np.log(p), axis=-1)


@loss(per="sample")
def categorical_hinge(prediction: Any, labels: Any) -> Any:
    """L = mean of max(1 + the largest wrong score - the right one, 0), the largest not below 0.

    prediction: (n, K) scores. labels: (n,), or (n, K) one-hot.
    """
    x, t = one_per_class("categorical_hinge", prediction, labels)
    right = np.sum(t * x, axis=-1)
    wrong = np.max((1 - t) * x, axis=-1)
    return np.maximum(wrong - right + 1, 0.0)


@loss(per="sample")
def kl_divergence(prediction: Any, target: Any) -> Any:
    """Kullback-Leibler divergence: L = mean of Σ t ln(t / p), t the target, p the prediction.

    Both are probabilities along the last axis, clipped to 1e-7 ... 1. Raises ValueError for numbers that are
    not within 0 ... 1. Kullback and Leibler 1951; Bishop 2006, eq. 1.113.
    """
    name = "kl_divergence"
    prediction, target = demand_pair(name, prediction, target, least=2)
    for what, x in (("predictions", prediction), ("targets", target)):
        demand_range(name, what, x, 0, 1, "ops.softmax(logits) for probabilities")
    p, t = np.clip(prediction, EPSILON, 1), np.clip(target, EPSILON, 1)
    return np.sum(t * np.log(t / p), axis=-1)


# --------------------------------------------------------------------------------------- distances


@loss(per="number")
def contrastive(
    distance: Any,
    same: Any,
    *,
    margin: float = 1.0,
) -> Any:
    """L = mean of s d² + (1 - s) max(margin - d, 0)²: pairs of one kind together, others a margin apart.

    distance: d of each pair, (n,), not below 0. same: s, 1 for pairs of the same kind and 0 for others.
    Hadsell et al. 2006, eq. 4, without its factor ½.
    """
    distance, same = demand_pair("contrastive", distance, same)
    demand_range("contrastive", "distances", distance, 0, np.inf, "np.linalg.norm(a - b, axis=-1)")
    demand_range("contrastive", "targets", same, 0, 1, "1 for the same kind, 0 for others")
    apart = np.square(np.maximum(margin - distance, 0.0))
    return same * np.square(distance) + (1 - same) * apart


@loss(per="sample")
def triplet(
    anchor: Any,
    positive: Any,
    negative: Any,
    *,
    margin: float = 1.0,
) -> Any:
    """L = mean of max(|a - p|² - |a - n|² + margin, 0): nearer to its own kind than to another.

    anchor, positive, negative: (n, d), three points for each sample, the first two of the same kind.
    Schroff et al. 2015, eq. 1 to 3. A model that returns all three as (3, n, d) is trained with the loss
    `lambda points, _: triplet(*points)`.
    """
    _, positive = demand_pair("triplet", anchor, positive, least=2)
    anchor, negative = demand_pair("triplet", anchor, negative, least=2)
    near = np.sum(np.square(anchor - positive), axis=-1)
    far = np.sum(np.square(anchor - negative), axis=-1)
    return np.maximum(near - far + margin, 0.0)
