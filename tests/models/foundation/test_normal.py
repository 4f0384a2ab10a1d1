"""Quantiles of the normal distribution against SciPy's."""

import numpy as np
import pytest

from models.foundation.normal import normal_quantile


def test_quantiles_are_scipys_to_the_last_digits():
    special = pytest.importorskip("scipy.special")
    p = np.concatenate([np.linspace(0.0001, 0.4999, 999), 10.0 ** -np.arange(1, 300)])
    for each in (p, 1 - p[:999]):
        np.testing.assert_allclose(
            normal_quantile(each), special.ndtri(each), rtol=1e-14, atol=1e-16
        )


def test_the_ends():
    np.testing.assert_array_equal(
        normal_quantile([0.0, 1.0, -1, np.nan]), [-np.inf, np.inf, np.nan, np.nan]
    )
    assert abs(normal_quantile(0.5)) < 1e-16
