"""The folder that a training leaves behind. Every file in it is whole: drafts are renamed when complete.

    config.json        settings, seed, data, class names, scale, versions: written first
    judged.npz         the pictures that the network will be judged by
    trained.npz        digests of those that take part in training, to know them again
    checkpoints/       what `--resume` goes on from
    history.csv        loss and accuracy of every epoch
    weights-0030.npz   the best weights, up to that epoch
    result.json        how good they are, and which file they are in: written last

Without result.json a run has not ended; a new one takes the place of the old at one stroke.
"""

from __future__ import annotations

import csv
import io
import json
import os
import platform
import re
import shutil
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from tinygrad_edu.files import whole_file
from tinygrad_edu.nn.module import Module
from tinygrad_edu.nn.weight_files import write_npz
from tinygrad_edu.programs.dataset import Parts, digests
from tinygrad_edu.programs.settings import Settings, network
from tinygrad_edu.training import History
from tinygrad_edu.version import __version__

FORMAT = 2


class Run:
    """A run's folder: `begin` makes it, `finish` completes it; or `Run(path)` opens one.

    settings, classes, shape, mean, std, kind    what it was begun with
    Raises FileNotFoundError for a folder that is no run, ValueError for a damaged one.
    """

    def __init__(self, path: str):
        self.path = os.fspath(path)
        if not os.path.isfile(self.file("config.json")):
            raise FileNotFoundError(
                f"folder {self.path} was not made by train: it has no config.json; give the folder that "
                "its --out named"
                if os.path.isdir(self.path)
                else f"there is no folder {self.path}; `tinygrad-edu train CSV --out {self.path}` makes it"
            )
        self.config = self._json("config.json")
        if self.config.get("format") != FORMAT:
            raise ValueError(f"{self.path} is a run in a format that this version does not know")
        self.settings = Settings(**self.config["settings"])
        self.classes: list[str] = self.config["classes"]
        self.shape = tuple(self.config["shape"])
        self.kind: str = self.config["kind"]
        self.mean, self.std = self.config["mean"], self.config["std"]

    @classmethod
    def begin(cls, path: str, settings: Settings, parts: Parts, csv_path: str, kind: str) -> Run:
        """A new folder. Raises FileExistsError if there is something in one of that name."""
        if os.path.isfile(os.path.join(path, "config.json")):
            raise FileExistsError(
                f"{path} has a run already: add --resume to go on with it, or choose another --out"
            )
        if os.path.isfile(path):
            raise FileExistsError(f"{path} is a file, and a run is a folder: choose another --out")
        if os.path.isdir(path) and os.listdir(path):
            raise FileExistsError(
                f"folder {path} exists but was not made by train: choose another --out, or remove it"
            )
        judged = parts.test if parts.test_names else parts.validation
        there = os.path.isdir(path)
        os.makedirs(path, exist_ok=True)
        try:
            write_whole(
                os.path.join(path, "judged.npz"),
                lambda file: write_npz(
                    file, {"x": judged[0], "y": judged[1], "names": np.array(parts.test_names)}
                ),
            )
            trained = np.concatenate([digests(x) for x, _ in (parts.training, parts.validation)])
            write_whole(
                os.path.join(path, "trained.npz"),
                lambda file: write_npz(file, {"digests": np.unique(trained)}),
            )
            config = {
                "format": FORMAT,
                "settings": asdict(settings),
                "csv": os.path.abspath(csv_path),
                "kind": kind,
                "classes": parts.classes,
                "shape": parts.shape,
                "mean": parts.mean,
                "std": parts.std,
                "examples": {
                    "training": len(parts.training[1]),
                    "validation": len(parts.validation[1]),
                    "test": len(parts.test[1]),
                },
                "fingerprint": parts.fingerprint(),
                "versions": {
                    "tinygrad_edu": __version__,
                    "numpy": np.__version__,
                    "python": platform.python_version(),
                },
            }
            write_json(os.path.join(path, "config.json"), config)
        except BaseException:
            shutil.rmtree(path)
            if there:
                os.mkdir(path)
            raise
        return cls(path)

    def file(self, name: str) -> str:
        return os.path.join(self.path, name)

    @property
    def ended(self) -> bool:
        """Has it weights, from a training that ended or was stopped?"""
        return os.path.isfile(self.file("result.json"))

    def result(self) -> dict[str, Any]:
        if not self.ended:
            raise ValueError(
                f"{self.path} has no weights yet: its training was cut off. "
                f"`tinygrad-edu train {self.config['csv']} --out {self.path} --resume` goes on with it"
            )
        return self._json("result.json")

    def start(self) -> Module:
        """The network before its first step."""
        return network(self.settings, self.shape, len(self.classes))

    def model(self) -> Module:
        """The trained network, in eval mode."""
        path = self.file(self.result()["weights"])
        if not os.path.isfile(path):
            raise ValueError(f"{self.path} is damaged: it has a result, and no {path}")
        return self.start().load(path).eval()

    def finish(self, model: Module, result: dict[str, Any]) -> None:
        """Weights and result: the old ones until the new ones are complete."""
        name = f"weights-{result['epochs']:04}.npz"
        model.save(self.file(name))
        write_json(self.file("result.json"), {**result, "weights": name})
        for other in os.listdir(self.path):
            if other.startswith("weights-") and other.endswith(".npz") and other != name:
                os.unlink(self.file(other))

    def history(self) -> History:
        history = History()
        if os.path.isfile(self.file("history.csv")):
            with open(self.file("history.csv"), encoding="utf-8", newline="") as file:
                for row in csv.DictReader(file):
                    del row["epoch"]
                    history.add({name: float(number) for name, number in row.items()})
        return history

    def judged(self) -> tuple[NDArray[np.uint8], NDArray[np.int64], list[str]]:
        """Pictures, labels and names of the test set; of the validation set if there was none."""
        with np.load(self.file("judged.npz"), allow_pickle=False) as archive:
            return archive["x"], archive["y"], archive["names"].tolist()

    def trained_on(self, x: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Which of the pictures took part in its training, to learn from or to choose by."""
        with np.load(self.file("trained.npz"), allow_pickle=False) as archive:
            return np.isin(digests(x), archive["digests"])

    def _json(self, name: str) -> dict[str, Any]:
        try:
            with open(self.file(name), encoding="utf-8") as file:
                return json.load(file)
        except ValueError as error:
            raise ValueError(f"{self.file(name)} is damaged: {error}") from None


def write_whole(path: str, write: Callable[[BinaryIO], object]) -> None:
    """A whole new file or none, and on the disk when this returns."""
    with whole_file(path) as draft, open(draft, "wb") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())


def demand_ours(path: str, first: str, what: str) -> None:
    """Raises FileExistsError if a new file of that name would take the place of one that is not ours.

    first    a pattern that the first kilobyte of ours has
    """
    if not os.path.lexists(path):
        return
    if os.path.isfile(path):
        with open(path, "rb") as file:
            if re.match(first.encode(), file.read(1024), re.DOTALL):
                return
    raise FileExistsError(
        f"{path} is there already, and is no {what}: choose another --out, or remove it"
    )


def write_json(path: str, content: dict[str, Any]) -> None:
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    write_whole(path, lambda file: file.write(text.encode()))


def write_table(path: str, header: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """A CSV file."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    write_whole(path, lambda file: file.write(text.getvalue().encode()))
