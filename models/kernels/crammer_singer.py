"""The linear machine of all classes at once.

    ½ Σ_m ‖w_m‖² + Σ_i c_i max_m (w_m·a_i - w_y·a_i + [m ≠ y]),        y = y_i

is least where, with slacks s_im = ξ_i - (w_m·a_i - w_y·a_i + [m ≠ y]) ≥ 0 and multipliers α_im ≥ 0,

    w_m = Σ_i ([m = y] c_i - α_im) a_i        Σ_m α_im = c_i        α_im s_im = 0

Sources: K. Crammer, Y. Singer, On the algorithmic implementation of multiclass kernel-based vector machines
(2001), equations 5 to 12; J. Nocedal, S. Wright, Numerical Optimization, 2nd edition (2006), section 16.6.
"""

import numpy as np

ENOUGH = 1e-13  # gap between primal and dual, relative, that rounding hides
NEARLY = 0.99  # of the way to the next bound


def minimize_joint(A, y, c, classes, max_iter):
    """W, (classes, parameters), the number of steps, and whether they converged; by an interior point method.

    The first two conditions hold from the start, and Newton steps keep them. Then Σ α s is the gap between
    primal and dual, and the third condition is all that is left. D is α / s.
    """
    own = np.eye(classes)[y]
    α = np.repeat(c[:, None] / classes, classes, axis=1)
    W = (c[:, None] * own - α).T @ A
    ξ = worst(A, W, y).max(axis=1) + 1
    for step in range(1, max_iter + 1):
        s = ξ[:, None] - worst(A, W, y)
        gap = np.vdot(α, s)
        if not gap > ENOUGH * (np.vdot(W, W) / 2 + c @ ξ):  # or NaN
            return W, step, True
        D = α / s
        H = hessian(A, D)
        # Mehrotra: how much a step straight to α s = 0 reaches says what to aim at.
        _, _, Δs, Δα = direction(A, own, D, H, -α)
        length = step_length(α, Δα, s, Δs)
        left = np.vdot(α + length * Δα, s + length * Δs) / gap
        ΔW, Δξ, Δs, Δα = direction(A, own, D, H, (left**3 * gap / s.size - Δα * Δs) / s - α)
        length = step_length(α, Δα, s, Δs)
        α, ξ = α + length * Δα, ξ + length * Δξ
        α *= (c / α.sum(axis=1))[:, None]  # against rounding
        W = W + length * ΔW
    return W, max_iter, False


def hessian(A, D):
    """I + Σ_i (diag D_i - D_i D_iᵀ / Σ_m D_im) ⊗ a_i a_iᵀ."""
    d, classes = A.shape[1], D.shape[1]
    H = np.eye(classes * d).reshape(classes, d, classes, d)
    total = D.sum(axis=1)
    for m in range(classes):
        for k in range(m + 1):
            curvature = D[:, m] * ((m == k) - D[:, k] / total)
            block = A.T @ (curvature[:, None] * A)
            H[m, :, k] += block
            if k < m:
                H[k, :, m] += block.T
    return H.reshape(classes * d, classes * d)


def direction(A, own, D, H, q):
    """ΔW, Δξ, Δs and Δα of a Newton step, with q = (the wanted α s) / s - α."""
    total = D.sum(axis=1)
    right = -(q - D * (q.sum(axis=1) / total)[:, None]).T @ A
    ΔW = np.linalg.solve(H, right.ravel()).reshape(right.shape)
    ΔF = A @ ΔW.T
    closer = (ΔF * own).sum(axis=1)[:, None] - ΔF
    Δξ = (q - D * closer).sum(axis=1) / total
    Δs = closer + Δξ[:, None]
    return ΔW, Δξ, Δs, q - D * Δs


def step_length(α, Δα, s, Δs):
    """Nearly as far as α and s stay positive, and at most 1."""
    reach = max((-Δα / α).max(), (-Δs / s).max(), NEARLY)
    return NEARLY / reach


def worst(A, W, y):
    """w_m·a_i - w_y·a_i + [m ≠ y] of every row and class, whose largest is the cost of the row."""
    F, rows = A @ W.T, np.arange(len(A))
    cost = F - F[rows, y][:, None] + 1
    cost[rows, y] = 0
    return cost
