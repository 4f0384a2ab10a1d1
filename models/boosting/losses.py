"""The losses of boosting, each stated once: the loss of every row, from its scores f and its target y.

They are functions of Tensors. Gradient and curvature come from the engine (`derivatives`), so that a loss of
your own is one line: `loss=lambda f, y: np.logaddexp(0, f) - y * f`.

Source: J. Friedman, Greedy function approximation: a gradient boosting machine (2001); C. Burges, From
RankNet to LambdaRank to LambdaMART: an overview (2010); D. Cox, Regression models and life-tables (1972).
"""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from models.foundation.weighted_quantiles import weighted_quantiles
from tinygrad_edu.ops import logsumexp
from tinygrad_edu.tensor import value

# ---- of one score a row ----------------------------------------------------------------------------


def squared_error(f, y):
    """(y - f)² / 2"""
    return (y - f) ** 2 / 2


def absolute_error(f, y):
    """|y - f|, whose slope is -1 where f = y."""
    return np.where(y >= value(f), y - f, f - y)


def pinball(f, y, quantile):
    """q (y - f) above f, and (1 - q) (f - y) below: the q-quantile has the least sum."""
    return np.where(y >= value(f), quantile * (y - f), (1 - quantile) * (f - y))


def huber(f, y, delta):
    """(y - f)² / 2 for errors up to δ, and δ (|y - f| - δ/2) for larger ones."""
    error = y - f
    large = delta * (np.abs(error) - delta / 2)
    return np.where(np.abs(value(error)) <= delta, error**2 / 2, large)


def log_loss(f, y):
    """-log P(y), with P(1) = 1 / (1 + exp(-f)) and y = 0 or 1."""
    return np.logaddexp(0.0, f) - y * f


def exponential(f, y):
    """exp(-f) for y = 1, and exp(f) for y = 0: the loss of AdaBoost."""
    return np.exp((1 - 2 * y) * f)


def poisson(f, y):
    """exp(f) - y f: -log P(y) without a constant, with the mean exp(f)."""
    return np.exp(f) - y * f


def gamma(f, y):
    """f + y exp(-f): -log p(y) without a constant, up to a factor, with the mean exp(f)."""
    return f + y * np.exp(-f)


# ---- of several scores a row -----------------------------------------------------------------------


def softmax(f, y):
    """-log P(y), with P(k) = exp(f_k) / Σ_j exp(f_j). f: (rows, classes), y: one-hot."""
    return logsumexp(f, axis=1) - (y * f).sum(axis=1)


def normal(f, y):
    """-log N(y; μ, σ²), with the scores f = (μ, log σ) of each row."""
    error = (y - f[:, 0]) * np.exp(-f[:, 1])
    return f[:, 1] + error**2 / 2 + np.log(2 * np.pi) / 2


# ---- of rows together ------------------------------------------------------------------------------
# Their Hessians are not diagonal. So each has a bound as well: a sum with the same gradient at the scores
# `held`, whose Hessian is diagonal.


def cox(f, y):
    """-log of Cox's partial likelihood: log(Σ_{j at risk} exp f_j) - f_i of each event i.

    y: (rows, 2), the time and 1 for an event, or 0 for a time that is a lower bound.
    """
    order, last = _falling_times(y)
    log_risk = np.logaddexp.accumulate(f[order])[last]
    return y[order, 1] * (log_risk - f[order])


def cox_bound(f, held, y):
    """By log S ≤ log S₀ + S / S₀ - 1, where S₀ is the risk Σ exp f_j with the scores held."""
    order, last = _falling_times(y)
    shift = held.max()
    risk, before = (np.cumsum(np.exp(scores[order] - shift))[last] for scores in (f, held))
    return y[order, 1] * (risk / before - f[order])


def _falling_times(y):
    """The rows in order of falling time, and where in it those at risk with each of them end."""
    order = np.argsort(-y[:, 0], kind="stable")
    time = -y[order, 0]
    return order, np.searchsorted(time, time, side="right") - 1


def lambda_rank(f, y):
    """|ΔNDCG_ij| log(1 + exp(f_j - f_i)) of each pair of a query in which i is more relevant than j.

    ΔNDCG_ij is the change if i and j exchange their places in the order by f; it counts as a constant.
    y: (rows, 2), the relevance, and the number of the query.
    """
    i, j, change = _pairs(value(f), y)
    return change * np.logaddexp(0.0, f[j] - f[i])


def lambda_rank_bound(f, held, y):
    """In each pair one score moves and the other is held, and then the other way round."""
    i, j, change = _pairs(held, y)
    return change * (np.logaddexp(0.0, held[j] - f[i]) + np.logaddexp(0.0, f[j] - held[i]))


def _pairs(f, y):
    """Rows (i, j) of the same query with y_i > y_j, and |ΔNDCG| of each pair."""
    found: list[Any] = [(np.zeros(0, np.intp), np.zeros(0, np.intp), np.zeros(0))]
    for query in np.unique(y[:, 1]):
        rows = np.flatnonzero(y[:, 1] == query)
        gain = 2.0 ** y[rows, 0] - 1
        by_place = 1 / np.log2(np.arange(len(rows)) + 2)
        discount = np.empty(len(rows))
        discount[np.argsort(-f[rows], kind="stable")] = by_place
        best = np.sort(gain)[::-1] @ by_place
        i, j = np.nonzero(gain[:, None] > gain)
        change = np.abs((gain[i] - gain[j]) * (discount[i] - discount[j])) / (best or 1)
        found.append((rows[i], rows[j], change))
    return tuple(map(np.concatenate, zip(*found, strict=True)))


