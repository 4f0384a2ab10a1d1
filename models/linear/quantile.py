"""Quantile regression.

Source: R. Koenker, Quantile Regression (2005), sections 1.3 and 6.4; S. Portnoy, R. Koenker, The Gaussian
hare and the Laplacian tortoise (1997); S. Mehrotra, On the implementation of a primal-dual interior point
method (1992).
"""

from typing import Any

import numpy as np

from models.foundation import choice, learned, mapping, nonnegative, number
from models.foundation.iterate import Trace, kept_by, warn_not_converged
from models.foundation.linear_predictor import LinearModel


class QuantileRegressor(LinearModel):
    """x·w + b is the q-quantile of y: a part q of the samples is below it.

        Σ_i s_i ρ(y_i - x_i·w - b) / Σ s + α ‖w‖₁,     ρ(r) = q r for r ≥ 0, (q - 1) r for r < 0

    is least. This is a linear program, and the solution is exact up to rounding: samples on the line, and
    weights that are 0, are so exactly. If there are several solutions, it is one between them, where
    scikit-learn's is a corner of them. All names of `solver` stand for the interior point method below.
    """

    quantile: float = number(0.5, above=0, below=1, doc="q")
    alpha: float = nonnegative(1.0, doc="α, the strength of the penalty")
    solver: str = choice(
        "highs", "highs-ds", "highs-ipm", "interior-point", "revised simplex", doc="no effect"
    )
    solver_options: Any = mapping(None, doc="no effect")

    n_iter_: int = learned("number of Newton steps")
    trace_: Trace = learned(
        "of a fit in `with traced():` the loss, coef_ and intercept_ after every step"
    )

    def _fit(self, X, y, weight):
        features = X.shape[1]
        A = np.column_stack([X, np.ones(len(X))]) if self.fit_intercept else X
        up, down = self.quantile * weight, (1 - self.quantile) * weight
        if self.alpha > 0:  # α ‖w‖₁ is the loss of further samples, with y = 0 and one feature 1
            size = np.abs(X).max(axis=0)
            size[size == 0] = 1
            A = np.concatenate([A, np.eye(features, A.shape[1]) * size[:, None]])
            more = np.minimum(self.alpha / size, 2) * weight.sum()  # w_j = 0 from 1 on
            up, down = np.concatenate([up, more]), np.concatenate([down, more])
            y = np.concatenate([y, np.zeros(features)])
        trace = Trace.of(self)

        def note(step, w):
            r = y - A @ w
            loss = up @ np.maximum(r, 0) + down @ np.maximum(-r, 0)
            trace(step, loss / weight.sum())
            trace.keep(**kept_by(self, w))

        noted = note if trace.keeps_states else None
        found, self.n_iter_, converged = least_tilted_errors(A, y, up, down, note=noted)
        if not converged:
            warn_not_converged(
                self, "Newton steps, far from the minimum", "features of a common size"
            )
        self._keep(found)
        if trace:
            self.trace_ = trace
            trace.states[-1].update(coef_=self.coef_, intercept_=self.intercept_)

    def _keep(self, found):
        features = self.n_features_in_
        self.coef_ = found[:features]
        self.intercept_ = found[features] if self.fit_intercept else 0.0

    @classmethod
    def examples(cls, rng):
        for estimator, X, y in super().examples(rng):  # of 60 samples there are many medians
            yield estimator.set_params(quantile=0.37), X, y


