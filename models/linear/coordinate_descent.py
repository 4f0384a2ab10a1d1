"""Coordinate descent for squared errors with an elastic net penalty, and its duality gap.

    P(w) = ‖b - A w‖² / 2 + λ ‖w‖₁ + β ‖w‖² / 2

Of several targets together, b and w are matrices, and the lengths of the rows of w take the place of the
sizes of its numbers: see `row_descent`.

Sources: J. Friedman, T. Hastie, R. Tibshirani, Regularization paths for generalized linear models via
coordinate descent (2010); O. Fercoq, A. Gramfort, J. Salmon, Mind the duality gap (2015).
"""

from copy import copy
from typing import Any, NamedTuple

import numpy as np

from models.linear.least_squares import centered, moments
from models.linear.row_descent import TINY, directions, improved_rows, lengths

# Without a copy of X - x̄, sums of squares lose digits if they are that many times larger than its squares.
LOSS = 100

HUGE = 1e300


class Penalty(NamedTuple):
    """λ ‖w‖₁ + β ‖w‖² / 2, and infinite for negative w if `positive`."""

    λ: Any
    β: Any
    positive: bool = False

    def excess(self, slope, w):
        """How far each w_j is from its condition at the minimum, with slope = Aᵀ(b - A w) - β w.

        slope_j = λ sign(w_j) where w_j ≠ 0, and |slope_j| ≤ λ where w_j = 0 (ESL 3.85); for w ≥ 0
        slope_j ≤ λ is enough. These are the Karush-Kuhn-Tucker (KKT) conditions.
        """
        uphill = slope if self.positive else lengths(slope)
        missed = lengths(slope - (self.λ * directions(w).T).T)
        return np.where(lengths(w) > 0, missed, np.maximum(uphill - self.λ, 0))

    def gap(self, rr, rb, Ar, w):
        """P(w) - D(v), which is not less than P(w) - P(minimum), for a v made of the residual r = b - A w.

        D(v) = v·b - ‖v‖² / 2 at v = r min(1, λ / max |slope|), which satisfies |Aᵀ v| ≤ λ; β adds √β I as
        rows to A. Without λ, that is D(v) = v·b - ‖v‖² / 2 - ‖Aᵀ v‖² / 2β at r; without both the gradient
        takes the place of the gap: ‖Aᵀ r‖².
        """
        if not np.all(self.λ):
            if not np.all(self.β):
                return np.vdot(Ar, Ar)
            both = self.β * lengths(w) ** 2 + lengths(Ar) ** 2 / self.β
            return rr - rb + np.sum(both) / 2
        slope = Ar - (self.β * w.T).T
        over = np.max((slope if self.positive else lengths(slope)) / self.λ, initial=1)
        squares = rr + np.sum(self.β * lengths(w) ** 2)
        return squares * (1 + 1 / over**2) / 2 + np.sum(self.λ * lengths(w)) - rb / over


