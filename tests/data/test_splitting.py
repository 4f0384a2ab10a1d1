"""Splits without a row lost or seen twice, and standardization that knows the training set only."""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn.preprocessing

from tinygrad_edu.data import load_digits, load_wine
from tinygrad_edu.data.splitting import (
    StandardScaler,
    train_test_split,
    train_validation_test_split,
)

N = 100
X = np.arange(2 * N).reshape(N, 2)
Y = np.repeat([0, 1, 2], [60, 30, 10])


def exactly(message: str) -> str:
    return "^" + re.escape(message) + "$"


# --- two sets ---


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


@pytest.mark.parametrize("test", [0, 1, -0.2, 20, float("nan"), "0.2", None])
def test_what_cannot_be_a_share(test: Any) -> None:
    message = (
        f"train_test_split got test={test!r}: it is the share of the 100 rows that goes into the test "
        "set, a number between 0 and 1, such as test=0.2"
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


# --- three sets ---


@pytest.mark.parametrize("stratify", [True, False])
@pytest.mark.parametrize(
    ("validation", "test"), [(0.1, 0.1), (0.2, 0.1), (0.01, 0.5), (1 / 3, 1 / 3), (0.296, 0.05)]
)
def test_every_row_is_in_one_part(validation: float, test: float, stratify: bool) -> None:
    parts = train_validation_test_split(
        X, Y, validation=validation, test=test, seed=0, stratify=stratify
    )
    xs, ys = parts[:3], parts[3:]
    assert len(xs[1]) == round(validation * N)
    assert len(xs[2]) == round(test * N)
    assert sorted(np.concatenate(xs)[:, 0]) == list(range(0, 2 * N, 2))
    for x, y in zip(xs, ys, strict=True):
        np.testing.assert_array_equal(y, Y[x[:, 0] // 2])
        assert not np.shares_memory(x, X)


def test_two_shares_that_divide_evenly_are_exact() -> None:
    *_, y_train, y_val, y_test = train_validation_test_split(X, Y, validation=0.2, test=0.1, seed=0)
    assert np.bincount(y_train).tolist() == [42, 21, 7]
    assert np.bincount(y_val).tolist() == [12, 6, 2]
    assert np.bincount(y_test).tolist() == [6, 3, 1]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("load", [load_digits, load_wine])
def test_every_class_keeps_its_share(load: Any, seed: int) -> None:
    x, y = load()
    *_, y_val, y_test = train_validation_test_split(x, y, validation=0.15, test=0.2, seed=seed)
    for label, count in Counter(y.tolist()).items():
        assert abs(np.sum(y_test == label) - 0.2 * count) < 1.01
        assert abs(np.sum(y_val == label) - 0.15 * count) < 2


def test_the_seed_decides_about_three_sets() -> None:
    one, same, other = (train_validation_test_split(X, Y, seed=seed) for seed in (1, 1, 2))
    for a, b in zip(one, same, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(one[0], other[0])


def test_real_targets_need_no_classes() -> None:
    y = np.random.default_rng(0).normal(size=N)
    parts = train_validation_test_split(X, y, seed=0)
    assert [len(part) for part in parts] == [80, 10, 10] * 2


@pytest.mark.parametrize(("count", "words"), [(1, "1 example"), (2, "2 examples")])
def test_a_class_that_is_too_small(count: int, words: str) -> None:
    y = np.array(["ham"] * (N - count) + ["spam"] * count)
    message = (
        f"train_validation_test_split: class 'spam' has {words}, and each of the three sets needs one: "
        "bring more, leave the class out, or stratify=False"
    )
    with pytest.raises(ValueError, match=exactly(message)):
        train_validation_test_split(X, y)
    assert len(train_validation_test_split(X, y, stratify=False)) == 6


@pytest.mark.parametrize("share", [0, 1, -0.1, 20, float("nan"), "0.2", None])
@pytest.mark.parametrize("name", ["validation", "test"])
def test_what_cannot_be_one_of_two_shares(name: str, share: Any) -> None:
    message = (
        f"train_validation_test_split got {name}={share!r}: it is the share of the 100 rows that "
        f"goes into the {name} set, a number between 0 and 1, such as {name}=0.2"
    )
    with pytest.raises(ValueError, match=exactly(message)):
        train_validation_test_split(X, Y, **{name: share})


@pytest.mark.parametrize(
    ("validation", "test", "empty"),
    [
        (0.001, 0.1, "validation"),
        (0.1, 0.001, "test"),
        (0.5, 0.5, "training"),
        (0.9, 0.9, "training"),
    ],
)
def test_shares_that_leave_a_part_empty(validation: float, test: float, empty: str) -> None:
    message = (
        f"train_validation_test_split: validation={validation} and test={test} of 100 rows leave no row "
        f"for the {empty} set: choose other shares, or bring more rows"
    )
    with pytest.raises(ValueError, match=exactly(message)):
        train_validation_test_split(X, Y, validation=validation, test=test)


def test_other_refusals() -> None:
    with pytest.raises(
        ValueError, match=r"^train_validation_test_split got arrays of shapes \(100"
    ):
        train_validation_test_split(X, Y[1:])
    with pytest.raises(ValueError, match="^train_validation_test_split got seed=-1: pass a whole"):
        train_validation_test_split(X, Y, seed=-1)
    with pytest.raises(ValueError, match="stratify needs one label per row"):
        train_validation_test_split(X, np.eye(3)[Y])


# --- standardization ---

RNG = np.random.default_rng(0)
TABLE = RNG.normal(5, [1, 100, 1e-3, 0], (50, 4)) + [0, 1e6, 0, 0.1]


@pytest.mark.parametrize("piece", [1, 30, 1 << 20])
def test_as_scikit_learn(piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StandardScaler, "PIECE", piece)
    mine, theirs = (
        StandardScaler().fit(TABLE[:40]),
        sklearn.preprocessing.StandardScaler().fit(TABLE[:40]),
    )
    assert mine.mean is not None and mine.std is not None
    np.testing.assert_allclose(mine.mean, theirs.mean_, rtol=1e-12)
    np.testing.assert_allclose(mine.std, theirs.scale_, rtol=1e-12)
    np.testing.assert_allclose(mine(TABLE), theirs.transform(TABLE), rtol=0, atol=1e-9)
    np.testing.assert_allclose(mine.inverse(mine(TABLE)), TABLE, rtol=1e-14)


def test_a_column_that_never_changes_is_only_shifted() -> None:
    for value in (0.0, 0.1, 1e9 / 3):
        scale = StandardScaler().fit(np.full((77, 1), value))
        assert scale.std == 1
        assert abs(scale([[value]])).max() <= 1e-14 * value
        np.testing.assert_allclose(scale([[value + 1.0]]), [[1]], rtol=1e-6)


@pytest.mark.parametrize("axis", [0, (0, 1, 2), (0, -1), None])
def test_any_axes(axis: Any) -> None:
    images = RNG.normal(3, 2, (20, 5, 4, 3))
    scale = StandardScaler(axis).fit(images)
    axes = axis if axis is not None else (0, 1, 2, 3)
    mean, std = images.mean(axis=axes, keepdims=True), images.std(axis=axes, keepdims=True)
    np.testing.assert_allclose(scale(images), (images - mean) / std, rtol=1e-12, atol=1e-12)


def test_types() -> None:
    pixels = RNG.integers(0, 256, (30, 6), np.uint8)
    scale = StandardScaler().fit(pixels)
    assert scale(pixels).dtype == np.float32
    np.testing.assert_allclose(
        scale(pixels),
        sklearn.preprocessing.StandardScaler().fit_transform(pixels.astype(float)),
        atol=1e-6,
    )
    assert scale(pixels.astype(np.float32)).dtype == np.float32
    assert scale(pixels.astype(np.float64)).dtype == np.float64
    assert StandardScaler().fit(np.arange(10.0))(np.arange(3)).shape == (3,)


LARGER_THAN_MEMORY = """
import resource, sys
import numpy as np
from tinygrad_edu.data.splitting import StandardScaler

made = np.lib.format.open_memmap(sys.argv[1], "w+", np.float32, (500_000, 100))  # 200 MB
made[::2, 3] = 2
del made
used = int(next(line for line in open("/proc/self/status") if line.startswith("VmData")).split()[1])
limit = 1024 * used + 60_000_000
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
x = np.load(sys.argv[1], mmap_mode="r")
scale = StandardScaler().fit(x)
print(scale.mean[3], scale.std[3])
try:
    x.mean(axis=0, dtype=np.float64), np.array(x)
except MemoryError:
    print("a copy does not fit")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limit is Linux's")
def test_arrays_larger_than_memory(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LARGER_THAN_MEMORY, str(tmp_path / "large.npy")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["1.0 1.0", "a copy does not fit"]


def test_repr() -> None:
    assert repr(StandardScaler()) == "StandardScaler(axis=0)"
    assert repr(StandardScaler().fit(TABLE)) == "StandardScaler(axis=0, mean of shape (4,))"


def test_numbers_that_are_none() -> None:
    x = np.ones((5, 3, 2))
    x[4, 1, 0] = np.nan
    message = (
        "StandardScaler.fit: x[4, 1, 0] is nan: fill such places, or leave out their rows, before"
    )
    with pytest.raises(ValueError, match=exactly(message)):
        StandardScaler().fit(x)
    x[3, 0, 0] = np.inf
    with pytest.raises(ValueError, match=r"x\[3, 0, 0\] is inf"):
        StandardScaler().fit(x)


def test_a_failed_fit_changes_nothing() -> None:
    scale = StandardScaler().fit(TABLE)
    before = scale(TABLE)
    with pytest.raises(ValueError, match="is nan"):
        scale.fit([[np.nan] * 4])
    np.testing.assert_array_equal(scale(TABLE), before)


def test_refusals_of_scales() -> None:
    message = "StandardScaler: call fit(x_train) first; it computes mean and std"
    with pytest.raises(RuntimeError, match=exactly(message)):
        StandardScaler()(TABLE)
    message = (
        "StandardScaler got an array of shape (5, 3): the mean of the training set has shape (4,)"
    )
    with pytest.raises(ValueError, match=exactly(message)):
        StandardScaler().fit(TABLE).inverse(np.ones((5, 3)))
    with pytest.raises(ValueError, match=r"of shape \(4,\): the mean of the training set"):
        StandardScaler().fit(TABLE)(np.ones(4))
    message = "StandardScaler.fit got an array of shape (0, 4): there is nothing to average"
    with pytest.raises(ValueError, match=exactly(message)):
        StandardScaler().fit(TABLE[:0])
    message = "StandardScaler(axis=1): axis 0, the examples, must be in it"
    with pytest.raises(ValueError, match=exactly(message)):
        StandardScaler(1).fit(TABLE)
