"""The loop: predict, measure, go back, step; and the same without the last two, to judge."""

from __future__ import annotations

import cmath
import functools
import inspect
import math
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinygrad_edu.data import DataLoader
from tinygrad_edu.diagnostics.words import answering, on_one_line, refusal, shortened, user_line
from tinygrad_edu.modes import no_grad
from tinygrad_edu.nn import Module
from tinygrad_edu.optim import Optimizer
from tinygrad_edu.optim.schedules import ReduceOnPlateau, Schedule
from tinygrad_edu.tensor import Tensor, value
from tinygrad_edu.training.batches import Grouped, batches_of, loader_of, split_off, weights_of
from tinygrad_edu.training.callbacks import Callback
from tinygrad_edu.training.history import History
from tinygrad_edu.training.progress import Progress
from tinygrad_edu.training.running_metrics import Means, name_of
from tinygrad_edu.training.signals import CtrlC

FIT = {  # what arguments of Keras's `fit` are called here
    "validation_data": "validation=(x_test, y_test)",
    "verbose": "progress=False, to show nothing",
    "initial_epoch": "resume=folder, with callbacks=[Checkpoint(folder)]",
    "optimizer": "Trainer(model, loss, optimizer)",
    "loss": "Trainer(model, loss, optimizer)",
    "metrics": "Trainer(model, loss, optimizer, metrics=[accuracy])",
    "lr": "optim.Adam(model.parameters(), lr=0.001)",
    "learning_rate": "optim.Adam(model.parameters(), lr=0.001)",
}


@dataclass
class Run:
    """Where a call of `fit` stands."""

    loader: Any
    validation: Any
    callbacks: list[Callback]
    names: list[str]  # of what an epoch is judged by
    means: Means
    epoch: int = 1  # that is being trained
    batch: int = 0  # batches of it that are done
    steps: int = 0  # batches that are done in all
    interrupted: bool = False
    resumed: Any = None  # the folder whose checkpoint it goes on from
    rest: Iterator | None = None  # of the batches of an epoch that it goes on with
    random: dict[str, Any] | None = None  # every random generator that the run draws from
    facts: dict[str, str] | None = None  # what decides its numbers, see training/fingerprint.py
    loader_at_start: dict[str, Any] = field(default_factory=dict)  # its generators, at the epoch's


