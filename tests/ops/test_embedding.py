"""Rows that are summed by id, against np.add.at."""

import numpy as np
import pytest

from tinygrad_edu.ops.embedding import OFTEN, add_rows


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("vocab", [1, 3, 40, 5000])
def test_rows_of_frequent_and_of_rare_ids_are_summed(vocab, dtype):
    rng = np.random.default_rng(vocab)
    ids = np.minimum(rng.zipf(1.3, size=(20, 30)), vocab) - 1
    g = rng.normal(size=(20, 30, 7)).astype(dtype)
    expected = np.zeros((vocab, 7))
    np.add.at(expected, ids, g)
    y = add_rows(g, ids, vocab=vocab)
    assert y.dtype == dtype
    assert np.allclose(y, expected, rtol=0, atol=1e-4 if dtype == np.float32 else 1e-12)


@pytest.mark.parametrize("times", range(1, OFTEN + 4))
def test_each_number_of_rows_of_an_id(times):
    ids = np.array([2] * times + [0])
    g = 2.0 ** np.arange(times + 1)[:, None] * [1, 3]
    y = add_rows(g, ids, vocab=4)
    assert np.array_equal(y[:, 0], [2.0**times, 0, 2.0**times - 1, 0])
    assert np.array_equal(y[:, 1], 3 * y[:, 0])


def test_an_infinite_gradient_stays_with_its_id():
    y = add_rows(np.array([[np.inf], [1.0], [2.0]]), np.array([1, 0, 0]), vocab=3)
    assert np.array_equal(y, [[3.0], [np.inf], [0.0]])


def test_no_ids_give_zeros():
    assert np.array_equal(add_rows(np.zeros((0, 2)), np.zeros(0, int), vocab=3), np.zeros((3, 2)))
