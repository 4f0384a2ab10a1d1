"""What else happens while a model trains: stop in time, keep a log, take the time.

A callback is told when something begins and ends, in Keras's words, and may look at everything by
`self.trainer`. Epochs and batches are counted from 1, as in what training shows.
"""

from __future__ import annotations

import math
import os
import time
from typing import TYPE_CHECKING, Any

from tinygrad_edu.diagnostics.words import alike, refusal, shortened, user_line
from tinygrad_edu.optim import EMA

if TYPE_CHECKING:
    from tinygrad_edu.training.trainer import Trainer


class Callback:
    """Base of callbacks: override what is of interest, the rest costs nothing.

        class Stop(Callback):
            def on_epoch_end(self, epoch, values):
                if values["loss"] < 0.1:
                    self.trainer.stop_training = True

    self.trainer    set before `on_train_begin`: its model, optimizer and history
    values          name -> mean of the epoch, so far or (at its end, with validation) as a whole

    A run that goes on from a checkpoint begins again: `on_train_begin` is called, then
    `load_state_dict` with what `state_dict` gave, then `on_epoch_begin` of the epoch it goes on with.
    """

    trainer: Trainer
    turn = 0  # callbacks are told in the order of the list, but those with a greater number later
    draws = False  # does it draw the curves, so that the progress in a notebook need not?

    def on_train_begin(self) -> None:
        """Before the first batch. What cannot work is refused here, before anything has changed."""

    def on_epoch_begin(self, epoch: int) -> None: ...

    def on_batch_begin(self, batch: int) -> None:
        """The batch has been loaded."""

    def on_batch_end(self, batch: int) -> None:
        """The step has been taken."""

    def on_epoch_end(self, epoch: int, values: dict[str, float]) -> None:
        """The history has the epoch."""

    def on_train_end(self) -> None:
        """After the last batch, also when training was stopped; not after an error."""

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint must keep: arrays, numbers, strings, and dicts and lists of them."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None: ...


class EarlyStopping(Callback):
    """Stops when a number has not become better for `patience` epochs; the model gets its best weights.

    monitor     a name of the history, "val_loss" as a rule
    min_delta   by how much it must become better to count
    mode        "min" or "max": is less better, or more? "auto" knows it of losses and accuracies
    restore_best_weights    at the end of training, however it ended, those of the best epoch

    Keras's rule to the letter (but that it restores the best weights only when asked to); Prechelt 1998
    compares others. Raises ValueError when training begins without such a number.
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
        if self.best is None or self.sign * now - self.min_delta > self.sign * self.best:
            self.best, self.best_epoch, self.waited = now, epoch, 0
            if self.restore_best_weights:
                with self.trainer.optimizer.averaged():  # the weights that gave this number
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
    """Shows a number to a schedule that goes by it: `schedule.observe(value)` after each epoch.

        plateau = optim.schedules.ReduceOnPlateau(0.01)
        trainer = Trainer(model, loss, optim.Adam(model.parameters(), lr=plateau))
        trainer.fit(..., callbacks=[Observe(plateau, "val_loss")])

    Checkpoints keep what its state_dict() gives, if it has one. Schedules that depend on the step alone
    need no callback: the optimizer asks them itself.
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
    """Takes the weights into an average after each step: `ema.update()`, and kept by checkpoints.

        ema = optim.EMA(model.parameters(), 0.99)
        trainer.fit(..., callbacks=[AverageWeights(ema)])

    swap    at the end of training, however it ended, the model gets the averaged weights; without it
            `with ema.averaged():` lends them

    Keras's SwapEMAWeights. Raises ValueError when training begins if the average is of another model.
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
        if self.trainer.optimizer.t != self.steps:  # while gradients accumulate, nothing has moved
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
    """A text file with a line per epoch, each written and closed at once.

    A run that goes on from a checkpoint takes back the lines that it does not know about.
    """

    def __init__(self, path: str | os.PathLike[str]):
        self.path = os.fspath(path)
        self.kept = 0  # bytes that are ours; what follows them is written over

    def on_train_begin(self) -> None:
        open(self.path, "ab").close()  # a path that cannot be written to is refused now

    def write(self, line: str) -> None:
        with open(self.path, "ab") as file:
            file.truncate(self.kept)
            self.kept += file.write(line.encode())

    def state_dict(self) -> dict[str, Any]:
        return {"kept": self.kept}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.kept = min(state["kept"], os.path.getsize(self.path))


class CSVLog(_Log):
    """epoch,loss,val_loss,...: a table of the history with a row per epoch, begun anew by each fit."""

    def on_train_begin(self) -> None:
        super().on_train_begin()
        self.kept = 0

    def on_epoch_end(self, epoch: int, values: dict[str, float]) -> None:
        if not self.kept:
            self.write(",".join(["epoch", *values]) + "\n")
        self.write(",".join([str(epoch), *map(repr, values.values())]) + "\n")


class JSONLog(_Log):
    """{"epoch": 1, "seconds": 0.52, "loss": 0.3, ...}: an object per line, appended to what is there.

    What is not finite becomes null, because JSON has no NaN.
    """

    def on_train_begin(self) -> None:
        super().on_train_begin()
        self.kept = os.path.getsize(self.path)

    def on_epoch_begin(self, epoch: int) -> None:
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch: int, values: dict[str, float]) -> None:
        import json  # as a program without a log has no need of it

        line: dict[str, Any] = {"epoch": epoch, "seconds": time.perf_counter() - self.start}
        for name, number in values.items():
            line[name] = number if math.isfinite(number) else None
        self.write(json.dumps(line) + "\n")


class Timing(Callback):
    """Where the time goes: seconds per epoch and per batch, and the share that loading them takes.

    epochs, batches, loading    one number per epoch: its seconds, the seconds of a batch (forward,
                                backward, step, and what callbacks do after it), and the share of the
                                epoch spent waiting for batches
    """

    turn = 2  # the work of other callbacks is not taken for loading

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
    names = callback.trainer.run.names
    if monitor not in names:
        hint = f"monitor={alike(monitor, names, 1, 0)[0]!r}"
        if monitor.startswith("val_"):
            hint = f"fit(..., validation_split=0.1), or {hint}"
        raise refusal(
            ValueError,
            f"{type(callback).__name__} watches {monitor!r}, but this training has "
            f"{', '.join(names)}.",
            f"{hint}",
        )


def _sign(who: str, monitor: str, mode: str) -> int:
    """+1 where more is better, -1 where less is."""
    if mode == "auto":
        mode = "min" if monitor.endswith("loss") else "max" if monitor.endswith("accuracy") else ""
    if mode not in ("min", "max"):
        near = alike(monitor, ("loss", "val_loss", "accuracy", "val_accuracy"), 1, 0.8)
        raise ValueError(
            f"{who}: is it better if {monitor!r} is less, or more?{user_line()}\n  Try: "
            + (f"{near[0]!r}, if that is meant; or " if near and near[0] != monitor else "")
            + 'mode="min", or mode="max"'
        )
    return 1 if mode == "max" else -1