class Trainer:
    """Trains a model: `fit`, `evaluate`, `predict`, as in Keras.

    loss       (prediction, target) -> Tensor, the mean over the batch; for weighted samples also
               sample_weight=. What `model.penalty()` gives is added.
    metrics    functions (prediction, target) -> number, shown and kept under their names: means over the
               samples, but of a metric with the attribute `whole` its value on all of an epoch

    history         what happened in all calls of `fit`
    stop_training   a callback sets it to end the training after this batch
    """

    def __init__(
        self,
        model: Module,
        loss: Callable[..., Tensor],
        optimizer: Optimizer,
        *,
        metrics: Sequence[Callable[[Any, Any], float]] = (),
    ):
        for name, thing, fits, hint in (
            ("model", model, isinstance(model, Module), "nn.Sequential(...)"),
            ("loss", loss, callable(loss) and not isinstance(loss, type), "nn.cross_entropy"),
            (
                "optimizer",
                optimizer,
                isinstance(optimizer, Optimizer),
                "optim.Adam(model.parameters())",
            ),
            (
                "metrics",
                metrics,
                isinstance(metrics, (list, tuple)) and all(map(callable, metrics)),
                "[accuracy]",
            ),
        ):
            if not fits:
                raise refusal(
                    TypeError,
                    f"Trainer({name}={shortened(thing)}): not what it wants.",
                    f"{name}={hint}",
                )
        _demand_parameters_of(model, optimizer)
        self.model, self.loss, self.optimizer = model, loss, optimizer
        self.metrics = {name_of(metric): metric for metric in metrics}
        if len(self.metrics) < len(metrics) or "loss" in self.metrics:
            raise refusal(
                ValueError,
                "Trainer(metrics=...): the names "
                f"{', '.join(['loss', *map(name_of, metrics)])} are not all different.",
                "a function of another name around one of them",
            )
        self.history = History()
        self.stop_training = False
        self.penalized = self._is_penalized()
        self.buffers = [buffer for _, buffer in model.named_buffers()]

    def train_step(
        self, x: Any, y: Any, weight: Any = None, judge: Callable[[float, Any], Any] | None = None
    ) -> tuple[float, Any]:
        """One batch: the loss before the step, and the prediction.

        judge   called with both before anything is learned, so that what it refuses changes nothing

        The model is put into training mode, and stays there.

        Raises FloatingPointError if the loss is not finite, RuntimeError if it depends on no parameter;
        then nothing has been learned from it. After every error buffers, such as moving means, are as they
        were.
        """
        if not self.model.training:
            self.model.train()
        before = [(buffer, buffer.data.copy()) for buffer in self.buffers]
        try:
            loss, prediction = self._loss(x, y, weight)
            number = loss.item()
            if not cmath.isfinite(number):
                raise FloatingPointError(self._why_not_finite(number, x, y))
            if not (isinstance(loss, Tensor) and loss.requires_grad):
                raise RuntimeError(self._where_cut(x))
            if judge is not None:
                judge(number, value(prediction))
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
        except Exception:
            for buffer, numbers in before:
                buffer.data[...] = numbers
            raise
        return number, value(prediction)

    @answering(FIT)
    def fit(
        self,
        x: Any,
        y: Any = None,
        *,
        epochs: int = 1,
        batch_size: int = 32,
        shuffle: bool = True,
        seed: Any = None,
        validation: Any = None,
        validation_split: float = 0.0,
        sample_weight: Any = None,
        class_weight: Any = None,
        callbacks: Sequence[Callback] = (),
        resume: str | os.PathLike[str] | None = None,
        progress: bool = True,
    ) -> History:
        """Trains for some epochs and returns the history.

        x, y             arrays; x may be a tuple or a dict of arrays, for model(*x) or model(**x). Or x
                         alone: a DataLoader, anything with a length that gives batches (x, y) or
                         (x, y, weight), or a data set with len() and [i], which gives samples
        seed             decides the order of the batches. With layers that got `rng=`, it makes the
                         whole run repeatable to the last bit
        validation       (x, y) or (x, y, weight), or batches, that are not trained on: judged after each
                         epoch
        validation_split the last part of x and y, set aside for it before any shuffling
        sample_weight    (n,): how much each sample counts in the loss
        class_weight     {class: weight}, others 1, or an array (K,): the same by class, in training only
        callbacks        told of everything in turn; a Checkpoint comes last, to see what others have noted
        resume           a folder with checkpoints, to go on from the newest; an empty one starts anew. The
                         run must be the same but for its epochs, of which there may be more

        The values shown are means over the batches as they were seen, as in Keras. Ctrl-C stops after the
        batch, with weights and history intact; a second one stops at once. However it ends, it leaves the
        model in eval mode, ready for use: model(x) drops nothing, and moving means stay as they are. (While
        the batches of an epoch are learned from it is in training mode, not so in `on_epoch_end`.)

        Raises ValueError for bad settings, an empty loader, and arrays of different lengths, before
        anything has changed; FloatingPointError when a loss is not finite, before it is learned from.
        """
        if not isinstance(epochs, (int, np.integer)) or epochs < 0:
            raise refusal(ValueError, f"fit(epochs={epochs!r}): a whole number, 0 or more.")
        weight = weights_of(y, sample_weight, None, self._dtype())
        if validation_split:
            if validation is not None:
                raise refusal(ValueError, "fit got validation and validation_split.", "one of them")
            (x, y, weight), validation = split_off(x, y, weight, validation_split)
        if class_weight is not None:  # they weigh what is learned from, not what it is judged by
            weight = weights_of(y, weight, class_weight, self._dtype())
        if weight is not None:
            self._demand_weights()
        if validation is not None:
            validation = validation_loader(validation)
        loader = loader_of(x, y, weight, batch_size=batch_size, shuffle=shuffle, seed=seed)
        names = ["loss", *self.metrics]
        names += [f"val_{name}" for name in names] if validation is not None else []
        run = self.run = Run(loader, validation, in_turn(callbacks), names, Means(self.metrics))
        drawn = any(callback.draws for callback in run.callbacks)
        history = None if drawn else self.history
        shown = Progress(epochs, len(loader), history=history) if progress else None
        self._train(run, epochs, resume, shown)
        return self.history

    def _train(self, run: Run, epochs: int, resume: Any, shown: Progress | None) -> None:
        found = None
        if resume is not None:
            from tinygrad_edu.training import checkpoint  # not everybody needs it

            run.resumed = os.fspath(resume)
            found = checkpoint.newest(run.resumed)
        self.stop_training, self.penalized = False, self._is_penalized()
        self.first_lr = self.optimizer.lr
        self.buffers = [buffer for _, buffer in self.model.named_buffers()]
        for callback in run.callbacks:
            callback.trainer = self
            callback.on_train_begin()
        if found:
            checkpoint.restore(self, *found)
            if shown:
                shown.say(self._goes_on(found[0], epochs))
        try:
            with CtrlC() as ctrl_c:
                while run.epoch <= epochs and not run.interrupted:
                    if self.stop_training and not run.batch:  # what has begun is finished
                        break
                    self._epoch(run, ctrl_c, shown)
        finally:
            self.model.eval()
        if run.interrupted:
            where = f"batch {run.batch} of epoch {run.epoch}"
            line = (
                f"Ctrl-C: stopped after {where if run.batch else f'epoch {run.epoch - 1}'}; "
                "weights and history are as they were then"
            )
            shown.say(line) if shown else print(line)
        for callback in run.callbacks:
            callback.on_train_end()

    def _goes_on(self, source: str, epochs: int) -> str:
        run = self.run
        done = f"epoch {run.epoch - 1}" + (
            f" and batch {run.batch} of the next" if run.batch else ""
        )
        if run.epoch > epochs and not run.batch:
            return f"{source}: all {epochs} epochs were done; nothing is left to do"
        if self.stop_training and not run.batch:
            return f"{source}: a callback stopped this run after {done}; nothing is left to do"
        return f"goes on from {source}, after {done}, step {run.steps}"

    def _epoch(self, run: Run, ctrl_c: CtrlC, shown: Progress | None) -> None:
        """One epoch, or the rest of one."""
        epoch, means = run.epoch, run.means
        on_batch_begin = overridden(run.callbacks, "on_batch_begin")
        on_batch_end = overridden(run.callbacks, "on_batch_end")
        self.model.train()
        for callback in run.callbacks:
            callback.on_epoch_begin(epoch)
        batches = batches_of(run.loader) if run.rest is None else run.rest
        run.rest = None

        def judge(loss: float, prediction: Any) -> None:
            means.add(len(yb), loss, prediction, yb)

        for xb, yb, *weight in () if self.stop_training else batches:
            i = run.batch + 1
            for tell in on_batch_begin:
                tell(i)
            try:
                self.train_step(xb, yb, weight[0] if weight else None, judge)
            except FloatingPointError as error:
                raise FloatingPointError(f"batch {i} of epoch {epoch}: {error}") from error
            run.batch = i
            run.steps += 1
            run.interrupted = ctrl_c.pressed
            for tell in on_batch_end:
                tell(i)
            if shown and shown.live:
                shown.batch(epoch, i, means.values())
            if run.interrupted:
                return
            if self.stop_training:
                break
        if not means.samples:
            if self.stop_training:
                return
            raise refusal(
                ValueError,
                f"epoch {epoch}: the {type(run.loader).__name__} gave no batch: what can be "
                "walked through only once is empty the second time.",
                "list(...) of it",
            )
        self.model.eval()
        values = means.final()
        if run.validation is not None:
            judged = self._judge(run.validation)
            values |= {f"val_{name}": number for name, number in judged.items()}
        self.history.add(values)
        run.epoch, run.batch, run.means = epoch + 1, 0, Means(self.metrics)
        run.interrupted = ctrl_c.pressed
        if shown:
            shown.epoch(epoch, values, self._changing_rate())
        for callback in run.callbacks:
            callback.on_epoch_end(epoch, values)
        if epoch == 1:
            self._warn_of_plateaus()

    def _changing_rate(self) -> float | None:
        """The learning rate of the next step, if it may be another than that of the first."""
        lr = self.optimizer.lr
        if callable(lr) or lr != self.first_lr:
            return self.optimizer.learning_rate
        return None

    def _warn_of_plateaus(self) -> None:
        """A schedule that was told nothing in a whole epoch never will be."""
        for where, lr in self.optimizer.learning_rates():
            lr = getattr(lr, "after", lr)
            if isinstance(lr, ReduceOnPlateau) and math.isinf(lr.best):
                warnings.warn(
                    f"ReduceOnPlateau, the {where} of {type(self.optimizer).__name__}, was told nothing in "
                    f"epoch 1, and so will never reduce it.{user_line()}\n  Try: "
                    'callbacks=[Observe(plateau, "val_loss")], with Observe from tinygrad_edu.training',
                    stacklevel=2,
                )

    @answering(FIT)
    def evaluate(
        self, x: Any, y: Any = None, *, sample_weight: Any = None, batch_size: int = 1024
    ) -> dict[str, float]:
        """Loss and metrics on data, in eval mode, with `optimizer.averaged()`; nothing is learned."""
        weight = weights_of(y, sample_weight, None, self._dtype())
        self.penalized = self._is_penalized()
        return self._judge(loader_of(x, y, weight, batch_size=batch_size))

    def _judge(self, loader: Any) -> dict[str, float]:
        means = Means(self.metrics)
        training = self.model.training
        self.model.eval()
        try:
            with no_grad(), self.optimizer.averaged():
                for xb, yb, *weight in batches_of(loader):
                    loss, prediction = self._loss(xb, yb, *weight)
                    means.add(len(yb), loss.item(), value(prediction), yb)
        finally:
            self.model.train(training)
        return means.final()

    def predict(self, x: Any, *, batch_size: int = 1024) -> np.ndarray:
        """The model's output for all of x, in eval mode, with `optimizer.averaged()`, as one array."""
        several = isinstance(x, (tuple, dict))
        loader = (Grouped if several else DataLoader)(x, batch_size=batch_size)
        training = self.model.training
        self.model.eval()
        try:
            with no_grad(), self.optimizer.averaged():
                parts = [value(self._prediction(xb)) for (xb,) in loader]
        finally:
            self.model.train(training)
        return np.concatenate(parts)

    def _prediction(self, x: Any) -> Any:
        if isinstance(x, tuple):
            return self.model(*x)
        return self.model(**x) if isinstance(x, dict) else self.model(x)

    def _loss(self, x: Any, y: Any, weight: Any = None) -> tuple[Tensor, Any]:
        prediction = self._prediction(x)
        if weight is None:
            loss = self.loss(prediction, y)
        else:
            self._demand_weights()
            loss = self.loss(prediction, y, sample_weight=weight)
        return (loss + self.model.penalty() if self.penalized else loss), prediction

    def _is_penalized(self) -> bool:
        """Is there any regularizer? Without one, walking through the model each step would be for nothing."""
        return isinstance(self.model.penalty(), Tensor)

    def _dtype(self) -> Any:
        """The precision of the model, and so of weights."""
        return next((p.dtype for p in self.model.parameters()), np.dtype(np.float32))

    @functools.cached_property
    def _loss_takes_weights(self) -> bool:
        try:
            takes = inspect.signature(self.loss).parameters
        except ValueError:  # a function without a signature: it will say so itself
            return True
        return "sample_weight" in takes or any(p.kind is p.VAR_KEYWORD for p in takes.values())

    def _demand_weights(self) -> None:
        if not self._loss_takes_weights:
            raise refusal(
                TypeError,
                f"samples have weights, but the loss {name_of(self.loss)} takes no sample_weight.",
                "a loss (prediction, target, sample_weight=None)",
            )

    def _why_not_finite(self, loss: Any, x: Any, y: Any) -> str:
        """Is it the data, the weights, or what the one makes of the other?"""
        head = f"the loss is {loss}, and nothing was learned from it"
        inputs = list(x.values()) if isinstance(x, dict) else x if isinstance(x, tuple) else [x]
        for name, part in (*(("x", part) for part in inputs), ("the targets", y)):
            array = np.asarray(value(part))
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                row = np.argwhere(~np.isfinite(array))[0].tolist()
                return (
                    f"{head}: {name} of this batch has {np.count_nonzero(~np.isfinite(array))} numbers "
                    f"that are not finite, the first at {row}.{user_line()}\n  Try: drop those rows, or fill "
                    "them in"
                )
        for path, parameter in self.model.named_parameters():
            if not np.isfinite(parameter.data).all():
                return (
                    f"{head}: the weights {path} are not finite any more.{user_line()}\n  Try: a smaller "
                    f"learning rate than {self.optimizer.lr}, from new weights"
                )
        return (
            f"{head}: the data and the weights are finite, but {self._first_not_finite(x)}."
            f"{user_line()}\n  Try: with debug(): to see the operation, a smaller learning rate than "
            f"{self.optimizer.lr}, or data of size 1"
        )

    def _first_not_finite(self, x: Any) -> str:
        """The layer that first makes too large numbers of x."""
        found: list[str] = []

        def look(called: str, module: Module, y: Any) -> None:
            y = np.asarray(value(y))
            if not found and y.dtype.kind in "fc" and not np.isfinite(y).all():
                count = y.size - np.count_nonzero(np.isfinite(y))
                found.append(f"{called} gives {count} of {y.size} numbers that are not")

        with no_grad():
            self._run_again(x, look)
        return found[0] if found else f"{name_of(self.loss)} makes too large numbers of its output"

    def _where_cut(self, x: Any) -> str:
        """The layer whose output first has no way back to its parameters."""
        found: list[str] = []

        def look(called: str, module: Module, y: Any) -> None:
            remembers = isinstance(y, Tensor) and y.requires_grad
            learned = any(p.requires_grad for p in module.parameters())
            if not found and learned and not remembers and isinstance(y, (Tensor, np.ndarray)):
                found.append(f"{called} gives a {type(y).__name__} that does not remember them")

        self._run_again(x, look)
        if not any(p.requires_grad for p in self.model.parameters()):
            return f"every parameter of the model is frozen.{user_line()}\n  Try: model.unfreeze()"
        where = found[0] if found else f"the loss {name_of(self.loss)} gives a number that does not"
        return (
            f"the loss depends on no parameter of the model: {where}.{user_line()}\n  Try: that place "
            "without .data, detach(), float(...), argmax and Tensor(...), which cut the graph"
        )

    def _run_again(self, x: Any, look: Callable[[str, Module, Any], None]) -> None:
        """Runs the model once more, and calls look(name, module, output) after every module."""
        from tinygrad_edu.training.checkpoint import generators, set_states, states

        paths = {id(module): path for path, module in self.model.named_modules()}

        def hook(module: Module, inputs: tuple, y: Any) -> None:
            path = paths.get(id(module))
            called = f"layer {path}" if path else "the model"
            look(f"{called}, {on_one_line(module)},", module, y)

        weights, random = self.model.state_dict(), generators(self.model)
        drawn = states(random)
        modules = [module for _, module in self.model.named_modules()]
        hooks = [module.hooks for module in modules]
        try:
            for module in modules:
                module.hooks = (hook,)
            self._prediction(x)
        finally:
            for module, before in zip(modules, hooks, strict=True):
                module.hooks = before
            self.model.load_state_dict(weights)
            set_states(random, drawn)

    def __repr__(self) -> str:
        return (
            f"Trainer({type(self.model).__name__}, {name_of(self.loss)}, {self.optimizer!r}, "
            f"{len(self.history)} epochs done)"
        )


