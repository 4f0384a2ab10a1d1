"""Three parts without a row lost or shared, and scales that know the training part only."""

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
from tinygrad_edu.data.splitting import StandardScaler, train_validation_test_split

N = 100
X = np.arange(2 * N).reshape(N, 2)
Y = np.repeat([0, 1, 2], [60, 30, 10])


def exactly(message: str) -> str:
    return "^" + re.escape(message) + "$"


# --- three parts ---


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


def test_shares_that_divide_evenly_are_exact() -> None:
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


def test_the_seed_decides() -> None:
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
def test_what_cannot_be_a_share(name: str, share: Any) -> None:
    message = (
        f"train_validation_test_split got {name}={share!r}: it is a share of the 100 rows, a number "
        f"between 0 and 1, such as {name}=0.1"
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


# --- scales ---

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
        "StandardScaler.fit: x[4, 1, 0] is nan: fill such places or leave their rows out before"
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
    message = "StandardScaler: fit(x_train) comes first, it takes mean and std from there"
    with pytest.raises(RuntimeError, match=exactly(message)):
        StandardScaler()(TABLE)
    message = (
        "StandardScaler got an array of shape (5, 3): the training set had examples with mean of shape "
        "(4,)"
    )
    with pytest.raises(ValueError, match=exactly(message)):
        StandardScaler().fit(TABLE).inverse(np.ones((5, 3)))
    with pytest.raises(ValueError, match=r"of shape \(4,\): the training set had"):
        StandardScaler().fit(TABLE)(np.ones(4))
    message = "StandardScaler.fit got an array of shape (0, 4): there is nothing to average"
    with pytest.raises(ValueError, match=exactly(message)):
        StandardScaler().fit(TABLE[:0])
    message = "StandardScaler(axis=1): axis 0, the examples, must be in it"
    with pytest.raises(ValueError, match=exactly(message)):
        StandardScaler(1).fit(TABLE)