class SquaredErrors:
    """Σ_i s_i (y_i - x_i·w - b)² / 2 at the best b, as ‖B - A w‖² / 2 with A = √s (X - x̄), B = √s (y - ȳ).

    B and the columns of A are scaled, so that units do not matter and nothing overflows. With more rows than
    columns, everything comes from the Gram matrix AᵀA, which is computed once. `target(k)` is column k of y,
    and `together()` all columns, with W of shape (features, targets).
    """

    b_size: Any
    b: Any
    q: Any
    bb: Any

    def __init__(self, X, y, weight, fit_intercept):
        self.total = weight.sum()
        self.A: Any = None
        self.gram: Any = None
        means = moments(X, y, weight, fit_intercept)
        self.x_mean, self.y_mean, B, right = means.x_mean, means.y_mean, means.B, means.right
        rounding = 10 * np.finfo(np.float64).eps * np.abs(self.x_mean) * np.sqrt(self.total)
        tall = len(X) > X.shape[1]
        with np.errstate(all="ignore"):
            accurate = means.squares < LOSS * means.gram.diagonal()
        if tall and accurate.all() and np.isfinite(means.gram).all():
            self.size = np.sqrt(means.gram.diagonal())
            self.gram = means.gram / np.outer(self.size, self.size)
            Q = (right.T / self.size).T
        else:
            A, B, *_ = centered(X, y, weight, fit_intercept)
            largest = np.abs(A).max(axis=0)
            largest[largest <= rounding] = np.inf  # equal numbers, minus their mean
            A = A / largest
            length = np.sqrt(np.einsum("ij,ij->j", A, A))
            length[length == 0] = 1
            self.size = np.where(largest < np.inf, largest, 1) * length
            self.A = A / length
            self.gram = self.A.T @ self.A if tall else None
            Q = self.A.T @ B
        self.B, self.Q = B.reshape(len(X), -1), Q.reshape(X.shape[1], -1)

    def target(self, k):
        """The errors of one column of y."""
        other = copy(self)
        other.b_size = np.abs(self.B[:, k]).max() or 1.0
        other.b, other.q = self.B[:, k] / other.b_size, self.Q[:, k] / other.b_size
        other.bb = np.vdot(other.b, other.b)
        return other

    def together(self):
        """The errors of all columns of y."""
        return self.target(slice(None))

    def scaled(self, penalty):
        """The penalty on w in these units."""
        with np.errstate(over="ignore"):  # for tiny columns
            λ = np.minimum(penalty.λ / self.size / self.b_size, HUGE)
            β = np.minimum(penalty.β / self.size / self.size, HUGE)
        return Penalty(λ, β, penalty.positive)

    def gram_of(self, columns):
        """AᵀA for some columns."""
        if self.gram is not None:
            return self.gram[np.ix_(columns, columns)]
        return self.A[:, columns].T @ self.A[:, columns]

    def curvature(self, w):
        """AᵀA w."""
        return self.A.T @ (self.A @ w) if self.gram is None else self.gram @ w

    def moments(self, w):
        """‖r‖², r·b and Aᵀ r of the residual r = b - A w."""
        if self.gram is None:
            r = self.b - self.A @ w
            return np.vdot(r, r), np.vdot(r, self.b), self.A.T @ r
        slope = self.q - self.gram @ w
        explained = np.vdot(self.q, w)
        return self.bb - explained - np.vdot(slope, w), self.bb - explained, slope

    def add_intercepts(self, traces):
        """Adds b = ȳ - w·x̄ to the states in the trace of each target, or in that of all."""
        means = self.y_mean if len(traces) > 1 else [self.y_mean]
        for trace, y_mean in zip(traces, means, strict=True):
            for state in trace.states:
                state.intercept_ = y_mean - state.coef_ @ self.x_mean

    def gap(self, penalty, w):
        """The duality gap at w."""
        w = (w.T * self.size).T / self.b_size
        return max(self.scaled(penalty).gap(*self.moments(w), w), 0.0) * self.b_size**2


class Found(NamedTuple):
    """The weights, the number of iterations, and whether the duality gap is small enough."""

    w: np.ndarray
    iterations: int
    converged: bool


