"""`tinygrad-edu train`: a CSV file in, a run's folder out."""

from __future__ import annotations

import sys
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from tinygrad_edu.data import DataLoader, Transformed
from tinygrad_edu.nn import cross_entropy
from tinygrad_edu.programs.dataset import Examples, Parts, parts_of, read, size_of, standardized
from tinygrad_edu.programs.run import Run
from tinygrad_edu.programs.settings import Settings, moved, optimizer
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


def train(
    csv: str,
    out: str,
    given: dict[str, Any],
    *,
    test_csv: str | None = None,
    resume: bool = False,
) -> bool:
    """Trains and judges a network, and says what it does. True if it came to its end, False after Ctrl-C.

    given    the settings that were asked for; the others are those of `Settings`, or of the run to go on
             with. That one may get another number of epochs, and nothing else of it may change
    """
    run = Run(out) if resume else None
    settings = replace(run.settings if run else Settings(), **given)
    if run:
        _demand_the_same(run, settings)
    data = read(csv, settings, labeled=True)
    tell_skipped(data)
    test = None
    if test_csv is not None:
        test = read(test_csv, settings, labeled=True)
        tell_skipped(test)
    parts = parts_of(data, settings, test)
    if run is None:
        run = Run.begin(out, settings, parts, csv, data.kind)
    elif run.config["fingerprint"] != parts.fingerprint():
        raise ValueError(
            f"{out} was begun with other examples than those in {csv}"
            + (f" and {test_csv}" if test_csv else "")
            + ": the very same are needed to go on (with the same --test, if there was one)"
        )
    old = run.result() if run.ended else {}
    if old.get("epochs", 0) > settings.epochs:
        print(
            f"{out} has done {old['epochs']} epochs, more than the {settings.epochs} asked for, and stays as "
            f"it is. To go on: --epochs {2 * old['epochs']}"
        )
        return True
    model = run.start()
    print(_about(parts, settings))
    print(f"\n{model.summary(parts.shape)}\n")

    (x, y), (x_val, y_val) = parts.training, parts.validation
    learned, chosen = (standardized(a, parts.mean, parts.std) for a in (x, x_val))
    loader = loader_of(learned, y, settings)
    trainer = Trainer(
        model, cross_entropy, optimizer(model, run.settings, len(loader)), metrics=[accuracy]
    )
    early = EarlyStopping("val_loss", patience=settings.patience)
    timing = Timing()
    # fit looks at every loss, and says it better
    with np.errstate(over="ignore", invalid="ignore"):
        trainer.fit(
            loader,
            epochs=settings.epochs,
            validation=(chosen, y_val),
            callbacks=[
                early, timing, CSVLog(run.file("history.csv")), Checkpoint(run.file("checkpoints"))
            ],
            resume=run.file("checkpoints"),
        )  # fmt: skip

    stopped = trainer.run.interrupted
    result: dict[str, Any] = {
        "ended": not stopped,
        "epochs": len(trainer.history),
        "epochs_asked_for": settings.epochs,
        "best_epoch": early.best_epoch,
        "seconds_per_epoch": float(np.median(timing.epochs))
        if timing.epochs
        else old.get("seconds_per_epoch"),
        "validation": judge(trainer, chosen, y_val),
    }
    if len(parts.test[1]):
        result["test"] = judge(
            trainer, standardized(parts.test[0], parts.mean, parts.std), parts.test[1]
        )
    run.finish(model, result)
    print(_end(run, result, csv, test_csv))
    return not stopped


def loader_of(x: Any, y: Any, settings: Settings) -> Any:
    """The training part in batches, in another order each epoch, and moved about if they are to be."""
    order, moves = np.random.default_rng([settings.seed, 1]).spawn(2)
    loader: Any = DataLoader(x, y, batch_size=settings.batch_size, shuffle=True, seed=order)
    return Transformed(loader, moved(settings), seed=moves) if settings.augment else loader


def judge(trainer: Trainer, x: Any, y: Any) -> dict[str, float]:
    """How good the network is on a part, in numbers over all its examples."""
    scores = trainer.predict(x)
    numbers = {
        "loss": float(trainer.loss(scores, y).item()),
        "accuracy": accuracy(scores, y),
        "f1": float(f1(scores, y, average="macro")),
    }
    if scores.shape[1] > 10:
        numbers["top_3"] = top_k_accuracy(scores, y, k=3)
    return numbers | {"correct": int((scores.argmax(axis=1) == y).sum()), "examples": len(y)}


def tell_skipped(data: Examples) -> None:
    """On the other stream: a table of results goes on."""
    if data.skipped:
        n = len(data.skipped)
        print(f"{data.path}: {n} image{'s' if n > 1 else ''} skipped:", file=sys.stderr)
        for _, why in data.skipped:
            print(f"  {why.removeprefix(data.path + ': ')}", file=sys.stderr)


def _demand_the_same(run: Run, settings: Settings) -> None:
    theirs, asked = asdict(run.settings), asdict(settings)
    changed = [
        f"--{name.replace('_', '-')} was {theirs[name]} and is {asked[name]}"
        for name in asked
        if name != "epochs" and asked[name] != theirs[name]
    ]
    if changed:
        raise ValueError(
            f"{run.path} was begun with other settings: {'; '.join(changed)}. Go on without them, or begin "
            "another run"
        )


def _about(parts: Parts, settings: Settings) -> str:
    counts = [len(part[1]) for part in (parts.training, parts.validation, parts.test)]
    pixels = size_of(parts.training[0])
    text = f"{counts[0]:,} pictures of {pixels} to learn from, {counts[1]:,} to choose by"
    text += f", {counts[2]:,} to judge by" if counts[2] else ""
    return f"{text}; {len(parts.classes)} classes; seed {settings.seed}"


def _end(run: Run, result: dict[str, Any], csv: str, test_csv: str | None) -> str:
    lines = [""]
    if not result["ended"]:
        again = f"tinygrad-edu train {csv} --out {run.path}" + (
            f" --test {test_csv}" if test_csv else ""
        )
        lines.append(
            f"Stopped after {result['epochs']} of {result['epochs_asked_for']} epochs. All is saved; to go "
            f"on: {again} --resume"
        )
    elif result["epochs"] < result["epochs_asked_for"]:
        lines.append(
            f"Ended early: the validation loss was least after epoch {result['best_epoch']}, whose weights "
            "are kept."
        )
    for name, words in (("validation", "Validation"), ("test", "Test")):
        if name in result:
            numbers = result[name]
            lines.append(
                f"{words}: {numbers['correct']:,} of {numbers['examples']:,} correct: "
                f"{100 * numbers['accuracy']:.2f} %, macro F1 {numbers['f1']:.4f}"
                + (f", among the first three {100 * numbers['top_3']:.2f} %" if "top_3" in numbers else "")
            )  # fmt: skip
    lines.append(f"All of it is in {run.path}. See it: tinygrad-edu show {run.path}")
    return "\n".join(lines)
