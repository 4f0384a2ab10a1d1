"""The accelerated proximal gradient method, for F(w) = f(w) + h(w): f smooth, h simple but with kinks.

    w ← prox(y - s ∇f(y), s),      prox(v, s) = argmin_w h(w) + ‖w - v‖² / 2s

For h(w) = λ ‖w‖₁ the prox is soft thresholding, sign(v) max(|v| - s λ, 0); for a convex set it is the
projection onto it. With h = 0 this is Nesterov's accelerated gradient descent.
"""

import numpy as np

from tinygrad_edu.diagnostics.words import refusal


def proximal_gradient(value_and_grad, w, prox, penalty=None):
    """Iterates of FISTA with restart and backtracking: yields w, F(w), a subgradient of F at w.

        w' = prox(y - s ∇f(y), s)
        t' = (1 + √(1 + 4 t²)) / 2
        y' = w' + (t - 1) / t' · (w' - w)         momentum

    Backtracking halves s until the curvature of f along the step is at most 1/s. The momentum is
    dropped, t = 1, where it points uphill, (y - w')·(w' - w) > 0; the restart also tries twice the s.

    The subgradient is u + ∇f(w') with u = (y - w') / s - ∇f(y), a subgradient of h at w' by the
    definition of the prox. At the start, where no u is known, it is (w - prox(w - s ∇f(w), s)) / s. Each
    is 0 at a minimum and nowhere else (if f is convex).

    Sources: Beck and Teboulle 2009 (FISTA); O'Donoghue and Candès 2015 (the restart, by gradients).
    """
    if prox is None:
        raise refusal(
            ValueError,
            'minimize(method="proximal") needs prox=, a function (v, s) -> (n,).',
            "lambda v, s: np.sign(v) * np.maximum(np.abs(v) - s * strength, 0), for "
            'h(w) = strength * ‖w‖₁; or method="lbfgs" for a smooth function',
        )
    penalty = penalty or (lambda w: 0.0)
    value, g = value_and_grad(w)
    s = _first_step(value_and_grad, w, g)
    yield w, value + penalty(w), (w - prox(w - s * g, s)) / s

    y, t = w, 1.0
    while found := _backtracked(value_and_grad, prox, y, g, s):
        s, new, new_value, new_g = found
        yield new, new_value + penalty(new), (y - new) / s - g + new_g

        uphill = (y - new) @ (new - w) > 0
        if not uphill:
            t, t_before = (1 + np.sqrt(1 + 4 * t * t)) / 2, t
            y = new + (t_before - 1) / t * (new - w)
            value, g = _quietly(value_and_grad, y)
        if uphill or not _is_finite(value, g):
            y, g = new, new_g
            t, s = 1.0, 2 * s
        w = new


def _first_step(value_and_grad, w, g):
    """s = 1 / the curvature of f along its gradient, measured over a distance of one."""
    size = np.linalg.norm(g) or 1.0
    downhill = -g / size
    _, ahead = _quietly(value_and_grad, w + downhill)
    curvature = (ahead - g) @ downhill
    below_one = 1 - 1e-6  # so that rounding does not have backtracking halve an exact step
    return below_one / curvature if 0 < curvature < np.inf else 1 / size


def _backtracked(value_and_grad, prox, y, g, s):
    """A step s that is short enough, and where it leads: s, w, f(w), ∇f(w). None if rounding hides it.

        (∇f(w) - ∇f(y))·d ≤ ‖d‖² / s,     d = w - y

    For a quadratic f this is the usual condition, f(w) ≤ f(y) + ∇f(y)·d + ‖d‖² / 2s, which drowns in the
    rounding of f long before the minimum is reached. For any convex f it ensures F(w) ≤ F(y).
    """
    shortest = np.finfo(np.float64).eps * np.linalg.norm(y) / (np.linalg.norm(g) or 1.0)
    while s > shortest:
        w = prox(y - s * g, s)
        d = w - y
        value, new_g = _quietly(value_and_grad, w)
        if _is_finite(value, new_g) and (new_g - g) @ d <= d @ d / s:
            return s, w, value, new_g
        s /= 2
    return None


def _quietly(value_and_grad, w):
    """f and ∇f at a trial, which may lie so far off that they overflow."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return value_and_grad(w)


def _is_finite(value, g):
    return np.isfinite(value) and np.isfinite(g).all()
