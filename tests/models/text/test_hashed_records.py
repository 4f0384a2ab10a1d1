"""Hashed records: the columns, signs and sums of scikit-learn."""

import numpy as np
import pytest
from models.pipeline import make_pipeline

from models import FeatureHasher, SGDClassifier

theirs = pytest.importorskip("sklearn.feature_extraction")

DICTS = [
    {"dog": 1, "cat": 2, "elephant": 4},
    {"dog": 2, "run": 5, "none": 0},
    {"city": "Rome", "é": 0.5},
    {},
]
WORDS = [["dog", "cat", "snake", "dog"], ["snake", "dog"], [], ["cat", "bird"]]


@pytest.mark.parametrize("n_features", [1, 8, 1000])
@pytest.mark.parametrize("alternate_sign", [True, False])
@pytest.mark.parametrize(
    "input_type, X", [("dict", DICTS), ("string", WORDS), ("pair", [[*d.items()] for d in DICTS])]
)
def test_the_numbers_of_scikit_learn(input_type, X, alternate_sign, n_features):
    settings = {
        "input_type": input_type,
        "alternate_sign": alternate_sign,
        "n_features": n_features,
    }
    found = FeatureHasher(**settings).transform(iter(X))
    expected = theirs.FeatureHasher(**settings).transform(iter(X)).toarray()
    np.testing.assert_array_equal(found.toarray(), expected)
    assert found.dtype == np.float64


def test_the_default_is_sparse_if_it_is_large():
    sparse = pytest.importorskip("scipy.sparse")
    X = DICTS * 30
    found = FeatureHasher(dtype=np.float32).fit_transform(X)
    assert sparse.issparse(found) and found.shape == (120, 2**20) and found.dtype == np.float32
    expected = theirs.FeatureHasher(dtype=np.float32).transform(X)
    assert abs(found - expected).nnz == 0
    pipe = make_pipeline(FeatureHasher(n_features=16), SGDClassifier(random_state=0))
    assert pipe.fit(X, np.arange(120) % 4).score(X, np.arange(120) % 4) > 0.7


@pytest.mark.parametrize(
    "settings, X, message",
    [
        ({"input_type": "string"}, ["dog"], "Samples can not be a single string"),
        ({}, [["dog"]], "input_type='dict', but a record is a list"),
        ({"input_type": "pair"}, [{"dog": 1}], "input_type='pair', but a record is a dict"),
        ({}, [], "Cannot vectorize empty sequence"),
        ({"n_features": 0}, DICTS, "n_features"),
    ],
)
def test_refusals(settings, X, message):
    with pytest.raises(ValueError, match=message):
        FeatureHasher(**settings).fit_transform(X)


@pytest.mark.parametrize(
    ("record", "input_type", "words"),
    [
        ({"a": None}, "dict", "'a' must be a number or text, not None"),
        ({1: 2.0}, "dict", "names must be strings, not 1"),
        ([1, 2], "string", "names must be strings, not 1"),
        ([("a",)], "pair", r"contains \('a',\)"),
    ],
)
def test_records_that_are_refused(record, input_type, words):
    with pytest.raises((TypeError, ValueError), match=words):
        FeatureHasher(8, input_type=input_type).transform([record])


def test_names_of_bytes_and_large_integers():
    same = [FeatureHasher(8).transform([{name: 1.0}]).toarray() for name in ("a", b"a")]
    np.testing.assert_array_equal(*same)
    with pytest.raises(OverflowError, match="too large for dtype=int64"):
        FeatureHasher(8, dtype=int).transform([{"a": 10**30}])
