"""Isotonic regression: the values that rise and are closest to given ones.

Source: R. Barlow et al., Statistical Inference under Order Restrictions (1972).
"""

import numpy as np


def rising(total: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The m_1 ≤ m_2 ≤ ... with the least Σ w_i (m_i - t_i / w_i)², for the sums t_i of points of weight w_i.

    Pools adjacent violators: neighboring blocks whose means fall are one block of the solution, so that all
    falling runs may be merged at once, until none is left.
    """
    block = np.arange(len(total))  # of each point
    while True:
        mean = total / weight
        first = np.concatenate([[True], mean[1:] > mean[:-1]])
        if first.all():
            return mean[block]
        starts, run = np.flatnonzero(first), np.cumsum(first) - 1
        total, weight = np.add.reduceat(total, starts), np.add.reduceat(weight, starts)
        block = run[block]
