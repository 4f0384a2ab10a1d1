"""Sparse codes: each row of X as a sum of few atoms, the rows of a dictionary.

Source: B. Efron, T. Hastie, I. Johnstone, R. Tibshirani, Least angle regression (2004); J. Friedman,
T. Hastie, H. Höfling, R. Tibshirani, Pathwise coordinate optimization (2007); Y. Pati, R. Rezaiifar,
P. Krishnaprasad, Orthogonal matching pursuit (1993).

With the correlations C = X Dᵀ and the Gram matrix G = D Dᵀ, neither X nor D is needed any more. All rows of X
are coded at once, each with its own set of active atoms.
"""

import numpy as np

ALGORITHMS = ("omp", "lasso_lars", "lasso_cd", "lars", "threshold")
DEPENDENT = 1e-12  # the part of an atom's square that active atoms do not explain
TIE = 1e-9  # the part of a correlation that may be rounding error
BLOCK = 4_000_000  # numbers in the systems of equations that are solved at a time


def sparse_encode(
    X, dictionary, *, algorithm="lasso_lars", n_nonzero_coefs=None, alpha=None, init=None,
    max_iter=1000, positive=False,
):  # fmt: skip
    """Codes W, (samples, atoms), with X ≈ W D.

    "lasso_lars", "lasso_cd"   the least ½‖X - W D‖² + alpha Σ|W|, by its path, or by coordinate descent
                               from init
    "lars", "omp"              n_nonzero_coefs atoms that join one after the other, greedily for "omp"
    "threshold"                C, moved towards 0 by alpha

    positive: W ≥ 0.
    """
    k, d = dictionary.shape
    λ = 1.0 if alpha is None else float(alpha)
    most = int(min(max(d / 10, 1), k)) if n_nonzero_coefs is None else min(n_nonzero_coefs, k)
    G = dictionary @ dictionary.T
    W = np.zeros((len(X), k))
    rows = max(BLOCK // (k * k), 1) if algorithm != "lasso_cd" else len(X)
    for first in range(0, len(X), rows):
        at = slice(first, first + rows)
        C = X[at] @ dictionary.T
        if algorithm == "threshold":
            W[at] = soft(C, λ, positive)
        elif algorithm == "omp":
            W[at] = pursuit(C, G, most)
        elif algorithm == "lars":
            W[at] = least_angle(C, G, 0.0, most, lasso=False)
        else:
            tol = 1e-8 * np.linalg.norm(X[at], axis=1).max()
            if algorithm == "lasso_lars":
                W[at] = least_angle(C, G, λ, max_iter, lasso=True, positive=positive)
                far = first + np.flatnonzero(excess(C, G, λ, W[at], positive) > tol)
            else:
                W[at] = W[at] if init is None else init[at]
                far = np.arange(first, first + len(C))
            if len(far):
                W[far] = coordinate_descent(C[far - first], G, λ, W[far], max_iter, tol, positive)
    return W


def excess(C, G, λ, W, positive):
    """How far each row is from its minimum, where c_j = λ sign(w_j), or |c_j| ≤ λ if w_j = 0."""
    c = C - W @ G
    outside = np.maximum((c if positive else np.abs(c)) - λ, 0)
    return np.where(W != 0, np.abs(c - λ * np.sign(W)), outside).max(axis=1)


def soft(z, λ, positive=False):
    """z, moved towards 0 by λ; with `positive` 0 where z < 0."""
    return np.maximum(z - λ, 0) if positive else z - np.clip(z, -λ, λ)


def coordinate_descent(C, G, λ, W, max_iter, tol, positive=False):
    """Gives one column of W after the other its best value, until none moves x by more than tol."""
    W, C, sizes = W.T.copy(), C.T, np.diagonal(G)
    for _ in range(max_iter):
        most = 0.0
        for j in np.flatnonzero(sizes > 0):
            new = soft(C[j] - G[j] @ W + sizes[j] * W[j], λ, positive) / sizes[j]
            most = max(most, np.sqrt(sizes[j]) * np.abs(new - W[j]).max())
            W[j] = new
        if most <= tol:
            break
    return W.T


def pursuit(C, G, most):
    """The atom that correlates most with the residual joins; all active atoms are fitted anew."""
    W, active = np.zeros_like(C), np.zeros(C.shape, bool)
    allowed = np.ones_like(active)
    running = np.arange(len(C))
    for _ in range(most):
        c = C[running] - W[running] @ G
        found = admit(G, np.abs(c), active, allowed, running)
        running = running[found & (np.abs(c).max(axis=1) > 0)]
        if not len(running):
            break
        W[running] = solve_on(G, active[running], C[running])
    return W


def least_angle(C, G, end, most, lasso, positive=False):
    """From W = 0 along the directions in which all active atoms keep the same correlation λ, down to λ = end.

    An atom becomes active when it correlates as much as they do. For the lasso, one whose weight returns to 0
    is active no more (Efron et al., section 3.1). Where several atoms depend on each other exactly, this may
    run in circles; then coordinate descent finishes.
    """
    W, c, active = np.zeros_like(C), C.copy(), np.zeros(C.shape, bool)
    allowed, signs = np.ones_like(active), np.ones_like(C)
    λ = np.maximum((c if positive else np.abs(c)).max(axis=1), 0)
    dropped = np.zeros(len(C), bool)
    running = np.flatnonzero(λ > end)
    rounds = min(2 * most, 20 * len(G))  # some only find an atom that depends on others
    for _ in range(rounds):
        joining = running[~dropped[running]]
        sizes = c[joining] if positive else np.abs(c[joining])
        if not positive:
            signs[joining] = np.where(active[joining], signs[joining], np.sign(c[joining]))
        reached = sizes > (1 - TIE) * λ[joining, None]
        admit(G, np.where(reached, sizes, -np.inf), active, allowed, joining)
        running = running[active[running].any(axis=1)]
        if not len(running):
            break
        w, on, level = W[running], active[running], λ[running, None]
        direction = solve_on(G, on, signs[running])
        falls = direction @ G
        free = allowed[running] & ~on
        γ = level[:, 0] - end
        for sign in (1,) if positive else (1, -1):
            closer = 1 - sign * falls
            met = free & (closer > 1e-15)
            behind = np.maximum(level - sign * c[running], 0)
            steps = np.divide(behind, closer, where=met, out=np.full_like(w, np.inf))
            γ = np.minimum(γ, steps.min(axis=1))
        returning = on & (direction * signs[running] < 0) & lasso
        back = np.divide(-w, direction, where=returning, out=np.full_like(w, np.inf))
        dropped[running] = back.min(axis=1) < γ
        γ = np.minimum(γ, back.min(axis=1))[:, None]
        w = w + γ * direction
        gone = np.flatnonzero(dropped[running])
        w[gone, back.argmin(axis=1)[gone]] = 0
        active[running[gone], back.argmin(axis=1)[gone]] = False
        allowed[running[gone]] = True
        W[running] = w
        c[running] = C[running] - w @ G
        λ[running] -= γ[:, 0]
        full = active[running].sum(axis=1) >= most
        arrived = γ[:, 0] == level[:, 0] - end
        running = running[~arrived & (lasso | ~full)]
    return W


def admit(G, sizes, active, allowed, rows):
    """Adds to the active atoms of these rows the one with the largest size that does not depend on them.

    sizes: (rows, atoms). Changes `active`, and `allowed` for those that depend. Returns for which rows it
    found one.
    """
    waiting, found = np.arange(len(rows)), np.zeros(len(rows), bool)
    while len(waiting):
        at = rows[waiting]
        free = np.where(allowed[at] & ~active[at], sizes[waiting], -np.inf)
        j = free.argmax(axis=1)
        some = free[np.arange(len(at)), j] > -np.inf
        waiting, at, j = waiting[some], at[some], j[some]
        across = np.where(active[at], G[j], 0)
        left = G[j, j] - (across * solve_on(G, active[at], across)).sum(axis=1)
        good = left > DEPENDENT * G[j, j]
        active[at[good], j[good]] = True
        found[waiting[good]] = True
        allowed[at[~good], j[~good]] = False
        waiting = waiting[~good]
    return found


def solve_on(G, active, b):
    """w with G_AA w_A = b_A for the active atoms A of each row, and 0 for the others."""
    w = np.zeros(b.shape)
    m = active.sum(axis=1).max(initial=0)
    order = np.argsort(~active, axis=1, kind="stable")[:, :m]
    on = np.take_along_axis(active, order, axis=1)
    pairs = on[:, :, None] & on[:, None, :]
    systems = np.where(pairs, G[order[:, :, None], order[:, None, :]], np.eye(m))
    right = np.where(on, np.take_along_axis(b, order, axis=1), 0)
    np.put_along_axis(w, order, np.linalg.solve(systems, right[:, :, None])[:, :, 0], axis=1)
    return w
