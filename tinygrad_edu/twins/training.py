"""Which loss and which optimizer is what in Keras: one row for each."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu import nn, optim
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.optim import Optimizer

# ------------------------------------------------------------------------------------------- losses


class LossTwin(NamedTuple):
    """A class in keras.losses, and those of our arguments that it has too.

    logits    True if the prediction is logits unless from_probabilities is given
    labels    the class for integer labels, if there is one; otherwise Keras gets them one-hot
    classes   True if the targets are classes
    """

    keras: str
    settings: tuple[str, ...] = ()
    logits: bool = False
    labels: str | None = None
    classes: bool = False


LOSSES: dict[Callable, LossTwin] = {
    nn.cross_entropy: LossTwin(
        "CategoricalCrossentropy", ("label_smoothing",), logits=True,
        labels="SparseCategoricalCrossentropy", classes=True,
    ),
    nn.mse: LossTwin("MeanSquaredError"),
    nn.mae: LossTwin("MeanAbsoluteError"),
    nn.huber: LossTwin("Huber", ("delta",)),
    nn.log_cosh: LossTwin("LogCosh"),
    nn.poisson: LossTwin("Poisson"),
    nn.cosine_similarity: LossTwin("CosineSimilarity"),
    nn.binary_cross_entropy: LossTwin("BinaryCrossentropy", ("label_smoothing",), logits=True),
    nn.binary_focal_cross_entropy: LossTwin(
        "BinaryFocalCrossentropy", ("label_smoothing", "gamma"), logits=True
    ),
    nn.focal_cross_entropy: LossTwin(
        "CategoricalFocalCrossentropy", ("label_smoothing", "gamma", "alpha"), logits=True, classes=True
    ),
    nn.hinge: LossTwin("Hinge"),
    nn.squared_hinge: LossTwin("SquaredHinge"),
    nn.categorical_hinge: LossTwin("CategoricalHinge", classes=True),
    nn.kl_divergence: LossTwin("KLDivergence"),
    nn.mape: LossTwin("MeanAbsolutePercentageError"),
    nn.msle: LossTwin("MeanSquaredLogarithmicError"),
    nn.dice: LossTwin("Dice", ("axis",)),
    nn.tversky: LossTwin("Tversky", ("alpha", "beta", "axis")),
}  # fmt: skip


def loss_and_settings(loss: Any) -> tuple[Any, dict[str, Any]]:
    """nn.huber, or functools.partial(nn.huber, delta=2), as the function and its arguments."""
    if isinstance(loss, functools.partial) and not loss.args:
        return loss.func, dict(loss.keywords)
    return loss, {}


def takes_logits(loss: Any) -> bool:
    function, settings = loss_and_settings(loss)
    return LOSSES[function].logits and not settings.get("from_probabilities")


def keras_loss(keras: Any, loss: Any, dtype: str, y: Any) -> Callable[[Any, Any], Any]:
    """(target, prediction) -> Keras's loss, for targets like y."""
    function, settings = loss_and_settings(loss)
    row = LOSSES[function]
    given = {name: setting for name, setting in settings.items() if name in row.settings}
    if row.logits:
        given["from_logits"] = takes_logits(loss)
    y = np.asarray(y)
    one_hot = y.ndim > 1 and (y.sum(axis=-1) == 1).all() and y.min() >= 0
    integers = row.classes and y.dtype.kind in "iu" and not one_hot
    if integers and row.labels and not given.get("label_smoothing"):
        given.pop("label_smoothing", None)
        return getattr(keras.losses, row.labels)(dtype=dtype, **given)
    theirs = getattr(keras.losses, row.keras)(dtype=dtype, **given)
    if not integers:
        return theirs
    return lambda y, x: theirs(keras.ops.one_hot(y, x.shape[-1], dtype=dtype), x)


def demand_loss(loss: Any) -> None:
    """Raises TypeError for a loss, or arguments of one, that have no counterpart in Keras."""
    function, settings = loss_and_settings(loss)
    if function not in LOSSES:
        name = getattr(loss, "__name__", repr(loss))
        raise refusal(
            TypeError,
            f"compare has no counterpart in Keras for the loss {name}.",
            ", ".join(entry.__name__ for entry in LOSSES),
        )
    row = LOSSES[function]
    known = [*row.settings, *(["from_probabilities"] if row.logits else [])]
    unknown = [f"{name}={setting!r}" for name, setting in settings.items() if name not in known]
    if unknown:
        raise refusal(
            TypeError,
            f"compare has no counterpart in Keras for {function.__name__} with "
            f"{', '.join(unknown)}.",
            f"{function.__name__} with {', '.join(known) or 'no arguments'}",
        )


def loss_in_words(loss: Any) -> str:
    function, settings = loss_and_settings(loss)
    words = ", ".join(f"{name}={setting!r}" for name, setting in settings.items())
    return f"{function.__name__}({words})" if words else function.__name__


# --------------------------------------------------------------------------------------- optimizers


class OptimizerTwin(NamedTuple):
    """A class in keras.optimizers, and our attribute -> Keras's argument (a pair -> two arguments).

    rounded    factors of moving averages, which Keras rounds to float32 with a visible effect
    fixed      constants in Keras's formulas that it rounds in the same way
    more       further arguments of Keras's optimizer, from ours
    """

    keras: str
    settings: dict[str, Any]
    rounded: tuple[str, ...] = ()
    fixed: dict[str, float] = {}
    more: Callable[[Any], dict[str, Any]] = lambda optimizer: {}


