"""Tables that are mostly zeros."""

import sys

import numpy as np
import pytest

from models.foundation import sparse

DATA, COLUMNS, STARTS = np.array([1.0, 2.0, 3.0]), np.array([0, 2, 1]), np.array([0, 2, 2, 3])
DENSE = [[1, 0, 2], [0, 0, 0], [0, 3, 0]]


@pytest.mark.parametrize("output", ["auto", True, False])
def test_the_same_numbers_in_each_form(output):
    if output is True:
        pytest.importorskip("scipy")
    found = sparse.mostly_zeros(DATA, COLUMNS, STARTS, (3, 3), output)
    plain = found if output is False else found.toarray()
    assert type(plain) is np.ndarray
    np.testing.assert_array_equal(plain, DENSE)


def test_auto_is_sparse_if_large(monkeypatch):
    scipy = pytest.importorskip("scipy.sparse")
    monkeypatch.setattr(sparse, "LARGE", 8)
    assert scipy.issparse(sparse.mostly_zeros(DATA, COLUMNS, STARTS, (3, 3), "auto"))


def test_without_scipy_the_error_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    with pytest.raises(ImportError, match=r"(?s)needs the library SciPy.*sparse_output=False"):
        sparse.mostly_zeros(DATA, COLUMNS, STARTS, (3, 3), True)


def test_other_models_take_the_array():
    from models import LinearRegression

    X = sparse.mostly_zeros(DATA, COLUMNS, STARTS, (3, 3), "auto")
    assert LinearRegression().fit(X, [1.0, 2.0, 3.0]).coef_.shape == (3,)
