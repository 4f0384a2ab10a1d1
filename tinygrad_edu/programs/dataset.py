"""From a CSV file of pixels, or of paths to images, to a training, a validation and a test set."""

from __future__ import annotations

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
from tinygrad_edu.data.images import sorted_classes
from tinygrad_edu.data.tables import first_line, listed, read_rows
from tinygrad_edu.programs.settings import Settings


@dataclass(frozen=True)
class Examples:
    """Pictures, their labels and their names.

    kind      "pixels": a row of numbers for each picture, as Kaggle gives MNIST; "images": a file for each
    x         (n, height, width, channels) of uint8
    labels    as they are written; None if the file has none
    names     for the table of predictions: the number of the row, or the file
    skipped   (file, reason) of what could not be read, with --skip-bad
    """

    path: str
    kind: str
    x: NDArray[np.uint8]
    labels: list[str] | None
    names: list[str]
    skipped: list[tuple[str, str]]

    def __len__(self) -> int:
        return len(self.x)

    def y(self, classes: list[str]) -> NDArray[np.int64]:
        """The index of each label among the classes. Raises ValueError for one that is not among them."""
        assert self.labels is not None
        index = {name: i for i, name in enumerate(classes)}
        for name, label in zip(self.names, self.labels, strict=True):
            if label not in index:
                where = f"row {name}" if self.kind == "pixels" else name
                raise ValueError(
                    f"{self.path}: {where} has the label {label!r}, which is not among the {len(classes)} "
                    f"classes of the training set: {listed(classes)}"
                )
        return np.array([index[label] for label in self.labels], np.int64)


def read(path: str, settings: Settings, *, labeled: bool) -> Examples:
    """The examples in a CSV file, which must have labels if `labeled`.

    A column `image` has paths of images, and `label` their classes. Otherwise all columns but `label` are
    pixels. Without a header, the first column holds labels if the others make a square picture; if all do,
    there are no labels.

    Raises FileNotFoundError, and ValueError for a mistake in the file, with its line.
    """
    first, has_header = first_line(path, "read_csv")
    if not has_header:
        label = 0 if _side(len(first) - 1) else None
        if labeled and label is None:
            raise ValueError(
                f"{path} has no header, and its {len(first)} columns are not a label and a square of pixels"
            )
        return _pixels(path, len(first), label, settings)
    if "image" not in first and len(first) < 4:
        raise ValueError(
            f"{path} has no column 'image' with paths of images, and no pixels; its columns are "
            + listed(first)
        )
    if labeled and "label" not in first:
        raise ValueError(
            f"{path} has no column 'label'; its columns are {listed(first)}; give "
            "that name to the column of the classes"
        )
    if "image" in first:
        return _images(path, first, settings)
    return _pixels(path, len(first), "label" if "label" in first else None, settings)


def _pixels(path: str, columns: int, label: str | int | None, settings: Settings) -> Examples:
    if settings.skip_bad:
        raise ValueError(f"{path} lists pixels: --skip-bad is for image files that cannot be read")
    pixels = columns - (label is not None)
    side = _side(pixels)
    if not side:
        raise ValueError(
            f"{path} has {pixels} pixels in a row, which is no square picture; a column that is neither "
            "'label' nor a pixel must go"
        )
    read = read_csv(path, label=label, shape=(side, side))
    x, labels = (read, None) if label is None else (read.x, [str(k) for k in read.y.tolist()])
    return Examples(path, "pixels", x[..., None], labels, [str(i + 1) for i in range(len(x))], [])


def _images(path: str, names: list[str], settings: Settings) -> Examples:
    columns = ["image", "label"] if "label" in names else ["image"]
    rows = read_rows(path, columns, "read_csv")
    folder = os.path.dirname(path)
    images = ImageFiles(
        [os.path.join(folder, cells[0]) for cells in rows],
        list(range(len(rows))),  # row numbers for labels, to know which rows are left
        [],
        size=(settings.size, settings.size),
        mode="rgb" if settings.rgb else "gray",
        skip_bad=settings.skip_bad,
        keep=settings.skip_bad,  # then all files have been read already
        name=path,
    )
    x = images.dataset().x
    left = [rows[i] for i in images.labels]
    labels = [cells[1] for cells in left] if "label" in names else None
    files = [cells[0] for cells in left]
    return Examples(
        path, "images", x if settings.rgb else x[..., None], labels, files, images.skipped
    )


