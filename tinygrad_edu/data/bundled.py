"""What comes with the package: digits, iris and wine, and a play by Shakespeare.

Each set is one table, an `.npy` file with a row per example and the class in its last column: `.npy` because
the digits load in half a millisecond, where `.npz` takes 12 ms and text 25 ms. Sources and licenses:
`sets/LICENSE.txt` and `sets/sources.json`.
"""

from __future__ import annotations

import os.path
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

FOLDER = os.path.join(os.path.dirname(__file__), "sets")


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Examples, their classes, and descriptions of both.

    It unpacks into its two arrays:

        x, y = load_iris()
        loader = DataLoader(*load_digits(), shuffle=True, seed=0)
    """

    name: str
    x: NDArray[Any]  # the examples, (n, ...)
    y: NDArray[Any]  # the class of each, (n,), counted from 0; or the number to predict
    feature_names: tuple[str, ...]  # one for each number of an example, row by row
    class_names: tuple[str, ...]  # class_names[y[i]] is what example i is; () if y is no class
    description: str  # what was measured, by whom, and where to read more

    def __iter__(self) -> Iterator[NDArray[Any]]:
        return iter((self.x, self.y))

    def __repr__(self) -> str:
        classes = f", {len(self.class_names)} classes" if self.class_names else ""
        return (
            f"Dataset({self.name!r}: x {self.x.shape} {self.x.dtype}, "
            f"y {self.y.shape} {self.y.dtype}{classes})"
        )


def pixel_names(shape: tuple[int, ...]) -> tuple[str, ...]:
    """pixel_0_0, pixel_0_1, ...: a name for each number of a picture, row by row."""
    return tuple("pixel_" + "_".join(map(str, place)) for place in np.ndindex(shape))


def load_digits(dtype: DTypeLike = np.float32) -> Dataset:
    """1797 handwritten digits.    x: (1797, 8, 8) from 0 to 16, y: (1797,) from 0 to 9

    The pixels are integers from 0 (paper) to 16 (ink), as published. Divide by 16 to scale them to 0..1,
    which suits networks.
    """
    return _load("digits", dtype, (8, 8), pixel_names((8, 8)), tuple("0123456789"))


def load_iris(dtype: DTypeLike = np.float32) -> Dataset:
    """150 iris flowers of three species.    x: (150, 4) in centimeters, y: (150,) from 0 to 2"""
    features = ("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)")
    return _load("iris", dtype, (4,), features, ("setosa", "versicolor", "virginica"))


def load_wine(dtype: DTypeLike = np.float32) -> Dataset:
    """178 Italian wines from three growers.    x: (178, 13), y: (178,) from 0 to 2

    The columns have very different scales; standardize them before measuring distances.
    """
    features = (
        "alcohol", "malic_acid", "ash", "alcalinity_of_ash", "magnesium", "total_phenols", "flavanoids",
        "nonflavanoid_phenols", "proanthocyanins", "color_intensity", "hue",
        "od280/od315_of_diluted_wines", "proline",
    )  # fmt: skip
    return _load("wine", dtype, (13,), features, ("class_0", "class_1", "class_2"))


def load_shakespeare() -> str:
    """The text of Shakespeare's comedy As You Like It: 125,179 characters, 68 of them different.

    Each speech begins with its speaker in capitals and a tab; stage directions are in brackets.
    """
    with open(os.path.join(FOLDER, "as_you_like_it.txt"), encoding="ascii", newline="") as file:
        return file.read()


def _load(
    name: str,
    dtype: DTypeLike,
    shape: tuple[int, ...],
    feature_names: tuple[str, ...],
    class_names: tuple[str, ...],
) -> Dataset:
    """Reads a table; every call returns new arrays, which the caller may change."""
    # float32 by default, because one float64 array turns a whole float32 network into float64.
    # The tables hold every published digit: dtype=np.float64 gives them exactly.
    table = np.load(os.path.join(FOLDER, name + ".npy"), allow_pickle=False)
    with open(os.path.join(FOLDER, name + ".txt"), encoding="utf-8") as file:
        description = file.read()
    x = table[:, :-1].astype(dtype).reshape(-1, *shape)
    y = table[:, -1].astype(np.int64)
    return Dataset(name, x, y, feature_names, class_names, description)
