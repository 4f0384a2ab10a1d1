"""What went wrong in a training, in words: wrong arguments, losses that are not finite, graphs cut in two.

The trainer calls these functions when something is wrong, so that its loop reads without them.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import on_one_line, refusal, shortened, warn
from tinygrad_edu.nn import Module, Sequential
from tinygrad_edu.nn.module_checks import alike_starts
from tinygrad_edu.optim import Optimizer
from tinygrad_edu.optim.schedules import ReduceOnPlateau, Schedule
from tinygrad_edu.tensor import Tensor, value
from tinygrad_edu.training.batches import arrays_of, output_of, warn_of_scale
from tinygrad_edu.training.callbacks import Callback, Training
from tinygrad_edu.training.heads import Heads, name_of
from tinygrad_edu.training.random_states import generators, set_states, states
from tinygrad_edu.training.run import Run
from tinygrad_edu.training.structure import leaves
from tinygrad_edu.training.tables import demand_columns, place

# ----------------------------------------------------------------------------------------- arguments


def demand_trainable(model: Any, loss: Any, optimizer: Any, metrics: Any) -> None:
    """Refuses what a Trainer cannot be made of."""
    several = isinstance(loss, (dict, tuple, list))  # a loss, and metrics, for each output
    is_loss = several or (callable(loss) and not isinstance(loss, type))
    is_metrics = several or (isinstance(metrics, (list, tuple)) and all(map(callable, metrics)))
    for name, thing, fits, hint in (
        ("model", model, isinstance(model, Module), "nn.Sequential(...)"),
        ("loss", loss, is_loss, "nn.cross_entropy"),
        (
            "optimizer",
            optimizer,
            isinstance(optimizer, Optimizer),
            "optim.Adam(model.parameters())",
        ),
        ("metrics", metrics, is_metrics, "[accuracy]"),
    ):
        if not fits:
            raise refusal(
                TypeError,
                f"Trainer({name}={shortened(thing)}): of another kind.",
                f"{name}={hint}",
            )
    own = {id(p) for p in model.parameters()}
    if own and not any(id(p) in own for p in optimizer.parameters):
        raise refusal(
            ValueError,
            f"Trainer: none of the {len(optimizer.parameters)} parameters of {optimizer!r} is "
            f"in the model, a {type(model).__name__}.",
            f"a new optimizer, {type(optimizer).__name__}(model.parameters()), for a new model",
        )
    demand_all_parameters(model, optimizer)
    names = ["loss", *([] if several else map(name_of, metrics))]
    if len({*names}) < len(names):
        raise refusal(
            ValueError,
            f"Trainer(metrics=...): the names {', '.join(names)} are not all different.",
            "a function of another name around one of them",
        )
    if not isinstance(model, Sequential):  # which looked when it was made
        alike_starts(model)


def demand_all_parameters(model: Module, optimizer: Optimizer) -> None:
    """Refuses an optimizer that does not hold every parameter of the model that is to be learned."""
    held = {id(p) for p in optimizer.parameters}
    trainable = {path: p for path, p in model.named_parameters() if p.requires_grad}
    missing = [path for path, p in trainable.items() if id(p) not in held]
    if missing:
        kind = type(optimizer).__name__
        own = {id(p) for p in model.parameters()}
        strange = sum(id(p) not in own for p in optimizer.parameters)
        also = f", but {strange} that the model does not have" if strange else ""
        raise refusal(
            ValueError,
            f"{kind} does not hold {len(missing)} of the {len(trainable)} parameters that the model is to "
            f"learn: {', '.join(missing[:4])}{', ...' if len(missing) > 4 else ''}{also}; they would never "
            "change.",
            f"{kind}(model.parameters()), made after the last layer was added or replaced; or freeze() for "
            "what is not to be learned",
        )


def demand_settings(trainer: Training, epochs: Any, callbacks: Any, *weights: Any) -> None:
    """Refuses what `fit` cannot work with, before anything has changed."""
    if not isinstance(epochs, (int, np.integer)) or epochs < 0:
        raise refusal(ValueError, f"fit(epochs={epochs!r}): a whole number, 0 or more.")
    demand_all_parameters(trainer.model, trainer.optimizer)
    if any(weight is not None for weight in weights) and not takes_weights(trainer.loss):
        raise no_weights(trainer.loss)
    given = callbacks if isinstance(callbacks, (list, tuple)) else [callbacks]
    strange = [callback for callback in given if not isinstance(callback, Callback)]
    if given is callbacks and not strange:
        return
    hint = "callbacks=[EarlyStopping(patience=3)]"
    if not strange:
        hint = f"callbacks=[{type(callbacks).__name__}(...)], in brackets"
    elif isinstance(strange[0], ReduceOnPlateau):
        hint = 'lr=plateau of the optimizer, and callbacks=[Observe(plateau, "val_loss")]'
    elif isinstance(strange[0], Schedule):
        hint = f"lr={type(strange[0]).__name__}(...) of the optimizer, which calls it at each step"
    raise refusal(TypeError, f"fit(callbacks={shortened(callbacks)}): a list of Callbacks.", hint)


def look_at_new_data(trainer: Training, x: Any) -> None:
    """Refuses other columns than those of training, and warns of images that are not scaled as those were."""
    demand_columns(trainer.columns, x)
    run = getattr(trainer, "run", None)
    warn_of_scale(None if run is None else dict(arrays_of(run.loader)).get("x"), x)


def takes_weights(loss: Callable[..., Any]) -> bool:
    """Has the loss an argument `sample_weight`?"""
    if isinstance(loss, Heads):
        return all(map(takes_weights, loss.losses.values()))
    try:
        takes = inspect.signature(loss).parameters
    except ValueError:  # a function without a signature: its own error will tell
        return True
    return "sample_weight" in takes or any(p.kind is p.VAR_KEYWORD for p in takes.values())


def no_compiling_together() -> Exception:
    return refusal(
        ValueError,
        "Trainer(compile=True, comm=...): a replay does not know the other processes.",
        "one of them",
    )


def no_weights(loss: Callable[..., Any]) -> Exception:
    return refusal(
        TypeError,
        f"samples have weights, but the loss {name_of(loss)} takes no sample_weight.",
        "a loss (prediction, target, sample_weight=None)",
    )


def no_batch(run: Run) -> Exception:
    return refusal(
        ValueError,
        f"epoch {run.epoch}: the {type(run.loader).__name__} gave no batch; it may be an iterator, "
        "which is empty the second time.",
        "list(...) of it",
    )


def warn_of_idle_plateaus(optimizer: Optimizer) -> None:
    """Warns of schedules that have observed nothing in an epoch, and so never will."""
    for where, lr in optimizer.learning_rates():
        lr = getattr(lr, "after", lr)  # inside a Warmup
        if isinstance(lr, ReduceOnPlateau) and math.isinf(lr.best):
            warn(
                f"ReduceOnPlateau, the {where} of {type(optimizer).__name__}, was told nothing in epoch 1, "
                "and so will never reduce it.",
                'callbacks=[Observe(plateau, "val_loss")], with Observe from tinygrad_edu.training',
                stacklevel=2,
            )


# ---------------------------------------------------------------------------------- a step that fails


def not_finite(trainer: Training, loss: Any, x: Any, y: Any) -> Exception:
    """The error of a loss that is not finite: is it the data, the weights, or what they make together?"""
    what, hint = _not_finite(trainer, x, y)
    head = f"the loss is {loss}, and nothing was learned from it"
    return refusal(FloatingPointError, f"{head}: {what}.", hint)


def _not_finite(trainer: Training, x: Any, y: Any) -> tuple[str, str]:
    batch = [(name, np.asarray(value(part))) for name, part in leaves(x) + leaves(y, "y")]
    if not all(map(_is_finite, (array for _, array in batch))):
        run = getattr(trainer, "run", None)
        # In the data that were given, a row has the number that users know.
        data = [] if run is None else [*arrays_of(run.loader)]
        given = {} if run is None else dict(leaves(run.given))
        for arrays, which in ((data, ""), (batch, " of this batch")):
            for name, array in arrays:
                if not _is_finite(array):
                    bad = np.argwhere(~np.isfinite(array))
                    at = place(None if which else given.get(name), tuple(bad[0].tolist()))
                    return (
                        f"{name}{which} has {len(bad)} numbers that are not finite, in "
                        f"{len({*bad[:, 0].tolist()})} of {len(array)} rows, the first in {at}",
                        "drop those rows, or fill them in",
                    )
    lr = trainer.optimizer.lr
    for path, parameter in trainer.model.named_parameters():
        if not np.isfinite(parameter.data).all():
            return (
                f"the weights {path} are not finite any more",
                f"a smaller learning rate than {lr}, from new weights",
            )
    return (
        f"the data and the weights are finite, but {_first_not_finite(trainer, x)}",
        f"with debug(): to see the operation, a smaller learning rate than {lr}, or data of size 1",
    )


def _is_finite(array: np.ndarray) -> bool:
    return array.dtype.kind not in "fc" or bool(np.isfinite(array).all())


def _first_not_finite(trainer: Training, x: Any) -> str:
    """The first layer whose output is not finite."""
    found: list[str] = []

    def look(called: str, module: Module, y: Any) -> None:
        y = np.asarray(value(y))
        if not found and y.dtype.kind in "fc" and not np.isfinite(y).all():
            count = y.size - np.count_nonzero(np.isfinite(y))
            found.append(f"{called} gives {count} of {y.size} numbers that are not")

    _run_again(trainer.model, x, look)
    return found[0] if found else f"{name_of(trainer.loss)} makes too large numbers of its output"


def number_of(loss: Any) -> float:
    """The loss as a number, if it is a single one."""
    if np.size(value(loss)) != 1:
        raise refusal(
            ValueError,
            f"the loss has the shape {np.shape(value(loss))}, and training needs a single number.",
            "np.mean(...) of it in the loss function",
        )
    if not isinstance(loss, (Tensor, np.ndarray, np.generic)):
        raise refusal(
            TypeError,
            f"the loss is a {type(loss).__name__}, which does not remember how it was computed; metrics and "
            "float(...) give such numbers.",
            "a loss of nn, such as nn.mse, and metrics=[...] for what is only shown",
        )
    return loss.item()


def cut_graph(trainer: Training, x: Any) -> Exception:
    """The error of a loss that depends on no parameter: the first layer whose output forgets its own."""
    if not any(p.requires_grad for p in trainer.model.parameters()):
        return refusal(RuntimeError, "every parameter of the model is frozen.", "model.unfreeze()")
    found: list[str] = []

    def look(called: str, module: Module, y: Any) -> None:
        remembers = isinstance(y, Tensor) and y.requires_grad
        learned = any(p.requires_grad for p in module.parameters())
        if not found and learned and not remembers and isinstance(y, (Tensor, np.ndarray)):
            found.append(f"{called} gives a {type(y).__name__} that does not remember them")

    _run_again(trainer.model, x, look)
    where = found[0] if found else f"the loss {name_of(trainer.loss)} gives a number that does not"
    return refusal(
        RuntimeError,
        f"the loss depends on no parameter of the model: {where}.",
        "that place without .data, detach(), float(...) and Tensor(...), which cut the graph. argmax, round "
        "and comparisons such as == have no gradient: the loss is nn.cross_entropy, say, and the accuracy a "
        "metric",
    )


def _run_again(model: Module, x: Any, look: Callable[[str, Module, Any], None]) -> None:
    """Runs the model once more, and calls look(name, module, output) after every module.

    The random generators are put back, as the trainer does with buffers; other hooks are not called.
    """
    modules = [module for _, module in model.named_modules()]
    paths = {id(module): path for path, module in model.named_modules()}

    def hook(module: Module, inputs: tuple, y: Any) -> None:
        path = paths[id(module)]
        look(f"{f'layer {path}' if path else 'the model'}, {on_one_line(module)},", module, y)

    random = generators(model)
    drawn = states(random)
    hooks = [module.hooks for module in modules]
    try:
        for module in modules:
            module.hooks = (hook,)
        output_of(model, x)
    finally:
        for module, before in zip(modules, hooks, strict=True):
            module.hooks = before
        set_states(random, drawn)
