"""Which columns are categories, and numbers in place of their values."""

import numpy as np
import pytest

from models.foundation.categories import Categories, chosen, is_listed

FIRST, BOTH = np.array([True, False]), np.array([True, True])


@pytest.mark.parametrize("columns", [[0], (0,), [True, False], np.array([0]), ["a"]], ids=str)
def test_the_ways_to_name_columns(columns):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": ["x", "y"], "b": [1.0, 2.0]})
    assert is_listed(columns)
    np.testing.assert_array_equal(chosen(columns, frame, "Tree"), FIRST)


def test_no_column_is_chosen():
    X = np.zeros((3, 2))
    for columns in (None, [], [False, False], "from_dtype"):
        assert chosen(columns, X, "Tree") is None


@pytest.mark.parametrize("columns", [[2], [-1], [True], ["a"]], ids=str)
def test_columns_that_do_not_exist(columns):
    with pytest.raises(ValueError, match="does not fit the 2 columns of X"):
        chosen(columns, np.zeros((3, 2)), "Tree")


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_types_of_frames(library):
    frames = pytest.importorskip(library)
    frame = frames.DataFrame({"a": ["x", "y", "x"], "b": [1.0, None, 3.0]})
    kind = "category" if library == "pandas" else frames.Categorical
    frame = (
        frame.astype({"a": kind})
        if library == "pandas"
        else frame.with_columns(frames.col("a").cast(kind))
    )
    np.testing.assert_array_equal(chosen("from_dtype", frame, "Tree"), FIRST)
    known = Categories(frame, FIRST, 9, "Tree")
    assert known.numbers() == [2, None]
    np.testing.assert_array_equal(
        known.encoded(frame).astype(float), [[0, 1.0], [1, np.nan], [0, 3.0]]
    )


def test_numbers_words_and_missing_values():
    X = [["b", 2.5], [None, np.nan], ["a", -1.0], ["b", 2.5]]
    known = Categories(X, BOTH, 9, "Tree")
    np.testing.assert_array_equal(known.encoded(X), [[1, 1], [np.nan, np.nan], [0, 0], [1, 1]])
    np.testing.assert_array_equal(known.encoded([["c", 2]]), [[np.nan, np.nan]])
    assert known.encoded([["a"]]) == [["a"]]  # refused where every X is checked


def test_what_is_wrong_is_said():
    with pytest.raises(ValueError, match="at index 0 is expected to have a cardinality <= 2"):
        Categories([["a", 0], ["b", 0], ["c", 0]], FIRST, 2, "Tree")
    with pytest.raises(TypeError, match="at index 0 has values of the types float, str, which"):
        Categories([["a", 0], [1.0, 0]], FIRST, 2, "Tree")
