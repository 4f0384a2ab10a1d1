"""Loaders around data sets and around other loaders: read example by example, transform, work ahead.

A loader is anything that a `for` loop gets batches from, each a tuple of arrays; each loop is an epoch. So
they go inside each other:

    loader = DataLoader(x, y, batch_size=128, shuffle=True, seed=0)
    loader = Prefetch(Transformed(loader, normalize, augment, seed=1))

Arrays larger than memory need no loader of their own: DataLoader takes what np.load(path, mmap_mode="r")
gives, and reads the rows of a batch when their turn comes.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any, SupportsIndex

import numpy as np
from numpy.typing import NDArray

from tinygrad_edu.data.loader import Seed, _generator, _whole_number

Batch = tuple[NDArray[Any], ...]


class ExampleLoader:
    """Mini-batches from a data set that gives one example at a time.

        for xb, yb in ExampleLoader(images, batch_size=32, shuffle=True, seed=0): ...

    dataset     either with `dataset[i]` and `len(dataset)`, or anything that a `for` loop goes through, such
                as a list of files read line by line (not a generator, which lasts for one epoch only)
    An example is a tuple such as (image, label), whose parts are stacked part by part; a batch is always a
    tuple, with one entry if examples are not tuples. The other settings are those of DataLoader; a data set
    without `len` cannot be shuffled, and len(loader) raises TypeError for it.

    Raises TypeError for a data set that is neither, ValueError for examples that do not stack: those of
    another shape, or with another number of parts, than the first of the batch.
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
        self.batch_size = _whole_number("ExampleLoader", "batch_size", batch_size)
        self.shuffle = shuffle
        self.drop_last = drop_last
        self._by_index = hasattr(dataset, "__getitem__") and hasattr(dataset, "__len__")
        if not self._by_index and (not hasattr(dataset, "__iter__") or iter(dataset) is dataset):
            raise TypeError(
                f"ExampleLoader got {type(dataset).__name__}: a data set has dataset[i] and len(dataset), or "
                "gives a new iterator to each epoch; a generator belongs into the __iter__ of a class"
            )
        if shuffle and not self._by_index:
            raise TypeError(
                f"ExampleLoader got shuffle=True and {type(dataset).__name__}, which has no len() and no "
                "[i]: what comes as a stream is taken in its order; shuffle where it is made"
            )
        if self._by_index and len(self) == 0:
            raise ValueError(
                f"ExampleLoader got a data set of {len(dataset)} examples: with "
                f"batch_size={self.batch_size} and drop_last={drop_last} that leaves no batch"
            )
        self._rng = _generator("ExampleLoader", seed) if shuffle else None

    def __len__(self) -> int:
        if not self._by_index:
            raise TypeError(
                f"{type(self.dataset).__name__} is a stream, and nobody knows its length"
            )
        full, rest = divmod(len(self.dataset), self.batch_size)
        return full if self.drop_last or rest == 0 else full + 1

    def __iter__(self) -> Iterator[Batch]:
        examples: list[Any] = []
        first = 0
        for example in self._examples():
            examples.append(example)
            if len(examples) == self.batch_size:
                yield _stacked(examples, first)
                first += len(examples)
                examples = []
        if examples and not self.drop_last:
            yield _stacked(examples, first)

    def _examples(self) -> Iterator[Any]:
        if not self._by_index:
            yield from self.dataset
            return
        n = len(self.dataset)
        order = range(n) if self._rng is None else self._rng.permutation(n).tolist()
        for i in order:
            yield self.dataset[i]


class Transformed:
    """The batches of `loader`, with the first array of each gone through `functions`.

        Transformed(loader, normalize, augment, partial(noise, std=0.05), seed=0)

    A function is f(x, rng) -> x; rng is this loader's own generator, so that the order of the batches does
    not depend on what is drawn here. Raises TypeError for what cannot be called, ValueError if a function
    gives another number of examples than it got.
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
        self._rng = _generator("Transformed", seed)

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
    """The batches of `loader`, made ahead by a thread while the network learns from the last one.

    ahead       how many batches may wait, each in memory. NumPy lets go of the interpreter in its loops, and
                so do files and decoders: that is what the thread gains.

    The batches are the same, in the same order. An exception in `loader` comes out of the `for` loop, with
    the traceback of where it happened. A loop that is left early ends the thread.
    """

    def __init__(self, loader: Any, *, ahead: SupportsIndex = 2) -> None:
        self.loader = loader
        self.ahead = _whole_number("Prefetch", "ahead", ahead)

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[Batch]:
        # A batch, or what ended the loop over `loader`: an exception, or None if it came to its end.
        ready: queue.Queue[tuple[Batch | None, BaseException | None]] = queue.Queue(self.ahead)
        left = threading.Event()

        def work() -> None:
            try:
                for batch in self.loader:
                    ready.put((batch, None))
                    if left.is_set():
                        return
                ready.put((None, None))
            except BaseException as error:
                # of any kind: it belongs to the loop, not to this thread
                ready.put((None, error))

        thread = threading.Thread(target=work, name="Prefetch", daemon=True)
        thread.start()
        try:
            while True:
                batch, error = ready.get()
                if error is not None:
                    raise error
                if batch is None:
                    return
                yield batch
        finally:
            # A thread that waits for room gets it, and then sees that nobody is there any more.
            left.set()
            while not ready.empty():
                ready.get_nowait()
            thread.join()


def _stacked(examples: list[Any], first: int) -> Batch:
    rows = [example if isinstance(example, tuple) else (example,) for example in examples]
    for i, row in enumerate(rows):
        shapes, expected = [[np.shape(part) for part in r] for r in (row, rows[0])]
        if shapes != expected:
            raise ValueError(
                f"ExampleLoader: the parts of example {first + i} of the epoch have shapes {shapes}, those "
                f"of example {first} have {expected}; examples of a batch must have equal shapes"
            )
    return tuple(np.stack(parts) for parts in zip(*rows, strict=True))
