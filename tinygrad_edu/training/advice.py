"""What a training that has ended, or is about to begin, looks like to an experienced eye.

Nothing here stops a training. After `fit`, at most one paragraph is printed, and only with the progress: that
the loss is far above its start, is that of guessing, that one class is predicted for everything, or that the
model cannot give what is asked for.
"""

from __future__ import annotations

import functools
import itertools
import math
from typing import Any

import numpy as np

from tinygrad_edu.nn import Linear, Module, Sequential
from tinygrad_edu.nn.losses import binary_cross_entropy, cross_entropy, huber, log_cosh, mae, mse
from tinygrad_edu.training.batches import arrays_of
from tinygrad_edu.training.callbacks import Training
from tinygrad_edu.training.heads import Heads, function_of, name, name_of

ROWS = 2000  # at most so many samples are predicted to see what a model says


def advise(trainer: Training) -> None:
    """Prints a paragraph about a training that went wrong, if progress is shown."""
    run = trainer.run
    if run.progress.quiet or run.interrupted or trainer.first is None:
        return
    losses = trainer.history["loss"][run.epochs_before :]
    text = (
        _far_above_its_start(trainer, trainer.first, losses)
        or _falls_without_end(trainer.first, losses)
        or _out_of_reach(trainer)
        or _equal_units(trainer)
        or _nothing_learned(trainer, losses)
        or _one_loss_alone(trainer)
        or _layers_that_are_one(trainer)
        or _judged_by_training_data(trainer)
    )
    if text:
        run.progress.say(text)


def _far_above_its_start(trainer: Training, first: float, losses: list[float]) -> str:
    if not losses or losses[-1] <= 3 * abs(first) + 1e-6:
        return ""
    epoch = len(losses)
    while epoch > 1 and losses[epoch - 2] > first:
        epoch -= 1
    rate, kind = trainer.optimizer.learning_rate, type(trainer.optimizer).__name__
    return (
        f"The loss is {losses[-1]:.4g}, far above its start of {first:.4g}, since epoch {epoch}: the steps "
        f"are too large, with a learning rate of {rate:.3g}.\n  Try: a new model, with "
        f"{kind}(model.parameters(), lr={rate / 100:.1g}), or optim.find_lr{_unscaled(trainer)}"
    )


def _falls_without_end(first: float, losses: list[float]) -> str:
    if not losses or not losses[-1] < -100 * max(abs(first), 1):
        return ""
    return (
        f"The loss has fallen from {first:.4g} to {losses[-1]:.4g}, below 0 and without end: the larger the "
        "error, the smaller it is.\n  Try: the loss with the other sign"
    )


RANGES = {"sigmoid": (0, 1), "softmax": (0, 1), "tanh": (-1, 1), "relu": (0, math.inf)}


def _out_of_reach(trainer: Training) -> str:
    """Has y numbers, or a loss logits, that the last activation cannot give?"""
    kind, y = function_of(trainer.loss), dict(arrays_of(trainer.run.loader)).get("y")
    layer: Any = trainer.model
    while isinstance(layer, Sequential) and len(layer):
        layer = layer[-1]
    last = type(layer).__name__.lower() if isinstance(layer, Module) else name_of(layer)
    if y is None or getattr(layer, "max_value", None) is not None:
        return ""
    low, high = RANGES.get(last, (-math.inf, math.inf))
    if kind in (mse, mae, huber, log_cosh) and y.dtype.kind in "fiu" and y.size:
        slack = 0.01 * (high - low) if high < math.inf else 0
        beyond = ((y < low - slack) | (y > high + slack)).mean()
        if beyond:
            return (
                f"y runs from {y.min():.4g} to {y.max():.4g}, but the last activation of the model, {last}, "
                f"gives numbers from {low:g} to {high:g}: {beyond:.1%} of y are out of reach.\n  Try: the "
                f"model without its last {last}, or y scaled to that range"
            )
    if kind in (cross_entropy, binary_cross_entropy) and last == "relu":
        return (
            f"{kind.__name__} takes logits of both signs, but the model ends with a relu, which makes all "
            "negative ones 0.\n  Try: the model without its last ReLU()"
        )
    return ""


def _equal_units(trainer: Training) -> str:
    """Do all units of a hidden layer do the same, because their weights started equal?"""
    layers = [
        (path, parameter)
        for path, parameter in trainer.model.named_parameters()
        if parameter.ndim > 1 and parameter.shape[-1] > 1 and parameter.requires_grad
    ]
    for path, parameter in layers[:-1]:
        if path.rpartition(".")[2] == "W" and (parameter.data == parameter.data[..., :1]).all():
            return (
                f"The {parameter.shape[-1]} units of {path} are all equal, as they started equal: together "
                "they can do no more than one.\n  Try: random weights, model.initialize(seed)"
            )
    return ""


def _one_loss_alone(trainer: Training) -> str:
    """Is one of several losses so large that the others do not count?"""
    losses = trainer.loss
    if not isinstance(losses, Heads) or len(losses.losses) < 2:
        return ""
    sizes = {
        name(key): abs(weight * trainer.history[f"{name(key)}_loss"][-1])
        for key, weight in losses.weights.items()
    }
    most, least = max(sizes, key=sizes.__getitem__), min(sizes, key=sizes.__getitem__)
    if sizes[most] < 1000 * sizes[least] or not sizes[least]:
        return ""
    return (
        f"The loss of {most}, {sizes[most]:.3g}, is {sizes[most] / sizes[least]:,.0f} times that of {least}, "
        f"{sizes[least]:.3g}, which hardly counts.\n  Try: targets of size 1, or loss_weights"
    )


