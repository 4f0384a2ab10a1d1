"""A training that can be killed at any instant and goes on as if nothing had happened.

A checkpoint is one .npz file: the arrays of model, optimizer and callbacks, and beside them `state`, a
JSON text with everything else, down to the states of the random generators. (No pickle: that may run a
stranger's program.) It is written whole, under another name, and then renamed, which file systems do at
one stroke: a name `checkpoint-...npz` never stands for half a file.
"""

from __future__ import annotations

import io
import os
import re
import types
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal, user_line
from tinygrad_edu.files import whole_file
from tinygrad_edu.nn.weight_files import write_npz
from tinygrad_edu.tensor import Tensor
from tinygrad_edu.training.batches import batches_of
from tinygrad_edu.training.callbacks import Callback
from tinygrad_edu.training.fingerprint import differences, facts, rate_called

if TYPE_CHECKING:
    from tinygrad_edu.training.trainer import Trainer

NAME = re.compile(r"checkpoint-(\d+)\.npz")
FORMAT = 1


class Checkpoint(Callback):
    """Saves the whole state of a training, for `fit(..., resume=folder)` to go on from.

        trainer.fit(x, y, epochs=10, callbacks=[Checkpoint("run", every_batches=50)], resume="run")

    This line can be run again after every kind of end, and leads to the very numbers, to the last bit, of
    a run that never ended: weights, optimizer, history, logs. An empty folder starts anew. More epochs may
    be asked for; everything else must be as it was, or `fit` refuses and lists what is not: the layers and
    their settings, loss, optimizer, learning rate, seeds, batch size, metrics, and data (by shape, dtype and
    a checksum). Weights to begin with are not compared, and callbacks may be others.

    every          save at the end of every so many epochs
    every_batches  and after every so many batches
    keep           the newest so many files stay; more than one, in case the newest is damaged

    The first is saved before the first batch, and one when Ctrl-C stops the training. Of a loader the order
    and the random generators in its attributes are known; in the middle of an epoch one of another kind than
    DataLoader is walked through up to there.

    Raises ValueError when training begins if the folder has checkpoints of another run.
    """

    turn = 1  # it saves what the others have noted

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
                f"{self.folder!r} has checkpoints of another run, which this one would write over.",
                f"fit(..., resume={self.folder!r}) to go on with that run, or another folder",
            )

        facts_of(self.trainer)  # as they are before training changes them

    def on_epoch_begin(self, epoch: int) -> None:
        run = self.trainer.run
        if run.batch == 0:  # in the middle of an epoch it came from the checkpoint
            run.loader_at_start = states(generators(run.loader))
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


# ------------------------------------------------------------------------------------------- the files


class DamagedError(ValueError):
    """The file is not a whole checkpoint."""


def found(folder: str) -> list[str]:
    """The checkpoints in a folder, oldest first. None if there is no such folder."""
    if not os.path.isdir(folder):
        return []
    names = {name: NAME.fullmatch(name) for name in os.listdir(folder)}
    numbered = sorted((int(match[1]), name) for name, match in names.items() if match)
    return [os.path.join(folder, name) for _, name in numbered]


def write(path: str, state: dict[str, Any]) -> None:
    """A whole new file or none, and on the disk when this returns."""
    import json  # as a program without checkpoints has no need of it

    arrays: dict[str, np.ndarray] = {}
    text = json.dumps(_without_arrays(state, "", arrays))
    arrays = {"state": np.frombuffer(text.encode(), np.uint8), **arrays}
    folder = os.path.dirname(path)
    unfinished = os.path.join(folder, "unfinished.draft")  # a killed writer's is written over
    with whole_file(path, unfinished) as draft, open(draft, "wb") as file:
        write_npz(file, arrays)
        file.flush()
        os.fsync(file.fileno())
    if os.name == "posix":  # the new name is on the disk only when the folder is
        entry = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(entry)
        finally:
            os.close(entry)


