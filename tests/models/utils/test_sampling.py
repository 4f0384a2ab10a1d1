"""The same rows as scikit-learn draws with the same seed."""

import numpy as np
import pytest

from models.utils import gen_batches, resample, shuffle

theirs = pytest.importorskip("sklearn.utils")
X = np.arange(24).reshape(12, 2)
y = np.array([0] * 7 + [1] * 3 + [2] * 2)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"replace": False},
        {"n_samples": 5},
        {"n_samples": 20, "stratify": y},
        {"n_samples": 7, "stratify": y, "replace": False},
        {"n_samples": 7, "stratify": np.c_[y, y], "replace": False},
        {"sample_weight": y + 0.0},
    ],
)
def test_resample(settings):
    for ours, expected in zip(
        resample(X, y, random_state=3, **settings),
        theirs.resample(X, y, random_state=3, **settings),
        strict=True,
    ):
        np.testing.assert_array_equal(ours, expected)


def test_shuffle():
    np.testing.assert_array_equal(shuffle(y, random_state=1), theirs.shuffle(y, random_state=1))
    ours, expected = (f(X, list(y), random_state=1, n_samples=4) for f in (shuffle, theirs.shuffle))
    np.testing.assert_array_equal(ours[0], expected[0])
    assert ours[1] == expected[1]
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X)
    assert shuffle(frame, random_state=1).equals(theirs.shuffle(frame, random_state=1))


def test_gen_batches():
    for case in [(7, 3), (6, 3), (7, 3, 2), (2, 5)]:
        n, size, *least = case
        more = {"min_batch_size": least[0]} if least else {}
        assert list(gen_batches(n, size, **more)) == list(theirs.gen_batches(n, size, **more))


def test_refusals():
    with pytest.raises(ValueError, match="Cannot sample 20"):
        resample(X, replace=False, n_samples=20)
    with pytest.raises(ValueError, match="inconsistent"):
        shuffle(X, y[:3])
    with pytest.raises(NotImplementedError, match="only supported with replace=True"):
        resample(X, replace=False, sample_weight=y)
    with pytest.raises(ValueError, match="batch_size=0"):
        list(gen_batches(3, 0))


def test_weights_whose_sum_is_infinite():
    rows = resample(X, sample_weight=np.where(y == 1, 1e308, 0), random_state=0)
    assert {*rows[:, 0].tolist()} <= {*X[y == 1, 0].tolist()}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"n_samples": -1}, "integer ≥ 1"),
        ({"n_samples": 0}, "integer ≥ 1"),
        ({"n_samples": 1.5}, "integer ≥ 1"),
        ({"sample_weight": y * 0.0}, "at least one non-zero"),
        ({"sample_weight": y - 1.0}, "must not be negative"),
        ({"sample_weight": [1.0]}, "one weight for each"),
    ],
)
def test_refusals_of_numbers_and_weights(settings, words):
    with pytest.raises(ValueError, match=words):
        resample(X, **settings)
