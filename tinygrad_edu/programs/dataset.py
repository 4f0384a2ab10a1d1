"""From a CSV file to arrays: its kind is told by its header, its parts are drawn from the seed."""

from __future__ import annotations

import csv
import hashlib
import math
import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinygrad_edu.data import (
    ImageFiles,
    StandardScaler,
    read_csv,
    train_test_split,
    train_validation_test_split,
)
from tinygrad_edu.data.tables import read_rows
from tinygrad_edu.programs.settings import Settings


@dataclass(frozen=True)
class Examples:
    """Pictures and what they are called.

    kind      "pixels": a row of numbers for each, as Kaggle gives MNIST; "images": a file for each
    x         (n, height, width, channels) of uint8
    words     the label of each as it is written; None if the file has no labels
    names     what a table of results calls each: its number, or its file
    skipped   (file, why) of what could not be read, if that was allowed
    """

    path: str
    kind: str
    x: NDArray[np.uint8]
    words: list[str] | None
    names: list[str]
    skipped: list[tuple[str, str]]

    def __len__(self) -> int:
        return len(self.x)

    def classes(self) -> list[str]:
        """The different labels, numbers in the order of numbers."""
        found = set(self.words or [])
        return sorted(found, key=int if all(map(str.isdecimal, found)) else None)

    def labels(self, classes: list[str]) -> NDArray[np.int64]:
        """The place of each label among the classes. Raises ValueError for one that is none of them."""
        assert self.words is not None
        place = {name: i for i, name in enumerate(classes)}
        for name, word in zip(self.names, self.words, strict=True):
            if word not in place:
                what = f"row {name}" if self.kind == "pixels" else name
                raise ValueError(
                    f"{self.path}: {what} has the label {word!r}, which is none of the {len(classes)} "
                    f"classes that were learned: {in_words(classes)}"
                )
        return np.array([place[word] for word in self.words], np.int64)


def read(path: str, settings: Settings, *, labeled: bool) -> Examples:
    """The examples in a CSV file. labeled: it must have labels; otherwise it may.

    A column `image` has paths of images, and `label` their classes. Otherwise all columns but `label` are
    pixels. A file of numbers without header is taken for labels and pixels, or for pixels, by which of the
    two leaves a square picture.

    Raises FileNotFoundError, and ValueError for what is wrong in the file, with its line.
    """
    if not os.path.isfile(path):
        raise FileNotFoundError(
            f"there is no file {path}"
            + (", but a folder of that name" if os.path.isdir(path) else "")
        )
    header, first = _head(path)
    if not first:
        raise ValueError(f"{path} has a header and no rows")
    pixels = [i for i, name in enumerate(header) if name != "label"]
    if (
        "image" not in header
        and 0 < len(header) < 5
        and not all(_is_number(first, i) for i in pixels)
    ):
        raise ValueError(
            f"{path} has no column 'image' with paths of images, and no pixels; its columns are "
            + in_words(header)
        )
    if labeled and header and "label" not in header:
        raise ValueError(
            f"{path} has no column 'label'; its columns are {in_words([repr(name) for name in header])}; "
            "give that name to the column of the answers, without which nothing can be learned"
        )
    if "image" in header:
        return _images(path, header, settings, labeled)
    if settings.skip_bad:
        raise ValueError(f"{path} lists pixels: --skip-bad is for image files that cannot be read")
    return _pixels(path, header, first, labeled)


def _pixels(path: str, header: list[str], first: list[str], labeled: bool) -> Examples:
    label: str | int | None = "label"
    if not header:
        label = 0 if _side(len(first) - 1) else None
    elif "label" not in header and not labeled:
        label = None
    if labeled and label is None:
        raise ValueError(
            f"{path} has no header, and its {len(first)} columns are not a label and a square of pixels"
        )
    count = len(first) - (label is not None)
    side = _side(count)
    if not side:
        raise ValueError(
            f"{path} has {count} pixels in a row, which is no square picture; a column that is neither "
            "'label' nor a pixel must go"
        )
    read = read_csv(path, label=label, shape=(side, side))
    x, y = (read, None) if label is None else (read.x, read.y)
    words = None if y is None else [str(k) for k in y.tolist()]
    return Examples(path, "pixels", x[..., None], words, [str(i) for i in range(1, len(x) + 1)], [])


def _images(path: str, header: list[str], settings: Settings, labeled: bool) -> Examples:
    has_labels = labeled or "label" in header
    lines, rows = read_rows(path, ["image", "label"] if has_labels else ["image"], "read_csv")
    for line, cells in zip(lines, rows, strict=True):
        if not all(cells):
            raise ValueError(
                f"line {line} of {path} lacks its image" + (" or its label" if has_labels else "")
            )
    folder = os.path.dirname(path)
    images = ImageFiles(
        [os.path.join(folder, cells[0]) for cells in rows],
        list(range(len(rows))),  # so that what is left knows its row
        [],
        size=(settings.size, settings.size),
        mode="rgb" if settings.rgb else "gray",
        skip_bad=settings.skip_bad,
        keep=settings.skip_bad,  # then all were read already
        name=path,
    )
    rows = [rows[i] for i in images.labels]
    x = images.dataset().x
    return Examples(
        path,
        "images",
        x if settings.rgb else x[..., None],
        [cells[1] for cells in rows] if has_labels else None,
        [cells[0] for cells in rows],
        images.skipped,
    )


