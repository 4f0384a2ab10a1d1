"""Loaders around data sets and loaders: nothing lost, nothing reordered, no thread left behind."""

import re
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tinygrad_edu.data import DataLoader
from tinygrad_edu.data.streams import ExampleLoader, Prefetch, Transformed
from tinygrad_edu.data.transforms import augment, normalize

X = np.random.default_rng(0).integers(0, 256, (10, 6, 7), np.uint8)
Y = np.arange(10)


class Map:
    """A data set with [i] and len()."""

    def __len__(self) -> int:
        return len(X)

    def __getitem__(self, i: int) -> Any:
        return X[i], int(Y[i])


class Stream:
    """A data set that only a `for` loop can read."""

    def __iter__(self) -> Iterator[Any]:
        return iter(zip(X, Y, strict=True))


def same(first: Any, second: Any) -> None:
    for a, b in zip(first, second, strict=True):
        assert isinstance(a, tuple)
        for one, other in zip(a, b, strict=True):
            np.testing.assert_array_equal(one, other)
            assert one.dtype == other.dtype


# --- examples ---


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("dataset", [Map(), Stream(), list(zip(X, Y, strict=True))])
def test_batches_are_those_of_the_arrays(dataset: Any, drop_last: bool) -> None:
    settings: Any = {"batch_size": 4, "drop_last": drop_last}
    loader, reference = ExampleLoader(dataset, **settings), DataLoader(X, Y, **settings)
    for _ in range(2):  # every loop is an epoch
        same(loader, reference)


def test_shuffled_as_the_arrays_are() -> None:
    loader = ExampleLoader(Map(), batch_size=3, shuffle=True, seed=7)
    reference = DataLoader(X, Y, batch_size=3, shuffle=True, seed=7)
    for _ in range(3):
        same(loader, reference)
    assert len(loader) == len(reference) == 4


def test_examples_that_are_no_tuples() -> None:
    same(ExampleLoader(X, batch_size=4), DataLoader(X, batch_size=4))


def test_a_list_of_numbers() -> None:
    assert [xb.tolist() for (xb,) in ExampleLoader([1, 2, 3], batch_size=2)] == [[1, 2], [3]]


def test_examples_are_read_when_their_turn_comes() -> None:
    read = []

    class Lazy(Map):
        def __getitem__(self, i: int) -> Any:
            read.append(i)
            return super().__getitem__(i)

    next(iter(ExampleLoader(Lazy(), batch_size=4)))
    assert read == [0, 1, 2, 3]


# --- transforms ---


def test_the_first_array_goes_through_the_functions() -> None:
    loader = Transformed(DataLoader(X, Y, batch_size=4), normalize, augment, seed=3)
    rng = np.random.default_rng(3)
    expected = [(augment(normalize(x), rng), y) for x, y in DataLoader(X, Y, batch_size=4)]
    same(loader, expected)
    assert len(loader) == 3
    second = [(augment(normalize(x), rng), y) for x, y in DataLoader(X, Y, batch_size=4)]
    same(loader, second)  # the next epoch draws anew


def test_the_order_does_not_depend_on_what_is_drawn() -> None:
    def orders(*functions: Any) -> Any:
        loader = DataLoader(X, Y, batch_size=4, shuffle=True, seed=0)
        return [yb.tolist() for _ in range(2) for _, yb in Transformed(loader, *functions, seed=0)]

    assert orders() == orders(augment) == orders(augment, augment)


# --- ahead ---


def ours() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("Prefetch")]


@pytest.mark.parametrize("ahead", [1, 2, 50])
def test_the_same_batches_in_the_same_order(ahead: int) -> None:
    def make() -> Transformed:
        loader = DataLoader(X, Y, batch_size=3, shuffle=True, seed=1)
        return Transformed(loader, augment, seed=2)

    loader, reference = Prefetch(make(), ahead=ahead), make()
    for _ in range(3):
        same(loader, reference)
        assert not ours()
    assert len(loader) == 4


def test_it_works_while_the_loop_is_busy() -> None:
    busy, done = threading.Event(), threading.Event()

    def batches() -> Iterator[Any]:
        yield (X,)
        assert busy.wait(600)  # made only once the loop is at work on the first
        done.set()
        yield (X,)

    loop = iter(Prefetch(batches()))
    next(loop)
    busy.set()
    assert done.wait(600)
    assert len(list(loop)) == 1


def test_no_more_batches_wait_than_asked() -> None:
    made = []

    def batches() -> Iterator[Any]:
        for i in range(100):
            made.append(i)
            yield (np.array([i]),)

    for taken, ((i,),) in enumerate(Prefetch(batches(), ahead=3), 1):
        assert i == taken - 1
        # those that wait, and one that the thread holds until there is room
        assert len(made) <= taken + 4


def test_an_exception_comes_with_its_place() -> None:
    def explode_here() -> None:
        raise KeyError("in the thread")

    def batches() -> Iterator[Any]:
        yield (X,)
        explode_here()

    loop = iter(Prefetch(batches()))
    next(loop)
    with pytest.raises(KeyError, match="in the thread") as caught:
        next(loop)
    assert "explode_here" in [f.name for f in traceback.extract_tb(caught.value.__traceback__)]
    assert not ours()


