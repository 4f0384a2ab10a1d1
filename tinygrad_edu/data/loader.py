"""From whole arrays to the pieces that learning needs: a test set put aside, and mini-batches.

Everything random comes from a `seed` that the caller passes in: a whole number, or a
`numpy.random.Generator` when several parts of a program are to share one stream.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from numbers import Real
from typing import Any, SupportsIndex, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Seed: TypeAlias = "int | np.random.Generator | None"


class DataLoader:
    """Mini-batches of arrays that belong together, row by row.

        for xb, yb in DataLoader(x, y, batch_size=32, shuffle=True, seed=0):
            ...                          # xb: (32, ...), yb: (32, ...); the last may be shorter

    A batch is always a tuple, with one entry per array: `for (xb,) in DataLoader(x)`.

    shuffle     draws a new order for every epoch, that is for every `for` loop over the loader. Two
                loaders with the same seed go through the same sequence of orders; with `seed=None`
                the order is different in every run of the program.
    drop_last   leaves out a last batch that is not full.

    A shuffled batch is a copy. Without shuffling it is a view of the data, and read-only, because
    `xb -= xb.mean()` would otherwise change the data set itself.

    Raises ValueError for arrays of different lengths, for data or settings that leave no batch at
    all, for a batch size below 1, and for something that cannot be a seed; TypeError for a batch
    size that is not a whole number.
    """

    def __init__(
        self,
        *arrays: ArrayLike,
        batch_size: SupportsIndex = 32,
        shuffle: bool = False,
        seed: Seed = None,
        drop_last: bool = False,
    ) -> None:
        views = [np.asarray(a).view() for a in arrays]
        rows = _common_length("DataLoader", views)
        size = _whole_number("DataLoader", "batch_size", batch_size)
        if drop_last and rows < size:
            raise ValueError(
                f"DataLoader: {rows} rows with batch_size={size} and drop_last=True leave no "
                f"batch: use drop_last=False, or a batch_size of at most {rows}"
            )
        for view in views:
            view.flags.writeable = False
        self.arrays = tuple(views)
        self.rows = rows
        self.batch_size = size
        self.shuffle = shuffle
        self.drop_last = drop_last
        # numpy.random takes 20 ms to import, so a loader that does not shuffle leaves it alone.
        self._rng = _generator("DataLoader", seed) if shuffle else None

    def __len__(self) -> int:
        """How many batches an epoch has."""
        full, rest = divmod(self.rows, self.batch_size)
        return full if self.drop_last or rest == 0 else full + 1

    def __iter__(self) -> Iterator[tuple[NDArray[Any], ...]]:
        return self.batches()

    def batches(self, start: int = 0) -> Iterator[tuple[NDArray[Any], ...]]:
        """The batches of one epoch from number `start` on, for a training that goes on in its middle.

        The order of the whole epoch is drawn at once, whatever the start.
        """
        order = None if self._rng is None else self._rng.permutation(self.rows)
        return self._batches(order, start)

    def _batches(self, order: Any, start: int) -> Iterator[tuple[NDArray[Any], ...]]:
        size, arrays = self.batch_size, self.arrays
        starts = range(start * size, len(self) * size, size)
        if order is None:
            for i in starts:
                yield tuple([a[i : i + size] for a in arrays])
        else:
            for i in starts:
                batch = order[i : i + size]
                # The same as a[batch], in a third of the time.
                yield tuple([a.take(batch, axis=0) for a in arrays])

    def __repr__(self) -> str:
        order = "shuffled" if self.shuffle else "in order"
        return f"DataLoader({self.rows} rows, {len(self)} batches of {self.batch_size}, {order})"


def train_test_split(
    x: ArrayLike, y: ArrayLike, *, test: float = 0.2, seed: Seed = None, stratify: bool = True
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Put a share of the examples aside, to judge a model on what it has never seen.

        x_train, x_test, y_train, y_test = train_test_split(x, y, test=0.2, seed=0)

    x: (n, ...), y: (n, ...). The test set gets n_test = round(test * n) rows. All four results are
    copies with their rows in random order.

    With `stratify`, y: (n,) holds a label per row and every class keeps its share: of a class with
    k rows, k * n_test / n go into the test set, rounded up or down. A y of real numbers works as
    well: both sides then get the same spread of values.

    Raises ValueError for x and y of different lengths, for a share that leaves either side without
    a row, for a y that cannot be stratified, and for something that cannot be a seed.
    """
    x, y = np.asarray(x), np.asarray(y)
    n = _common_length("train_test_split", [x, y])
    if not isinstance(test, Real) or not 0 < test < 1:
        raise ValueError(
            f"train_test_split got test={test!r}: it is the share of the {n} rows that goes into "
            "the test set, a number between 0 and 1, such as test=0.2"
        )
    n_test = round(test * n)
    if n_test in (0, n):
        side = "test" if n_test == 0 else "training"
        raise ValueError(
            f"train_test_split: test={test} of {n} rows leaves no row for the {side} set: "
            "choose another share, or bring more rows"
        )
    if stratify and y.ndim != 1:
        labels = "y.argmax(axis=1) if the rows are one-hot"
        if y.size == n:
            labels = "y.ravel()"
        raise ValueError(
            f"train_test_split got y of shape {y.shape}: stratify needs one label per row, shape "
            f"({n},); pass {labels}, or stratify=False"
        )

    order = _generator("train_test_split", seed).permutation(n)
    if stratify:
        # Line the rows up by class, in random order within a class, and take n_test of them at even
        # distances, starting half a step in: a class of k neighbors meets k * n_test / n of the
        # picks, rounded up or down.
        lined_up = order[np.argsort(y[order], kind="stable")]
        picks = lined_up[(2 * np.arange(n_test) + 1) * n // (2 * n_test)]
    else:
        picks = order[:n_test]
    is_test = np.zeros(n, dtype=bool)
    is_test[picks] = True
    # Both sides keep the order of the permutation, so that neither comes out sorted by class.
    chosen = is_test[order]
    train_rows, test_rows = order[~chosen], order[chosen]
    return x[train_rows], x[test_rows], y[train_rows], y[test_rows]


def _common_length(caller: str, arrays: list[NDArray[Any]]) -> int:
    """The number of rows that all arrays have, or an error that shows which of them differ."""
    if not arrays:
        raise ValueError(f"{caller} got no arrays: pass at least one, as in {caller}(x, y)")
    for position, a in enumerate(arrays):
        if a.ndim == 0:
            raise ValueError(
                f"{caller} got {a} as array {position}, which has no rows: "
                "the first axis must count the examples"
            )
    shapes = " and ".join(str(a.shape) for a in arrays)
    n = len(arrays[0])
    for position, a in enumerate(arrays):
        if len(a) != n:
            hint = _swapped(arrays[0], a) or "pass arrays made from the same examples"
            raise ValueError(
                f"{caller} got arrays of shapes {shapes}: the first axis counts the examples, and "
                f"array 0 has {n} of them where array {position} has {len(a)}; {hint}"
            )
    if n == 0:
        raise ValueError(
            f"{caller} got arrays of shapes {shapes}: there is no row in them; "
            "check the filter or the file that they come from"
        )
    return n


def _swapped(first: NDArray[Any], other: NDArray[Any]) -> str:
    """The hint for a table that has its examples in columns."""
    if first.ndim == 2 and first.shape[1] == len(other):
        return "array 0 would fit if it were transposed"
    if other.ndim == 2 and other.shape[1] == len(first):
        return f"the array of shape {other.shape} would fit if it were transposed"
    return ""


def _whole_number(caller: str, name: str, value: Any) -> int:
    try:
        if isinstance(value, bool):  # to Python, True is the number 1
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise TypeError(
            f"{caller} got {name}={value!r}: it must be a whole number, such as {name}=32"
        ) from None
    if number < 1:
        raise ValueError(f"{caller} got {name}={number}: it must be at least 1, such as {name}=32")
    return number


def _generator(caller: str, seed: Seed) -> np.random.Generator:
    try:
        return np.random.default_rng(seed)
    except (TypeError, ValueError):
        raise ValueError(
            f"{caller} got seed={seed!r}: pass a whole number from 0 up, "
            "a numpy.random.Generator, or None"
        ) from None
