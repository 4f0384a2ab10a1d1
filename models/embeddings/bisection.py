"""Bisection in many rows at once."""

from collections.abc import Callable

import numpy as np


def bisect(lack: Callable, rows: int, tol: float, steps: int = 100) -> np.ndarray:
    """x > 0 of each row with |lack(x)| ≤ tol, or the last that was tried; shape (rows,).

    lack   (x, rows) -> what x is too small by, a falling function of x, for some of the rows

    x is doubled from 1 until it is too large; then the interval is halved, or x itself where 1 is too large.
    """
    x, low, high = np.ones(rows), np.zeros(rows), np.full(rows, np.inf)
    left = np.arange(rows)
    for _ in range(steps):
        short = lack(x[left], left)
        far = np.abs(short) > tol
        left, short = left[far], short[far]
        if not len(left):
            break
        small, large = left[short > 0], left[short < 0]
        low[small], high[large] = x[small], x[large]
        x[left] = np.where(np.isinf(high[left]), 2 * x[left], (low[left] + high[left]) / 2)
    return x
