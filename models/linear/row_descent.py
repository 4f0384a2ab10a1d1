"""Coordinate descent for weights that are rows: one of W for each feature, with a number for each target.

    P(W) = ‖B - A W‖² / 2 + Σ_j (λ_j ‖w_j‖ + β_j ‖w_j‖² / 2),        w_j the rows of W

‖w_j‖ has its kink where the whole row is 0, so a feature is used for all targets or for none. With one target
all this is the lasso, |w_j| being ‖w_j‖.

Source: M. Yuan, Y. Lin, Model selection and estimation in regression with grouped variables (2006).
"""

import numpy as np

TINY = 1e-14
ROUNDS, NEWTON_STEPS = 10, 5
ARRIVED = 1e-8  # the next step would be the square of that
MOST_NUMBERS = 600  # a Newton step for more is slower than rounds


def lengths(W):
    """‖w_j‖ of every row; of a vector |w_j|."""
    return np.abs(W) if W.ndim == 1 else np.sqrt(np.einsum("jt,jt->j", W, W))


def directions(W):
    """w_j / ‖w_j‖, or 0; of a vector the signs."""
    if W.ndim == 1:
        return np.sign(W)
    length = lengths(W)
    return W / np.where(length > 0, length, 1)[:, None]


def improved_rows(G, penalty, AR, W):
    """Rounds until one changes no zero, ten at most, and then Newton steps. AR = Aᵀ(B - A W), G = AᵀA."""
    AR, W = AR.copy(), W.copy()
    for _ in range(ROUNDS):
        used = W.any(axis=1)
        _round(G, penalty, AR, W)
        if (W.any(axis=1) == used).all():
            break
    for _ in range(NEWTON_STEPS):
        step = _newton(G, penalty, AR, W)
        if step is None:
            break
        W, AR = W + step, AR - G @ step
        if np.abs(step).max() <= ARRIVED * np.abs(W).max():
            break
    return W


def _round(G, penalty, AR, W):
    """Gives every row its best value, in place.

    w_j ← z (1 - λ / ‖z‖)₊ / (‖a_j‖² + β) with z = a_jᵀ(B - A W) + ‖a_j‖² w_j     (Yuan and Lin 2.4)
    """
    λ, β, _ = penalty
    for j, g in enumerate(G.diagonal()):
        z = AR[j] + g * W[j]
        length = np.sqrt(z @ z)
        new = z * ((1 - λ[j] / length) / (g + β[j])) if length > λ[j] else np.zeros_like(z)
        change = new - W[j]
        if change.any():
            AR -= np.outer(G[j], change)
            W[j] = new


def _newton(G, penalty, AR, W):
    """A step that makes P less, for the rows that are not 0; or None.

    ∂²(λ ‖w‖) / ∂w² = λ (I - u uᵀ) / ‖w‖ with u = w / ‖w‖, which is 0 for one target.
    """
    on = np.flatnonzero(W.any(axis=1))
    count, targets = W[on].shape
    if not 0 < count * targets <= MOST_NUMBERS:
        return None
    λ, β, w = penalty.λ[on], penalty.β[on], W[on]
    u, length = directions(w), lengths(w)
    downhill = AR[on] - β[:, None] * w - λ[:, None] * u
    across = np.eye(targets) - u[:, :, None] * u[:, None, :]
    own = (β + TINY)[:, None, None] * np.eye(targets) + (λ / length)[:, None, None] * across
    H = np.einsum("ij,st->isjt", G[np.ix_(on, on)], np.eye(targets))
    H[np.arange(count), :, np.arange(count), :] += own
    numbers = count * targets
    step = np.zeros_like(W)
    step[on] = np.linalg.solve(H.reshape(numbers, numbers), downhill.ravel()).reshape(w.shape)
    curvature = np.vdot(step, G @ step)
    for _ in range(10):  # half the step until it helps
        moved = W[on] + step[on]
        change = λ @ (lengths(moved) - length) + β @ (lengths(moved) ** 2 - length**2) / 2
        if change < np.vdot(AR, step) - curvature / 2:
            return step
        step, curvature = step / 2, curvature / 4
    return None
