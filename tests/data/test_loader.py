"""Mini-batches: every row once an epoch, an order that a seed decides, and refusals that help."""

import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from tinygrad_edu.data import DataLoader, load_iris

X = np.arange(20.0).reshape(10, 2)
Y = np.arange(10)


def rows_of(loader: DataLoader) -> list[int]:
    """The order in which one epoch visits the rows, read from Y, which numbers them."""
    return [int(i) for batch in loader for i in batch[-1]]


def exactly(message: str) -> str:
    return "^" + re.escape(message) + "$"


# --- what comes out ---


def test_in_order_with_a_short_last_batch() -> None:
    batches = list(DataLoader(X, Y, batch_size=4))
    assert [len(yb) for _, yb in batches] == [4, 4, 2]
    np.testing.assert_array_equal(np.concatenate([xb for xb, _ in batches]), X)
    np.testing.assert_array_equal(np.concatenate([yb for _, yb in batches]), Y)


@pytest.mark.parametrize(
    ("batch_size", "drop_last", "sizes"),
    [
        (4, False, [4, 4, 2]),
        (4, True, [4, 4]),
        (5, False, [5, 5]),
        (5, True, [5, 5]),
        (10, True, [10]),
        (99, False, [10]),
        (1, False, [1] * 10),
    ],
)
@pytest.mark.parametrize("shuffle", [False, True])
def test_len_is_the_number_of_batches(
    batch_size: int, drop_last: bool, sizes: list[int], shuffle: bool
) -> None:
    loader = DataLoader(X, Y, batch_size=batch_size, drop_last=drop_last, shuffle=shuffle, seed=0)
    assert [len(yb) for _, yb in loader] == sizes
    assert len(loader) == len(sizes)


def test_shuffling_visits_every_row_once_and_keeps_rows_together() -> None:
    loader = DataLoader(X, Y, batch_size=3, shuffle=True, seed=0)
    assert sorted(rows_of(loader)) == list(range(10))
    for xb, yb in loader:
        np.testing.assert_array_equal(xb, X[yb])


def test_one_array_gives_tuples_of_one() -> None:
    for batch in DataLoader(X, batch_size=4):
        assert isinstance(batch, tuple)
        assert len(batch) == 1


def test_any_number_of_arrays_and_plain_lists() -> None:
    (a, b, c), *_ = DataLoader([1, 2, 3], ["p", "q", "r"], np.eye(3), batch_size=2)
    assert a.tolist() == [1, 2]
    assert b.tolist() == ["p", "q"]
    assert c.tolist() == [[1, 0, 0], [0, 1, 0]]


def test_types_survive() -> None:
    x, y = load_iris()
    for shuffle in (False, True):
        xb, yb = next(iter(DataLoader(x, y, shuffle=shuffle, seed=0)))
        assert xb.dtype == np.float32
        assert yb.dtype == np.int64


# --- the order ---


def test_the_same_seed_gives_the_same_orders_and_each_epoch_a_new_one() -> None:
    first = DataLoader(X, Y, batch_size=3, shuffle=True, seed=7)
    second = DataLoader(X, Y, batch_size=3, shuffle=True, seed=7)
    epochs = [rows_of(first) for _ in range(4)]
    assert epochs == [rows_of(second) for _ in range(4)]
    assert len({tuple(epoch) for epoch in epochs}) == 4


def test_another_seed_gives_another_order() -> None:
    assert rows_of(DataLoader(Y, shuffle=True, seed=1)) != rows_of(
        DataLoader(Y, shuffle=True, seed=2)
    )


def test_the_order_does_not_depend_on_the_batch_size() -> None:
    assert rows_of(DataLoader(Y, batch_size=3, shuffle=True, seed=1)) == rows_of(
        DataLoader(Y, batch_size=4, shuffle=True, seed=1)
    )


def test_a_generator_is_used_as_it_is() -> None:
    rng = np.random.default_rng(5)
    loader = DataLoader(Y, shuffle=True, seed=rng)
    twin = np.random.default_rng(5)
    assert rows_of(loader) == twin.permutation(10).tolist()
    assert rng.integers(2**40) == twin.integers(2**40)


def test_global_randomness_is_neither_read_nor_moved() -> None:
    np.random.seed(0)
    before = str(np.random.get_state())
    first = rows_of(DataLoader(Y, shuffle=True, seed=3))
    assert str(np.random.get_state()) == before
    np.random.seed(1)
    assert rows_of(DataLoader(Y, shuffle=True, seed=3)) == first


def test_two_loops_over_one_loader_do_not_disturb_each_other() -> None:
    loader = DataLoader(Y, batch_size=4, shuffle=True, seed=0)
    pairs = list(zip(loader, loader, strict=True))
    assert sorted(i for (a,), _ in pairs for i in a.tolist()) == list(range(10))
    assert sorted(i for _, (b,) in pairs for i in b.tolist()) == list(range(10))


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("start", [0, 1, 3, 4])
def test_an_epoch_from_its_middle(shuffle: bool, start: int) -> None:
    whole = DataLoader(X, Y, batch_size=3, shuffle=shuffle, seed=2)
    other = DataLoader(X, Y, batch_size=3, shuffle=shuffle, seed=2)
    for _ in range(2):
        left = list(whole)[start:]
        for batch, wanted in zip(other.batches(start), left, strict=True):
            np.testing.assert_equal(batch, wanted)


