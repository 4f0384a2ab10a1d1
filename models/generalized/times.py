"""Times until an event: reading them, who is at risk, and how well an order of risks predicts them."""

from typing import Any, NamedTuple

import numpy as np

from models.foundation import targets
from tinygrad_edu.diagnostics.words import refusal


def times_and_events(y: Any, samples: int, estimator: Any) -> np.ndarray:
    """y as (samples, 2): times, and 1 for an event or 0 for a time that is a lower bound."""
    columns = _columns(y)
    if columns is None:
        time = targets.numbers(y, samples, estimator)
        return np.stack([time, np.ones(samples)], axis=1)
    time, event = (targets.numbers(column, samples, estimator) for column in columns)
    other = ~np.isin(event, (0, 1))
    if other.any():
        row = int(np.argmax(other))
        what = (
            f"{type(estimator).__name__}: the event of row {row} is {event[row]}, neither 0 nor 1."
        )
        raise refusal(ValueError, what, "y with the columns (time, event)")
    return np.stack([time, event], axis=1)


def _columns(y: Any) -> Any:
    """Times and events of two columns or of a structured array; None if y is neither."""
    names = getattr(getattr(y, "dtype", None), "names", None)
    if names:
        events = [name for name in names if y.dtype[name].kind == "b"]
        others = [name for name in names if name not in events]
        if len(events) != 1 or len(others) != 1:
            what = f"y has the fields {', '.join(names)}: not one of booleans and one of numbers."
            raise refusal(ValueError, what, "y[['event', 'time']], the event as a boolean")
        return y[others[0]], y[events[0]]
    found = y if hasattr(y, "shape") else np.asarray(y, dtype=object)
    return np.asarray(found).T if len(found.shape) == 2 and found.shape[1] == 2 else None


class RiskSets(NamedTuple):
    """Rows in the order of falling times, so that those at risk at a time are the first ones.

    All but `order` are in this order:

    event       1 or 0
    last        the last row with the same time: rows 0 to last are at risk
    before      the last row with a longer time, -1 if there is none
    number      d, how many events have the same time
    part        l / d for the l-th of them, from 0
    """

    order: np.ndarray
    event: np.ndarray
    last: np.ndarray
    before: np.ndarray
    number: np.ndarray
    part: np.ndarray

    def between(self, running: Any) -> Any:
        """The sum over the rows with the same time, from the running sum over all rows."""
        return running[self.last] - np.where(self.before < 0, 0.0, running[self.before])


def risk_sets(y: np.ndarray) -> RiskSets:
    order = np.argsort(-y[:, 0], kind="stable")
    time, event = y[order].T
    new = np.append(True, time[1:] != time[:-1])
    starts = np.flatnonzero(new)
    group = np.cumsum(new) - 1
    last = np.append(starts[1:], len(time))[group] - 1
    before = starts[group] - 1
    count = np.append(0, np.cumsum(event))  # events among the first rows
    number = count[last + 1] - count[before + 1]
    part = (count[:-1] - count[before + 1]) / np.maximum(number, 1)
    return RiskSets(order, event, last, before, number, part)


def concordance(y: np.ndarray, risk: np.ndarray, weight: np.ndarray, block: int = 500) -> float:
    """Harrell's C: of the pairs of which one is known to be first, the part in which it has the higher risk.

    Equal risks count half; a pair counts as the product of its weights. 0.5 if there is no such pair.
    """
    time, event = y.T
    right = total = 0.0
    events = np.flatnonzero(event)
    for start in range(0, len(events), block):
        i = events[start : start + block, None]
        later = (time > time[i]) | ((time == time[i]) & (event == 0))
        order = np.where(risk[i] > risk, 1.0, np.where(risk[i] == risk, 0.5, 0.0))
        pairs = weight[i] * weight * later
        right, total = right + (pairs * order).sum(), total + pairs.sum()
    return float(right / total) if total > 0 else 0.5
