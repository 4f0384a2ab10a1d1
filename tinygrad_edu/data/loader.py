"""Mini-batches of arrays.

Everything random comes from a `seed` that the caller passes in: a whole number, or a
`numpy.random.Generator` when several parts of a program share one stream.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, SupportsIndex

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tinygrad_edu.data.checks import Seed, common_length, generator, whole_number


class DataLoader:
    """Mini-batches of the rows of one or more arrays.

        for xb, yb in DataLoader(x, y, batch_size=32, shuffle=True, seed=0):
            ...                          # xb: (32, ...), yb: (32, ...); the last may be shorter

    A batch is always a tuple, with one entry per array: `for (xb,) in DataLoader(x)`.

    shuffle     draws a new order for every epoch, that is for every `for` loop over the loader. Two
                loaders with the same seed draw the same orders; with `seed=None` the orders differ in
                every run of the program.
    drop_last   drops a last batch that is not full.

    A shuffled batch is a copy. Without shuffling it is a read-only view of the data, because
    `xb -= xb.mean()` would otherwise change the data set itself.

    Raises ValueError for arrays of different lengths, for data or settings that leave no batch, for a
    batch size below 1, and for an invalid seed; TypeError for a batch size that is not a whole number.
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
        rows = common_length("DataLoader", views)
        size = whole_number("DataLoader", "batch_size", batch_size)
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
        self._rng = generator("DataLoader", seed) if shuffle else None

    def __len__(self) -> int:
        """The number of batches in an epoch."""
        full, rest = divmod(self.rows, self.batch_size)
        return full if self.drop_last or rest == 0 else full + 1

    def __iter__(self) -> Iterator[tuple[NDArray[Any], ...]]:
        return self.batches()

    def batches(self, start: int = 0) -> Iterator[tuple[NDArray[Any], ...]]:
        """The batches of one epoch from number `start` on, to resume a training in mid-epoch.

        The order of the whole epoch is drawn now, wherever it starts.
        """
        order = None if self._rng is None else self._rng.permutation(self.rows)
        size = self.batch_size
        starts = range(start * size, len(self) * size, size)
        if order is None:
            return (tuple([a[i : i + size] for a in self.arrays]) for i in starts)
        # a.take(rows, axis=0) is a[rows] in a third of the time.
        return (tuple([a.take(order[i : i + size], axis=0) for a in self.arrays]) for i in starts)

    def __repr__(self) -> str:
        order = "shuffled" if self.shuffle else "in order"
        return f"DataLoader({self.rows} rows, {len(self)} batches of {self.batch_size}, {order})"
