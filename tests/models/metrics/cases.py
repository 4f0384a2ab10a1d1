"""Comparison of our metrics with scikit-learn's: the same numbers, or both refuse."""

import warnings

import numpy as np
import sklearn.metrics

from models import metrics


def answer(function, *arguments, **settings):
    """The result of a call and the names of its warnings, or the kind of its error."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            found = function(*arguments, **settings)
        except (ValueError, TypeError, NotImplementedError, ZeroDivisionError) as error:
            return type(error).__name__, set()
    return found, {w.category.__name__ for w in caught if w.category is not RuntimeWarning}


def same(name, *arguments, tolerance=1e-14, **settings):
    """Asserts that our function and scikit-learn's of that name give the same answer."""
    found, warned = answer(getattr(metrics, name), *arguments, **settings)
    expected, expected_warnings = answer(getattr(sklearn.metrics, name), *arguments, **settings)
    if isinstance(expected, str) and expected in ("InvalidParameterError", "ZeroDivisionError"):
        return  # they refuse some that have a meaning, such as zero_division=nan
    assert isinstance(found, str) == isinstance(expected, str), (found, expected)
    if isinstance(expected, str):
        return
    assert warned == expected_warnings
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for key, value in expected.items():
            inner = value if isinstance(value, dict) else {"": value}
            ours = found[key] if isinstance(value, dict) else {"": found[key]}
            np.testing.assert_allclose([*ours.values()], [*inner.values()], rtol=tolerance)
        return
    parts = expected if isinstance(expected, tuple) else (expected,)
    for ours, theirs in zip(found if isinstance(found, tuple) else (found,), parts, strict=True):
        if theirs is None:
            assert ours is None
            continue
        assert np.shape(ours) == np.shape(theirs)
        np.testing.assert_allclose(
            np.asarray(ours, dtype=float),
            np.asarray(theirs, dtype=float),
            rtol=tolerance,
            atol=1e-15,
        )
