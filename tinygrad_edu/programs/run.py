"""A run: the folder that a training leaves behind. Files are renamed when complete, so all are whole.

    config.json        settings, classes, mean and std, sizes of the sets, versions: written first
    evaluation.npz     the test set; the validation set if there is no test set
    seen.npz           digests of the pictures in the training and validation sets, to recognize them
    checkpoints/       for `--resume`
    history.csv        loss and accuracy of every epoch
    weights-0030.npz   the best weights up to that epoch
    result.json        loss and accuracy of these weights: written last

A run without result.json has not ended. A new result replaces the old one at once.
"""

from __future__ import annotations

import csv
import os
import platform
import re
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygrad_edu.files import DamagedFileError, naming_damage, read_npz, whole_folder
from tinygrad_edu.files.damage import reason
from tinygrad_edu.files.json_files import read_json, write_json
from tinygrad_edu.nn.module import Module
from tinygrad_edu.programs.dataset import Split, digests
from tinygrad_edu.programs.networks import network
from tinygrad_edu.programs.settings import Settings, demand_valid
from tinygrad_edu.training import History
from tinygrad_edu.version import __version__

FORMAT = 3
WEIGHTS = re.compile(r"weights-\d{4,}\.npz")


class Run:
    """The folder of a run: `begin` creates it, `finish` completes it, `Run(path)` opens one.

    settings, classes, shape, mean, std, kind    what it was begun with

    Raises FileNotFoundError for a folder that is not a run, DamagedFileError (a ValueError) for a damaged
    one.
    """

    def __init__(self, path: str):
        self.path = os.fspath(path)
        if not os.path.isdir(self.path):
            raise FileNotFoundError(
                f"there is no folder {self.path}; `tinygrad-edu train CSV --out {self.path}` creates it"
            )
        if not os.path.isfile(self.file("config.json")):
            raise FileNotFoundError(
                f"folder {self.path} is not a run: it has no config.json; give the --out of a training"
            )
        self.config = read_json(self.file("config.json"), describe=_damaged)
        if self.config.get("format") != FORMAT:
            raise ValueError(f"{self.path} is a run in a format that this version does not know")
        with naming_damage(self.file("config.json"), "the description of a run", _damaged):
            self.settings = Settings(**self.config["settings"])
            self.classes: list[str] = self.config["classes"]
            self.shape = tuple(self.config["shape"])
            self.kind: str = self.config["kind"]
            self.mean, self.std = float(self.config["mean"]), float(self.config["std"])
            self._demand_valid()

    @classmethod
    def begin(cls, path: str, settings: Settings, sets: Split, csv_path: str, kind: str) -> Run:
        """Creates the folder. Raises FileExistsError if there is something of that name that is not empty."""
        if os.path.isfile(os.path.join(path, "config.json")):
            raise FileExistsError(
                f"{path} has a run already: add --resume to continue it, or choose another --out"
            )
        if os.path.isfile(path) or (os.path.isdir(path) and os.listdir(path)):
            raise FileExistsError(
                f"{path} already exists and is not a run: choose another --out, or remove it"
            )
        config = {
            "format": FORMAT,
            "settings": asdict(settings),
            "csv": os.path.abspath(csv_path),
            "kind": kind,
            "classes": sets.classes,
            "shape": sets.shape,
            "mean": sets.mean,
            "std": sets.std,
            "examples": sets.sizes(),
            "fingerprint": sets.fingerprint(),
            "versions": {
                "tinygrad_edu": __version__,
                "numpy": np.__version__,
                "python": platform.python_version(),
            },
        }
        x, y = sets.test if sets.test_names else sets.validation
        seen = np.unique(digests(np.concatenate([sets.train[0], sets.validation[0]])))
        names = np.array(sets.test_names, str)
        with whole_folder(path) as draft:
            write_json(os.path.join(draft, "config.json"), config)
            np.savez(os.path.join(draft, "evaluation.npz"), x=x, y=y, names=names)
            np.savez(os.path.join(draft, "seen.npz"), digests=seen)
        return cls(path)

    def file(self, name: str) -> str:
        return os.path.join(self.path, name)

    @property
    def ended(self) -> bool:
        """True if there are weights, from a training that ended or was stopped."""
        return os.path.isfile(self.file("result.json"))

    def _demand_valid(self) -> None:
        """Raises ValueError for a description that `begin` cannot have written."""
        demand_valid(self.settings)
        sizes = all(type(n) is int and 0 < n < 10_000 for n in self.shape)
        names = all(isinstance(name, str) for name in self.classes)
        if not (
            len(self.shape) == 3
            and sizes
            and len(self.classes) > 1
            and names
            and self.kind in ("pixels", "images")
        ):
            raise ValueError(f"shape={self.shape}, {len(self.classes)} classes, kind={self.kind!r}")

    def result(self) -> dict[str, Any]:
        """What `finish` was given, and the file of the weights."""
        if not self.ended:
            raise ValueError(
                f"{self.path} has no weights yet: its training was cut off. "
                f"`tinygrad-edu train {self.config['csv']} --out {self.path} --resume` continues it"
            )
        path = self.file("result.json")
        result = read_json(path, describe=_damaged)
        with naming_damage(path, "the result of a run", _damaged):
            for name in ("epochs", "epochs_asked_for", "best_epoch"):
                if type(result[name]) is not int or result[name] < 0:
                    raise ValueError(f"{name}={result[name]!r}")
            if not WEIGHTS.fullmatch(result["weights"]):  # and no path that leads elsewhere
                raise ValueError(f"weights={result['weights']!r}")
            return {**result, "ended": bool(result["ended"])}

    def start(self) -> Module:
        """The untrained network."""
        return network(self.settings, self.shape, len(self.classes))

    def model(self) -> Module:
        """The trained network, in eval mode."""
        path = self.file(self.result()["weights"])
        if not os.path.isfile(path):
            raise ValueError(f"{self.path} is damaged: it has a result, but no {path}")
        self.evaluation_set()  # has pictures of this shape; a wrong one could make a huge network
        return self.start().load(path).eval()

    def finish(self, model: Module, result: dict[str, Any]) -> None:
        """Writes weights and result; the old ones stay until the new ones are complete."""
        name = f"weights-{result['epochs']:04}.npz"
        model.save(self.file(name))
        write_json(self.file("result.json"), {**result, "weights": name})
        for other in os.listdir(self.path):
            if WEIGHTS.fullmatch(other) and other != name:
                os.unlink(self.file(other))

    def history(self) -> History:
        history = History()
        path = self.file("history.csv")
        if os.path.isfile(path):
            with (
                open(path, encoding="utf-8", newline="") as file,
                naming_damage(path, "the history of a run", _damaged),
            ):
                for row in csv.DictReader(file):
                    del row["epoch"]
                    history.add({name: float(number) for name, number in row.items()})
        return history

    def evaluation_set(self) -> tuple[NDArray[np.uint8], NDArray[np.int64], list[str]]:
        """x, y and names of the test set; of the validation set, without names, if there is no test set."""
        path = self.file("evaluation.npz")
        archive = read_npz(path)
        with naming_damage(path, "the evaluation set of a run", _damaged):
            x, y, names = archive["x"], archive["y"], archive["names"].tolist()
            wrong = x.dtype != np.uint8 or y.dtype != np.int64 or len(names) not in (0, len(y))
            if (
                wrong
                or x.shape != (*y.shape, *self.shape)
                or not 0 <= y.min() <= y.max() < len(self.classes)
            ):
                raise ValueError("its pictures and labels do not fit the run")
            return x, y, names

    def seen(self, x: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Which of the pictures are in its training or validation set."""
        path = self.file("seen.npz")
        archive = read_npz(path)
        with naming_damage(path, "the list of the pictures of a run", _damaged):
            return np.isin(digests(x), archive["digests"])


def _damaged(path: Any, kind: str, error: Exception) -> Exception:
    return DamagedFileError(f"{path} is damaged: {reason(error)}")


def demand_replaceable(path: str, pattern: str, what: str) -> None:
    """Raises FileExistsError if `path` exists and its first kilobyte does not match the pattern of `what`."""
    if not os.path.lexists(path):
        return
    if os.path.isfile(path):
        with open(path, "rb") as file:
            if re.match(pattern.encode(), file.read(1024), re.DOTALL):
                return
    raise FileExistsError(
        f"{path} already exists and is not a {what}: choose another --out, or remove it"
    )
