"""The line search of the minimizers: how far to go along a direction.

Source: J. Nocedal, S. J. Wright, Numerical Optimization, 2nd edition (2006): N&W below.
"""

from typing import NamedTuple

import numpy as np


class Trial(NamedTuple):
    """The function f at the point w + length · p."""

    length: float
    value: float
    slope: float  # the derivative with respect to the length: ∇f · p
    gradient: np.ndarray


def wolfe_step(value_and_grad, w, p, value, g, decrease=1e-4, curvature=0.9, trials=40):
    """A Trial at a length α > 0 that meets the strong Wolfe conditions, or None if none is found.

        f(α) ≤ f(0) + decrease · α f'(0)        the function has decreased enough
        |f'(α)| ≤ curvature · |f'(0)|           most of the slope is used up

    value and g are f and ∇f at w; p must point downhill, or the answer is None. A trial at which f or
    its slope is not finite counts as too high, so the search steps back from it.

    `low` is the lowest trial so far with enough decrease. Once there is a `high`, the two enclose a
    length that meets both conditions (N&W algorithms 3.5 and 3.6, here as one loop).
    """
    slope = g @ p
    if not slope < 0:
        return None
    # Near the minimum f changes by less than its own rounding error: let the slope decide there.
    rounding = 4 * np.finfo(np.float64).eps * abs(value)
    low, high = Trial(0.0, value, slope, g), None
    length = 1.0
    for _ in range(trials):
        with np.errstate(
            over="ignore", invalid="ignore", divide="ignore"
        ):  # a trial may go too far
            trial_value, trial_gradient = value_and_grad(w + length * p)
            trial = Trial(length, trial_value, trial_gradient @ p, trial_gradient)
        finite = np.isfinite(trial.value) and np.isfinite(trial.slope)
        enough = min(value + decrease * length * slope, low.value) + rounding
        if not (finite and trial.value <= enough):
            high = trial
        elif abs(trial.slope) <= curvature * abs(slope):
            return trial
        else:
            towards_high = 1.0 if high is None else high.length - low.length
            if trial.slope * towards_high >= 0:
                high = low
            low = trial
        length = 2 * length if high is None else _between(low, high)
    return low if low.length > 0 else None


def _between(low, high):
    """The length at which the cubic through both values and slopes is least (N&W equation 3.59).

    It stays out of the outer tenths of the interval, so that the interval shrinks. It is the middle
    if there is no such cubic, or if `high` is not finite.
    """
    width = high.length - low.length
    with np.errstate(all="ignore"):
        d1 = low.slope + high.slope - 3 * (high.value - low.value) / width
        d2 = np.sign(width) * np.sqrt(d1**2 - low.slope * high.slope)
        share = 1 - (high.slope + d2 - d1) / (high.slope - low.slope + 2 * d2)
    share = min(max(share, 0.1), 0.9) if np.isfinite(share) else 0.5
    return low.length + width * share
