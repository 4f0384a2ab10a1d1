"""What else happens while a model trains: stop early, keep a log, measure the time.

The trainer calls the methods of its callbacks when something begins or ends; the names are Keras's. Epochs
and batches are counted from 1, as in the lines that `fit` prints.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from tinygrad_edu.diagnostics.words import alike, refusal, shortened
from tinygrad_edu.nn import Module
from tinygrad_edu.optim import EMA, Optimizer
from tinygrad_edu.training.history import History
from tinygrad_edu.training.run import Run


class Training(Protocol):
    """What a callback may use of its trainer."""

    model: Module
    loss: Callable[..., Any]
    optimizer: Optimizer
    metrics: dict[str, Callable[[Any, Any], float]]
    callbacks: list[Callback]
    history: History
    run: Run
    first: float | None
    columns: dict[str, list[str]]
    stop_training: bool

    def predict(self, x: Any) -> Any: ...


class Callback:
    """Base of callbacks: override the methods you need; the others cost nothing.

        class Stop(Callback):
            def on_epoch_end(self, epoch, values):
                if values["loss"] < 0.1:
                    self.trainer.stop_training = True

    self.trainer    set before `on_train_begin`: its model, optimizer, history and so on
    values          name -> number, of the epoch that has ended

    A run that resumes from a checkpoint calls `on_train_begin`, then `load_state_dict` with what
    `state_dict` gave, then `on_epoch_begin` of the epoch that it continues.
    """

    trainer: Training
    turn = 0  # those with a smaller number are called first; equal ones in the order of the list
    writes = (
        False  # True if it writes files: of several processes that train together, one alone does
    )
    draws = False  # True if it draws curves, so that the progress in a notebook need not

    def on_train_begin(self) -> None:
        """Before the first batch. Raise errors about the settings here, where nothing has changed yet."""

    def on_epoch_begin(self, epoch: int) -> None: ...

    def on_batch_begin(self, batch: int) -> None:
        """After the batch is loaded, before the model sees it."""

    def on_batch_end(self, batch: int) -> None:
        """After the optimizer's step."""

    def on_epoch_end(self, epoch: int, values: dict[str, float]) -> None:
        """After validation. `values` are in the history already."""

    def on_train_end(self) -> None:
        """After the last batch, also if training was stopped; not after an error."""

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint must save: arrays, numbers, strings, and dicts and lists of them."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None: ...


def overridden(callbacks: list[Callback], name: str) -> list[Callable]:
    """The methods of that name, of the callbacks that override it."""
    return [
        getattr(callback, name)
        for callback in callbacks
        if getattr(type(callback), name) is not getattr(Callback, name)
    ]


class EarlyStopping(Callback):
    """Stops when a number has not improved for `patience` epochs, and restores the best weights.

    monitor     the number to watch, by its name in the history
    min_delta   a smaller improvement does not count
    mode        "min" or "max", whichever is better; "auto" knows it for losses and accuracies
    restore_best_weights    at the end of training, however it ended, load the weights of the best epoch

    This is Keras's rule, except that Keras restores the best weights only on demand, and keeps a first NaN
    as the best value; Prechelt (1998) compares others. Raises ValueError when training begins if the
    history will have no such number.
    """

    remembered = ("best", "best_epoch", "waited", "best_weights")

    def __init__(
        self,
        monitor: str = "val_loss",
        *,
        patience: int = 0,
        min_delta: float = 0.0,
        mode: str = "auto",
        restore_best_weights: bool = True,
    ):
        if not isinstance(patience, (int, np.integer)) or patience < 0:
            what = f"EarlyStopping(patience={patience!r}): a number of epochs, 0 or more."
            raise refusal(ValueError, what, "patience=3")
        self.monitor, self.patience, self.min_delta = monitor, patience, abs(min_delta)
        self.sign = _sign("EarlyStopping", monitor, mode)
        self.restore_best_weights = restore_best_weights
        self.forget()

    def forget(self) -> None:
        self.best: float | None = None
        self.best_epoch = self.waited = 0
        self.best_weights: dict[str, Any] | None = None

    def on_train_begin(self) -> None:
        demand_monitored(self, self.monitor)
        self.forget()

    def on_epoch_end(self, epoch: int, values: dict[str, float]) -> None:
        now = values[self.monitor]
        self.waited += 1
        # NaN is no best value: the first number is better than it.
        first = self.best is None and not np.isnan(now)
        if first or (
            self.best is not None and self.sign * now - self.min_delta > self.sign * self.best
        ):
            self.best, self.best_epoch, self.waited = now, epoch, 0
            if self.restore_best_weights:
                with self.trainer.optimizer.averaged():  # the weights that were evaluated
                    self.best_weights = self.trainer.model.state_dict()
        elif self.waited >= self.patience:
            self.trainer.stop_training = True

    def on_train_end(self) -> None:
        if self.best_weights is not None:
            self.trainer.model.load_state_dict(self.best_weights)
            self.trainer.optimizer.forget_average()

    def state_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.remembered}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for name in self.remembered:
            setattr(self, name, state[name])


