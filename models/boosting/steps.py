"""What every booster does: read its targets, start from a constant, find the best values of leaves."""

from typing import Any

import numpy as np

from models.boosting.derivatives import best_constants, checked
from models.boosting.losses import Loss
from models.foundation import targets
from models.generalized.times import times_and_events
from tinygrad_edu import Tensor, no_grad
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.ops import softmax
from tinygrad_edu.tensor import value

# Which targets a loss allows, and scikit-learn's words for it.
POISSON = "loss='poisson' requires non-negative y and sum(y) > 0."
GAMMA = "loss='gamma' requires strictly positive y."


def read_targets(booster: Any, y: Any, samples: int) -> np.ndarray:
    """y of a regressor, for its loss."""
    if not isinstance(booster.loss, str):
        return targets.numbers(y, samples, booster)
    if booster.loss == "cox":
        return times_and_events(y, samples, booster)
    if booster.loss == "lambdarank":
        pair = np.asarray(y)
        if pair.ndim != 2 or pair.shape[1] != 2:
            what = f"loss='lambdarank' needs y with the columns relevance and query, got shape {pair.shape}."
            raise refusal(ValueError, what, "np.column_stack([relevance, query])")
        return np.column_stack([targets.numbers(column, samples, booster) for column in pair.T])
    found = targets.numbers(y, samples, booster)
    if booster.loss == "poisson" and (found.min() < 0 or found.sum() == 0):
        raise refusal(ValueError, POISSON, "counts, or another loss")
    if booster.loss == "gamma" and found.min() <= 0:
        raise refusal(ValueError, GAMMA, "another loss")
    return found


def started(loss: Any, y: np.ndarray, weight: Any, name: str) -> tuple[Loss, Any]:
    """A loss, or a function of the user, as a Loss; and the best constant score to start from."""
    if isinstance(loss, Loss):
        if loss.bound is not None and weight is not None:
            what = f"{name}: a loss over several rows has no weights of rows."
            raise refusal(ValueError, what, "sample_weight=None")
        assert loss.start is not None
        return loss, loss.start(y, weight)
    several = y.ndim == 2
    f = np.zeros(y.shape)
    found = checked(loss, f, y, name)
    if several:
        return found, np.zeros(y.shape[1])
    weight = np.ones(len(y)) if weight is None else weight
    return found, float(best_constants(found, f, y, weight, np.zeros(len(y), np.intp), 1)[0])


def scores_of(f: np.ndarray, k: int) -> Any:
    """The index of the scores to which tree k of an iteration adds: f is (rows,), or (rows, trees)."""
    return ... if f.ndim == 1 else (slice(None), k)


def line_search(loss: Loss, f: Any, y: Any, weight: Any, leaves: Any, at: Any) -> Any:
    """For the rows of each leaf the v with the least loss of f + v. at: to which scores v is added."""
    if loss.of_errors is not None:
        weights = [None if weight is None else weight[rows] for rows in leaves]
        return [loss.of_errors(y[i] - f[i], w) for i, w in zip(leaves, weights, strict=True)]
    rows = np.concatenate(leaves)
    group = np.repeat(np.arange(len(leaves)), [len(leaf) for leaf in leaves])
    w = np.ones(len(rows)) if weight is None else weight[rows]
    return best_constants(loss, f[rows], y[rows], w, group, len(leaves), at)


def probabilities(f: np.ndarray, classes: int) -> np.ndarray:
    """P(class | x) from scores: (rows, classes)."""
    if classes == 1:
        return np.ones((len(f), 1))
    if f.ndim == 1:
        p = 1 / (1 + np.exp(-np.clip(f, -700, 700)))
        return np.stack([1 - p, p], axis=1)
    return softmax(f, axis=1)


def downhill(
    loss: Loss,
    f: Any,
    y: Any,
    weight: Any,
    group: np.ndarray,
    steps: np.ndarray,
    at: Any = ...,
) -> np.ndarray:
    """The step of each group of rows, halved as often as needed not to raise the loss of its rows.

    Newton's step is too long where the curvature falls: for √(1 + (y - f)²), |y - f| = 10, a hundred times.
    at: the index of the scores to which the step is added.
    """
    weight = np.ones(len(y)) if weight is None else weight

    def total(steps):
        scores = f.copy()
        scores[at] += steps[group]
        with no_grad():
            terms = value(loss.formula(Tensor(scores), y))
        return np.bincount(group, weight * terms, len(steps))

    before = total(np.zeros_like(steps))
    fits = total(steps) <= before  # not so if NaN
    few, enough = np.zeros(len(steps)), np.where(fits, 0.0, 2.0**11)  # halvings
    while (middle := (few + enough) // 2).any() and (enough - few > 1).any():
        fits = total(steps * 0.5**middle) <= before
        few, enough = np.where(fits, few, middle), np.where(fits, middle, enough)
    return steps * 0.5**enough