def coordinate_descent(errors, penalty, w, tol, max_iter, rng=None, trace=None):
    """The w with the least P(w), from a first w, with a duality gap of at most tol ‖b‖².

    An iteration takes the coordinates that are not 0 or should not be, and has rounds over these until the
    signs stay the same. In a round each gets its best value while the others stay,

        w_j ← S(slope_j + ‖a_j‖² w_j, λ) / (‖a_j‖² + β),      S(z, λ) = sign(z) max(|z| - λ, 0)

    (ESL 3.86), and then Newton steps for all that are not 0. A step ends where the first of them would change
    its sign, and fixes that one at 0. As soon as the signs are right, one step leads to the minimum.

    rng     a generator, which shuffles the order of every round
    trace   called with the iteration, P / Σ s, and the largest violation of the conditions of the minimum
    """
    size, b_size = errors.size, errors.b_size
    unit = λ, β, _ = errors.scaled(penalty)
    improved = _improved if w.ndim == 1 else improved_rows
    w = (w.T * size).T / b_size
    for iteration in range(max_iter + 1):
        rr, rb, Ar = errors.moments(w)
        excess = unit.excess(Ar - (β * w.T).T, w)
        gap = max(unit.gap(rr, rb, Ar, w), 0.0)
        if trace is not None:
            P = rr / 2 + λ @ lengths(w) + β @ lengths(w) ** 2 / 2
            trace(
                iteration,
                P * b_size**2 / errors.total,
                np.max(excess * size, initial=0) * b_size / errors.total,
            )
            if trace.keeps_states:
                trace.keep(coef_=w.T / size * b_size)
        if (gap <= tol * errors.bb and iteration > 0) or iteration == max_iter:
            break
        columns = _candidates(excess, w)
        if rng is not None:
            columns = rng.permutation(columns)
        part = Penalty(λ[columns], β[columns], penalty.positive)
        w = w.copy()
        w[columns] = improved(errors.gram_of(columns), part, Ar[columns], w[columns])
    return Found((w.T / size).T * b_size, iteration, gap <= tol * errors.bb)


def _candidates(excess, w):
    """The coordinates that are not 0, and those that should not be: the worst, at most as many again."""
    used = lengths(w) > 0
    wrong = np.flatnonzero((excess > 0) & ~used)
    most = max(int(used.sum()), 100)
    if len(wrong) > most:
        wrong = wrong[np.argsort(-excess[wrong])[:most]]
    return np.union1d(np.flatnonzero(used), wrong)


def _improved(G, penalty, Ar, w):
    """Rounds until one changes no sign, ten at most, and then Newton steps. Ar = Aᵀ(b - A w)."""
    Ar, w = Ar.copy(), w.copy()
    for _ in range(10):
        signs = np.sign(w)
        _round(G, penalty, Ar, w)
        if (np.sign(w) == signs).all():
            break
    for _ in range(5):
        w, Ar, arrived = _newton(G, penalty, Ar, w)
        if arrived:
            break
    return w


def _round(G, penalty, Ar, w):
    """Gives every coordinate its best value, in place."""
    λ, β, positive = penalty
    numbers = zip(G, G.diagonal().tolist(), λ.tolist(), β.tolist(), w.tolist(), strict=True)
    for j, (row, g, λ_j, β_j, old) in enumerate(numbers):
        z = Ar.item(j) + g * old
        new = max(z - λ_j, 0.0) if z > 0 or positive else min(z + λ_j, 0.0)
        new /= g + β_j
        if new != old:
            Ar -= (new - old) * row
            w[j] = new


def _newton(G, penalty, Ar, w):
    """A Newton step for all w_j ≠ 0, as far as their signs allow; and whether that was the whole step."""
    on = np.flatnonzero(w)
    λ, β, signs = penalty.λ[on], penalty.β[on], np.sign(w[on])
    H = G[np.ix_(on, on)]
    downhill = Ar[on] - β * w[on] - λ * signs
    # So little more, that dependent columns have a solution: along them ‖w‖₁ alone changes.
    step = np.linalg.solve(H + np.diag(β + TINY), downhill)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        reach = np.where((w[on] + step) * signs < 0, -w[on] / step, np.inf)
    t = min(1.0, reach.min(initial=1.0))
    curvature = step @ H @ step + (β * step) @ step
    if not downhill @ step > t * curvature / 2:  # rounding has the last word
        return w, Ar, True
    new = np.zeros_like(w)
    new[on] = np.where(reach <= t, 0.0, w[on] + t * step)
    return new, Ar - G @ (new - w), t == 1.0
