"""Arrays as words, as numbers and as small pictures."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, viz
from tinygrad_edu.viz.nodes import printable, snapshot


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.float32(2.5), "2.5"),
        (np.array([1.0, -2.0, 1 / 3]), "[1, -2, 0.3333]"),
        (np.arange(6.0), "2.5 ± 1.71 [0, 5]"),
        (np.zeros((2, 3)), "all 0"),
        (np.array([3, 9, 4, 5, 7]), "from 3 to 9"),
        (np.array([True, False, True, True, True]), "4 of 5 true"),
        (np.zeros((0, 3)), "empty"),
        (np.array([np.nan, 1, 1, np.inf, 1]), "all 1, 2 of 5 not finite (nan, inf)"),
        (np.full(7, np.nan), "7 of 7 not finite (nan)"),
        # the mean would overflow in half precision
        (np.full((400, 400), 1000, np.float16), "all 1000"),
    ],
)
def test_values_in_words(array, words):
    (node,) = viz.Graph(Tensor(array, name="x")).nodes
    assert node.value.words == words
    assert node.finite == ("finite" not in words)


def test_small_arrays_are_kept_whole_and_large_ones_as_a_picture():
    small = snapshot(np.arange(64.0).reshape(8, 8))
    assert small.heat is None
    np.testing.assert_array_equal(small.numbers, np.arange(64.0).reshape(8, 8))
    x = np.random.default_rng(0).normal(size=(48, 32))
    large = snapshot(x)
    assert large.numbers is None
    np.testing.assert_allclose(large.heat, x.reshape(16, 3, 16, 2).mean(axis=(1, 3)))
    np.testing.assert_allclose(
        [large.mean, large.spread, large.low, large.high], [x.mean(), x.std(), x.min(), x.max()]
    )
    x[0, 0] = np.nan
    assert np.isnan(snapshot(x).heat[0, 0]) and np.isfinite(snapshot(x).heat[0, 1])
    assert snapshot(np.arange(1000.0)).heat.shape == (1, 64)
    assert snapshot(np.arange(101.0).reshape(101, 1)).heat.shape == (16, 1)


def test_whole_numbers_have_all_their_digits():
    assert str(snapshot(50_257)) == "50257"
    assert str(snapshot(np.array([50_257, 12_345_678]))) == "[50257, 12345678]"
    assert str(snapshot(1234.5678)) == "1235"


@pytest.mark.parametrize(
    ("name", "longest", "shown"),
    [
        ("👨‍👩‍👧‍👦👍🏽🇩🇪x", 4, "👨‍👩‍👧‍👦👍🏽🇩🇪x"),
        ("👨‍👩‍👧‍👦👍🏽🇩🇪xy", 4, "👨‍👩‍👧‍👦👍🏽🇩🇪…"),
        ("❤️‍🔥e\u0301a", 2, "❤️‍🔥…"),
        ("a\u200db\n", 60, "a\\u200db\\n"),
        ("x" * 61, 60, "x" * 59 + "…"),
    ],
)
def test_what_a_reader_sees_as_one_character_is_not_cut(name, longest, shown):
    assert printable(name, longest) == shown
