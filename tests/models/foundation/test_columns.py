"""Columns with types of their own, from arrays, lists of rows and frames."""

import numpy as np
import pytest

from models.foundation.columns import Columns, columns_of

MIXED = {"age": [1, 2, 3], "size": [0.5, None, 1.5], "color": ["red", None, "blue"]}


def test_of_an_array_they_are_its_columns():
    X = np.arange(6.0).reshape(3, 2)
    assert columns_of(X).shape == (3, 2)
    np.testing.assert_array_equal(columns_of(X).columns, X.T)
    np.testing.assert_array_equal(columns_of(X)[[0, 2]].columns, X[[0, 2]].T)
    np.testing.assert_array_equal(columns_of(X)[X[:, 0] > 0].columns, X[1:].T)


def test_numbers_in_a_list_of_rows_do_not_become_text():
    first, second = columns_of([["a", 1], ["b", np.nan]]).columns
    assert first.tolist() == ["a", "b"] and second[0] == 1 and second[1] is np.nan


def test_masked_values_are_nan():
    X = np.ma.masked_equal([[1, 2], [3, 4]], 3)
    assert np.isnan(columns_of(X).columns[0][1])


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_columns_of_a_frame_keep_their_types(library):
    frame = pytest.importorskip(library).DataFrame(MIXED)
    age, size, color = columns_of(frame).columns
    assert age.dtype == np.int64 and size.dtype == np.float64 and color.dtype == object
    assert np.isnan(size[1]) and color[0] == "red"
    assert color[1] is None or color[1] is np.nan  # in pandas 3
    assert isinstance(columns_of(frame), Columns)


def test_the_missing_value_of_pandas_is_nan():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1, None]}).astype("Int64")
    frame["b"] = pandas.array(["x", pandas.NA], dtype="string")
    frame["c"] = pandas.Categorical(["u", None])
    for column in columns_of(frame).columns:
        assert column[1] != column[1]
    assert columns_of(frame[:1]).columns[0].dtype == np.int64
