"""`tinygrad-edu predict`: a run and a CSV file in, a table of answers out, in the order of the file."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np

from tinygrad_edu.modes import no_grad
from tinygrad_edu.nn import Module
from tinygrad_edu.programs.dataset import Examples, read, size_of, standardized
from tinygrad_edu.programs.run import Run, demand_ours, write_table
from tinygrad_edu.programs.train import tell_skipped
from tinygrad_edu.tensor import value

HEADERS = {"pixels": ("ImageId", "Label"), "images": ("Filename", "Prediction")}


def predict(run_path: str, csv: str, out: str, *, skip_bad: bool = False) -> None:
    """Writes what the network takes each picture for; says how many were right, if the file has labels,
    and how many of those that took no part in its training.

    Raises ValueError for pictures of another kind or size than were learned, and for a label that is none of
    the classes; FileExistsError if out is a file that is no table of results.
    """
    run = Run(run_path)
    model, result = run.model(), run.result()
    _demand_harmless(out, csv)
    data = read(csv, replace(run.settings, skip_bad=skip_bad), labeled=False)
    demand_like(run, data)
    tell_skipped(data)
    if not result["ended"]:
        print(
            f"{run.path} was stopped after {result['epochs']} of {result['epochs_asked_for']} epochs: "
            "these are the answers of its best weights so far"
        )
    y = data.labels(run.classes) if data.words is not None else None
    said = scores_of(model, standardized(data.x, run.mean, run.std)).argmax(axis=1)
    answers = [run.classes[k] for k in said]
    write_table(out, HEADERS[data.kind], list(zip(data.names, answers, strict=True)))
    print(f"{len(data):,} answers: {out}")
    if y is not None:
        right = said == y
        print(f"{right.sum():,} of them are the label: {100 * right.mean():.2f} %")
        tell_known(run.trained_on(data.x), right)


def tell_known(known: np.ndarray, right: np.ndarray) -> None:
    """What the share of right answers is worth: a network knows the pictures of its training."""
    if not known.any():
        return
    text = f"{known.sum():,} of the {len(known):,} pictures took part in its training, so that says little"
    new = right[~known]
    if len(new):
        text += f"; of the other {len(new):,} it has {new.sum():,} right: {100 * new.mean():.2f} %"
    print(text + ".")


def scores_of(model: Module, x: np.ndarray, batch: int = 256) -> np.ndarray:
    """What the network gives for each picture; the softmax of it are probabilities."""
    with no_grad():
        return np.concatenate([
            value(model(x[i : i + batch])) for i in range(0, len(x), batch)
        ])  # fmt: skip


def _demand_harmless(out: str, csv: str) -> None:
    if os.path.exists(out) and os.path.exists(csv) and os.path.samefile(out, csv):
        raise FileExistsError(
            f"{out} is the file that the pictures are read from: choose another --out, such as results.csv"
        )
    first = "|".join(",".join(header) for header in HEADERS.values())
    demand_ours(out, rf"({first})\r?\n", "table of results")


def demand_like(run: Run, data: Examples) -> None:
    if data.kind != run.kind:
        forms = {"pixels": "a table of pixels", "images": "image files"}
        raise ValueError(
            f"{run.path} learned from {forms[run.kind]}, and {data.path} has {forms[data.kind]}"
        )
    if data.x.shape[1:] != run.shape:
        raise ValueError(
            f"{run.path} learned pictures of {size_of(np.empty((0, *run.shape), np.uint8))}, and those in "
            f"{data.path} are {size_of(data.x)}"
        )
