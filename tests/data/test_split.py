"""A test set put aside: no row lost or seen twice, every class with its share."""

import re
from collections import Counter
from typing import Any

import numpy as np
import pytest

from tinygrad_edu.data import load_digits, load_wine, train_test_split

N = 100
X = np.arange(2 * N).reshape(N, 2)
Y = np.repeat([0, 1, 2], [60, 30, 10])


def exactly(message: str) -> str:
    return "^" + re.escape(message) + "$"


@pytest.mark.parametrize("stratify", [True, False])
@pytest.mark.parametrize("test", [0.01, 0.2, 0.296, 1 / 3, 0.5, 0.99])
def test_every_row_is_on_one_side(test: float, stratify: bool) -> None:
    x_train, x_test, y_train, y_test = train_test_split(X, Y, test=test, seed=0, stratify=stratify)
    assert len(x_test) == len(y_test) == round(test * N)
    assert sorted([*x_train[:, 0], *x_test[:, 0]]) == list(range(0, 2 * N, 2))
    np.testing.assert_array_equal(y_train, Y[x_train[:, 0] // 2])
    np.testing.assert_array_equal(y_test, Y[x_test[:, 0] // 2])


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("test", [0.05, 0.2, 0.25, 1 / 3, 0.77])
@pytest.mark.parametrize("load", [load_digits, load_wine])
def test_every_class_keeps_its_share_to_within_one_row(load: Any, test: float, seed: int) -> None:
    x, y = load()
    _, _, _, y_test = train_test_split(x, y, test=test, seed=seed)
    share = len(y_test) / len(y)
    for label, count in Counter(y.tolist()).items():
        assert abs(np.sum(y_test == label) - count * share) < 1


def test_shares_that_divide_evenly_are_exact() -> None:
    _, _, y_train, y_test = train_test_split(X, Y, test=0.2, seed=0)
    assert np.bincount(y_test).tolist() == [12, 6, 2]
    assert np.bincount(y_train).tolist() == [48, 24, 8]


@pytest.mark.parametrize("position", [0, 99])
def test_a_class_of_one_is_there_to_learn_from(position: int) -> None:
    y = np.ones(N, dtype=int)
    y[position] = 2 * (position > 0)  # the lowest label once, the highest once
    _, _, y_train, _ = train_test_split(X, y, test=0.2, seed=0)
    assert y[position] in y_train


def test_every_row_has_the_same_chance() -> None:
    drawn = np.zeros(N)
    rng = np.random.default_rng(0)
    for _ in range(2000):
        _, x_test, _, _ = train_test_split(X, Y, test=0.2, seed=rng)
        drawn[x_test[:, 0] // 2] += 1
    # 2000 draws at 0.2: 400 each, with a standard deviation of 18
    assert drawn.min() > 400 - 5 * 18
    assert drawn.max() < 400 + 5 * 18


def test_neither_side_is_sorted_by_class() -> None:
    _, _, y_train, y_test = train_test_split(X, Y, test=0.5, seed=0)
    assert np.any(np.diff(y_train) < 0)
    assert np.any(np.diff(y_test) < 0)


def test_labels_may_be_words() -> None:
    words = np.array(["ham", "spam"])[(Y > 0).astype(int)]
    _, _, _, y_test = train_test_split(X, words, test=0.1, seed=0)
    assert Counter(y_test.tolist()) == {"ham": 6, "spam": 4}


def test_real_targets_are_spread_evenly() -> None:
    y = np.random.default_rng(0).normal(size=N)
    _, _, _, y_test = train_test_split(X, y, test=0.1, seed=0)
    tenths = np.searchsorted(np.sort(y), y_test) // 10
    assert sorted(tenths.tolist()) == list(range(10))


def test_the_seed_decides() -> None:
    one, same, other = (train_test_split(X, Y, seed=seed) for seed in (1, 1, 2))
    for a, b in zip(one, same, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(one[1], other[1])


def test_global_randomness_is_not_read() -> None:
    np.random.seed(0)
    before = str(np.random.get_state())
    train_test_split(X, Y, seed=1)
    assert str(np.random.get_state()) == before


def test_the_parts_are_copies() -> None:
    for part in train_test_split(X, Y, seed=0):
        assert not np.shares_memory(part, X)
        assert not np.shares_memory(part, Y)


# --- refusals ---


@pytest.mark.parametrize("test", [0, 1, -0.2, 20, float("nan"), "0.2", None])
def test_what_cannot_be_a_share(test: Any) -> None:
    message = (
        f"train_test_split got test={test!r}: it is the share of the 100 rows that goes into the "
        "test set, a number between 0 and 1, such as test=0.2"
    )
    with pytest.raises(ValueError, match=exactly(message)):
        train_test_split(X, Y, test=test)


@pytest.mark.parametrize(("test", "side"), [(0.1, "test"), (0.9, "training")])
def test_a_share_that_leaves_a_side_empty(test: float, side: str) -> None:
    message = (
        f"train_test_split: test={test} of 3 rows leaves no row for the {side} set: "
        "choose another share, or bring more rows"
    )
    with pytest.raises(ValueError, match=exactly(message)):
        train_test_split(X[:3], Y[:3], test=test)


def test_x_and_y_of_different_lengths() -> None:
    message = (
        "train_test_split got arrays of shapes (100, 2) and (99,): the first axis counts the "
        "examples, and array 0 has 100 of them where array 1 has 99; "
        "pass arrays made from the same examples"
    )
    with pytest.raises(ValueError, match=exactly(message)):
        train_test_split(X, Y[1:])


def test_no_rows() -> None:
    with pytest.raises(ValueError, match=r"^train_test_split got arrays of shapes \(0, 2\) and"):
        train_test_split(X[:0], Y[:0])


def test_one_hot_labels() -> None:
    message = (
        "train_test_split got y of shape (100, 3): stratify needs one label per row, shape (100,); "
        "pass y.argmax(axis=1) if the rows are one-hot, or stratify=False"
    )
    with pytest.raises(ValueError, match=exactly(message)):
        train_test_split(X, np.eye(3)[Y])
    assert len(train_test_split(X, np.eye(3)[Y], stratify=False)) == 4


def test_a_column_of_labels() -> None:
    with pytest.raises(ValueError, match=r"y of shape \(100, 1\).*; pass y.ravel\(\), or strat"):
        train_test_split(X, Y[:, None])


def test_what_cannot_be_a_seed() -> None:
    message = (
        "train_test_split got seed=-3: pass a whole number from 0 up, "
        "a numpy.random.Generator, or None"
    )
    with pytest.raises(ValueError, match=exactly(message)):
        train_test_split(X, Y, seed=-3)


def test_a_refusal_draws_nothing() -> None:
    rng = np.random.default_rng(0)
    before = str(rng.bit_generator.state)
    with pytest.raises(ValueError, match="stratify needs one label per row"):
        train_test_split(X, np.eye(3)[Y], seed=rng)
    assert str(rng.bit_generator.state) == before