class Observe(Callback):
    """Calls `schedule.observe(value)` after each epoch, for schedules that depend on a result.

        plateau = optim.schedules.ReduceOnPlateau(0.01)
        trainer = Trainer(model, loss, optim.Adam(model.parameters(), lr=plateau))
        trainer.fit(..., callbacks=[Observe(plateau, "val_loss")])

    Checkpoints save the schedule's state_dict(), if it has one. Schedules that depend on the step alone
    need no callback: the optimizer calls them itself.
    """

    def __init__(self, schedule: Any, monitor: str = "val_loss"):
        if not callable(getattr(schedule, "observe", None)):
            raise refusal(
                TypeError,
                f"Observe takes an object with observe(value), not {schedule!r}.",
                "a schedule that depends on the step alone as lr= of the optimizer",
            )
        self.schedule, self.monitor = schedule, monitor

    def on_train_begin(self) -> None:
        demand_monitored(self, self.monitor)

    def on_epoch_end(self, epoch: int, values: dict[str, float]) -> None:
        self.schedule.observe(values[self.monitor])

    def state_dict(self) -> dict[str, Any]:
        return self.schedule.state_dict() if hasattr(self.schedule, "state_dict") else {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        if hasattr(self.schedule, "load_state_dict"):
            self.schedule.load_state_dict(state)


class AverageWeights(Callback):
    """Updates a moving average of the weights after each step. Keras's SwapEMAWeights.

        ema = optim.EMA(model.parameters(), 0.99)
        trainer.fit(..., callbacks=[AverageWeights(ema)])

    swap    at the end of training, however it ended, the model gets the averaged weights; otherwise
            `with ema.averaged():` uses them for a while

    Raises ValueError when training begins if the average belongs to another model.
    """

    def __init__(self, ema: EMA, *, swap: bool = True):
        if not isinstance(ema, EMA):
            raise refusal(
                TypeError,
                f"AverageWeights({shortened(ema)}): it takes an EMA.",
                "AverageWeights(optim.EMA(model.parameters(), 0.99))",
            )
        self.ema, self.swap = ema, swap

    def on_train_begin(self) -> None:
        own = {id(p) for p in self.trainer.model.parameters()}
        if not all(id(p) in own for p in self.ema.parameters):
            raise refusal(
                ValueError,
                "AverageWeights: its EMA is of parameters that are not in the model.",
                "optim.EMA(model.parameters()) of the model that is trained",
            )
        self.steps = self.trainer.optimizer.t

    def on_batch_end(self, batch: int) -> None:
        if self.trainer.optimizer.t == self.steps:  # gradients accumulate; no weight has changed
            return
        self.steps = self.trainer.optimizer.t
        self.ema.update()

    def on_train_end(self) -> None:
        if self.swap and self.ema.updates:
            self.ema.keep()

    def state_dict(self) -> dict[str, Any]:
        return {"steps": self.steps, **self.ema.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.steps = state["steps"]
        self.ema.load_state_dict({name: part for name, part in state.items() if name != "steps"})


class _Log(Callback):
    """A text file with a line per epoch, closed after each.

    A run that resumes from a checkpoint removes the lines that were written after it.
    """

    writes = True

    def __init__(self, path: str | os.PathLike[str]):
        self.path = os.fspath(path)
        self.kept = 0  # how many bytes of the file are valid; the rest will be overwritten

    def on_train_begin(self) -> None:
        open(self.path, "ab").close()  # raises now, and not after an epoch, if that is impossible

    def write(self, line: str) -> None:
        with open(self.path, "ab") as file:
            file.truncate(self.kept)
            self.kept += file.write(line.encode())

    def state_dict(self) -> dict[str, Any]:
        return {"kept": self.kept}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.kept = min(state["kept"], os.path.getsize(self.path))


class CSVLog(_Log):
    """Writes the history as a CSV table, a row per epoch: epoch,loss,val_loss,...

    Each call of `fit` starts the file anew.
    """

    def on_train_begin(self) -> None:
        super().on_train_begin()
        self.kept = 0

    def on_epoch_end(self, epoch: int, values: dict[str, float]) -> None:
        if not self.kept:
            self.write(",".join(["epoch", *values]) + "\n")
        self.write(",".join([str(epoch), *map(repr, values.values())]) + "\n")


class JSONLog(_Log):
    """Appends a JSON object per epoch to a file: {"epoch": 1, "seconds": 0.52, "loss": 0.3, ...}.

    NaN and infinite numbers become null, because JSON has none.
    """

    def on_train_begin(self) -> None:
        super().on_train_begin()
        self.kept = os.path.getsize(self.path)

    def on_epoch_begin(self, epoch: int) -> None:
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch: int, values: dict[str, float]) -> None:
        import json  # only programs with such a log need it

        line: dict[str, Any] = {"epoch": epoch, "seconds": time.perf_counter() - self.start}
        for name, number in values.items():
            line[name] = number if math.isfinite(number) else None
        self.write(json.dumps(line) + "\n")


class Timing(Callback):
    """Measures where the time goes.

    epochs      seconds of each epoch
    batches     mean seconds of a batch: forward, backward, step, and callbacks after it; for each epoch
    loading     share of the epoch spent waiting for batches; for each epoch
    """

    turn = 2  # called last, so that the work of other callbacks is not taken for loading

    def __init__(self) -> None:
        self.epochs: list[float] = []
        self.batches: list[float] = []
        self.loading: list[float] = []

    def on_epoch_begin(self, epoch: int) -> None:
        self.waited = self.worked = 0.0
        self.count = 0
        self.start = self.mark = time.perf_counter()

    def on_batch_begin(self, batch: int) -> None:
        now = time.perf_counter()
        self.waited += now - self.mark
        self.mark = now

    def on_batch_end(self, batch: int) -> None:
        now = time.perf_counter()
        self.worked += now - self.mark
        self.mark = now
        self.count += 1

    def on_epoch_end(self, epoch: int, values: dict[str, float]) -> None:
        seconds = time.perf_counter() - self.start
        self.epochs.append(seconds)
        self.batches.append(self.worked / max(self.count, 1))
        self.loading.append(self.waited / seconds)

    def __repr__(self) -> str:
        if not self.epochs:
            return "Timing of no epoch"
        n = len(self.epochs)
        return (
            f"Timing of {n} epoch{'s' if n > 1 else ''}: {sum(self.epochs) / n:.3g} s each, "
            f"{1e3 * sum(self.batches) / n:.3g} ms a batch, {sum(self.loading) / n:.0%} of the time loading"
        )


def demand_monitored(callback: Callback, monitor: str) -> None:
    """Refuses to watch a number that the history will not have."""
    names = callback.trainer.run.names
    if monitor not in names:
        hint = f"monitor={alike(monitor, names, 1, 0)[0]!r}"
        if monitor.startswith("val_"):
            hint = f"fit(..., validation_split=0.1), or {hint}"
        raise refusal(
            ValueError,
            f"{type(callback).__name__} watches {monitor!r}, but this training has "
            f"{', '.join(names)}.",
            hint,
        )


def _sign(who: str, monitor: str, mode: str) -> int:
    """+1 if a larger number is better, -1 if a smaller one is."""
    if mode == "auto":
        mode = "min" if monitor.endswith("loss") else "max" if monitor.endswith("accuracy") else ""
    if mode not in ("min", "max"):
        near = alike(monitor, ("loss", "val_loss", "accuracy", "val_accuracy"), 1, 0.8)
        hint = f"{near[0]!r}, if that is meant; or " if near and near[0] != monitor else ""
        raise refusal(
            ValueError,
            f"{who}: is it better if {monitor!r} is less, or more?",
            f'{hint}mode="min", or mode="max"',
        )
    return 1 if mode == "max" else -1
