"""What losses refuse: predictions and targets that do not fit, labels that are no classes.

A loss calls these with one line, so that `losses.py` shows its formulas. See `checks.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal, warn
from tinygrad_edu.modes import recorded, thread
from tinygrad_edu.nn.checks import Shape, demand_each
from tinygrad_edu.nn.layer_tools import as_array
from tinygrad_edu.ops.reductions import wide
from tinygrad_edu.tensor import Op, Tensor, value


def demand_smoothing(name: str, smoothing: float) -> None:
    takes = "from 0 to 1"
    demand_each(name, lambda s: 0 <= s <= 1, takes, label_smoothing=smoothing)


def demand_reduction(name: str, reduction: Any, known: tuple[str, ...]) -> None:
    takes = f"one of {', '.join(map(repr, known))}"
    demand_each(name, lambda r: r in known, takes, reduction=reduction)


@recorded
def demand_range(name: str, what: str, x: Any, least: float, most: float, hint: str) -> None:
    """All numbers lie between the two, up to rounding."""
    x = np.asarray(value(x))
    slack = 1e-5 if most == 1 else 0.0
    if x.min() < least - slack or x.max() > most + slack:
        wanted = f"within {least} ... {most}" if np.isfinite(most) else f"not below {least}"
        these = f"these run from {x.min():.4g} to {x.max():.4g}"
        raise refusal(ValueError, f"{name}: {what} are {wanted}, but {these}.", hint)


# ---------------------------------------------------------------------- a target for each prediction


def demand_pair(name: str, prediction: Any, target: Any, least: int = 0) -> tuple[Any, Any]:
    """Both as arrays or Tensors of one shape; an array as target gets the precision of the prediction.

    What is float16 becomes float32: squares of errors and sums over samples overflow.

    Raises ValueError if the shapes differ, have fewer axes than `least`, or hold no sample; TypeError
    for a target that is not made of numbers.
    """
    demand_one_output(name, prediction)
    prediction, target = as_array(prediction), as_array(target)
    shape, wanted = prediction.shape, target.shape
    if shape != wanted:
        what = f"{name}: prediction {shape} and target {wanted} differ in shape."
        what += _what_broadcasting_would_do(shape, wanted)
        raise refusal(ValueError, what, _how_to_reshape(shape, wanted))
    if 0 in shape:
        raise refusal(ValueError, f"{name}: an empty batch, {shape}, has no mean.")
    if len(shape) < least:
        takes = "prediction and target are vectors along a last axis, (n, d)"
        raise refusal(ValueError, f"{name}: {takes}, not {shape}.", "x[None] for one sample")
    if prediction.dtype.kind in "iub":
        prediction = prediction.astype(float)  # 1 - 3 is 254 in uint8
    if isinstance(target, Tensor) and not target.as_array:
        if target.requires_grad and not getattr(prediction, "requires_grad", False):
            _warn_of_swapped(name)
    else:
        if target.dtype.kind not in "fiub":
            raise refusal(TypeError, f"{name}: a target is numbers, not {target.dtype}.")
        if prediction.dtype.kind == "f":
            # a target does not raise the precision
            target = target.astype(prediction.dtype, copy=False)
    return wide(prediction), wide(target)


# Losses in which the prediction and the target may change places.
SYMMETRIC = ("mse", "mae", "msle", "huber", "log_cosh", "cosine_similarity", "dice", "triplet")


def _warn_of_swapped(name: str) -> None:
    """Warns of a prediction that is a constant, where the target is what is learned."""
    if name not in SYMMETRIC:
        warn(
            f"{name}: the target requires a gradient, and the prediction does not; they look swapped.",
            f"{name}(prediction, target)",
            stacklevel=4,
        )


def demand_one_output(name: str, prediction: Any) -> None:
    """Refuses the outputs of a model that has several."""
    if not isinstance(prediction, (tuple, dict)):
        return
    outputs = prediction.values() if isinstance(prediction, dict) else prediction
    if any(isinstance(output, Tensor) for output in outputs):
        shapes = " and ".join(str(np.shape(value(output))) for output in outputs)
        several = f"({', '.join([f'nn.{name}'] * len(prediction))})"
        if isinstance(prediction, dict):
            several = "{" + ", ".join(f"{key!r}: nn.{name}" for key in prediction) + "}"
        raise refusal(
            TypeError,
            f"{name} compares one array with its target, and the prediction is "
            f"{len(prediction)} arrays, {shapes}: the outputs of a model with several.",
            f"Trainer(model, loss={several}, ...), a loss for each output, and y of the same form",
        )


def _what_broadcasting_would_do(shape: Shape, wanted: Shape) -> str:
    try:
        return f" NumPy would broadcast them to {np.broadcast_shapes(shape, wanted)}."
    except ValueError:
        return ""


def _how_to_reshape(shape: Shape, wanted: Shape) -> str:
    if shape == (*wanted, 1):
        return "prediction[:, 0], or target[:, None]"
    if wanted == (*shape, 1):
        return "target[:, 0], or prediction[:, None]"
    return "one target for each prediction"


@recorded
def demand_signs(name: str, target: np.ndarray) -> None:
    if not (np.abs(target) == 1).all():
        what = f"{name}: targets are -1 and 1, or 0 and 1, not {_some(target)}."
        raise refusal(ValueError, what, "categorical_hinge for more than two classes")


def _some(x: np.ndarray) -> str:
    seen = ", ".join(f"{number:g}" for number in np.unique(x)[:4])
    return seen + (", ..." if np.unique(x).size > 4 else "")


# ------------------------------------------------------------------------------------------- K classes


def demand_logits(name: str, logits: Any, from_probabilities: bool, activation: Op) -> None:
    """Probabilities are within 0 ... 1; warns of logits that come out of the activation of the loss."""
    if from_probabilities:
        logits = as_array(logits)
        demand_range(name, "probabilities", logits, 0, 1, f"{name} of logits (the default)")
        if activation.name == "softmax":
            _warn_of_other_axis(name, value(logits))
    elif isinstance(logits, Tensor) and logits.op is activation:
        layer = activation.name.capitalize()
        warn(
            f"{name} takes logits, but these come out of a {activation.name}, which it applies itself: "
            "learning will be slow.",
            f"the model without {layer}()",
            stacklevel=4,  # the user's line: this function, the loss, its wrapper
        )


def _warn_of_other_axis(name: str, p: np.ndarray) -> None:
    """Warns of probabilities that have the sum 1 not over the classes, but over another axis."""
    sums = p.sum(axis=-1)
    if p.ndim < 2 or not p.size or np.abs(sums - 1).max() < 0.1:
        return
    axes = [i for i in range(p.ndim - 1) if np.abs(p.sum(axis=i) - 1).max() < 1e-3]
    if axes:
        warn(
            f"{name}: the probabilities {p.shape} have the sum 1 over axis {axes[0]}, and not over the last "
            f"axis, that of the classes: there the sums run from {sums.min():.3g} to {sums.max():.3g}.",
            f"softmax(x, axis=-1), or {name} of logits, without softmax",
            stacklevel=5,
        )


def demand_labels(
    name: str, logits: Any, labels: Any, ignore_index: int | None = None
) -> tuple[Any, bool, np.ndarray | None]:
    """(labels, is there a probability for each class?, which labels count, or None if all do).

    Labels are numbers of classes, of the shape of the logits without its last axis (with 0 in the place
    of ignored ones); or a probability for each class, of the shape of the logits and in their precision.
    """
    labels = labels if isinstance(labels, Tensor) else np.asarray(labels)
    shape = logits.shape
    dense = labels.shape == shape and len(shape) > 1
    if not dense and (len(shape) < 2 or labels.shape != shape[:-1]):
        what = f"{name}: logits {shape} and labels {labels.shape} do not fit."
        raise refusal(ValueError, what, _which_labels(shape, labels.shape))
    if not dense:
        _demand_whole_numbers(name, labels)
    if labels.size == 0:
        raise refusal(ValueError, f"{name}: an empty batch, logits {shape}, has no mean.")
    if dense:
        if ignore_index is not None:
            what = f"{name}: ignore_index={ignore_index} is one of the labels' numbers, but labels "
            what += f"{shape} are a probability for each class."
            raise refusal(ValueError, what, "sample_weight, 0 for what is ignored")
        _demand_distributions(name, value(labels))
        if not isinstance(labels, Tensor) or labels.as_array:
            labels = labels.astype(logits.dtype if logits.dtype.kind == "f" else float)
        return labels, True, None
    labels, counted = value(labels), None
    if ignore_index is not None:
        counted = labels != ignore_index
        labels = np.where(counted, labels, 0)
    _demand_classes(name, labels, shape)
    return labels, False, counted


def _demand_whole_numbers(name: str, labels: Any) -> None:
    if labels.dtype.kind not in "iu":
        hint = "np.unique(labels, return_inverse=True)[1]"
        hint = "labels.astype(int)" if labels.dtype.kind in "fb" else hint
        what = f"{name}: labels are the numbers of classes, not {labels.dtype}."
        raise refusal(TypeError, what, hint)


def _which_labels(shape: Shape, labels: Shape) -> str:
    if len(labels) == len(shape) and labels == (*shape[:-1], 1):
        return f"labels[:, 0] of shape {shape[:1]}" if len(shape) == 2 else "labels[..., 0]"
    if labels == shape:
        return "binary_cross_entropy for two classes"
    if len(shape) > 2 and labels == (shape[0], *shape[2:]):
        return "np.moveaxis(logits, 1, -1): the classes are the last axis"
    if len(shape) == 2 and labels in ((shape[1],), shape[::-1]):
        return "labels.T" if len(labels) == 2 else "logits.T: samples are rows, and classes columns"
    if labels[:-1] == shape and len(labels) > 1:
        return "cross_entropy(logits, labels): the prediction comes first"
    if len(shape) == 3 and labels == shape[:1]:
        return (
            "the last step alone: a recurrent layer without return_sequences=True, or logits[:, -1]"
        )
    if len(shape) > 2 and labels == shape[:1]:
        return "Flatten() or GlobalAvgPool2d() before the last layer, which then gives (n, K)"
    return "logits of shape (n, K) and labels of shape (n,)"


@recorded
def _demand_distributions(name: str, t: np.ndarray) -> None:
    """A probability for each class: none below 0, with the sum 1."""
    sums = t.sum(axis=-1)
    wrong = np.argwhere((np.abs(sums - 1) > 1e-3) | (t.min(axis=-1) < 0))
    if wrong.size:
        i = tuple(map(int, wrong[0]))
        raise refusal(
            ValueError,
            f"{name}: labels {t.shape} are a probability for each class, with the sum 1, but "
            f"labels{list(i)} are {_some(t[i])} with the sum {sums[i]:.4g}.",
            "labels.argmax(axis=1) for the numbers of the classes; binary_cross_entropy if several "
            "classes may be true",
        )


@recorded
def _demand_classes(name: str, labels: np.ndarray, shape: Shape) -> None:
    """Labels are one of the classes 0 ... K - 1."""
    # One comparison instead of two, as this runs in every training step: read as an unsigned integer,
    # a negative number is larger than every class.
    dtype = labels.dtype
    if dtype.isnative:
        unsigned = labels.view(dtype.char.upper())
        if np.maximum.reduce(unsigned, axis=None) < shape[-1]:
            return
    least, most = labels.min(), labels.max()
    if least >= 0 and most < shape[-1]:
        return
    hint = f"a last layer with {most + 1} outputs"
    if most == shape[-1] and least > 0:  # the least label of this batch may not be that of all
        hint = f"labels - 1 in all of the data, if they count from 1; or {hint}"
    elif least < 0:
        hint = f"ignore_index={least}, if that stands for no label; or classes numbered from 0"
    if shape[-1] == 1:
        hint = "binary_cross_entropy(logits[:, 0], labels) for two classes"
    raise _no_such_classes(name, labels, shape, hint)


def _no_such_classes(name: str, labels: np.ndarray, shape: Shape, hint: str) -> Exception:
    """The error of labels that are none of the classes of logits of this shape."""
    classes = f"logits {shape} have {shape[-1]} classes, 0 to {shape[-1] - 1}"
    what = f"{name}: labels run from {labels.min()} to {labels.max()}, but {classes}."
    return refusal(ValueError, what, hint)


def demand_share(name: str, **shares: Any) -> None:
    demand_each(name, lambda share: 0 <= share <= 1, "a share, from 0 to 1", **shares)


def demand_teacher(name: str, shape: Shape, target: Any) -> tuple[Any, Any]:
    """(labels, logits of the teacher): a pair, whose logits have the shape of the student's."""
    hint = "target=(labels, teacher_logits)"
    if not isinstance(target, (tuple, list)) or len(target) != 2:
        things = f" of {len(target)}" if isinstance(target, (tuple, list)) else ""
        got = f"{type(target).__name__}{things}"
        what = f"{name}: target is {got}, and not a pair of labels and the teacher's logits."
        raise refusal(TypeError, what, hint)
    labels, teacher = map(as_array, target)
    teacher = teacher.detach() if isinstance(teacher, Tensor) else teacher
    if teacher.shape != shape:
        what = f"{name}: the student's logits are {shape}, and the teacher's {teacher.shape}."
        if labels.shape == shape:
            hint += ", the labels first"
        raise refusal(ValueError, what, hint)
    if isinstance(teacher, np.ndarray) and _are_probabilities(teacher):
        what = f"{name} takes the teacher's logits, but these are probabilities, with the sum 1"
        hint = "the teacher without its softmax; np.log(p) are logits, too"
        warn(f"{what}: they would be smoothed twice.", hint, stacklevel=4)
    return labels, teacher