# ---- what follows from them ------------------------------------------------------------------------


def identity(f):
    return f


@dataclasses.dataclass(frozen=True)
class Loss:
    """A loss, and what a booster has to know about it.

    formula     (f, y) -> the terms, whose sum is to be small
    start       (y, weight) -> the best constant score; None: look for it
    inverse     score -> prediction, the inverse of the link
    odds        log P(1) / P(0) = odds f, of two classes
    newton      leaves -G / (H + λ); without a curvature, leaves of the least loss
    of_errors   (y - f, weight) -> the best constant to add to f in a leaf, if the errors say it
    constant_curvature  is it 1 everywhere?
    adapt       (f, y, weight) -> the loss with constants that follow from the present errors
    bound       (f, held, y) -> terms with the same gradient, and a diagonal Hessian
    guarded     may a Newton step overshoot, so that it is shortened until it lowers the loss?
    """

    formula: Callable[[Any, Any], Any]
    start: Callable[[Any, Any], Any] | None = None
    inverse: Callable[[Any], Any] = identity
    odds: float = 1.0
    newton: bool = True
    of_errors: Callable[[Any, Any], Any] | None = None
    constant_curvature: bool = False
    adapt: "Callable[[Any, Any, Any], Loss] | None" = None
    bound: Callable[[Any, Any, Any], Any] | None = None
    guarded: bool = False

    def mean(self, f, y, weight=None):
        """The mean of the terms over the rows."""
        terms = value(self.formula(f, y))
        if weight is None:
            return float(np.sum(terms) / len(f))
        return float(weight @ terms / weight.sum())


def quantile_of(x, q, weight=None):
    """The q-quantile; of weighted values the least one up to which lies a part q of the weight."""
    if weight is None:
        return float(np.quantile(x, q))
    return float(weighted_quantiles(x, weight, q))


def mean_of(y, weight=None):
    return float(np.average(y, weights=weight))


def log_mean(y, weight=None):
    return float(np.log(max(mean_of(y, weight), 1e-300)))


def log_odds(y, weight=None):
    p = np.clip(mean_of(y, weight), 10 * EPSILON, 1 - 10 * EPSILON)
    return float(np.log(p / (1 - p)))


def half_log_odds(y, weight=None):
    return log_odds(y, weight) / 2


def log_shares(y, weight=None):
    """log P(k) of one-hot y, minus the mean over the classes."""
    p = np.log(np.clip(np.average(y, axis=0, weights=weight), EPSILON, 1 - EPSILON))
    return p - p.mean()


def normal_of(y, weight=None):
    """μ and log σ of all rows."""
    mean = mean_of(y, weight)
    sd = np.sqrt(mean_of((y - mean) ** 2, weight))
    return np.array([mean, np.log(max(sd, smallest_spread(y)))])


def smallest_spread(y):
    """A σ that stands for none, well above rounding."""
    return 1e-12 * np.abs(y).max() or 1e-150


def zero(y, weight=None):
    return 0.0


def quantile_loss(q):
    best = functools.partial(_quantile_at, q=q)
    return Loss(functools.partial(pinball, quantile=q), start=best, newton=False, of_errors=best)


def _quantile_at(y, weight=None, *, q):
    return quantile_of(y, q, weight)


def huber_loss(part, delta=1.0):
    """δ is the quantile `part` of the absolute errors before each tree."""
    return Loss(
        functools.partial(huber, delta=delta),
        start=MEDIAN,
        newton=False,
        of_errors=functools.partial(_huber_best, delta=delta),
        adapt=functools.partial(_huber_adapted, part=part),
    )


def _huber_adapted(f, y, weight, *, part):
    weight = np.ones(len(y)) if weight is None else weight
    return huber_loss(part, quantile_of(np.abs(y - f), part, weight))


def _huber_best(errors, weight, *, delta):
    """Friedman's approximation: a step from the median."""
    middle = quantile_of(errors, 0.5, weight)
    return middle + mean_of(np.clip(errors - middle, -delta, delta), weight)


EPSILON = np.finfo(np.float64).eps
MEDIAN = functools.partial(_quantile_at, q=0.5)
LOSSES = {
    "squared_error": Loss(squared_error, start=mean_of, constant_curvature=True),
    "absolute_error": Loss(absolute_error, start=MEDIAN, newton=False, of_errors=MEDIAN),
    "poisson": Loss(poisson, start=log_mean, inverse=np.exp),
    "gamma": Loss(gamma, start=log_mean, inverse=np.exp),
    "log_loss": Loss(log_loss, start=log_odds),
    "exponential": Loss(exponential, start=half_log_odds, odds=2.0),
    "softmax": Loss(softmax, start=log_shares),
    "normal": Loss(normal, start=normal_of),
    "cox": Loss(cox, start=zero, bound=cox_bound),
    "lambdarank": Loss(lambda_rank, start=zero, bound=lambda_rank_bound),
}