def test_the_order_is_drawn_when_the_loop_begins() -> None:
    rng, twin = np.random.default_rng(5), np.random.default_rng(5)
    batches = iter(DataLoader(Y, batch_size=10, shuffle=True, seed=rng))
    twin.permutation(10)
    assert rng.bit_generator.state == twin.bit_generator.state
    assert len(list(batches)) == 1


# --- the memory ---


def test_without_shuffling_no_number_is_copied_and_none_can_be_changed() -> None:
    for xb, _ in DataLoader(X, Y, batch_size=4):
        assert np.shares_memory(xb, X)
        with pytest.raises(ValueError, match="read-only"):
            xb -= xb.mean()
    assert X.flags.writeable


def test_a_shuffled_batch_is_a_copy() -> None:
    before = X.copy()
    for xb, _ in DataLoader(X, Y, batch_size=4, shuffle=True, seed=0):
        xb += 100
    np.testing.assert_array_equal(X, before)


def test_loading_and_looping_import_nothing() -> None:
    program = """
import sys
from tinygrad_edu.data import DataLoader, load_digits
before = set(sys.modules)
for batch in DataLoader(*load_digits()): pass
print(sorted(set(sys.modules) - before))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_repr() -> None:
    in_order = DataLoader(X, Y, batch_size=4)
    shuffled = DataLoader(X, Y, batch_size=4, shuffle=True, seed=0)
    assert repr(in_order) == "DataLoader(10 rows, 3 batches of 4, in order)"
    assert repr(shuffled) == "DataLoader(10 rows, 3 batches of 4, shuffled)"


# --- refusals ---


def test_arrays_of_different_lengths() -> None:
    message = (
        "DataLoader got arrays of shapes (10, 2) and (9,): the first axis counts the examples, and "
        "array 0 has 10 of them where array 1 has 9; pass arrays made from the same examples"
    )
    with pytest.raises(ValueError, match=exactly(message)):
        DataLoader(X, Y[:9])


def test_samples_and_features_swapped() -> None:
    with pytest.raises(
        ValueError,
        match=r"array 0 has 2 .* the array of shape \(2, 10\) would fit if it were transposed$",
    ):
        DataLoader(X.T, Y)
    with pytest.raises(ValueError, match=r"the array of shape \(2, 10\) would fit if it were tr"):
        DataLoader(Y, X.T)


@pytest.mark.parametrize("drop_last", [False, True])
def test_no_rows(drop_last: bool) -> None:
    message = (
        "DataLoader got arrays of shapes (0, 2) and (0,), which have no rows: "
        "check the filter or the file that they come from"
    )
    with pytest.raises(ValueError, match=exactly(message)):
        DataLoader(X[:0], Y[:0], drop_last=drop_last)


def test_no_arrays() -> None:
    message = "DataLoader got no arrays: pass at least one, as in DataLoader(x, y)"
    with pytest.raises(ValueError, match=exactly(message)):
        DataLoader()


def test_drop_last_that_drops_everything() -> None:
    message = (
        "DataLoader: 10 rows with batch_size=32 and drop_last=True leave no batch: "
        "use drop_last=False, or a batch_size of at most 10"
    )
    with pytest.raises(ValueError, match=exactly(message)):
        DataLoader(X, Y, drop_last=True)


@pytest.mark.parametrize("batch_size", [0, -1, np.int64(0)])
def test_batch_size_below_one(batch_size: int) -> None:
    message = (
        f"DataLoader got batch_size={batch_size}: it must be at least 1, such as batch_size=32"
    )
    with pytest.raises(ValueError, match=exactly(message)):
        DataLoader(X, Y, batch_size=batch_size)


@pytest.mark.parametrize("batch_size", [2.0, "32", None, True, np.array([3, 4])])
def test_batch_size_that_is_no_whole_number(batch_size: Any) -> None:
    message = (
        f"DataLoader got batch_size={batch_size!r}: it must be a whole number, "
        "such as batch_size=32"
    )
    with pytest.raises(TypeError, match=exactly(message)):
        DataLoader(X, Y, batch_size=batch_size)


def test_numpys_whole_numbers_are_whole_numbers() -> None:
    assert len(DataLoader(X, Y, batch_size=np.int32(5))) == 2


def test_a_number_where_an_array_belongs() -> None:
    message = (
        "DataLoader got 32 as array 2, which has no rows: the first axis must count the examples"
    )
    with pytest.raises(ValueError, match=exactly(message)):
        DataLoader(X, Y, 32)


@pytest.mark.parametrize("seed", [-1, "seven", 0.5])
def test_what_cannot_be_a_seed(seed: Any) -> None:
    message = (
        f"DataLoader got seed={seed!r}: pass a whole number from 0 up, "
        "a numpy.random.Generator, or None"
    )
    with pytest.raises(ValueError, match=exactly(message)):
        DataLoader(X, Y, shuffle=True, seed=seed)


def test_a_refusal_changes_nothing() -> None:
    rng = np.random.default_rng(0)
    before = str(rng.bit_generator.state)
    x = X.copy()
    with pytest.raises(ValueError, match="leave no batch"):
        DataLoader(x, Y, batch_size=11, drop_last=True, shuffle=True, seed=rng)
    assert str(rng.bit_generator.state) == before
    assert x.flags.writeable
