"""Loaders around data sets and other loaders: read example by example, transform, work ahead.

A loader is any iterable of batches, each a tuple of arrays; each loop over it is an epoch. Loaders nest:

    loader = DataLoader(x, y, batch_size=128, shuffle=True, seed=0)
    loader = Prefetch(Transformed(loader, normalize, augment, seed=1))

Arrays larger than memory need no loader of their own: DataLoader takes what np.load(path, mmap_mode="r")
returns, and reads only the rows of the current batch.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, SupportsIndex

import numpy as np
from numpy.typing import NDArray

from tinygrad_edu.data.checks import Seed, generator, whole_number

Batch = tuple[NDArray[Any], ...]


class ExampleLoader:
    """Mini-batches from a data set that gives one example at a time.

        for xb, yb in ExampleLoader(images, batch_size=32, shuffle=True, seed=0): ...

    dataset     has `dataset[i]` and `len(dataset)`, or is an iterable such as a reader of lines (not a
                generator, which lasts for one epoch only)
    An example is a tuple such as (image, label), and each of its parts is stacked; a batch is always a
    tuple, with one entry if examples are not tuples. The other settings are those of DataLoader; a data set
    without `len` cannot be shuffled, and len(loader) raises TypeError for it.

    Raises TypeError for a data set that is neither, ValueError for examples whose shapes or numbers of parts
    differ within a batch.
    """

    def __init__(
        self,
        dataset: Any,
        *,
        batch_size: SupportsIndex = 32,
        shuffle: bool = False,
        seed: Seed = None,
        drop_last: bool = False,
    ) -> None:
        self.dataset = dataset
        self.batch_size = whole_number("ExampleLoader", "batch_size", batch_size)
        self.shuffle = shuffle
        self.drop_last = drop_last
        self._by_index = hasattr(dataset, "__getitem__") and hasattr(dataset, "__len__")
        kind = type(dataset).__name__
        if not self._by_index and (not hasattr(dataset, "__iter__") or iter(dataset) is dataset):
            raise TypeError(
                f"ExampleLoader got {kind}: a data set has dataset[i] and len(dataset), or gives a new "
                "iterator to each epoch; put a generator into the __iter__ of a class"
            )
        if shuffle and not self._by_index:
            raise TypeError(
                f"ExampleLoader got shuffle=True and {kind}, which has no len() and no [i]: a stream is read "
                "in its own order; shuffle where it is made"
            )
        if self._by_index and len(self) == 0:
            raise ValueError(
                f"ExampleLoader got a data set of {len(dataset)} examples: with "
                f"batch_size={self.batch_size} and drop_last={drop_last} that leaves no batch"
            )
        self._rng = generator("ExampleLoader", seed) if shuffle else None

    def __len__(self) -> int:
        if not self._by_index:
            raise TypeError(f"{type(self.dataset).__name__} is a stream, whose length is not known")
        full, rest = divmod(len(self.dataset), self.batch_size)
        return full if self.drop_last or rest == 0 else full + 1

    def __iter__(self) -> Iterator[Batch]:
        examples: list[Any] = []
        first = 0
        n = len(self.dataset) if self._by_index else 0
        order = range(n) if self._rng is None else self._rng.permutation(n).tolist()
        for example in map(self.dataset.__getitem__, order) if self._by_index else self.dataset:
            examples.append(example)
            if len(examples) == self.batch_size:
                yield _stacked(examples, first)
                first += len(examples)
                examples = []
        if examples and not self.drop_last:
            yield _stacked(examples, first)


class Transformed:
    """The batches of `loader`, with functions applied to the first array of each.

        Transformed(loader, normalize, augment, partial(noise, std=0.05), seed=0)

    A function is f(x, rng) -> x; rng is this loader's own generator, so that the order of the batches does
    not depend on what is drawn here. Raises TypeError for an argument that is not callable, ValueError if a
    function changes the number of examples.
    """

    def __init__(
        self,
        loader: Any,
        *functions: Callable[[Any, np.random.Generator], Any],
        seed: Seed = None,
    ) -> None:
        for function in functions:
            if not callable(function):
                raise TypeError(
                    f"Transformed got {function!r}: pass functions f(x, rng) -> x, such as augment"
                )
        self.loader = loader
        self.functions = functions
        self._rng = generator("Transformed", seed)

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[Batch]:
        for x, *rest in self.loader:
            n = len(x)
            for function in self.functions:
                x = function(x, self._rng)
                if len(x) != n:
                    name = getattr(function, "__name__", repr(function))
                    raise ValueError(f"Transformed: {name} made {len(x)} examples out of {n}")
            yield (x, *rest)


class Prefetch:
    """The batches of `loader`, prepared in advance by a thread while the network trains on the last one.

    ahead       the number of batches that may wait, each in memory. The thread helps because NumPy's loops,
                files and decoders release Python's global lock.

    The batches and their order do not change. An exception in `loader` is raised in the `for` loop, with its
    traceback. Leaving the loop early ends the thread.
    """

    def __init__(self, loader: Any, *, ahead: SupportsIndex = 2) -> None:
        self.loader = loader
        self.ahead = whole_number("Prefetch", "ahead", ahead)

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[Batch]:
        from concurrent.futures import ThreadPoolExecutor  # not before: it brings logging

        batches = iter(self.loader)
        with ThreadPoolExecutor(1, "Prefetch") as thread:
            waiting = deque(thread.submit(next, batches, None) for _ in range(self.ahead))
            try:
                while (batch := waiting.popleft().result()) is not None:
                    waiting.append(thread.submit(next, batches, None))
                    yield batch
            finally:
                for future in waiting:
                    future.cancel()


def _stacked(examples: list[Any], first: int) -> Batch:
    rows = [example if isinstance(example, tuple) else (example,) for example in examples]
    for i, row in enumerate(rows):
        shapes, expected = [[np.shape(part) for part in r] for r in (row, rows[0])]
        if shapes != expected:
            raise ValueError(
                f"ExampleLoader: the parts of example {first + i} of the epoch have shapes {shapes}, those "
                f"of example {first} have {expected}; all examples of a batch must have the same shapes"
            )
    return tuple(np.stack(parts) for parts in zip(*rows, strict=True))