def least_tilted_errors(A, y, up, down, max_iter=100, note=None):
    """The w with the least Σ_i up_i max(r_i, 0) + down_i max(-r_i, 0), r = y - A w; and the number of steps.

    By duality (Koenker 6.4): with r = u - v, u and v ≥ 0, w is the minimum if there are a and s ≥ 0 with

        Aᵀ a = Aᵀ down,    a + s = up + down,    s u = 0,    a v = 0 .

    Newton's method solves these, with s u = a v = μ in place of 0, and μ falling from step to step. Each step
    is weighted least squares, with the weights Θ = 1 / (u / s + v / a), once to see how far μ can fall
    (predictor), and once with the products of its changes (corrector). At the end the samples with r = 0 are
    known, and w is solved from these.

    note   called with the number of the step and w, at the start and after each step
    """
    unit = np.abs(A).max(axis=0)
    unit[unit == 0] = 1
    y_unit = np.abs(y).max() or 1.0
    A, y, total = A / unit, y / y_unit, (up + down).sum()
    up, down = up / total, down / total
    w = np.linalg.lstsq(A, y, rcond=None)[0]
    r = y - A @ w
    spare = max(np.abs(r).mean(), 1e-3)
    a, s, u, v = down.copy(), up.copy(), np.maximum(r, 0) + spare, np.maximum(-r, 0) + spare
    for step in range(max_iter):
        if note:
            note(step, w / unit * y_unit)
        gap = u @ s + v @ a
        if gap < SMALL_GAP:
            break
        μ = gap / (2 * len(y))
        rd = y - A @ w - u + v
        rp = A.T @ (down - a)
        Θ = 1 / (u / s + v / a)
        H = (A.T * Θ) @ A
        H.flat[:: len(H) + 1] += 1e-14 * H.diagonal().max()

        now = A, H, Θ, rd, rp, a, s, u, v
        _, da, du, dv = _direction(*now, -s * u, -a * v)
        p, d = _longest(a, da, s, -da), _longest(u, du, v, dv)
        falls = ((u + d * du) @ (s - p * da) + (v + d * dv) @ (a + p * da)) / gap
        goal = μ * falls**3
        dw, da, du, dv = _direction(*now, goal - s * u + da * du, goal - a * v - da * dv)
        p, d = _longest(a, da, s, -da), _longest(u, du, v, dv)
        a, s, w, u, v = a + p * da, s - p * da, w + d * dw, u + d * du, v + d * dv
    w = _on_the_line(A, y, up, down, w, a, s)
    return w / unit * y_unit, max(step, 1), gap < 1e-9


SMALL_GAP = 1e-15


def _direction(A, H, Θ, rd, rp, a, s, u, v, su, av):
    """The changes that make s u and a v change by su and av, and rd and rp vanish, to first order."""
    right = rd - su / s + av / a
    dw = np.linalg.solve(H, A.T @ (Θ * right) - rp)
    da = Θ * (right - A @ dw)
    return dw, da, (su + u * da) / s, (av - v * da) / a


def _longest(a, da, b, db):
    """The part of a step, at most 1, that keeps a and b positive."""
    both, change = np.concatenate([a, b]), np.concatenate([da, db])
    falling = change < 0
    return min(1.0, 0.99995 * np.min(-both[falling] / change[falling], initial=np.inf))


def _on_the_line(A, y, up, down, w, a, s):
    """w moved so that the samples that are on the line up to rounding are so exactly, if that is no worse.

    These have r = 0 and a, s > 0; where rounding blurs that, they are the first in this respect, as many as
    there are parameters.
    """

    def loss(w):
        r = y - A @ w
        return up @ np.maximum(r, 0) + down @ np.maximum(-r, 0)

    r = y - A @ w
    far = np.abs(r) * (up + down) / np.minimum(a, s)
    found = w
    for on in (far < 1, far <= np.sort(far)[min(A.shape) - 1]):
        exact = found + np.linalg.lstsq(A[on], (y - A @ found)[on], rcond=1e-10)[0]
        alone = on & (np.count_nonzero(A, axis=1) == 1) & (y == 0)  # w_j = 0
        exact[np.abs(A[alone]).argmax(axis=1)] = 0.0
        if loss(exact) <= loss(found) + 1e-14:
            found = exact
    tidy = np.where(np.abs(found) < 1e-13, 0.0, found)
    return tidy if loss(tidy) <= loss(found) + 1e-14 else found