def _demand_parameters_of(model: Module, optimizer: Optimizer) -> None:
    """Refuses an optimizer that would learn nothing of the model, such as that of an earlier one."""
    own = {id(p) for p in model.parameters()}
    if own and not any(id(p) in own for p in optimizer.parameters):
        raise refusal(
            ValueError,
            f"Trainer: none of the {len(optimizer.parameters)} parameters of {optimizer!r} is "
            f"in the model, a {type(model).__name__}.",
            f"a new optimizer, {type(optimizer).__name__}(model.parameters()), for a new model",
        )


def validation_loader(validation: Any) -> Any:
    """(x, y) or (x, y, weight) as batches; or batches as they are."""
    if isinstance(validation, (tuple, list)) and len(validation) in (2, 3):
        return loader_of(*validation, batch_size=1024)
    if isinstance(validation, (tuple, list, np.ndarray)) or not hasattr(validation, "__len__"):
        raise refusal(
            ValueError,
            f"fit(validation=...) wants a pair, not {type(validation).__name__}.",
            "validation=(x_test, y_test)",
        )
    return loader_of(validation, None, batch_size=1024)


def in_turn(callbacks: Any) -> list[Callback]:
    """Callbacks in the order of their turns, and of the list."""
    given = callbacks if isinstance(callbacks, (list, tuple)) else [callbacks]
    strange = [callback for callback in given if not isinstance(callback, Callback)]
    if strange or given is not callbacks:
        hint = "callbacks=[EarlyStopping(patience=3)]"
        if not strange:
            hint = f"callbacks=[{type(callbacks).__name__}(...)], in brackets"
        elif isinstance(strange[0], ReduceOnPlateau):
            hint = 'lr=plateau of the optimizer, and callbacks=[Observe(plateau, "val_loss")]'
        elif isinstance(strange[0], Schedule):
            hint = (
                f"lr={type(strange[0]).__name__}(...) of the optimizer, which asks it at each step"
            )
        raise refusal(
            TypeError, f"fit(callbacks={shortened(callbacks)}): a list of Callbacks.", f"{hint}"
        )
    return sorted(callbacks, key=lambda callback: callback.turn)


def overridden(callbacks: list[Callback], name: str) -> list[Callable]:
    """The methods of that name, of the callbacks that have one of their own."""
    return [
        getattr(callback, name)
        for callback in callbacks
        if getattr(type(callback), name) is not getattr(Callback, name)
    ]