def _layers_that_are_one(trainer: Training) -> str:
    """Are there two linear layers without an activation in between, and not as a bottleneck?"""
    for path, module in trainer.model.named_modules():
        layers = module.layers if isinstance(module, Sequential) else []
        for i, (one, two) in enumerate(itertools.pairwise(layers)):
            if isinstance(one, Linear) and isinstance(two, Linear):
                (inputs, inner), outputs = one.W.shape, two.W.shape[1]
                if inner < min(inputs, outputs):  # a bottleneck, which has fewer parameters
                    continue
                start = f"{path}." if path else ""
                return (
                    f"Layers {start}{i} and {start}{i + 1}, {one!r} and {two!r}, have no activation in "
                    "between: together they can do no more than one linear layer.\n  Try: ReLU() between them"
                )
    return ""


def _judged_by_training_data(trainer: Training) -> str:
    if trainer.run.validation is None:
        return ""
    loaders = trainer.run.loader, trainer.run.validation
    trained, judged = (dict(arrays_of(loader)).get("x") for loader in loaders)
    if trained is None or judged is None or trained.shape != judged.shape:
        return ""
    if not (np.array_equal(trained[:8], judged[:8]) and np.array_equal(trained, judged)):
        return ""
    return (
        "The validation data are the training data: they do not tell how the model does on new samples.\n"
        "  Try: validation_split=0.2, or train_test_split(x, y)"
    )


def _nothing_learned(trainer: Training, losses: list[float]) -> str:
    """What a model says that has learned nothing, after enough steps to learn something."""
    data = dict(arrays_of(trainer.run.loader))
    if len(losses) < 3 or not {"x", "y"} <= data.keys() or trainer.run.steps < 20:
        return ""
    guess = _loss_of_guessing(trainer.loss, data["y"])
    if guess is None or losses[-1] < 0.98 * guess[0]:
        return _one_class(trainer, data["x"], data["y"])
    return (
        f"The loss of {losses[-1]:.4g} is that of guessing, {guess[1]} = {guess[0]:.4g}: the model has "
        "learned nothing from x.\n  Try: another learning rate, from optim.find_lr; and see that the rows of "
        f"x and y belong together{_unscaled(trainer)}"
    )


def _loss_of_guessing(loss: Any, y: np.ndarray) -> tuple[float, str] | None:
    """(the loss of the best answer that is the same for all x, its formula), where they are known."""
    if isinstance(loss, functools.partial) and not loss.keywords.keys() <= {"from_probabilities"}:
        return None
    kind = function_of(loss)
    if kind is mse and y.dtype.kind in "fiu":
        return float(y.var(axis=0).mean()), "the variance of y"
    if kind is cross_entropy and y.dtype.kind in "iu":
        counts = np.unique(y, return_counts=True)[1]
        share = counts / counts.sum()
        formula = f"ln {len(counts)}" if np.ptp(counts) == 0 else "the entropy of the labels"
        return float(-(share * np.log(share)).sum()), formula
    if kind is binary_cross_entropy and np.isin(y, (0, 1)).all():
        p = np.clip(float(y.mean()), 1e-12, 1 - 1e-12)
        return -(p * math.log(p) + (1 - p) * math.log(1 - p)), "the entropy of the labels"
    return None


def _one_class(trainer: Training, x: np.ndarray, y: np.ndarray) -> str:
    """Is one class predicted for everything, though there are others?"""
    kind = function_of(trainer.loss)
    if kind not in (cross_entropy, binary_cross_entropy) or _is_stateful(trainer.model):
        return ""
    rows = np.unique(np.linspace(0, len(x) - 1, min(len(x), ROWS)).astype(int))
    scores = trainer.predict(x[rows])
    if kind is cross_entropy:
        said = scores.argmax(axis=-1)
        labels = y if y.dtype.kind in "iu" else y.argmax(axis=-1)
    else:
        settings = getattr(trainer.loss, "keywords", {})
        said, labels = scores > (0.5 if settings.get("from_probabilities") else 0.0), y
    classes, counts = np.unique(labels, return_counts=True)
    if len(np.unique(said)) > 1 or len(classes) < 2:
        return ""
    only, rare = int(np.unique(said)[0]), int(classes[counts.argmin()])
    never = [
        f"{k:g} ({count / counts.sum():.1%} of y)"
        for k, count in zip(classes, counts, strict=True)
        if k != only
    ]
    share = counts[classes == only].sum() / counts.sum()
    return (
        f"Class {only} is predicted for all of {len(rows)} samples, and never {', '.join(never[:3])}: an "
        f"accuracy of {share:.3g} is that of always saying {only}.\n  Try: metrics=[recall, f1], which show "
        f"it, and fit(..., class_weight={{{rare}: {counts.max() / counts.min():.3g}}}); or more "
        f"epochs{_unscaled(trainer)}"
    )


def _unscaled(trainer: Training) -> str:
    """Words about the columns of x, if their sizes are far apart or large."""
    x = dict(arrays_of(trainer.run.loader)).get("x")
    if x is not None and x.dtype == np.uint8 and x.max() > 30:
        return f"; and scale x, whole numbers up to {x.max()}: x / 255"
    if x is None or x.ndim != 2 or x.dtype.kind not in "fiu" or len(x) < 2:
        return ""
    spread = x[:: max(1, len(x) // ROWS)].std(axis=0, dtype=float)
    spread = spread[spread > 0]
    if not spread.size or (spread.max() < 30 and spread.max() < 100 * spread.min()):
        return ""
    return (
        f"; and scale the columns of x, whose standard deviations run from {spread.min():.3g} to "
        f"{spread.max():.3g}: (x - x.mean(axis=0)) / x.std(axis=0), by the numbers of the training data"
    )


def _is_stateful(model: Any) -> bool:
    return any(getattr(module, "stateful", False) for _, module in model.named_modules())