def _are_probabilities(p: np.ndarray) -> bool:
    return p.size > 0 and p.min() >= 0 and bool(np.abs(p.sum(axis=-1) - 1).max() < 1e-3)


def demand_class_weights(name: str, weights: np.ndarray, shape: Shape) -> None:
    if weights.shape != shape[-1:]:
        what = f"{name}: class_weights of shape {weights.shape} for logits {shape}"
        raise refusal(ValueError, f"{what}: a weight for each of {shape[-1]} classes.")


def demand_alpha(name: str, alpha: Any, classes: int) -> None:
    if np.ndim(alpha) and np.shape(alpha) != (classes,):
        what = f"{name}: alpha is one number, or one for each of {classes} classes"
        raise refusal(ValueError, f"{what}, not {np.shape(alpha)}.")


def demand_samples(name: str, values: Any) -> None:
    """Refuses one loss of a whole batch, where ranks share it: that is no mean of theirs."""
    if thread.mode.share is not None and not values.ndim:
        raise refusal(
            ValueError,
            f"{name} is one number of a whole batch, and this process has only a part of it.",
            "axis=(1, 2, 3), for a loss of each sample",
        )


def demand_sample_weight(name: str, weights: np.ndarray, shape: Shape) -> None:
    """Weights are numbers, one for each sample or one for each of its losses."""
    if weights.dtype.kind not in "fiub" or not np.isfinite(weights).all():
        raise refusal(ValueError, f"{name}: sample_weight holds weights that are no numbers.")
    if weights.shape != shape[: weights.ndim] or (shape and not weights.ndim):
        column = weights.shape == (*shape[:1], 1)
        hint = "sample_weight[:, 0]" if column else "one weight for each sample"
        what = f"sample_weight {weights.shape} does not fit the losses {shape} of the samples"
        raise refusal(ValueError, f"{name}: {what}.", hint)


