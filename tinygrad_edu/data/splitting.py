"""One part to learn from, one to choose by, one to be judged on; and the scale, which the first one gives."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tinygrad_edu.data.loader import Seed, _common_length, _generator, train_test_split


def train_validation_test_split(
    x: ArrayLike,
    y: ArrayLike,
    *,
    validation: float = 0.1,
    test: float = 0.1,
    seed: Seed = None,
    stratify: bool = True,
) -> tuple[NDArray[Any], ...]:
    """Put two shares of the examples aside: one to choose a model by, one to judge the chosen one.

        x_train, x_val, x_test, y_train, y_val, y_test = train_validation_test_split(x, y, seed=0)

    The parts get round(validation * n) and round(test * n) rows, and the rest is to learn from; as
    train_test_split, done twice. With `stratify` each class keeps its share in each of them, to within a row
    for the test set and two for the validation set. All six are copies.

    Raises ValueError for shares that leave a part without rows, for a class of labels (words or whole
    numbers) with fewer rows than the three that the parts need, and for what train_test_split refuses.
    """
    x, y = np.asarray(x), np.asarray(y)
    n = _common_length("train_validation_test_split", [x, y])
    for name, share in (("validation", validation), ("test", test)):
        if not isinstance(share, Real) or not 0 < share < 1:
            raise ValueError(
                f"train_validation_test_split got {name}={share!r}: it is a share of the {n} rows, a number "
                f"between 0 and 1, such as {name}=0.1"
            )
    n_validation, n_test = round(validation * n), round(test * n)
    for name, rows in (
        ("validation", n_validation),
        ("test", n_test),
        ("training", n - n_validation - n_test),
    ):
        if rows < 1:
            raise ValueError(
                f"train_validation_test_split: validation={validation} and test={test} of {n} rows leave no "
                f"row for the {name} set: choose other shares, or bring more rows"
            )
    if stratify and y.ndim == 1 and y.dtype.kind in "biuSUO":
        labels, counts = np.unique(y, return_counts=True)
        rare = int(counts.argmin())
        if counts[rare] < 3:
            examples = "example" if counts[rare] == 1 else "examples"
            raise ValueError(
                f"train_validation_test_split: class {labels[rare].item()!r} has {counts[rare]} {examples}, "
                "and each of the three sets needs one: bring more, leave the class out, or stratify=False"
            )
    rng = _generator("train_validation_test_split", seed)
    rest, test_rows, y_rest, _ = train_test_split(
        np.arange(n), y, test=n_test / n, seed=rng, stratify=stratify
    )
    train_rows, validation_rows, _, _ = train_test_split(
        rest, y_rest, test=n_validation / len(rest), seed=rng, stratify=stratify
    )
    parts = (train_rows, validation_rows, test_rows)
    return tuple(array[rows] for array in (x, y) for rows in parts)


class StandardScaler:
    """(x - mean) / std, with the mean and the standard deviation of the training set.

        scale = StandardScaler().fit(x_train)
        x_train, x_test = scale(x_train), scale(x_test)

    axis    what the mean is taken over: 0, the examples, gives one for each column; (0, 1, 2) one for each
            channel of images; None one for all numbers
    A column that never changes is only shifted. Whole numbers become float32. The sums are in float64 and go
    through the examples piece by piece: an array larger than memory is read, not copied.

    Raises ValueError for NaN or infinity in the training set (its place is named), for no rows, and for
    another shape than the one fitted; RuntimeError before `fit`.
    """

    PIECE = 1 << 20  # numbers

    def __init__(self, axis: int | tuple[int, ...] | None = 0):
        self.axis = axis
        self.mean: NDArray[Any] | None = None
        self.std: NDArray[Any] | None = None

    def fit(self, x: ArrayLike) -> StandardScaler:
        x = np.asarray(x)
        if x.ndim == 0 or x.size == 0:
            raise ValueError(
                f"StandardScaler.fit got an array of shape {x.shape}: there is nothing to average"
            )
        axes: Any = tuple(range(x.ndim)) if self.axis is None else self.axis
        axes = tuple(a % x.ndim for a in (axes if isinstance(axes, tuple) else (axes,)))
        if 0 not in axes:
            raise ValueError(
                f"StandardScaler(axis={self.axis}): axis 0, the examples, must be in it"
            )
        count = int(np.prod([x.shape[a] for a in axes]))
        step = max(1, self.PIECE // max(1, x[0].size))
        pieces = range(0, len(x), step)

        # In two rounds: sum(x²) - sum(x)²/n would lose the digits of a small spread about a large mean.
        total: Any = 0.0
        for i in pieces:
            piece = x[i : i + step].astype(np.float64)
            if not np.isfinite(piece).all():
                place = np.argwhere(~np.isfinite(piece))[0]
                shown = ", ".join(map(str, (place[0] + i, *place[1:])))
                raise ValueError(
                    f"StandardScaler.fit: x[{shown}] is {piece[tuple(place)]}: fill such places or leave "
                    "their rows out before"
                )
            total = total + piece.sum(axis=axes, keepdims=True)
        mean = total / count
        squares: Any = 0.0
        for i in pieces:
            squares = squares + np.square(x[i : i + step] - mean).sum(axis=axes, keepdims=True)
        variance = squares / count
        # What rounding alone gives to a column that never changes (Chan, Golub and LeVeque 1983).
        eps = np.finfo(np.float64).eps
        constant = variance <= count * eps * variance + (count * mean * eps) ** 2
        self.mean, self.std = mean[0], np.where(constant, 1.0, np.sqrt(variance))[0]
        return self

    def __call__(self, x: ArrayLike) -> NDArray[Any]:
        """(x - mean) / std"""
        x, mean, std = self._checked(x)
        return (x - mean) / std

    def inverse(self, x: ArrayLike) -> NDArray[Any]:
        """x std + mean: back to the units of the data."""
        x, mean, std = self._checked(x)
        return x * std + mean

    def _checked(self, x: ArrayLike) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        x = np.asarray(x)
        if self.mean is None or self.std is None:
            raise RuntimeError(
                "StandardScaler: fit(x_train) comes first, it takes mean and std from there"
            )
        fits = x.ndim == self.mean.ndim + 1 and all(
            m in (1, length) for m, length in zip(self.mean.shape, x.shape[1:], strict=True)
        )
        if not fits:
            raise ValueError(
                f"StandardScaler got an array of shape {x.shape}: the training set had examples with mean of "
                f"shape {self.mean.shape}"
            )
        if x.dtype.kind != "f":
            x = x.astype(np.float32)
        return x, self.mean.astype(x.dtype), self.std.astype(x.dtype)

    def __repr__(self) -> str:
        fitted = "" if self.mean is None else f", mean of shape {self.mean.shape}"
        return f"StandardScaler(axis={self.axis}{fitted})"
