"""Quantiles of weighted values, by the inverse of their distribution function.

Source: R. Hyndman, Y. Fan, Sample quantiles in statistical packages (1996), types 1 and 2.
"""

from typing import Any

import numpy as np


def weighted_quantiles(
    x: np.ndarray, weight: np.ndarray, fractions: Any, average: bool = False
) -> np.ndarray:
    """For each fraction the least of the values x up to which all together weigh this part of the whole.

    NaN is left out. average: where they weigh exactly this part, the mean of that value and the next. Then
    no weight may be 0.
    """
    missing, order = np.isnan(x), np.argsort(x, kind="stable")  # NaN last
    x, reached = x[order], np.cumsum(np.where(missing, 0, weight)[order])
    wanted, last = fractions * reached[-1], len(x) - 1 - missing.sum()
    places = np.minimum(np.searchsorted(reached, wanted), last)
    if not average:
        return x[places]
    exactly = np.isclose(reached[places], wanted, rtol=1e-12, atol=0)
    return np.where(exactly, (x[places] + x[np.minimum(places + 1, last)]) / 2, x[places])
