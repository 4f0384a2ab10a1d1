"""The different values of an array, against `numpy.unique`."""

import numpy as np
import pytest

from models.foundation.distinct import distinct, numbered, numbers_among

RNG = np.random.default_rng(0)
ARRAYS = {
    "small integers": RNG.integers(-3, 9, 500),
    "bytes": RNG.integers(-128, 128, 5000).astype(np.int8),
    "far apart": np.array([5, -(2**62), 2**62, 5]),
    "beyond signed": np.array([2**64 - 1, 3, 2**64 - 1], dtype=np.uint64),
    "one": np.array([7]),
    "none": np.array([], dtype=int),
    "booleans": RNG.integers(0, 2, 50).astype(bool),
    "floats": RNG.integers(0, 4, 50) / 2,
    "text": np.array(["b", "a", "b"]),
    "objects": np.array(["b", "a", "b"], dtype=object),
}


@pytest.mark.parametrize("y", ARRAYS.values(), ids=ARRAYS)
def test_values_and_numbers_are_those_of_unique(y):
    values, numbers = np.unique(y, return_inverse=True)
    for found in (distinct(y), numbered(y)[0]):
        np.testing.assert_array_equal(found, values)
        assert found.dtype == y.dtype
    np.testing.assert_array_equal(numbered(y)[1], numbers)
    np.testing.assert_array_equal(distinct(y[:, None]), values)


@pytest.mark.parametrize(
    "y", [y for y in ARRAYS.values() if len(y)], ids=[n for n in ARRAYS if n != "none"]
)
def test_numbers_among_some_values(y):
    values = RNG.permutation(np.unique(y))
    for some in (values, values[: len(values) // 2 + 1]):
        found = numbers_among(some, y)
        known = np.isin(y, some)
        np.testing.assert_array_equal(some[found[known]], y[known])
        assert (found[~known] == -1).all()


def test_numbers_among_values_out_of_range():
    y = np.array([3, 4, 5, 4])
    np.testing.assert_array_equal(numbers_among(np.array([9, 4, -1]), y), [-1, 1, -1, 1])
    np.testing.assert_array_equal(numbers_among(np.array([4.0, 4.5]), y), [-1, 0, -1, 0])
    wide = np.array([2**64 - 1, 4], dtype=np.uint64)
    np.testing.assert_array_equal(numbers_among(wide, np.array([-1, 4])), [-1, 1])