# ------------------------------------------------------------------------------------------------ CTC


def demand_texts(logits: Any, labels: np.ndarray, blank: int) -> None:
    """logits are (n, T, K), labels (n, L) numbers of classes, and the blank is one of the classes."""
    if logits.ndim != 3 or labels.ndim != 2 or len(labels) != len(logits):
        what = f"ctc: logits {logits.shape} and labels {labels.shape} do not fit."
        raise refusal(ValueError, what, "logits of shape (n, T, K) and labels of shape (n, L)")
    classes = logits.shape[-1]
    if 0 in logits.shape:
        raise refusal(ValueError, f"ctc: an empty batch, logits {logits.shape}, has no mean.")
    _demand_whole_numbers("ctc", labels)
    demand_each("ctc", lambda i: 0 <= i < classes, f"one of {classes} classes", blank=blank)
    if labels.size and (labels.min() < 0 or labels.max() >= classes):
        raise _no_such_classes("ctc", labels, logits.shape, f"{blank}, the blank, to fill up rows")


def demand_blanks_last(letters: np.ndarray, lengths: np.ndarray, blank: int) -> None:
    """Blanks only fill up a row.

    letters    where the labels are letters, and not the blank
    """
    inside = np.arange(letters.shape[1]) < lengths[:, None]
    between = np.flatnonzero((letters != inside).any(axis=1))
    if between.size:
        what = f"labels[{between[0]}] has the blank, {blank}, before its last letter"
        raise refusal(ValueError, f"ctc: {what}; it may only fill up the row.")


def demand_times(times: np.ndarray, size: int, labels: np.ndarray, lengths: np.ndarray) -> None:
    """Each text fits into its times: one for each letter, and one more between equal letters."""
    n = len(labels)
    if times.shape != (n,) or times.dtype.kind not in "iu" or times.min() < 1 or times.max() > size:
        extent = f" from {times.min()} to {times.max()}" if times.size else ""
        takes = f"times are {n} whole numbers, 1 to {size}"
        raise refusal(
            ValueError, f"ctc: {takes}, not {times.dtype} of shape {times.shape}{extent}."
        )
    inside = np.arange(1, labels.shape[1]) < lengths[:, None]
    needed = lengths + ((labels[:, 1:] == labels[:, :-1]) & inside).sum(axis=1)
    if (needed > times).any():
        i = int(np.argmax(needed > times))
        raise refusal(
            ValueError,
            f"ctc: sample {i} has {lengths[i]} letters and needs {needed[i]} times (one more between "
            f"equal letters), but there are {times[i]}.",
            "logits with more times, or leave the sample out",
        )
