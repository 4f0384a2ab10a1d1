"""Sequential minimal optimization, for the quadratic problems of support vector machines.

    minimize   D(β) = ½ βᵀ K β + q·β      with   lo ≤ β ≤ hi,   the sum of β fixed in each group

An increase of β_i needs a decrease of some β_j of its group. With the gradient g = K β + q, a pair with
β_i < hi_i, β_j > lo_j and g_i < g_j goes downhill; where no pair of a group does, β is the minimum. So

1. i is the one with the least g_i, and j the one with which D falls most: by (g_j - g_i)² / 2a, where
   a = K_ii + K_jj - 2 K_ij is the curvature along the pair (Fan, Chen, Lin 2005, "WSS 2")
2. β_i += t, β_j -= t, with t = (g_j - g_i) / a, or as much of it as the bounds allow
3. g += t (K_i - K_j)

until g_j - g_i ≤ tol for all pairs. Newton's steps on the variables between their bounds find the last
digits.

Sources: J. Platt, Fast training of support vector machines using sequential minimal optimization (1999);
R.-E. Fan, P.-H. Chen, C.-J. Lin, Working set selection using second order information for training support
vector machines, JMLR 6 (2005); T. Joachims, Making large-scale SVM learning practical (1999), for the working
sets.
"""

from collections.abc import Callable

import numpy as np

from tinygrad_edu.ops import solve_triangular

FLAT = 1e-12  # takes the place of a curvature that is not positive, as in LIBSVM
NEWTON_STEPS = 10
BLOCK = 1 << 20  # numbers of K that are computed at once, where K is not kept


class Point:
    """β with its gradient, and what may move. A row of K may have several variables, one after the other.

    gradient, lo, hi, beta   (variables,)
    group                    (variables,): the number of the group of each
    """

    def __init__(self, gradient, lo, hi, beta, group):
        self.gradient, self.lo, self.hi, self.beta, self.group = gradient, lo, hi, beta, group
        groups = np.arange(group.max() + 1)[:, None]
        # For each group 0 where a variable of it may rise or fall, infinity elsewhere.
        self.may_rise = np.where((group == groups) & (beta < hi), 0.0, np.inf)
        self.may_fall = np.where((group == groups) & (beta > lo), 0.0, np.inf)

    def move(self, i, value):
        """β_i = value."""
        self.beta[i] = value
        self.may_rise[self.group[i], i] = 0.0 if value < self.hi[i] else np.inf
        self.may_fall[self.group[i], i] = 0.0 if value > self.lo[i] else np.inf

    def violation(self):
        """The largest g_j - g_i of a pair: 0 or less at the minimum."""
        least = (self.gradient + self.may_rise).min(axis=1)
        return float(((self.gradient - self.may_fall).max(axis=1) - least).max())

    def intercepts(self):
        """b of each group, with g + b = 0 where β is free, g + b ≥ 0 where β = lo, ≤ 0 where β = hi."""
        found = []
        for may_rise, may_fall in zip(self.may_rise, self.may_fall, strict=True):
            free = may_rise + may_fall == 0
            ends = np.array([(self.gradient + may_rise).min(), (self.gradient - may_fall).max()])
            known = self.gradient[free] if free.any() else ends[np.isfinite(ends)]
            found.append(-known.mean() if known.size else 0.0)
        return np.array(found)


