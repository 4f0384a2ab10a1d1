"""Isotonic regression: its closed form."""

import numpy as np

from models.foundation.isotonic import rising


def test_rising_is_the_largest_least_mean():
    """m_i = max over a ≤ i of min over b ≥ i of the mean of points a to b."""
    rng = np.random.default_rng(0)
    for n in (1, 2, 3, 12):
        y, weight = np.round(rng.normal(size=n), 1), rng.random(n) + 0.1
        mean = np.array([
            [np.average(y[a : b + 1], weights=weight[a : b + 1]) if a <= b else np.inf for b in range(n)]
            for a in range(n)
        ])  # fmt: skip
        expected = [mean[: i + 1, i:].min(axis=1).max() for i in range(n)]
        np.testing.assert_allclose(rising(weight * y, weight), expected, atol=1e-12)