BETAS: dict[str, Any] = {"betas": ("beta_1", "beta_2")}
MOMENTS = {**BETAS, "eps": "epsilon"}
OPTIMIZERS: dict[type[Optimizer], OptimizerTwin] = {
    optim.SGD: OptimizerTwin(
        "SGD", {"momentum": "momentum", "nesterov": "nesterov"}, rounded=("momentum",)
    ),
    optim.Adam: OptimizerTwin("Adam", {**MOMENTS, "amsgrad": "amsgrad"}, rounded=("betas",)),
    optim.AdamW: OptimizerTwin("AdamW", MOMENTS, rounded=("betas",)),
    optim.Nadam: OptimizerTwin(
        "Nadam", MOMENTS, rounded=("betas",), fixed={"0.96 in the warm-up": 0.96}
    ),
    optim.Adamax: OptimizerTwin("Adamax", MOMENTS, rounded=("betas",)),
    optim.LAMB: OptimizerTwin("Lamb", MOMENTS, rounded=("betas",)),
    optim.Lion: OptimizerTwin("Lion", BETAS, rounded=("betas",)),
    optim.RMSprop: OptimizerTwin(
        "RMSprop",
        {"rho": "rho", "momentum": "momentum", "centered": "centered", "eps": "epsilon"},
        rounded=("momentum",),
    ),
    optim.Adagrad: OptimizerTwin(
        "Adagrad", {"initial": "initial_accumulator_value", "eps": "epsilon"}, rounded=("initial",)
    ),
    optim.Adadelta: OptimizerTwin("Adadelta", {"rho": "rho", "eps": "epsilon"}),
    optim.Adafactor: OptimizerTwin(
        "Adafactor",
        {"beta2_decay": "beta_2_decay", "eps": ("epsilon_1", "epsilon_2"),
         "clip_threshold": "clip_threshold"},
    ),
    optim.Ftrl: OptimizerTwin(
        "Ftrl",
        {"lr_power": "learning_rate_power", "initial": "initial_accumulator_value",
         "l1": "l1_regularization_strength", "l2": "l2_regularization_strength",
         "shrinkage": "l2_shrinkage_regularization_strength", "beta": "beta"},
        rounded=("initial",),
    ),
    # (No ScheduleFreeAdamW: Keras 3.15 on TensorFlow loses its β₁, tests/optim/test_keras_optimizers.py.)
    optim.Muon: OptimizerTwin(
        "Muon",
        {"betas": ("adam_beta_1", "adam_beta_2"), "eps": "epsilon", "momentum": "momentum",
         "nesterov": "nesterov", "rounds": "ns_steps", "rms": "rms_rate"},
        rounded=("betas",), fixed={"√ of the larger axis": 2**0.5},
        more=lambda o: {"adam_weight_decay": o.weight_decay, "exclude_embeddings": False},
    ),
}  # fmt: skip


def keras_optimizer(keras: Any, optimizer: Optimizer) -> Any:
    """Keras's optimizer with the settings of ours, at the learning rate of its next step."""
    row = OPTIMIZERS[type(optimizer)]
    given = {
        "weight_decay": optimizer.weight_decay,
        "clipvalue": optimizer.clip_value,
        "clipnorm": optimizer.clip_norm,
        "global_clipnorm": optimizer.clip_global_norm,
        "gradient_accumulation_steps": optimizer.accumulate if optimizer.accumulate > 1 else None,
    }
    for ours, theirs in row.settings.items():
        setting = getattr(optimizer, ours)
        if isinstance(theirs, tuple):
            given |= {name: float(part) for name, part in zip(theirs, setting, strict=True)}
        else:
            given[theirs] = setting if isinstance(setting, (bool, int)) else float(setting)
    return getattr(keras.optimizers, row.keras)(
        float(optimizer.learning_rate), **(given | row.more(optimizer))
    )


def settings_of(optimizer: Optimizer) -> dict[str, Any]:
    """The arguments of an optimizer, which it keeps by name, except the parameters."""
    names = inspect.signature(type(optimizer).__init__).parameters
    return {name: getattr(optimizer, name) for name in names if name not in ("self", "parameters")}


def rounded_settings(optimizer: Optimizer) -> dict[str, Any]:
    """The settings that Keras rounds to float32 even in float64, as it rounds them."""
    rounded = {}
    for name in OPTIMIZERS[type(optimizer)].rounded:
        exact = getattr(optimizer, name)
        as_keras = np.float32(exact).astype(float).tolist()
        if not np.array_equal(exact, as_keras):
            rounded[name] = tuple(as_keras) if isinstance(exact, tuple) else as_keras
    return rounded


def demand_optimizer(optimizer: Any) -> None:
    """Raises TypeError for an optimizer, or groups of parameters, that Keras does not have."""
    if type(optimizer) not in OPTIMIZERS:
        raise refusal(
            TypeError,
            f"compare has no counterpart in Keras for the optimizer {type(optimizer).__name__}.",
            ", ".join(kind.__name__ for kind in OPTIMIZERS),
        )
    for i, group in enumerate(optimizer.groups):
        own = {name: setting for name, setting in group.items() if name != "parameters"}
        if own not in ({}, {"weight_decay": 0}, {"weight_decay": None}):
            told = ", ".join(f"{name}={setting!r}" for name, setting in own.items())
            raise refusal(
                TypeError,
                f"Keras's optimizers have no groups of parameters, but groups[{i}] has {told}.",
                "the same settings for all parameters; weight_decay=0 is the one exception "
                "that Keras has, too",
            )


def inexact(named: dict[str, float]) -> list[str]:
    """The names of the numbers that float32 does not hold exactly."""
    return [name for name, x in named.items() if float(np.float32(x)) != x]
