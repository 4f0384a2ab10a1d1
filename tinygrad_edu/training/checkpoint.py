"""Checkpoints: a training can be killed at any moment and resumed as if nothing had happened."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.files import DamagedFileError
from tinygrad_edu.files.damage import reason
from tinygrad_edu.files.lock import lock, unlock
from tinygrad_edu.training.batches import batches_of
from tinygrad_edu.training.callbacks import Callback, Training
from tinygrad_edu.training.checkpoint_files import found, remove_drafts, write
from tinygrad_edu.training.configuration import configuration, differences, rate_called
from tinygrad_edu.training.random_states import Generators, generators, set_states, states


class Checkpoint(Callback):
    """Saves the complete state of a training, for `fit(..., resume=folder)` to continue.

        trainer.fit(x, y, epochs=10, callbacks=[Checkpoint("run", every_batches=50)], resume="run")

    Run this line again after any interruption: it continues, and ends with exactly the weights, optimizer
    state, history and logs, to the last bit, of a run that was never interrupted. An empty folder starts
    anew. A run may be continued for more epochs. Everything else must be the same, or `fit` refuses and
    lists what differs: layers and their settings, loss, optimizer, learning rate, seeds, batch size,
    metrics, and data (by shape, dtype and a checksum). Functions are compared by name only, initial
    weights and callbacks not at all.

    every          save after every so many epochs
    every_batches  and after every so many batches
    keep           how many files to keep, the newest; more than one, in case the newest is damaged

    It also saves before the first batch, and when Ctrl-C stops the training. Of a loader, the order and
    the random generators in its attributes are saved; to resume within an epoch, loaders other than
    DataLoader are read through up to that batch.

    Raises ValueError when training begins if the folder has checkpoints of another run, RuntimeError if
    another process is training with them.
    """

    writes = True
    turn = 1  # called after other callbacks, to save the states that they have then

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        every: int = 1,
        every_batches: int | None = None,
        keep: int = 2,
    ):
        for name, number in (("every", every), ("every_batches", every_batches), ("keep", keep)):
            if number is None and name == "every_batches":
                continue
            if not isinstance(number, (int, np.integer)) or number < 1:
                raise refusal(
                    ValueError, f"Checkpoint({name}={number!r}): a whole number, 1 or more."
                )
        self.folder = os.fspath(folder)
        self.every, self.every_batches, self.keep = every, every_batches, keep

    def on_train_begin(self) -> None:
        os.makedirs(self.folder, exist_ok=True)
        resumed = self.trainer.run.resumed
        if found(self.folder) and not (resumed and os.path.samefile(resumed, self.folder)):
            raise refusal(
                ValueError,
                f"{self.folder!r} has checkpoints of another run, which would be overwritten.",
                f"fit(..., resume={self.folder!r}) to continue that run, or another folder",
            )
        if not lock(self.folder):
            raise refusal(
                RuntimeError,
                f"another process is saving its training to {self.folder!r}, and two would overwrite each "
                "other's checkpoints.",
                "another folder, or wait until that process has ended",
            )
        remove_drafts(self.folder)
        configuration_of(self.trainer)  # before training changes it

    def on_epoch_begin(self, epoch: int) -> None:
        run = self.trainer.run
        if run.batch == 0:  # otherwise the checkpoint has set them
            run.loader_states = states(generators(run.loader))
        if run.steps == 0:
            self.save()

    def on_batch_end(self, batch: int) -> None:
        due = self.every_batches and self.trainer.run.steps % self.every_batches == 0
        if due or self.trainer.run.interrupted:
            self.save()

    def on_epoch_end(self, epoch: int, values: dict[str, float]) -> None:
        if epoch % self.every == 0 or self.trainer.run.interrupted:
            self.save()

    def save(self) -> None:
        steps = self.trainer.run.steps
        write(os.path.join(self.folder, f"checkpoint-{steps:08d}.npz"), snapshot(self.trainer))
        for path in found(self.folder)[: -self.keep]:
            os.unlink(path)

    def on_train_end(self) -> None:
        unlock(self.folder)


def snapshot(trainer: Training) -> dict[str, Any]:
    """Everything that the rest of a training depends on, except for the data."""
    run = trainer.run
    return {
        "model": trainer.model.state_dict(),
        "configuration": configuration_of(trainer),
        "optimizer": trainer.optimizer.state_dict(),
        "epoch": run.epoch,
        "batch": run.batch,
        "steps": run.steps,
        "means": run.means.state_dict(),
        "history": trainer.history.history,
        "stopped": trainer.stop_training,
        "callbacks": {name: c.state_dict() for name, c in named(trainer.callbacks).items()},
        "random": states(generators_of(trainer)),
        "loader_states": run.loader_states,
    }


def restore(trainer: Training, source: str, state: dict[str, Any]) -> None:
    """Puts a training back to a snapshot of it.

    Raises ValueError if the snapshot is of another run: of another model, optimizer, loader and so on;
    DamagedFileError if it is none. Then nothing has been changed.
    """
    model, optimizer = trainer.model, trainer.optimizer
    before = model.state_dict(), optimizer.state_dict()
    try:
        demand_same_run(trainer, source, state)
        model.load_state_dict(state["model"], source=repr(source))
        optimizer.load_state_dict(state["optimizer"])
        _restore_run(trainer, state)
    except Exception as error:
        model.load_state_dict(before[0])
        optimizer.load_state_dict(before[1])
        if isinstance(error, ValueError):
            raise
        raise refusal(
            DamagedFileError,
            f"{source!r} is damaged, or no checkpoint of a training ({reason(error)}); nothing was loaded.",
            f"delete it, and resume from an older one in {os.path.dirname(source)!r}",
        ) from error


def _restore_run(trainer: Training, state: dict[str, Any]) -> None:
    run = trainer.run
    run.configuration = state["configuration"]
    run.epoch, run.batch, run.steps = state["epoch"], state["batch"], state["steps"]
    run.means.load_state_dict(state["means"])
    run.loader_states = state["loader_states"]
    trainer.history.clear()
    trainer.history.update(state["history"])
    trainer.stop_training = state["stopped"]
    for name, callback in named(trainer.callbacks).items():
        if name in state["callbacks"]:
            callback.load_state_dict(state["callbacks"][name])
    random = state["random"]
    if run.batch:  # draw the batches of this epoch again, and skip those that are done
        set_states(generators(run.loader), run.loader_states)
        run.rest = batches_of(run.loader, run.batch)
        # The loader's own generators stay as they are: when saved, it may have drawn batches in advance.
        random = {path: rng for path, rng in random.items() if not path.startswith("loader")}
    set_states(generators_of(trainer), random)


def demand_same_run(trainer: Training, source: str, state: dict[str, Any]) -> None:
    """Refuses a snapshot of a run with another configuration, and lists what differs."""
    was, now = state["configuration"], dict(configuration_of(trainer))
    for where, lr in trainer.optimizer.learning_rates():
        # A learning rate that a callback had changed by then, in a trainer that goes on with it.
        if not callable(lr) and lr == state["optimizer"].get(where):
            now[rate_called(where)] = was.get(rate_called(where), "")
    differ = differences(was, now)
    if differ:
        raise refusal(
            ValueError,
            f"{source!r} is of another run; nothing was loaded. What differs:\n  "
            + "\n  ".join(differ),
            f"another folder for a new run, which model.load({source!r}) would give the weights of this "
            "one; or the settings as they were, to continue it",
        )


def resume_message(trainer: Training, source: str, epochs: int) -> str:
    """What `fit` prints when it resumes."""
    run = trainer.run
    if run.epoch > epochs and not run.batch:
        return f"{source}: all {epochs} epochs were done; nothing is left to do"
    if trainer.stop_training and not run.batch:
        return f"{source}: a callback stopped this run after {run}; nothing is left to do"
    return f"resumes from {source}, after {run}, step {run.steps}"


def configuration_of(trainer: Training) -> dict[str, str]:
    """The configuration of this run, found out once, before the first step."""
    run = trainer.run
    if run.configuration is None:
        run.configuration = configuration(trainer, generators_of(trainer))
    return run.configuration


def generators_of(trainer: Training) -> Generators:
    """Every random generator that this run draws from, found once."""
    run = trainer.run
    if run.generators is None:
        run.generators = generators(
            {
                "model": trainer.model,
                "loader": run.loader,
                "optimizer": trainer.optimizer,
                "loss": trainer.loss,
                "validation": run.validation,
            }
        )
    return run.generators


def named(callbacks: list[Callback]) -> dict[str, Callback]:
    """name -> callback: EarlyStopping, CSVLog, and CSVLog 2 if there is another."""
    names: dict[str, Callback] = {}
    for callback in callbacks:
        name, n = type(callback).__name__, 2
        while name in names:
            name, n = f"{type(callback).__name__} {n}", n + 1
        names[name] = callback
    return names