def read(path: str) -> dict[str, Any]:
    """What `write` wrote. Raises DamagedError for everything else, changed bytes included (each entry of
    an .npz has a checksum, a CRC, that is compared as it is read)."""
    import json

    with open(path, "rb") as file:
        content = io.BytesIO(file.read())
    try:
        with np.load(content, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        state = json.loads(arrays["state"].tobytes().decode())
        if state["format"] != FORMAT:
            raise ValueError(f"it has the format {state['format']}, known is {FORMAT}")
        return _with_arrays(state, arrays)
    except Exception as error:  # a changed byte can lead a reader anywhere
        raise DamagedError(f"{type(error).__name__}: {error}") from error


def newest(folder: str) -> tuple[str, dict[str, Any]] | None:
    """(path, state) of the newest whole checkpoint in a folder, None if there is not any.

    Warns of damaged ones. Raises ValueError if all are: to start anew would be to forget them silently; and
    for a file.
    """
    if os.path.isfile(folder):
        raise refusal(
            ValueError,
            f"a training goes on from the newest checkpoint in a folder, and {folder!r} is a file.",
            f"resume={os.path.dirname(folder) or '.'!r}",
        )
    damaged = []
    for path in reversed(found(folder)):
        try:
            state = read(path)
        except DamagedError as error:
            damaged.append(f"{path!r} is damaged ({error})")
        else:
            if damaged:
                warnings.warn(f"{'; '.join(damaged)}; training goes on from {path!r}", stacklevel=2)
            return path, state
    if damaged:
        raise refusal(
            ValueError,
            f"there is no whole checkpoint to go on from: {'; '.join(damaged)}; nothing was "
            "loaded.",
            f"delete {folder!r} to start anew",
        )
    return None


def _without_arrays(state: Any, path: str, arrays: dict[str, np.ndarray]) -> Any:
    """The state with {"npz entry": path} in the place of each array, which goes to `arrays`."""
    if isinstance(state, dict):
        inside = f"{path}/" if path else ""
        return {
            name: _without_arrays(part, f"{inside}{name}", arrays) for name, part in state.items()
        }
    if isinstance(state, (list, tuple)):
        return [_without_arrays(part, f"{path}/{i}", arrays) for i, part in enumerate(state)]
    if isinstance(state, (np.ndarray, np.generic)):
        arrays[path] = np.asarray(state)
        return {"npz entry": path}
    if state is None or isinstance(state, (bool, int, float, str)):
        return state
    raise refusal(
        TypeError,
        f"a checkpoint keeps arrays, numbers and strings, not {path} = {state!r}.",
        "a state_dict() of what it is made of",
    )


def _with_arrays(state: Any, arrays: dict[str, np.ndarray]) -> Any:
    if isinstance(state, dict):
        if state.keys() == {"npz entry"}:
            return arrays[state["npz entry"]]
        return {name: _with_arrays(part, arrays) for name, part in state.items()}
    return [_with_arrays(part, arrays) for part in state] if isinstance(state, list) else state


# ------------------------------------------------------------------------------------------- the state


def snapshot(trainer: Trainer) -> dict[str, Any]:
    """All that the rest of a training depends on, but for the data."""
    run = trainer.run
    return {
        "format": FORMAT,
        "model": trainer.model.state_dict(),
        "facts": facts_of(trainer),
        "optimizer": {"state": trainer.optimizer.state_dict()},
        "epoch": run.epoch,
        "batch": run.batch,
        "steps": run.steps,
        "means": run.means.state_dict(),
        "history": trainer.history.epochs,
        "stopped": trainer.stop_training,
        "callbacks": {name: c.state_dict() for name, c in named(run.callbacks).items()},
        "random": states(_all_generators(trainer)),
        "loader_at_start": run.loader_at_start,
    }


def restore(trainer: Trainer, source: str, state: dict[str, Any]) -> None:
    """Puts a training back to a snapshot of it.

    Raises ValueError if it is of another model, optimizer, loader, ...; then nothing has been changed.
    """
    run, model, optimizer = trainer.run, trainer.model, trainer.optimizer
    random = _all_generators(trainer)
    changed = _changed(trainer, state)
    if changed:
        raise ValueError(
            f"{source!r} is of another run; nothing was loaded. What is not the same:\n  "
            + "\n  ".join(changed)
            + f"{user_line()}\n  Try: another folder for a new run, which model.load({source!r}) would give "
            "the weights of this one; or the settings as they were, to go on with it"
        )
    before = model.state_dict()
    model.load_state_dict(state["model"], source=repr(source))
    try:
        optimizer.load_state_dict(state["optimizer"]["state"])
    except Exception:
        model.load_state_dict(before)
        raise
    run.facts = state["facts"]  # a learning rate may have changed since
    run.epoch, run.batch, run.steps = state["epoch"], state["batch"], state["steps"]
    run.means.load_state_dict(state["means"])
    run.loader_at_start = state["loader_at_start"]
    trainer.history.epochs = state["history"]
    trainer.stop_training = state["stopped"]
    for name, callback in named(run.callbacks).items():
        if name in state["callbacks"]:
            callback.load_state_dict(state["callbacks"][name])
    known = state["random"]
    if run.batch:  # the batches of this epoch are drawn again, from where they were drawn then
        set_states(generators(run.loader), run.loader_at_start)
        run.rest = batches_of(run.loader, run.batch)
        # and may have been ahead of the training, so that the loader's own generators stay as they are
        known = {path: rng for path, rng in known.items() if not path.startswith("loader")}
    set_states(random, known)


def _changed(trainer: Trainer, state: dict[str, Any]) -> list[str]:
    """What is not as it was when the run of a snapshot began, a line for each."""
    now, was = dict(facts_of(trainer)), state["facts"]
    for where, lr in trainer.optimizer.learning_rates():
        # a callback may have changed it since then
        if not callable(lr) and lr == state["optimizer"]["state"].get(where):
            now[rate_called(where)] = was.get(rate_called(where), "")
    return differences(was, now)


def facts_of(trainer: Trainer) -> dict[str, str]:
    """What this run is, asked for once, when it begins."""
    if trainer.run.facts is None:
        trainer.run.facts = facts(trainer, _all_generators(trainer))
    return trainer.run.facts


def named(callbacks: list[Callback]) -> dict[str, Callback]:
    """EarlyStopping, CSVLog, and CSVLog 2 if there is another."""
    names: dict[str, Callback] = {}
    for callback in callbacks:
        name, n = type(callback).__name__, 2
        while name in names:
            name, n = f"{type(callback).__name__} {n}", n + 1
        names[name] = callback
    return names


def generators(thing: Any) -> dict[str, np.random.Generator]:
    """path -> each random generator in the attributes of a thing, and in theirs."""
    return dict(_generators(thing, "", set()))


def _generators(thing: Any, path: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    if id(thing) in seen or isinstance(thing, (type, types.ModuleType, Tensor, np.ndarray)):
        return
    if isinstance(thing, np.random.Generator):
        seen.add(id(thing))
        yield path, thing
        return
    inside: Any
    if isinstance(thing, dict):
        inside = thing.items()
    elif isinstance(thing, (list, tuple)):
        inside = enumerate(thing)
    elif hasattr(thing, "__dict__"):
        inside = vars(thing).items()
    else:
        return
    seen.add(id(thing))
    for name, part in inside:
        if isinstance(part, (str, int, float)):  # a data set may have a million names
            continue
        yield from _generators(part, f"{path}.{name}" if path else str(name), seen)


def _all_generators(trainer: Trainer) -> dict[str, np.random.Generator]:
    run = trainer.run
    if run.random is None:
        run.random = generators(
            {
                "model": trainer.model,
                "loader": run.loader,
                "optimizer": trainer.optimizer,
                "loss": trainer.loss,
                "validation": run.validation,
            }
        )
    return run.random


def states(random: dict[str, np.random.Generator]) -> dict[str, Any]:
    return {path: rng.bit_generator.state for path, rng in random.items()}


def set_states(random: dict[str, np.random.Generator], known: dict[str, Any]) -> None:
    for path, state in known.items():
        random[path].bit_generator.state = state
