"""`tinygrad-edu train`: trains a network on a CSV file, into the folder of a run."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from tinygrad_edu.data import DataLoader, Transformed
from tinygrad_edu.nn import cross_entropy
from tinygrad_edu.programs.dataset import Examples, Split, read, size_of, split
from tinygrad_edu.programs.networks import augmentation, optimizer
from tinygrad_edu.programs.run import Run
from tinygrad_edu.programs.settings import Settings
from tinygrad_edu.training import (
    Checkpoint,
    CSVLog,
    EarlyStopping,
    Timing,
    Trainer,
    accuracy,
    f1,
    top_k_accuracy,
)
from tinygrad_edu.training.world import World, communicator


def train(
    csv: str, out: str, *, test_csv: str | None = None, resume: bool = False, **given: Any
) -> int:
    """Trains and evaluates a network. Returns an exit status: 0, or 130 after Ctrl-C.

    Started several times by mpiexec, it trains on all these processes together.

    given    settings; the others have their defaults. A resumed run keeps its settings, but may get another
             number of epochs
    """
    world = World(communicator())
    with world.printing_once():
        return _train(world, csv, out, test_csv, resume, given)


def _train(
    world: World, csv: str, out: str, test_csv: str | None, resume: bool, given: dict[str, Any]
) -> int:
    if resume and not world.from_first(lambda: os.path.isfile(out) or _has_files(out)):
        print(f"{out} has nothing to resume: a new run begins")  # it may have been killed before
        resume = False
    run = Run(out) if resume else None
    settings = replace(run.settings if run else Settings(), **given)
    if run:
        _demand_same_settings(run, settings)
    data = read(csv, settings, labeled=True)
    print_skipped(data)
    test = None
    if test_csv is not None:
        test = read(test_csv, settings, labeled=True)
        print_skipped(test)
    sets = split(data, settings, test)
    if run is None:
        world.from_first(lambda: Run.begin(out, settings, sets, csv, data.kind))
        run = Run(out)
    elif run.config["fingerprint"] != sets.fingerprint():
        raise ValueError(
            f"{out} was begun with other examples than those in {csv}"
            + (f" and {test_csv}" if test_csv else "")
            + ": to resume, give the same files (with the same --test, if there was one)"
        )
    old = run.result() if run.ended else {}
    if old.get("epochs", 0) > settings.epochs:
        print(
            f"{out} has trained for {old['epochs']} epochs, more than the {settings.epochs} asked for, and "
            f"is left unchanged. To continue: --epochs {2 * old['epochs']}"
        )
        return 0
    model = run.start()
    print(_about(sets, settings))
    print(f"\n{model.summary(sets.shape)}\n")

    x, y = sets.standardized(sets.train[0]), sets.train[1]
    validation = sets.standardized(sets.validation[0]), sets.validation[1]
    order, changes = np.random.default_rng([settings.seed, 1]).spawn(2)
    loader: Any = DataLoader(x, y, batch_size=settings.batch_size, shuffle=True, seed=order)
    if settings.augment:
        loader = Transformed(loader, augmentation(settings), seed=changes)
    trainer = Trainer(
        model,
        cross_entropy,
        optimizer(model, run.settings, len(loader)),
        metrics=[accuracy],
        comm=world.comm,
    )
    early, timing = EarlyStopping("val_loss", patience=settings.patience), Timing()
    log, checkpoint = CSVLog(run.file("history.csv")), Checkpoint(run.file("checkpoints"))
    with np.errstate(over="ignore", invalid="ignore"):  # fit raises a clearer error
        trainer.fit(
            loader,
            epochs=settings.epochs,
            validation=validation,
            callbacks=[early, timing, log, checkpoint],
            resume=run.file("checkpoints"),
        )

    stopped = trainer.run.interrupted
    seconds = float(np.median(timing.epochs)) if timing.epochs else old.get("seconds_per_epoch")
    result: dict[str, Any] = {
        "ended": not stopped,
        "epochs": len(trainer.history),
        "epochs_asked_for": settings.epochs,
        "best_epoch": early.best_epoch,
        "seconds_per_epoch": seconds,
        "validation": evaluate(trainer, *validation),
    }
    if len(sets.test[1]):
        result["test"] = evaluate(trainer, sets.standardized(sets.test[0]), sets.test[1])
    if world.is_first:
        run.finish(model, result)
    print(_end(run, result, csv, test_csv))
    return 130 if stopped else 0


def _has_files(folder: str) -> bool:
    return os.path.isdir(folder) and bool(os.listdir(folder))


def evaluate(trainer: Trainer, x: Any, y: Any) -> dict[str, float]:
    """Loss and accuracy on a set, over all its examples."""
    scores = trainer.predict(x)
    numbers = {
        "loss": float(trainer.loss(scores, y).item()),
        "accuracy": accuracy(scores, y),
        "f1": float(f1(scores, y, average="macro")),
    }
    if scores.shape[1] > 10:
        numbers["top_3"] = top_k_accuracy(scores, y, k=3)
    return numbers | {"correct": int((scores.argmax(axis=1) == y).sum()), "examples": len(y)}


def print_skipped(data: Examples) -> None:
    """Prints on stderr which images were skipped."""
    if data.skipped:
        n = len(data.skipped)
        print(f"{data.path}: {n} image{'s' * (n > 1)} skipped:", file=sys.stderr)
        for _, reason in data.skipped:
            print(f"  {reason.removeprefix(data.path + ': ')}", file=sys.stderr)


def _demand_same_settings(run: Run, settings: Settings) -> None:
    old, new = asdict(run.settings), asdict(settings)
    changed = [
        f"--{name.replace('_', '-')} was {old[name]} and is {new[name]}"
        for name in new
        if name != "epochs" and new[name] != old[name]
    ]
    if changed:
        raise ValueError(
            f"{run.path} was begun with other settings: {'; '.join(changed)}. Resume without them, or begin "
            "another run"
        )


def _about(sets: Split, settings: Settings) -> str:
    n = sets.sizes()
    text = f"{n['training']:,} pictures of {size_of(sets.shape)} for training, {n['validation']:,} for "
    text += "validation" + (f", {n['test']:,} for testing" if n["test"] else "")
    return f"{text}; {len(sets.classes)} classes; seed {settings.seed}"


def _end(run: Run, result: dict[str, Any], csv: str, test_csv: str | None) -> str:
    lines = [""]
    if not result["ended"]:
        test = f" --test {test_csv}" if test_csv else ""
        lines.append(
            f"Stopped after {result['epochs']} of {result['epochs_asked_for']} epochs. Everything is saved; "
            f"to continue: tinygrad-edu train {csv} --out {run.path}{test} --resume"
        )
    elif result["epochs"] < result["epochs_asked_for"]:
        lines.append(
            f"Stopped early: the validation loss was smallest after epoch {result['best_epoch']}, whose "
            "weights are kept."
        )
    for name in ("validation", "test"):
        if name in result:
            r = result[name]
            top = f", top-3 accuracy {100 * r['top_3']:.2f} %" if "top_3" in r else ""
            lines.append(
                f"{name.capitalize()} accuracy: {100 * r['accuracy']:.2f} % "
                f"({r['correct']:,} of {r['examples']:,}), macro F1 {r['f1']:.4f}{top}"
            )
    lines.append(f"The run: {run.path}. To see it: tinygrad-edu show {run.path}")
    return "\n".join(lines)
