"""How wrong is a prediction? A number per sample, and of these one number: as a rule their mean.

Every loss is called with (prediction, target), and takes its settings by keyword; where only two
arguments can be passed on, as in a Trainer, `functools.partial(huber, delta=0.5)` has settings built in.
Two settings are common to all of them:

sample_weight   a weight w per sample (for predictions (n, T, d): shape (n,), or (n, T))
reduction       "mean": Σ w L / n, over the n samples, as in Keras ("sum_over_batch_size");
                "mean_with_sample_weight": Σ w L / Σ w; "sum": Σ w L; "none": w L itself, per sample

The loss of one sample is the mean over the last axis of its prediction, if it has more than one number.
Formulas are Keras's, and so are their limits: probabilities are cut off at 1e-7 and 1 - 1e-7.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from tinygrad_edu import ops
from tinygrad_edu.diagnostics.words import refusal, user_line
from tinygrad_edu.nn.loss_reduction import (
    demand_pair,
    demand_range,
    loss,
    reduced,
    reduced_errors,
    weights_of,
)
from tinygrad_edu.tensor import Tensor, value

EPSILON = 1e-7  # the least probability that a logarithm is taken of

# ------------------------------------------------------------------------------------ how far away


@loss
def mse(
    prediction: Any, target: Any, *, sample_weight: Any = None, reduction: str = "mean"
) -> Tensor:
    """Mean squared error: L = mean of (prediction - target)².

    Raises ValueError unless both have the same shape: (n, 1) against (n,) would broadcast to (n, n)
    and silently compare every prediction with every target.
    """
    prediction, target = demand_pair("mse", prediction, target)
    return reduced_errors("mse", np.square(prediction - target), sample_weight, reduction)


@loss
def mae(
    prediction: Any, target: Any, *, sample_weight: Any = None, reduction: str = "mean"
) -> Tensor:
    """Mean absolute error: L = mean of |prediction - target|. Its derivative is 0 where they are equal."""
    prediction, target = demand_pair("mae", prediction, target)
    return reduced_errors("mae", np.abs(prediction - target), sample_weight, reduction)


@loss
def huber(
    prediction: Any,
    target: Any,
    *,
    delta: float = 1.0,
    sample_weight: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """Squared for small errors, absolute for large: L = e² / 2 where |e| <= δ, else δ (|e| - δ / 2).

    Huber 1964. Raises ValueError unless δ > 0.
    """
    if not delta > 0:
        raise refusal(ValueError, f"huber(delta={delta!r}): a positive number.")
    prediction, target = demand_pair("huber", prediction, target)
    error = prediction - target
    size = np.abs(error)
    errors = np.where(size <= delta, 0.5 * np.square(error), delta * size - 0.5 * delta * delta)
    return reduced_errors("huber", errors, sample_weight, reduction)


@loss
def log_cosh(
    prediction: Any, target: Any, *, sample_weight: Any = None, reduction: str = "mean"
) -> Tensor:
    """L = mean of ln cosh(prediction - target): about e² / 2 for small errors, |e| - ln 2 for large."""
    prediction, target = demand_pair("log_cosh", prediction, target)
    error = prediction - target
    errors = error + ops.softplus(-2 * error) - float(np.log(2))  # cosh itself would overflow
    return reduced_errors("log_cosh", errors, sample_weight, reduction)


@loss
def poisson(
    prediction: Any, target: Any, *, sample_weight: Any = None, reduction: str = "mean"
) -> Tensor:
    """-ln P(count) of a Poisson distribution, without the part that no prediction changes.

    L = mean of prediction - target ln(prediction + 1e-7). The prediction is the expected count: exp or
    softplus as the last layer. Raises ValueError for predictions or targets below 0.
    """
    prediction, target = demand_pair("poisson", prediction, target)
    demand_range(
        "poisson", "predictions", prediction, 0, np.inf, "np.exp or Softplus() as last layer"
    )
    demand_range("poisson", "targets", target, 0, np.inf, "counts")
    errors = prediction - target * np.log(prediction + EPSILON)
    return reduced_errors("poisson", errors, sample_weight, reduction)


@loss
def cosine_similarity(
    prediction: Any, target: Any, *, sample_weight: Any = None, reduction: str = "mean"
) -> Tensor:
    """Minus the cosine of the angle between the two, along the last axis: -1 is the same direction.

    L = -Σ prediction · target / (|prediction| |target|), 0 if one of them is 0.
    """
    prediction, target = demand_pair("cosine_similarity", prediction, target, least=2)
    values = -np.sum(_of_length_1(prediction) * _of_length_1(target), axis=-1)
    return reduced("cosine_similarity", values, sample_weight, reduction)


def _of_length_1(x: Any) -> Any:
    return x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), EPSILON)


# ------------------------------------------------------------------------------------- two classes


@loss
def binary_cross_entropy(
    logits: Any,
    target: Any,
    *,
    label_smoothing: float = 0.0,
    from_probabilities: bool = False,
    sample_weight: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """Cross-entropy of yes or no: L = mean of -t ln p - (1 - t) ln(1 - p), p = sigmoid(logits).

    logits: any real numbers, so no sigmoid before it; target: of the same shape, 0 ... 1. With
    `from_probabilities` the prediction is p itself, cut off at 1e-7 and 1 - 1e-7, beyond which nothing
    is learned. `label_smoothing` s draws targets to the middle: t (1 - s) + s / 2.
    (Keras's BinaryCrossentropy(from_logits=True), or False.)

    Raises ValueError if shapes differ or a target or probability is not within 0 ... 1. Warns if the
    logits come out of a sigmoid.
    """
    name = "binary_cross_entropy"
    x, target = _binary(name, logits, target, from_probabilities, label_smoothing)
    return reduced_errors(
        name, _yes_no_errors(x, target, from_probabilities), sample_weight, reduction
    )


def _yes_no_errors(x: Any, target: Any, from_probabilities: bool) -> Any:
    if not from_probabilities:
        return ops.binary_cross_entropy(x, target)
    p = np.clip(x, EPSILON, 1 - EPSILON)
    return -(target * np.log(p) + (1 - target) * np.log(1 - p))


@loss
def binary_focal_cross_entropy(
    logits: Any,
    target: Any,
    *,
    gamma: float = 2.0,
    alpha: float | None = None,
    label_smoothing: float = 0.0,
    from_probabilities: bool = False,
    sample_weight: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """Binary cross-entropy times (1 - q)^γ, q the probability of the right answer: easy samples count less.

    With α, yes counts α and no 1 - α. Otherwise as `binary_cross_entropy`. Lin et al. 2017, eq. 4 and 5.
    """
    name = "binary_focal_cross_entropy"
    x, target = _binary(name, logits, target, from_probabilities, label_smoothing)
    p = x if from_probabilities else ops.sigmoid(x)
    right = target * p + (1 - target) * (1 - p)
    errors = _yes_no_errors(x, target, from_probabilities) * (1 - right) ** gamma
    if alpha is not None:
        errors = errors * (target * alpha + (1 - target) * (1 - alpha))
    return reduced_errors(name, errors, sample_weight, reduction)


def _binary(
    name: str, prediction: Any, target: Any, from_probabilities: bool, smoothing: float
) -> tuple:
    """Prediction and smoothed target, after the checks of both losses."""
    _demand_smoothing(name, smoothing)
    prediction, target = demand_pair(name, prediction, target)
    demand_range(name, "targets", target, 0, 1, "0 for no, 1 for yes")
    if from_probabilities:
        demand_range(name, "probabilities", prediction, 0, 1, f"{name} of logits (the default)")
    else:
        _warn_of(ops.sigmoid, "Sigmoid", name, prediction, deeper=1)
    return prediction, target * (1 - smoothing) + smoothing / 2 if smoothing else target


@loss
def hinge(
    prediction: Any, target: Any, *, sample_weight: Any = None, reduction: str = "mean"
) -> Tensor:
    """L = mean of max(1 - t · prediction, 0): right by a margin of 1 costs nothing (linear SVM).

    target: -1 and 1; or 0 and 1, of which 0 is taken for -1. Raises ValueError for others.
    """
    prediction, target = demand_pair("hinge", prediction, target)
    errors = np.maximum(1 - _signs("hinge", target) * prediction, 0.0)
    return reduced_errors("hinge", errors, sample_weight, reduction)


@loss
def squared_hinge(
    prediction: Any, target: Any, *, sample_weight: Any = None, reduction: str = "mean"
) -> Tensor:
    """L = mean of max(1 - t · prediction, 0)². Targets as in `hinge`."""
    prediction, target = demand_pair("squared_hinge", prediction, target)
    errors = np.square(np.maximum(1 - _signs("squared_hinge", target) * prediction, 0.0))
    return reduced_errors("squared_hinge", errors, sample_weight, reduction)


def _signs(name: str, target: Any) -> Any:
    t = value(target)
    if ((t == 0) | (t == 1)).all():
        return 2 * target - 1
    if not (np.abs(t) == 1).all():
        raise refusal(
            ValueError,
            f"{name}: targets are -1 and 1, or 0 and 1, not {_some(t)}.",
            "categorical_hinge for more than two classes",
        )
    return target


# ------------------------------------------------------------------------------------- K classes


@loss
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

    logits: (n, K) or (n, ..., K), any real numbers, so no softmax before it. labels: (n, ...), whole
    numbers 0 ... K-1; or (n, ..., K), a probability t for each class: then L = mean of -Σ t ln softmax.
    (Bishop 2006, eq. 4.108; Keras's SparseCategoricalCrossentropy and CategoricalCrossentropy.)

    label_smoothing      s: every class gets s / K, the right one 1 - s more (Szegedy et al. 2016)
    class_weights        (K,): weight of a sample by its class, as Keras's fit(class_weight=...)
    ignore_index         a number among the labels (-1, say, for padding) that counts as no sample
    from_probabilities   the prediction is a softmax already, as in Keras's from_logits=False

    Raises ValueError if the shapes do not fit or a label is not one of the K classes, TypeError if the
    labels are not whole numbers. Warns if the logits come out of a softmax.
    """
    labels, shape, dense = _fitting("cross_entropy", logits, labels)
    counted = None
    if ignore_index is not None:
        labels, counted = _without("cross_entropy", labels, ignore_index, dense)
    if dense:
        labels = _distributions("cross_entropy", labels, logits)
    else:
        labels = value(labels)
        _demand_labels("cross_entropy", labels, shape)
    if from_probabilities:
        hint = "cross_entropy of logits (the default)"
        demand_range("cross_entropy", "probabilities", logits, 0, 1, hint)
    else:
        _warn_of(ops.softmax, "Softmax", "cross_entropy", logits)
    plain = sample_weight is None and class_weights is None and counted is None
    if plain and not (dense or label_smoothing or from_probabilities) and reduction == "mean":
        if len(shape) > 2:
            logits, labels = np.reshape(logits, (-1, shape[-1])), labels.reshape(-1)
        return ops.cross_entropy(logits, labels)

    logits = logits if isinstance(logits, Tensor) else np.asarray(logits)
    weights = None
    if class_weights is not None:
        weights = _by_class(
            class_weights, value(labels).argmax(axis=-1) if dense else labels, shape
        )
    if sample_weight is not None:
        own = weights_of("cross_entropy", sample_weight, shape[:-1])
        weights = own if weights is None else weights * own
    _demand_smoothing("cross_entropy", label_smoothing)
    if label_smoothing:
        labels = labels if dense else _one_hot(labels, shape[-1], logits.dtype)
        labels, dense = labels * (1 - label_smoothing) + label_smoothing / shape[-1], True
    if dense:
        values = -np.sum(labels * _log_softmax(logits, from_probabilities), axis=-1)
    else:
        y = ops.log_softmax(_log(logits) if from_probabilities else logits)
        values = -np.take_along_axis(y, labels[..., None], axis=-1)[..., 0]
    return reduced("cross_entropy", values, weights, reduction, counted)


def _fitting(name: str, logits: Any, labels: Any) -> tuple[Any, tuple[int, ...], bool]:
    """(labels, shape of the logits, is there a label for each class?), of shapes that fit."""
    if not isinstance(labels, Tensor):
        labels = np.asarray(labels)
    shape = np.shape(value(logits))
    dense = labels.shape == shape and len(shape) > 1
    if not dense and (len(shape) < 2 or labels.shape != shape[:-1]):
        raise refusal(
            ValueError,
            f"{name}: logits {shape} and labels {labels.shape} do not fit.",
            f"{_what_labels(shape, labels.shape)}",
        )
    if not dense and labels.dtype.kind not in "iu":
        raise TypeError(
            f"{name}: labels are the numbers of classes, not {labels.dtype}.{user_line()}\n  Try: "
            + (
                "labels.astype(int)"
                if labels.dtype.kind in "fb"
                else "np.unique(labels, return_inverse=True)[1]"
            )
        )
    if labels.size == 0:
        raise refusal(ValueError, f"{name}: an empty batch, logits {shape}, has no mean.")
    return labels, shape, dense


def _log(p: Any) -> Any:
    return np.log(np.clip(p, EPSILON, 1 - EPSILON))


def _log_softmax(x: Any, from_probabilities: bool) -> Any:
    """ln of the probability of each class; given probabilities are made to have the sum 1."""
    return _log(x / np.sum(x, axis=-1, keepdims=True)) if from_probabilities else ops.log_softmax(x)


@loss
def focal_cross_entropy(
    logits: Any,
    labels: Any,
    *,
    gamma: float = 2.0,
    alpha: Any = 0.25,
    label_smoothing: float = 0.0,
    from_probabilities: bool = False,
    sample_weight: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """L = mean of -Σ t α (1 - p)^γ ln p, p = softmax(logits): easy samples count less.

    labels: numbers of classes, or a probability t for each, as in `cross_entropy`. α is one number or
    one for each class. Lin et al. 2017; Keras's CategoricalFocalCrossentropy: p is cut off at 1e-7 and
    1 - 1e-7, and beyond that nothing is learned.
    """
    name = "focal_cross_entropy"
    _demand_smoothing(name, label_smoothing)
    t, x = _one_per_class(name, logits, labels)
    if label_smoothing:
        t = t * (1 - label_smoothing) + label_smoothing / t.shape[-1]
    if from_probabilities:
        demand_range(name, "probabilities", x, 0, 1, f"{name} of logits (the default)")
    else:
        _warn_of(ops.softmax, "Softmax", name, x)
    if np.ndim(alpha) and np.shape(alpha) != t.shape[-1:]:
        raise refusal(
            ValueError,
            f"{name}: alpha is one number, or one for each of {t.shape[-1]} classes, not "
            f"{np.shape(alpha)}.",
        )
    p = x if from_probabilities else ops.softmax(x)
    p = np.clip(p / np.sum(p, axis=-1, keepdims=True), EPSILON, 1 - EPSILON)
    weight = (1 - p) ** gamma * np.asarray(alpha, p.dtype)
    return reduced(name, -np.sum(t * weight * np.log(p), axis=-1), sample_weight, reduction)


@loss
def categorical_hinge(
    prediction: Any, labels: Any, *, sample_weight: Any = None, reduction: str = "mean"
) -> Tensor:
    """L = mean of max(1 + the largest wrong score - the right one, 0), the largest not below 0.

    prediction: (n, K) scores. labels: (n,), or (n, K) one-hot.
    """
    t, x = _one_per_class("categorical_hinge", prediction, labels)
    right = np.sum(t * x, axis=-1)
    wrong = np.max((1 - t) * x, axis=-1)
    values = np.maximum(wrong - right + 1, 0.0)
    return reduced("categorical_hinge", values, sample_weight, reduction)


@loss
def kl_divergence(
    prediction: Any, target: Any, *, sample_weight: Any = None, reduction: str = "mean"
) -> Tensor:
    """Kullback-Leibler divergence: L = mean of Σ t ln(t / p), t the target, p the prediction.

    Both are probabilities along the last axis, cut off at 1e-7. Raises ValueError for numbers that are
    not within 0 ... 1. Kullback and Leibler 1951; Bishop 2006, eq. 1.113.
    """
    name = "kl_divergence"
    prediction, target = demand_pair(name, prediction, target, least=2)
    for what, x in (("predictions", prediction), ("targets", target)):
        demand_range(name, what, x, 0, 1, "ops.softmax(logits) for probabilities")
    p, t = np.clip(prediction, EPSILON, 1), np.clip(target, EPSILON, 1)
    return reduced(name, np.sum(t * np.log(t / p), axis=-1), sample_weight, reduction)


def _one_hot(labels: np.ndarray, classes: int, dtype: Any) -> np.ndarray:
    """1 at the label and 0 elsewhere, along a new last axis."""
    return (labels[..., None] == np.arange(classes)).astype(dtype)


def _one_per_class(name: str, x: Any, labels: Any) -> tuple:
    """(t, x): probabilities of the classes, from these or from labels, and the prediction."""
    labels, shape, dense = _fitting(name, x, labels)
    x = x if isinstance(x, Tensor) else np.asarray(x)
    if dense:
        return _distributions(name, labels, x), x
    _demand_labels(name, value(labels), shape)
    return _one_hot(value(labels), shape[-1], x.dtype), x


def _distributions(name: str, t: Any, x: Any) -> Any:
    """Targets with a probability for each class, in the precision of the prediction."""
    array = value(t)
    sums = array.sum(axis=-1)
    wrong = np.argwhere((np.abs(sums - 1) > 1e-3) | (array.min(axis=-1) < 0))
    if wrong.size:
        i = tuple(map(int, wrong[0]))
        raise refusal(
            ValueError,
            f"{name}: labels {array.shape} are a probability for each class, with the sum 1, "
            f"but labels{list(i)} are {_some(array[i])} with the sum {sums[i]:.4g}.",
            "labels.argmax(axis=1) for the numbers of the classes; binary_cross_entropy if "
            "several classes may be true",
        )
    dtype = np.result_type(value(x))
    return t if isinstance(t, Tensor) else t.astype(dtype if dtype.kind == "f" else float)


def _demand_labels(name: str, labels: np.ndarray, shape: tuple) -> None:
    # without its sign a negative number is a huge one, so that one look finds both kinds
    if labels.view(f"{labels.dtype.byteorder}u{labels.itemsize}").max() >= shape[-1]:
        least, most = labels.min(), labels.max()
        hint = f"a last layer with {most + 1} outputs"
        if most == shape[-1] and least > 0:  # the least label of this batch may not be that of all
            hint = f"labels - 1 in all of the data, if they count from 1; or {hint}"
        elif least < 0:
            hint = f"ignore_index={least}, if that stands for no label; or classes numbered from 0"
        if shape[-1] == 1:
            hint = "binary_cross_entropy(logits[:, 0], labels) for two classes"
        raise refusal(
            ValueError,
            f"{name}: labels run from {least} to {most}, but logits {shape} have {shape[-1]} "
            f"classes, 0 to {shape[-1] - 1}.",
            f"{hint}",
        )


def _without(name: str, labels: Any, ignored: int, dense: bool) -> tuple[np.ndarray, np.ndarray]:
    """Labels with 0 in the place of the ignored ones, and which are not ignored."""
    if dense:
        raise refusal(
            ValueError,
            f"{name}: ignore_index={ignored} is one of the labels' numbers, but labels "
            f"{labels.shape} are a probability for each class.",
            "sample_weight, 0 for what is ignored",
        )
    labels = value(labels)
    counted = labels != ignored
    return np.where(counted, labels, 0), counted


def _by_class(class_weights: Any, labels: np.ndarray, shape: tuple) -> np.ndarray:
    weights = np.asarray(value(class_weights), float)
    if weights.shape != shape[-1:]:
        raise refusal(
            ValueError,
            f"cross_entropy: class_weights of shape {weights.shape} for logits {shape}: a "
            f"weight for each of {shape[-1]} classes.",
        )
    return weights[labels]


def _demand_smoothing(name: str, smoothing: float) -> None:
    if not 0 <= smoothing <= 1:
        raise refusal(ValueError, f"{name}(label_smoothing={smoothing!r}): from 0 to 1.")


def _warn_of(row: Any, layer: str, name: str, logits: Any, deeper: int = 0) -> None:
    if isinstance(logits, Tensor) and logits.op is row:
        warnings.warn(
            f"{name} takes logits, but these come out of a {layer.lower()}, which it applies itself: "
            f"learning will be slow.{user_line()}\n  Try: the model without {layer}()",
            stacklevel=4 + deeper,
        )


def _what_labels(shape: tuple, labels: tuple) -> str:
    if len(labels) == len(shape) and labels == (*shape[:-1], 1):
        return f"labels[:, 0] of shape {shape[:1]}" if len(shape) == 2 else "labels[..., 0]"
    if labels == shape:
        return "binary_cross_entropy for two classes"
    if labels[:-1] == shape and len(labels) > 1:
        return "cross_entropy(logits, labels): the prediction comes first"
    if len(shape) == 3 and labels == shape[:1]:
        return (
            "the last step alone: a recurrent layer without return_sequences=True, or logits[:, -1]"
        )
    if len(shape) > 2 and labels == shape[:1]:
        return "Flatten() or GlobalAvgPool2d() before the last layer, which then gives (n, K)"
    return "logits of shape (n, K) and labels of shape (n,)"


def _some(x: np.ndarray) -> str:
    seen = ", ".join(f"{number:g}" for number in np.unique(x)[:4])
    return seen + (", ..." if np.unique(x).size > 4 else "")


# --------------------------------------------------------------------------------------- distances


@loss
def contrastive(
    distance: Any,
    same: Any,
    *,
    margin: float = 1.0,
    sample_weight: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """L = mean of s d² + (1 - s) max(margin - d, 0)²: the same together, others a margin apart.

    distance: d of each pair, (n,), not below 0. same: s, 1 for pairs of the same kind and 0 for others.
    Hadsell et al. 2006, eq. 4, without its factor ½.
    """
    distance, same = demand_pair("contrastive", distance, same)
    demand_range("contrastive", "distances", distance, 0, np.inf, "np.linalg.norm(a - b, axis=-1)")
    demand_range("contrastive", "targets", same, 0, 1, "1 for the same kind, 0 for others")
    apart = np.square(np.maximum(margin - distance, 0.0))
    errors = same * np.square(distance) + (1 - same) * apart
    return reduced_errors("contrastive", errors, sample_weight, reduction)


@loss
def triplet(
    anchor: Any,
    positive: Any,
    negative: Any,
    *,
    margin: float = 1.0,
    sample_weight: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """L = mean of max(|a - p|² - |a - n|² + margin, 0): nearer to its own kind than to another.

    anchor, positive, negative: (n, d), three points a sample, of which the first two are of one kind.
    Schroff et al. 2015, eq. 1 to 3. A model that gives all three as (3, n, d) is trained with
    `lambda points, _: triplet(*points)`.
    """
    _, positive = demand_pair("triplet", anchor, positive, least=2)
    anchor, negative = demand_pair("triplet", anchor, negative, least=2)
    near = np.sum(np.square(anchor - positive), axis=-1)
    far = np.sum(np.square(anchor - negative), axis=-1)
    values = np.maximum(near - far + margin, 0.0)
    return reduced("triplet", values, sample_weight, reduction)
