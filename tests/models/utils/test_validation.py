"""Checks for estimators of your own, compared with scikit-learn's."""

import numpy as np
import pytest
from models.base import BaseEstimator

from models import Ridge, StandardScaler
from models.foundation import DataConversionWarning, NotFittedError
from models.utils import check_array, check_consistent_length, check_is_fitted, check_X_y
from models.utils.validation import (
    check_random_state,
    column_or_1d,
    has_fit_parameter,
    indexable,
    validate_data,
)

sklearn_utils = pytest.importorskip("sklearn.utils")

NAN = [[1.0, np.nan], [2.0, 3.0]]
WORDS = [["a", "b"], ["c", "d"]]
CASES = [
    ([[1, 2], [3, 4]], {}),
    ([[1, 2], [3, 4]], {"dtype": np.float32}),
    ([[1, 2], [3, 4]], {"dtype": [np.float64, np.float32]}),
    ([["1", "2"]], {}),
    (WORDS, {}),
    (WORDS, {"dtype": None}),
    (NAN, {}),
    (NAN, {"ensure_all_finite": "allow-nan"}),
    ([[1.0, np.inf]], {"ensure_all_finite": "allow-nan"}),
    (NAN, {"ensure_all_finite": False}),
    ([1.0, 2.0], {}),
    ([1.0, 2.0], {"ensure_2d": False}),
    (np.zeros((2, 2, 2)), {}),
    (np.zeros((2, 2, 2)), {"allow_nd": True, "ensure_2d": False}),
    (np.zeros((0, 2)), {}),
    (np.zeros((2, 0)), {}),
    (np.zeros((2, 0)), {"ensure_min_features": 0}),
    (np.zeros((2, 1)), {"ensure_min_samples": 3}),
    ([[-1.0]], {"ensure_non_negative": True}),
    (np.zeros((2, 2)), {"order": "F"}),
    (np.array([[1, 2]], dtype=object), {}),
    (np.array([[1, "a"]], dtype=object), {}),
    (np.array([[1j]]), {}),
]


@pytest.mark.parametrize("case", range(len(CASES)))
def test_check_array_as_scikit_learn(case):
    X, settings = CASES[case]
    try:
        expected = sklearn_utils.check_array(X, **settings)
    except ValueError:
        with pytest.raises(ValueError, match="Try: "):
            check_array(X, **settings)
        return
    found = check_array(X, **settings)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == expected.dtype and found.flags.f_contiguous == expected.flags.f_contiguous


def test_check_array_copies_when_asked():
    X = np.zeros((2, 2))
    assert check_array(X) is X and not np.shares_memory(check_array(X, copy=True), X)


def test_sparse_matrices():
    sparse = pytest.importorskip("scipy.sparse")
    X = sparse.eye(3).tocoo()
    with pytest.raises(TypeError, match=r"Sparse data are not supported"):
        check_array(X)
    assert check_array(X, accept_sparse="csr").format == "csr"
    assert check_array(X, accept_sparse=True) is X
    assert indexable(X, [1, 2, 3])[0].format == "csr"


def test_check_X_y():
    X, y = check_X_y([[1, 2], [3, 4]], [[1], [2]])
    assert y.shape == (2,) and X.shape == (2, 2)
    assert check_X_y(X, [["a", "b"], ["c", "d"]], multi_output=True)[1].shape == (2, 2)
    for X, y, message in [
        ([[1], [2]], [1], "inconsistent numbers of samples"),
        ([[1], [2]], [1.0, np.nan], "contains NaN"),
        ([[1], [2]], None, "requires y to be passed"),
        ([[1], [2]], [[1, 2], [3, 4]], "should be a 1d array"),
    ]:
        with pytest.raises(ValueError, match=message):
            sklearn_utils.check_X_y(X, y)
        with pytest.raises(ValueError, match=message):
            check_X_y(X, y)
    with pytest.raises(ValueError, match="y must be numbers"):
        check_X_y([[1], [2]], ["a", "b"], y_numeric=True)


class Own(BaseEstimator):
    def fit(self, X, y=None):
        validate_data(self, X, y)
        return self


def test_validate_data_remembers_the_columns():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    own = Own().fit(frame)
    assert list(own.feature_names_in_) == ["a", "b"] and own.n_features_in_ == 2
    np.testing.assert_array_equal(validate_data(own, frame, reset=False), frame.to_numpy())
    with pytest.raises(ValueError, match="feature names should match"):
        validate_data(own, frame[["b", "a"]], reset=False)
    own.fit(frame.to_numpy())
    assert not hasattr(own, "feature_names_in_")
    with pytest.raises(ValueError, match="X has 1 features, but Own is expecting 2"):
        validate_data(own, [[1.0]], reset=False)
    X, y = validate_data(own, [[1.0], [2.0]], ["a", "b"])
    assert X.shape == (2, 1) and list(y) == ["a", "b"]


def test_check_is_fitted():
    with pytest.raises(NotFittedError, match="StandardScaler instance is not fitted yet"):
        check_is_fitted(StandardScaler())
    with pytest.raises(NotFittedError, match="fit the Ridge"):
        check_is_fitted(Ridge(), msg="fit the %(name)s")
    scaler = StandardScaler().fit([[1.0], [2.0]])
    check_is_fitted(scaler)
    check_is_fitted(scaler, ["mean_", "other_"], all_or_any=any)
    with pytest.raises(NotFittedError):
        check_is_fitted(scaler, ["mean_", "other_"])
    with pytest.raises(TypeError, match="is a class"):
        check_is_fitted(Ridge)
    with pytest.raises(TypeError, match="not an estimator"):
        check_is_fitted(3)


def test_small_ones():
    assert check_random_state(3).randint(100) == np.random.RandomState(3).randint(100)
    with pytest.raises(ValueError, match="inconsistent"):
        check_consistent_length([1], [1, 2])
    with pytest.warns(DataConversionWarning, match="column-vector"):
        assert column_or_1d([[1], [2]], warn=True).shape == (2,)
    assert has_fit_parameter(Ridge(), "sample_weight") and not has_fit_parameter(Own(), "w")


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300, -1e300, 2.0**63])
def test_floats_that_no_integer_is(value):
    with pytest.raises(ValueError, match="range of int64"):
        check_array([[value, 2.0]], dtype=int)
    assert check_array([[-(2.0**63), 2.7]], dtype=int).tolist() == [[-(2**63), 2]]


def test_what_is_no_table():
    with pytest.raises(ValueError, match="Try: as many values in every row"):
        check_array([[1, 2], [3]])
    with pytest.raises(ValueError, match="should be a bool or 'allow-nan'"):
        check_array([[1, 2]], ensure_all_finite="no")
    with pytest.raises(TypeError, match="Expected sequence or array-like, got <class 'int'>"):
        check_consistent_length(3)