def _head(path: str) -> tuple[list[str], list[str]]:
    """The names of the columns, none if the first line has numbers only; and the first row."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        try:
            line = [cell.strip() for cell in next(reader, [])]
            if not line:
                raise ValueError(f"{path} is empty, or its first line is")
            if all(_is_number(line, i) for i in range(len(line))):
                return [], line
            return line, [cell.strip() for cell in next(reader, [])]
        except (csv.Error, UnicodeDecodeError) as error:
            raise ValueError(f"{path} is no CSV file: {error}") from None


def _is_number(cells: list[str], i: int) -> bool:
    try:
        float(cells[i])
    except (ValueError, IndexError):
        return False
    return True


def _side(pixels: int) -> int:
    """The side of a square of so many pixels, 0 if they make none."""
    side = math.isqrt(max(pixels, 0))
    return side if side * side == pixels and side > 1 else 0


def in_words(names: list[str]) -> str:
    shown = names if len(names) <= 12 else [*names[:10], "...", names[-1]]
    return ", ".join(shown)


# ---------------------------------------------------------------------------------------- its parts


@dataclass(frozen=True)
class Parts:
    """What is learned from, chosen by, and judged by: pictures, labels, and names of the last.

    mean, std    of all pixels of the training part, which every picture is standardized with
    """

    classes: list[str]
    training: tuple[NDArray[np.uint8], NDArray[np.int64]]
    validation: tuple[NDArray[np.uint8], NDArray[np.int64]]
    test: tuple[NDArray[np.uint8], NDArray[np.int64]]  # of length 0 if there is no test set
    test_names: list[str]
    mean: float
    std: float

    @property
    def shape(self) -> tuple[int, ...]:
        return self.training[0].shape[1:]

    def fingerprint(self) -> str:
        """Of every pixel and label: another file, or another split, has another."""
        digest = hashlib.sha256("\n".join(self.classes).encode())
        for x, y in (self.training, self.validation, self.test):
            digest.update(x.data)
            digest.update(y.data)
        return digest.hexdigest()


def parts_of(
    data: Examples,
    settings: Settings,
    test: Examples | None = None,
    classes: list[str] | None = None,
) -> Parts:
    """A stratified split by the seed; the test set is another file, or a part of this one.

    classes    those of a run, whose numbers the labels are to get. Raises ValueError for a class with too few
               examples to be in every part, for a label of the test set that the training set does not have,
               and for pictures of the test set of another shape.
    """
    classes = data.classes() if classes is None else classes
    y = data.labels(classes)
    _demand_enough(data.path, y, classes, 3 if test is None and settings.test else 2)
    rows = np.arange(len(y))
    last = rows[:0]
    if test is None and settings.test:
        train, chosen, last, *_ = train_validation_test_split(
            rows, y, validation=settings.validation, test=settings.test, seed=settings.seed
        )
    else:
        train, chosen, *_ = train_test_split(rows, y, test=settings.validation, seed=settings.seed)
    judged, names = (data.x[last], y[last]), [data.names[i] for i in last]
    if test is not None:
        if test.x.shape[1:] != data.x.shape[1:] or test.kind != data.kind:
            raise ValueError(
                f"{test.path} has {test.kind} of {size_of(test.x)}, and {data.path} {data.kind} of "
                f"{size_of(data.x)}: the test set must be of the same form"
            )
        judged, names = (test.x, test.labels(classes)), test.names
    scale = StandardScaler(axis=None).fit(data.x[train])
    assert scale.mean is not None and scale.std is not None
    return Parts(
        classes,
        (data.x[train], y[train]),
        (data.x[chosen], y[chosen]),
        judged,
        names,
        scale.mean.item(),
        scale.std.item(),
    )


def digests(x: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """A number for each picture, by which it is known again: 64 bits of BLAKE2b of its pixels."""
    return np.array(
        [
            int.from_bytes(hashlib.blake2b(picture.tobytes(), digest_size=8).digest(), "little")
            for picture in x
        ],
        np.uint64,
    )


def standardized(x: NDArray[np.uint8], mean: float, std: float) -> NDArray[np.float32]:
    """(x - mean) / std"""
    return (x - np.float32(mean)) / np.float32(std)


def size_of(x: NDArray[np.uint8]) -> str:
    """28 x 28 pixels"""
    height, width, channels = x.shape[1:]
    return f"{height} x {width} pixels" + (" in color" if channels == 3 else "")


def _demand_enough(path: str, y: NDArray[np.int64], classes: list[str], least: int) -> None:
    counts = np.bincount(y, minlength=len(classes))
    if len(classes) < 2:
        raise ValueError(
            f"{path} has one class only, {classes[0]!r}: there is nothing to tell apart"
        )
    rare = int(counts.argmin())
    if counts[rare] < least:
        examples = "example" if counts[rare] == 1 else "examples"
        raise ValueError(
            f"{path}: class {classes[rare]!r} has {counts[rare]} {examples}, and at least {least} are "
            "needed, one for each part (to learn from, to choose by"
            + (", to judge by" if least == 3 else "")
            + "): bring more, or leave the class out"
        )
