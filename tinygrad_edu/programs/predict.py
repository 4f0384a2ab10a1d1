"""`tinygrad-edu predict`: the classes that a trained network predicts for the pictures of a CSV file."""

from __future__ import annotations

import csv as csv_format
import io
import os
from dataclasses import replace

import numpy as np

from tinygrad_edu.files import write_text
from tinygrad_edu.modes import no_grad
from tinygrad_edu.nn import Module
from tinygrad_edu.programs.dataset import Examples, read, size_of, standardized
from tinygrad_edu.programs.run import Run, demand_replaceable
from tinygrad_edu.programs.train import print_skipped
from tinygrad_edu.tensor import value

HEADERS = {"pixels": ("ImageId", "Label"), "images": ("Filename", "Prediction")}


def predict(run_path: str, csv: str, out: str, *, skip_bad: bool = False) -> None:
    """Writes the predicted class of each picture, in the order of the file, and prints the accuracy if it
    has labels.

    Raises ValueError for pictures of another kind or size than those of the training set, and for a label
    that is not among the classes; FileExistsError if out is a file that is not a table of predictions.
    """
    run = Run(run_path)
    model, result = run.model(), run.result()
    if os.path.exists(out) and os.path.exists(csv) and os.path.samefile(out, csv):
        raise FileExistsError(
            f"{out} is the file that the pictures are read from: choose another --out, such as results.csv"
        )
    headers = "|".join(",".join(header) for header in HEADERS.values())
    demand_replaceable(out, rf"({headers})\r?\n", "table of predictions")
    data = read(csv, replace(run.settings, skip_bad=skip_bad), labeled=False)
    demand_like(run, data)
    print_skipped(data)
    if not result["ended"]:
        print(
            f"{run.path} was stopped after {result['epochs']} of {result['epochs_asked_for']} epochs: "
            "these are the predictions of its best weights so far"
        )
    y = data.y(run.classes) if data.labels is not None else None
    predicted = scores_of(model, standardized(data.x, run.mean, run.std)).argmax(axis=1)
    table = io.StringIO()
    writer = csv_format.writer(table, lineterminator="\n")
    writer.writerow(HEADERS[data.kind])
    writer.writerows(zip(data.names, [run.classes[k] for k in predicted], strict=True))
    write_text(out, table.getvalue())
    print(f"{len(data):,} predictions: {out}")
    if y is not None:
        _print_accuracy(predicted == y, run.seen(data.x))


def _print_accuracy(correct: np.ndarray, seen: np.ndarray) -> None:
    """Prints the accuracy, and the accuracy on the pictures that were not used in training."""
    print(f"Accuracy: {100 * correct.mean():.2f} % ({correct.sum():,} of {len(correct):,})")
    if seen.any():
        print(
            f"{seen.sum():,} of these pictures are in the training or validation set, which makes that "
            "number too high."
        )
        if not seen.all():
            new = correct[~seen]
            print(
                f"Accuracy on the others: {100 * new.mean():.2f} % ({new.sum():,} of {len(new):,})"
            )


def scores_of(model: Module, x: np.ndarray, batch: int = 256) -> np.ndarray:
    """The logits of each picture."""
    with no_grad():
        return np.concatenate([
            value(model(x[i : i + batch])) for i in range(0, len(x), batch)
        ])  # fmt: skip


def demand_like(run: Run, data: Examples) -> None:
    """Raises ValueError for pictures of another kind or size than those of the run."""
    forms = {"pixels": "a table of pixels", "images": "image files"}
    if data.kind != run.kind:
        raise ValueError(
            f"{run.path} was trained on {forms[run.kind]}, and {data.path} has {forms[data.kind]}"
        )
    if data.x.shape[1:] != run.shape:
        raise ValueError(
            f"{run.path} was trained on pictures of {size_of(run.shape)}, and those in {data.path} are "
            f"{size_of(data.x.shape[1:])}"
        )
