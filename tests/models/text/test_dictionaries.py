"""Records as rows, against scikit-learn's."""

import numpy as np
import pytest

from models import DictVectorizer
from tests.models.contract import assert_clear

theirs_of = pytest.importorskip("sklearn.feature_extraction")

RECORDS = [
    {"city": "Rome", "year": 1960, "tags": ["old", "warm", "old"]},
    {"city": "Oslo", "cold": True},
    {"year": 2.5, "tags": []},
]
NEW = [{"city": "Paris", "year": 1, "tags": ["warm", "new"]}]


@pytest.mark.parametrize(
    "settings", [{}, {"separator": ":"}, {"sort": False}, {"dtype": np.float32}]
)
def test_the_same_as_scikit_learn(settings):
    ours, theirs = DictVectorizer(**settings), theirs_of.DictVectorizer(**settings)
    found, expected = ours.fit_transform(RECORDS), theirs.fit_transform(RECORDS)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found.toarray(), expected.toarray())
    np.testing.assert_array_equal(ours.transform(NEW), theirs.transform(NEW).toarray())
    assert ours.vocabulary_ == theirs.vocabulary_ and ours.feature_names_ == theirs.feature_names_
    assert ours.inverse_transform(found) == theirs.inverse_transform(expected)
    np.testing.assert_array_equal(ours.get_feature_names_out(), theirs.get_feature_names_out())
    kept = [0, 2]
    ours.restrict(kept, indices=True)
    theirs.restrict(kept, indices=True)
    np.testing.assert_array_equal(ours.transform(NEW), theirs.transform(NEW).toarray())


def test_forms_of_the_result():
    pytest.importorskip("scipy")
    dense = DictVectorizer(sparse=False).fit_transform(RECORDS)
    assert type(dense) is np.ndarray
    np.testing.assert_array_equal(
        DictVectorizer(sparse=True).fit_transform(RECORDS).toarray(), dense
    )
    assert DictVectorizer().fit(RECORDS).transform(RECORDS[0]).shape == (1, 6)


@pytest.mark.parametrize(
    "records, words",
    [([{"a": {"b": 1}}], "'a': {'b': 1}"), ([{"a": [1]}], r"list with int for 'a'")],
)
def test_values_that_are_no_numbers_or_words(records, words):
    with pytest.raises(TypeError, match=f"Unsupported value type .*{words}") as error:
        DictVectorizer().fit(records)
    assert_clear(error.value)
    with pytest.raises(ValueError, match="Sample sequence X is empty"):
        DictVectorizer().fit(RECORDS).transform([])
    with pytest.raises(ValueError, match="this DictVectorizer is not fitted yet"):
        DictVectorizer().transform(RECORDS)


def test_a_record_that_is_no_dict():
    with pytest.raises(TypeError, match="a record must be a dict, got list") as error:
        DictVectorizer().fit([["a"]])
    assert_clear(error.value)
