"""Training, validation and test sets, and the standardization that the training set determines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tinygrad_edu.data.checks import Seed, common_length, generator, share


def train_test_split(
    x: ArrayLike, y: ArrayLike, *, test: float = 0.2, seed: Seed = None, stratify: bool = True
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Splits the examples into a training set and a test set.

        x_train, x_test, y_train, y_test = train_test_split(x, y, test=0.2, seed=0)

    x: (n, ...), y: (n, ...). The test set gets n_test = round(test * n) rows. All four results are
    copies with their rows in random order.

    With `stratify`, y: (n,) holds a label per row and every class keeps its share: of a class with
    k rows, k * n_test / n go into the test set, rounded up or down. If y holds real numbers, both
    sets get the same spread of values.

    Raises ValueError for x and y of different lengths, for a share that leaves a set without rows,
    for a y that cannot be stratified, and for an invalid seed.
    """
    x, y = np.asarray(x), np.asarray(y)
    n = common_length("train_test_split", [x, y])
    n_test = round(share("train_test_split", "test", test, n) * n)
    if n_test in (0, n):
        side = "test" if n_test == 0 else "training"
        raise ValueError(
            f"train_test_split: test={test} of {n} rows leaves no row for the {side} set: "
            "choose another share, or bring more rows"
        )
    if stratify and y.ndim != 1:
        labels = "y.ravel()" if y.size == n else "y.argmax(axis=1) if the rows are one-hot"
        raise ValueError(
            f"train_test_split got y of shape {y.shape}: stratify needs one label per row, shape "
            f"({n},); pass {labels}, or stratify=False"
        )

    order = generator("train_test_split", seed).permutation(n)
    if stratify:
        # Sort the rows by class, in random order within a class, and take n_test of them at equal
        # distances, starting half a step in: a class of k rows meets k * n_test / n of the picks,
        # rounded up or down.
        by_class = order[np.argsort(y[order], kind="stable")]
        picks = by_class[(2 * np.arange(n_test) + 1) * n // (2 * n_test)]
    else:
        picks = order[:n_test]
    # Both sets keep the order of the permutation, so that neither is sorted by class.
    in_test = np.isin(order, picks)
    train_rows, test_rows = order[~in_test], order[in_test]
    return x[train_rows], x[test_rows], y[train_rows], y[test_rows]


def train_validation_test_split(
    x: ArrayLike,
    y: ArrayLike,
    *,
    validation: float = 0.1,
    test: float = 0.1,
    seed: Seed = None,
    stratify: bool = True,
) -> tuple[NDArray[Any], ...]:
    """Splits the examples into a training, a validation and a test set.

        x_train, x_val, x_test, y_train, y_val, y_test = train_validation_test_split(x, y, seed=0)

    The validation set chooses among models, the test set measures the chosen one. They get
    round(validation * n) and round(test * n) rows, by train_test_split, done twice. With `stratify` each
    class keeps its share in each set, to within one row in the test set and two in the validation set.
    All six results are copies.

    Raises ValueError for shares that leave a set without rows, for a class of labels (words or whole
    numbers) with fewer than three rows, and for what train_test_split refuses.
    """
    caller = "train_validation_test_split"
    x, y = np.asarray(x), np.asarray(y)
    n = common_length(caller, [x, y])
    n_validation = round(share(caller, "validation", validation, n) * n)
    n_test = round(share(caller, "test", test, n) * n)
    n_training = n - n_validation - n_test
    sizes = {"validation": n_validation, "test": n_test, "training": n_training}
    for name, rows in sizes.items():
        if rows < 1:
            raise ValueError(
                f"{caller}: validation={validation} and test={test} of {n} rows leave no row for the {name} "
                "set: choose other shares, or bring more rows"
            )
    if stratify and y.ndim == 1 and y.dtype.kind in "biuSUO":
        labels, counts = np.unique(y, return_counts=True)
        rare, count = labels[counts.argmin()].item(), int(counts.min())
        if count < 3:
            raise ValueError(
                f"{caller}: class {rare!r} has {count} example{'s' * (count > 1)}, and each of the three "
                "sets needs one: bring more, leave the class out, or stratify=False"
            )
    rng = generator(caller, seed)
    rest, test_rows, y_rest, _ = train_test_split(
        np.arange(n), y, test=n_test / n, seed=rng, stratify=stratify
    )
    train_rows, validation_rows, _, _ = train_test_split(
        rest, y_rest, test=n_validation / len(rest), seed=rng, stratify=stratify
    )
    return tuple(
        array[rows] for array in (x, y) for rows in (train_rows, validation_rows, test_rows)
    )


class StandardScaler:
    """Standardization by the mean and standard deviation of the training set: (x - mean) / std.

        scale = StandardScaler().fit(x_train)
        x_train, x_test = scale(x_train), scale(x_test)

    axis    what the mean is taken over: 0, the examples, gives one mean per column; (0, 1, 2) one per channel
            of images; None one for all numbers
    A constant column is only shifted. Integers become float32. Sums are in float64, over blocks of examples,
    so that an array larger than memory is never copied.

    Raises ValueError for NaN or infinity in the training set (with its index), for no rows, and for another
    shape than the one fitted; RuntimeError before `fit`.
    """

    PIECE = 1 << 20  # numbers in a block

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
        every = np.arange(x.ndim)
        axes = tuple(every if self.axis is None else every[np.atleast_1d(self.axis)])
        if 0 not in axes:
            raise ValueError(
                f"StandardScaler(axis={self.axis}): axis 0, the examples, must be in it"
            )
        count = int(np.prod([x.shape[a] for a in axes]))
        step = max(1, self.PIECE // x[0].size)

        def average(function: Callable[[Any], Any]) -> Any:
            blocks = (x[i : i + step].astype(np.float64) for i in range(0, len(x), step))
            return sum(function(b).sum(axis=axes, keepdims=True) for b in blocks) / count

        with np.errstate(invalid="ignore"):  # infinity - infinity is reported below
            mean = average(lambda block: block)
        _demand_finite(x, mean)
        # Two passes, because mean(x²) - mean(x)² would lose the digits of a small spread about a large mean.
        variance = average(lambda block: np.square(block - mean))
        # The variance that rounding alone gives to a constant column (Chan, Golub and LeVeque 1983).
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
            raise RuntimeError("StandardScaler: call fit(x_train) first; it computes mean and std")
        sizes = zip(self.mean.shape, x.shape[1:], strict=False)
        if x.ndim != self.mean.ndim + 1 or not all(m in (1, length) for m, length in sizes):
            raise ValueError(
                f"StandardScaler got an array of shape {x.shape}: the mean of the training set has shape "
                f"{self.mean.shape}"
            )
        if x.dtype.kind != "f":
            x = x.astype(np.float32)
        return x, self.mean.astype(x.dtype), self.std.astype(x.dtype)

    def __repr__(self) -> str:
        fitted = "" if self.mean is None else f", mean of shape {self.mean.shape}"
        return f"StandardScaler(axis={self.axis}{fitted})"


def _demand_finite(x: NDArray[Any], mean: NDArray[Any]) -> None:
    """Raises ValueError with the index of the first number of x that is not finite, if the mean is not."""
    if np.isfinite(mean).all():
        return
    for place in np.argwhere(~np.isfinite(x))[:1]:
        raise ValueError(
            f"StandardScaler.fit: x[{', '.join(map(str, place))}] is {x[tuple(place)]}: fill such places, or "
            "leave out their rows, before"
        )
