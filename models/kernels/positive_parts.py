"""The minimum of ½ ‖w‖² + Σ_i c_i max(0, t_i - y_i a_i·w)^p with y_i = ±1, for p = 2 and p = 1.

This is what linear support vector machines minimize. a_i = (x_i, r) is a row of X: (terms, features), and a
number r, the same for all, which saves a copy of X with a column more.

Sources: O. Chapelle, Training a support vector machine in the primal (2007); M. Ferris, T. Munson,
Interior-point methods for massive support vector machines (2002); J. Nocedal, S. Wright, Numerical
Optimization, 2nd edition (2006), section 16.6, for Mehrotra's steps.
"""

import numpy as np

ENOUGH = 1e-14  # relative decrease, or relative gap between primal and dual, that rounding hides

BLOCK = 500  # rows that are worked on at a time, so that they stay in the cache
STRIDE = 7  # of the rows on which the search starts, a prime, as rows may have a period
ROWS_PER_COLUMN = 15  # in that sample, at least


def minimize_squares(X, r, y, t, c, max_iter):
    """p = 2, by Newton's method: w, the number of steps, and whether they converged.

    The function is quadratic as long as the same terms are positive. So a full step that leaves these terms
    the same arrives exactly. Others are halved until the function falls. The Hessian is that of the step
    before, with the terms added that became positive, and without those that did not stay so.

    Many rows start at the minimum on every seventh of them, where few terms change any more.
    """

    def rest_at(w):
        rest = X @ w[:-1]
        rest += r * w[-1]
        rest *= y
        return np.subtract(t, rest, out=rest)

    def value(w, rest):
        positive = np.maximum(rest, 0)
        return w @ w / 2 + (c * positive) @ positive

    w, rest = np.zeros(X.shape[1] + 1), t
    before = value(w, rest)
    if len(X) >= STRIDE * ROWS_PER_COLUMN * len(w):
        some = slice(None, None, STRIDE)
        start, _, _ = minimize_squares(X[some], r, y[some], t[some], STRIDE * c[some], max_iter)
        rest_there = rest_at(start)
        if (there := value(start, rest_there)) < before:
            w, rest, before = start, rest_there, there
    root = np.sqrt(2 * c)
    H, active = np.eye(len(w)), np.zeros(len(t), dtype=bool)
    for step in range(1, max_iter + 1):
        was, active = active, rest > 0
        for changed, sign in ((active & ~was, 1), (was & ~active, -1)):
            H += sign * _gram(X, r, root, np.flatnonzero(changed))
        pull = 2 * c * y * np.maximum(rest, 0)
        p = np.linalg.solve(H, np.append(pull @ X, r * pull.sum()) - w)
        full = rest_at(w + p)
        new, length = full, 1.0
        while (now := value(w + length * p, new)) > before and length > 1e-10:
            length /= 2
            new = rest + length * (full - rest)
        if now > before:  # rounding
            return w, step, True
        w, rest = w + length * p, new
        if (length == 1 and ((rest > 0) == active).all()) or before - now <= ENOUGH * before:
            return w, step, True
        before = now
    return w, max_iter, False


def _gram(X, r, root, rows):
    """Σ root_i² a_i a_iᵀ of some rows."""
    G = np.zeros((X.shape[1] + 1, X.shape[1] + 1))
    for i in range(0, len(rows), BLOCK):
        block = rows[i : i + BLOCK]
        part, last = X[block], root[block]
        part *= last[:, None]
        G[:-1, :-1] += part.T @ part
        G[-1, :-1] += r * (last @ part)
        G[-1, -1] += r * r * (last @ last)
    G[:-1, -1] = G[-1, :-1]
    return G


def minimize_sum(X, r, y, t, c, max_iter):
    """p = 1, by an interior point method: w, the number of steps, and whether they converged.

    With s and ξ ≥ 0 for the two sides of s - ξ = B w - t, and multipliers 0 ≤ α ≤ c, the minimum has

        w = Bᵀ α,      α s = 0,      (c - α) ξ = 0,      with the rows y_i a_i in B

    Newton's method on these equations with a small μ > 0 in place of 0 keeps all numbers positive. Each step
    takes one system of the size of w. μ comes from a trial step with μ = 0 (Mehrotra).
    """
    B = y[:, None] * np.column_stack([X, np.full(len(X), r)])
    α, u = c / 2, c / 2  # u = c - α
    w = B.T @ α
    rest = B @ w - t
    margin = np.abs(rest).mean() + 1e-300
    tiny = 1e-20 * (c @ np.abs(t))  # the minimum may be 0
    s, ξ = np.maximum(rest, 0) + margin, np.maximum(-rest, 0) + margin
    for step in range(1, max_iter + 1):
        gap = α @ s + u @ ξ
        if gap <= ENOUGH * (w @ w / 2 + c @ ξ) + tiny:
            return w, step, True
        μ = gap / (2 * len(t))
        D = s / α + ξ / u
        H = (B.T / D) @ B + np.eye(len(w))
        off_w, off_s = B.T @ α - w, B @ w - t - s + ξ

        def newton(p, q, α=α, u=u, s=s, ξ=ξ, D=D, H=H, off_w=off_w, off_s=off_s):
            """The step that changes α s by p and (c - α) ξ by q, to first order, and makes the rest 0."""
            h = p / α - q / u - off_s
            dw = np.linalg.solve(H, B.T @ (h / D) + off_w)
            dα = (h - B @ dw) / D
            return dw, dα, (p - s * dα) / α, (q + ξ * dα) / u

        dw, dα, ds, dξ = newton(-α * s, -u * ξ)
        length = _longest((α, dα), (u, -dα), (s, ds), (ξ, dξ))
        trial = (α + length * dα) @ (s + length * ds) + (u - length * dα) @ (ξ + length * dξ)
        μ *= (trial / gap) ** 3
        dw, dα, ds, dξ = newton(μ - α * s - dα * ds, μ - u * ξ + dα * dξ)
        length = min(1.0, 0.995 * _longest((α, dα), (u, -dα), (s, ds), (ξ, dξ)))
        w = w + length * dw
        α, u, s, ξ = α + length * dα, u - length * dα, s + length * ds, ξ + length * dξ
    return w, max_iter, False


def _longest(*pairs):
    """The longest step, at most 1, that keeps all of x + step dx from becoming negative."""
    return min(1.0, *(1 / max(1e-300, (-dx / x).max()) for x, dx in pairs))
