"""Weighted quantiles against places among repeated values."""

import numpy as np
import pytest

from models.foundation.weighted_quantiles import weighted_quantiles

RNG = np.random.default_rng(0)
X, TIMES = RNG.integers(0, 30, 40) / 4, RNG.integers(1, 5, 40)
REPEATED = np.sort(np.repeat(X, TIMES))


@pytest.mark.parametrize("average", [False, True])
@pytest.mark.parametrize("scale", [1, 1 / 3, 1e-8])
def test_weights_count_like_repetitions(scale, average):
    n = len(REPEATED)
    found = weighted_quantiles(X, scale * TIMES, (np.arange(n) + 0.5) / n, average)
    np.testing.assert_array_equal(found, REPEATED)


@pytest.mark.parametrize("scale", [1, 2.0**-30])  # others round
def test_the_mean_of_two_values_between_which_a_part_ends(scale):
    n = len(REPEATED)
    found = weighted_quantiles(X, scale * TIMES, np.arange(1, n) / n, average=True)
    np.testing.assert_array_equal(found, (REPEATED[:-1] + REPEATED[1:]) / 2)
    ends = weighted_quantiles(X, scale * TIMES, np.array([0, 1]), average=True)
    assert ends.tolist() == [X.min(), X.max()]


def test_missing_values_of_no_weight_do_not_count():
    x, weight = np.array([np.nan, 2.0, 1.0]), np.array([0.0, 1.0, 1.0])
    assert weighted_quantiles(x, weight, np.array([0, 0.5, 0.6, 1])).tolist() == [1, 1, 2, 2]