def _side(pixels: int) -> int:
    """The side of a square of so many pixels, 0 if they make none."""
    side = math.isqrt(max(pixels, 0))
    return side if side * side == pixels and side > 1 else 0


# ------------------------------------------------------------------------------------ the three sets


@dataclass(frozen=True)
class Split:
    """Training, validation and test set, each (x, y); the test set may be empty.

    test_names   of the pictures of the test set
    mean, std    of all pixels of the training set, by which every picture is standardized
    """

    classes: list[str]
    train: tuple[NDArray[np.uint8], NDArray[np.int64]]
    validation: tuple[NDArray[np.uint8], NDArray[np.int64]]
    test: tuple[NDArray[np.uint8], NDArray[np.int64]]
    test_names: list[str]
    mean: float
    std: float

    @property
    def shape(self) -> tuple[int, ...]:
        return self.train[0].shape[1:]

    def sizes(self) -> dict[str, int]:
        sets = {"training": self.train, "validation": self.validation, "test": self.test}
        return {name: len(y) for name, (_, y) in sets.items()}

    def standardized(self, x: NDArray[np.uint8]) -> NDArray[np.float32]:
        return standardized(x, self.mean, self.std)

    def fingerprint(self) -> str:
        """A checksum of every pixel and label, to recognize the same split of the same files."""
        digest = hashlib.sha256("\n".join(self.classes).encode())
        for x, y in (self.train, self.validation, self.test):
            digest.update(x.data)
            digest.update(y.data)
        return digest.hexdigest()


def split(
    data: Examples,
    settings: Settings,
    test: Examples | None = None,
    classes: list[str] | None = None,
) -> Split:
    """A stratified split by the seed; the test set is another file, or a share of this one.

    classes    those of an earlier run, whose numbers the labels get

    Raises ValueError for a class with too few examples for each set, for a label of the test set that the
    training set does not have, and for pictures of the test set of another shape.
    """
    classes = sorted_classes(set(data.labels or [])) if classes is None else classes
    y = data.y(classes)
    rows = np.arange(len(y))
    if test is None and settings.test_share:
        _demand_enough(data.path, y, classes, ["training", "validation", "test"])
        train, validation, last, *_ = train_validation_test_split(
            rows,
            y,
            validation=settings.validation_share,
            test=settings.test_share,
            seed=settings.seed,
        )
    else:
        _demand_enough(data.path, y, classes, ["training", "validation"])
        train, validation, *_ = train_test_split(
            rows, y, test=settings.validation_share, seed=settings.seed
        )
        last = rows[:0]
    test_set, names = (data.x[last], y[last]), [data.names[i] for i in last]
    if test is not None:
        if test.x.shape[1:] != data.x.shape[1:] or test.kind != data.kind:
            raise ValueError(
                f"{test.path} has {test.kind} of {size_of(test.x.shape[1:])}, and {data.path} {data.kind} of "
                f"{size_of(data.x.shape[1:])}: the test set must be of the same form"
            )
        test_set, names = (test.x, test.y(classes)), test.names
    scale = StandardScaler(axis=None).fit(data.x[train])
    assert scale.mean is not None and scale.std is not None
    return Split(
        classes, (data.x[train], y[train]), (data.x[validation], y[validation]), test_set, names,
        scale.mean.item(), scale.std.item(),
    )  # fmt: skip


def digests(x: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """64 bits of BLAKE2b of each picture, to recognize it again."""
    codes = [hashlib.blake2b(picture.tobytes(), digest_size=8).digest() for picture in x]
    return np.frombuffer(b"".join(codes), "<u8").astype(np.uint64)


def standardized(x: NDArray[np.uint8], mean: float, std: float) -> NDArray[np.float32]:
    """(x - mean) / std"""
    return (x - np.float32(mean)) / np.float32(std)


def size_of(shape: tuple[int, ...]) -> str:
    """28 x 28 pixels"""
    height, width, channels = shape
    return f"{height} x {width} pixels" + (" in color" if channels == 3 else "")


def _demand_enough(path: str, y: NDArray[np.int64], classes: list[str], sets: list[str]) -> None:
    counts = np.bincount(y, minlength=len(classes))
    if len(classes) < 2:
        raise ValueError(f"{path} has one class only, {classes[0]!r}; classification needs two")
    rare, count = classes[counts.argmin()], int(counts.min())
    if count < len(sets):
        raise ValueError(
            f"{path}: class {rare!r} has {count} example{'s' * (count > 1)}, and at least {len(sets)} are "
            f"needed, one for each set ({', '.join(sets)}): bring more, or leave the class out"
        )