def test_a_loop_that_is_left_ends_the_thread() -> None:
    closed = threading.Event()

    def batches() -> Iterator[Any]:
        try:
            while True:
                yield (X,)
        finally:
            closed.set()

    for _ in Prefetch(batches(), ahead=2):
        break
    assert closed.is_set()
    assert not ours()
    with pytest.raises(ZeroDivisionError):
        for _ in Prefetch(batches(), ahead=1):
            _ = 1 / 0
    assert not ours()


# --- larger than memory ---

LARGER_THAN_MEMORY = """
import resource, sys
import numpy as np
from tinygrad_edu.data import DataLoader, train_test_split
from tinygrad_edu.data.streams import Prefetch

path, rows = sys.argv[1], 100_000
made = np.lib.format.open_memmap(path, "w+", np.float32, (rows, 1024))  # 400 MB, none of it on disk
made[-1] = 7
del made
used = int(next(line for line in open("/proc/self/status") if line.startswith("VmData")).split()[1])
limit = 1024 * used + 60_000_000  # a sixth of the array
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
x, y = np.load(path, mmap_mode="r"), np.arange(rows)
for shuffle in (False, True):
    seen = sevens = 0
    for xb, yb in Prefetch(DataLoader(x, y, batch_size=1000, shuffle=shuffle, seed=0)):
        seen += len(xb)
        sevens += int((xb[:, 0] == 7).sum())
        assert (xb[:, 0] == 7).sum() == (yb == rows - 1).sum()
    print(seen, sevens)
try:
    train_test_split(x, y)
except MemoryError:
    print("a copy does not fit")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limit is Linux's")
def test_arrays_larger_than_memory(tmp_path: Any) -> None:
    command = [sys.executable, "-c", LARGER_THAN_MEMORY, str(tmp_path / "large.npy")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["100000 1", "100000 1", "a copy does not fit"]


# --- refusals ---


def exactly(message: str) -> str:
    return "^" + re.escape(message) + "$"


def test_what_is_no_data_set() -> None:
    for wrong, kind in ((5, "int"), ((x for x in X), "generator"), (iter(X), "iterator")):
        message = (
            f"ExampleLoader got {kind}: a data set has dataset[i] and len(dataset), or gives a new "
            "iterator to each epoch; put a generator into the __iter__ of a class"
        )
        with pytest.raises(TypeError, match=exactly(message)):
            ExampleLoader(wrong)


def test_a_stream_cannot_be_shuffled_and_has_no_length() -> None:
    message = (
        "ExampleLoader got shuffle=True and Stream, which has no len() and no [i]: a stream is read "
        "in its own order; shuffle where it is made"
    )
    with pytest.raises(TypeError, match=exactly(message)):
        ExampleLoader(Stream(), shuffle=True)
    with pytest.raises(TypeError, match="^Stream is a stream, whose length is not known$"):
        len(ExampleLoader(Stream()))
    with pytest.raises(TypeError, match="whose length is not known"):
        len(Prefetch(Transformed(ExampleLoader(Stream()))))


@pytest.mark.parametrize(("dataset", "drop_last"), [([], False), ([1, 2], True)])
def test_no_batch(dataset: Any, drop_last: bool) -> None:
    message = (
        f"ExampleLoader got a data set of {len(dataset)} examples: with batch_size=32 and "
        f"drop_last={drop_last} that leaves no batch"
    )
    with pytest.raises(ValueError, match=exactly(message)):
        ExampleLoader(dataset, drop_last=drop_last)


def test_examples_of_different_shapes() -> None:
    dataset = [(np.zeros(3), 1), (np.zeros(3), 1), (np.zeros(3), 1), (np.zeros(4), 1)]
    message = (
        "ExampleLoader: the parts of example 3 of the epoch have shapes [(4,), ()], those of example 2 "
        "have [(3,), ()]; all examples of a batch must have the same shapes"
    )
    with pytest.raises(ValueError, match=exactly(message)):
        list(ExampleLoader(dataset, batch_size=2))
    with pytest.raises(
        ValueError, match=r"shapes \[\(\)\], those of example 0 have \[\(\), \(\)\]"
    ):
        list(ExampleLoader([(1, 2), (1,)]))


def test_what_is_no_transform() -> None:
    message = "Transformed got 0.5: pass functions f(x, rng) -> x, such as augment"
    with pytest.raises(TypeError, match=exactly(message)):
        Transformed(DataLoader(X), augment, 0.5)  # type: ignore[arg-type]


def test_a_transform_that_loses_examples() -> None:
    def halve(x: Any, rng: Any) -> Any:
        return x[::2]

    message = "Transformed: halve made 5 examples out of 10"
    with pytest.raises(ValueError, match=exactly(message)):
        list(Transformed(DataLoader(X), halve))


def test_settings_that_are_no_whole_numbers_or_seeds() -> None:
    with pytest.raises(TypeError, match=r"^ExampleLoader got batch_size=1\.5: it must be a whole"):
        ExampleLoader(X, batch_size=1.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="^ExampleLoader got seed='x': pass a whole number"):
        ExampleLoader(X, shuffle=True, seed="x")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="^Prefetch got ahead=0: it must be at least 1"):
        Prefetch(DataLoader(X), ahead=0)
    with pytest.raises(ValueError, match="^Transformed got seed=-1: pass a whole number"):
        Transformed(DataLoader(X), seed=-1)