def solve(
    kernel: Callable, q, lo, hi, beta, group, *, rows: int, tol: float, max_iter: int, keep: int
):
    """The Point where D is least, and the number of pairs that it took (max_iter -1: any number).

    kernel   (i, j) -> K[i, j] for arrays of rows
    keep     as many rows of K are kept at once
    """
    everything = np.arange(rows)
    if rows <= keep:
        K = kernel(everything, everything)
        point = Point(q + times(K, beta), lo, hi, beta.copy(), group)
        return point, minimize(K, point, tol, max_iter)

    used = np.flatnonzero(beta.reshape(-1, rows).any(axis=0))
    gradient = q + product(kernel, rows, used, beta)
    point, pairs = Point(gradient, lo, hi, beta.copy(), group), 0
    while point.violation() > tol and pairs != max_iter:
        chosen = working_set(point, rows, keep)
        inside = (chosen + rows * np.arange(len(q) // rows)[:, None]).ravel()
        part = Point(*(x[inside] for x in (point.gradient, lo, hi, point.beta, group)))
        pairs += minimize(kernel(chosen, chosen), part, tol, max_iter - pairs)
        moved = np.zeros(len(q))
        moved[inside] = part.beta - point.beta[inside]
        gradient = point.gradient + product(kernel, rows, chosen, moved)
        beta = point.beta.copy()
        beta[inside] = part.beta
        point = Point(gradient, lo, hi, beta, group)
    return point, pairs


def times(K, beta):
    """K β, where a row of K may have several variables."""
    return np.tile(K @ beta.reshape(-1, len(K)).sum(axis=0), len(beta) // len(K))


def product(kernel, rows, used, beta):
    """The same from blocks of K, which is not kept. β is 0 except in the rows that are used."""
    if not len(used):
        return np.zeros(len(beta))
    coef = beta.reshape(-1, rows).sum(axis=0)[used]
    step = max(1, BLOCK // len(used))
    blocks = [kernel(np.arange(i, min(i + step, rows)), used) @ coef for i in range(0, rows, step)]
    return np.tile(np.concatenate(blocks), len(beta) // rows)


def working_set(point, rows, keep):
    """The rows whose variables violate the most: the least g that may rise, and the largest that may fall.

    g counts from the middle between these two in its group, so that the worst pair of all groups is chosen.
    """
    least = (point.gradient + point.may_rise).min(axis=1)
    largest = (point.gradient - point.may_fall).max(axis=1)
    movable = np.isfinite(least) & np.isfinite(largest)
    middle = np.where(movable, least, 0) / 2 + np.where(movable, largest, 0) / 2
    slope = point.gradient - middle[point.group]
    rise = np.argsort(slope + point.may_rise.min(axis=0)) % rows
    fall = np.argsort(point.may_fall.min(axis=0) - slope) % rows
    ranked = np.stack([rise, fall], axis=1).ravel()
    _, first = np.unique(ranked, return_index=True)
    return np.sort(ranked[np.sort(first)[:keep]])


def minimize(K, point, tol, max_iter):
    """Moves the point to the minimum, or through max_iter pairs; returns their number.

    Where Newton's steps do not arrive, as many pairs again come closer than tol.
    """
    pairs, goal = 0, tol
    while True:
        budget = 10 * len(point.beta) if goal == tol else pairs + 1000
        if max_iter >= 0:
            budget = min(budget, max_iter - pairs)
        pairs += minimize_by_pairs(K, point, goal, budget)
        if pairs == max_iter or newton_steps(K, point):
            return pairs
        if point.violation() <= tol:
            if goal < tol:
                return pairs
            goal = 1e-6 * tol


def minimize_by_pairs(K, point, tol, max_iter):
    """Moves two variables at a time, as described above; returns how often."""
    g, lo, hi, beta = point.gradient, point.lo, point.hi, point.beta
    rows = len(K)
    diagonal = K.diagonal().copy()
    curvature, change, gain = np.empty(rows), np.empty(rows), np.empty(len(g))
    g_by_row, gain_by_row = g.reshape(-1, rows), gain.reshape(-1, rows)  # views
    for iteration in range(max_iter):
        most, worst = -1.0, -np.inf
        for may_rise, may_fall in zip(point.may_rise, point.may_fall, strict=True):
            np.add(g, may_rise, out=gain)
            first = int(gain.argmin())
            least = gain[first]
            np.subtract(g, may_fall, out=gain)
            gain -= least  # g_j - g_i
            worst = max(worst, gain.max())
            np.multiply(K[first % rows], -2, out=curvature)
            curvature += diagonal
            curvature += diagonal[first % rows]
            np.maximum(curvature, FLAT, out=curvature)
            np.maximum(gain, 0, out=gain)
            gain *= gain
            gain_by_row /= curvature
            second = int(gain.argmax())
            if gain[second] > most:
                most, i, j, a = gain[second], first, second, curvature[second % rows]
        if worst <= tol:
            return iteration
        room_i, room_j = hi[i] - beta[i], beta[j] - lo[j]
        t = min((g[j] - g[i]) / a, room_i, room_j)
        point.move(i, hi[i] if t == room_i else beta[i] + t)
        point.move(j, lo[j] if t == room_j else beta[j] - t)
        np.subtract(K[i % rows], K[j % rows], out=change)
        change *= t
        g_by_row += change
    return max_iter


def newton_steps(K, point):
    """Newton's steps on the free variables, those between their bounds; returns whether they arrived.

    With E the indicators of the groups, the step δ and the intercepts b solve

        K_FF δ + g_F + E b = 0,      Eᵀ δ = 0

    A variable that meets a bound on the way stays there. After a full step, the variable at a bound whose
    gradient points inward the most becomes free. (An active set method: J. Nocedal, S. Wright, Numerical
    Optimization, 2nd edition, 2006, algorithm 16.3.)
    """
    g, lo, hi, beta, group = point.gradient, point.lo, point.hi, point.beta, point.group
    rows, size = len(K), np.abs(K.diagonal()).max()
    before, g_before, violation = beta.copy(), g.copy(), point.violation()
    free = (beta > lo) & (beta < hi)
    rounding = 1e-14 * (np.abs(g).max() + size * np.abs(beta).sum())
    full_step = True
    for _ in range(NEWTON_STEPS):
        if full_step:
            slope = g + point.intercepts()[group]
            inward = np.maximum(
                -slope - point.may_rise.min(axis=0), slope - point.may_fall.min(axis=0)
            )
            if inward.max() <= rounding:
                return True
            inward[free] = 0
            free[inward.argmax()] |= inward.max() > rounding
        F = np.flatnonzero(free)
        E = (group[F, None] == np.unique(group[F])).astype(float)
        A = K[np.ix_(F % rows, F % rows)]
        A.flat[:: len(F) + 1] += 1e-11 * size  # equal rows make it singular
        try:
            L = np.linalg.cholesky(A)
        except np.linalg.LinAlgError:  # a kernel that is not positive definite
            break
        Z = solve_triangular(L.T, solve_triangular(L, np.column_stack([g[F], E])), lower=False)
        b = np.linalg.solve(E.T @ Z[:, 1:], -E.T @ Z[:, 0])
        δ = -(Z[:, 0] + Z[:, 1:] @ b)
        δ -= E @ (E.T @ δ / E.sum(axis=0))  # rounding, large where A is nearly singular
        bound = np.where(δ > 0, hi[F], lo[F])
        reach = np.divide(bound - beta[F], δ, out=np.full(len(F), np.inf), where=δ != 0)
        t = min(1.0, reach.min(initial=1.0))
        full_step = t == 1
        stopped = ~np.full(len(F), full_step) & (reach <= t)
        for i, value in zip(F, np.where(stopped, bound, beta[F] + t * δ), strict=True):
            point.move(i, value)
        free[F[stopped]] = False
        moved = np.zeros(len(g))
        moved[F] = t * δ
        g += times(K, moved)
    if point.violation() > violation:
        g[:] = g_before
        for i in np.flatnonzero(beta != before):
            point.move(i, before[i])
    return False
