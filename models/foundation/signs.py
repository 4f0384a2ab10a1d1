"""The signs of directions, which a decomposition leaves open."""

import numpy as np


def signs(V):
    """1 or -1 for each row of V, with which its largest entry becomes positive: (rows,)."""
    largest = np.take_along_axis(V, np.abs(V).argmax(axis=1)[:, None], axis=1)[:, 0]
    return np.where(largest < 0, -1, 1)
