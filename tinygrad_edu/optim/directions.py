"""Search directions p = -B g of the minimizers of a smooth function; g = ∇f(w).

The methods differ in the matrix B alone. "newton" takes the inverse of the Hessian, "newton-cg" solves for
the same p with products of the Hessian, "lbfgs" builds B from the gradients it has met, and "cg" combines
the gradient with the direction before.

A direction is made from `hessian`, `product` and `inverse` (see `minimize`), of which it takes what it needs,
and called with w and g. Its `curvature` says how exact the line search along it must be.

Source: J. Nocedal, S. J. Wright, Numerical Optimization, 2nd edition (2006): N&W below.
"""

from collections import deque

import numpy as np

from tinygrad_edu.diagnostics.words import refusal


class LBFGS:
    """p = -B g, where B approximates the inverse Hessian from the last `memory` steps.

        s = w' - w,   y = g' - g,   ρ = 1 / s·y
        B ← (I - ρ s yᵀ) B (I - ρ y sᵀ) + ρ s sᵀ,       starting from  B = (s·y / y·y) I

    so that B y = s holds for the latest step. The product B g needs only the pairs (s, y), never a
    matrix (the two-loop recursion, N&W algorithm 7.4). It costs 4 n multiplications a pair.

    With `inverse`, a function (w, q) -> B q, the recursion starts from that B instead: a rough inverse of
    the Hessian at w, which saves iterations.
    """

    curvature = 0.9  # a rough line search will do: a step of length one is nearly right

    def __init__(self, hessian=None, product=None, inverse=None, memory=10):
        self.inverse = inverse
        self.pairs: deque[tuple[np.ndarray, np.ndarray, float]] = deque(maxlen=memory)
        self.before: tuple[np.ndarray, np.ndarray] | None = None

    def __call__(self, w, g):
        if self.before is not None:
            s, y = w - self.before[0], g - self.before[1]
            if s @ y > 0:  # true after a Wolfe step, but for rounding; it keeps B positive definite
                self.pairs.append((s, y, 1 / (s @ y)))
        self.before = w, g
        q = g.copy()
        weights = []
        for s, y, rho in reversed(self.pairs):
            weights.append(rho * (s @ q))
            q -= weights[-1] * y
        r = self._start(w, q)
        for (s, y, rho), weight in zip(self.pairs, reversed(weights), strict=True):
            r += s * (weight - rho * (y @ r))
        return -r

    def _start(self, w, q):
        """B q for the B from which the recursion starts."""
        if self.inverse is not None:
            r = self.inverse(w, q)
            if 0 < q @ r < np.inf:  # false where rounding has spoiled it
                return r
        if not self.pairs:
            return q / np.linalg.norm(q)  # a gradient gives the direction but no length: take one
        s, y, _ = self.pairs[-1]
        return q * ((s @ y) / (y @ y))


class Newton:
    """p = -H⁻¹ g, H = ∇²f(w), with the eigenvalues of H made positive.

    Where f is not convex an eigenvalue λ of H is negative, and Newton's step would climb: |λ| takes
    its place, and p goes downhill (N&W section 3.4). Where f is flat, λ = 0 but for rounding, and
    dividing by λ would blow up the rounding of g: the largest eigenvalue takes its place, which makes
    a small gradient step. A positive definite H that is far from singular is used as it is.

    All this in units in which the diagonal of H is 1, where it is positive: a change of the unit of one
    number changes no step.
    """

    curvature = 0.9

    def __init__(self, hessian=None, product=None, inverse=None):
        if hessian is None:
            raise refusal(
                ValueError,
                'minimize(method="newton") needs hessian=, a function w -> (n, n).',
                'tinygrad_edu.hessian(f), or method="lbfgs", which needs the gradient alone',
            )
        self.hessian = hessian

    def __call__(self, w, g):
        H = self.hessian(w)
        if not np.isfinite(H).all():  # f may have a gradient where it has no second derivative
            return -g / np.linalg.norm(g)
        diagonal = np.diagonal(H)
        unit = 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1))
        curvatures, axes = np.linalg.eigh(unit[:, None] * H * unit)
        curvatures = np.abs(curvatures)
        largest = curvatures.max()
        flat = curvatures <= len(w) * np.finfo(np.float64).eps * largest
        curvatures[flat] = largest if largest > 0 else 1.0
        return -unit * (axes @ ((axes.T @ (unit * g)) / curvatures))


class NewtonCG:
    """Newton's direction, H p = -g, approximately, by linear conjugate gradients.

    H enters through products H d alone. The residual is reduced to min(½, √‖g‖) ‖g‖: a rough solution
    far from the minimum, a better one close to it, which keeps the convergence faster than linear. At a
    direction d in which f curves downwards, d·H d ≤ 0, the iteration ends with the p it has
    (N&W algorithm 7.1).
    """

    curvature = 0.9

    def __init__(self, hessian=None, product=None, inverse=None):
        if hessian is None and product is None:
            raise refusal(
                ValueError,
                'minimize(method="newton-cg") needs product=, a function (w, v) -> (n,), or hessian=.',
                'lambda w, v: tinygrad_edu.hvp(f, (w,), (v,)), or method="lbfgs", which needs the '
                "gradient alone",
            )
        self.product = product or (lambda w, v: hessian(w) @ v)

    def __call__(self, w, g):
        size = np.linalg.norm(g)
        enough = min(0.5, np.sqrt(size)) * size
        p, residual = np.zeros_like(g), g
        d = -g
        for _ in range(2 * len(g)):  # n would do, but for rounding
            Hd = self.product(w, d)
            bend = d @ Hd
            if not 0 < bend < np.inf:
                return p if p.any() else -g
            length = (residual @ residual) / bend
            p = p + length * d
            new = residual + length * Hd
            if np.linalg.norm(new) <= enough:
                break
            d = -new + (new @ new) / (residual @ residual) * d
            residual = new
        return p


class ConjugateGradient:
    """p = -g + β p',  β = max(0, g·(g - g') / g'·g'),  where p' and g' are of the step before.

    On a quadratic function with an exact line search the directions are conjugate, p·H p' = 0, and n of
    them are enough (Polak and Ribière's β, N&W equation 5.44; β = 0 restarts from the gradient). The
    first length tried is the one that would decrease f as much as the step before did (N&W 3.60).
    """

    curvature = 0.1  # conjugacy needs a step nearly to the minimum along p

    def __init__(self, hessian=None, product=None, inverse=None):
        self.before: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None  # w, g, p

    def __call__(self, w, g):
        p, length = -g, 1 / np.linalg.norm(g)
        if self.before is not None:
            last_w, last_g, last_p = self.before
            beta = max(0.0, g @ (g - last_g) / (last_g @ last_g))
            p = -g + beta * last_p
            if p @ g >= 0:  # possible after a line search that was not exact
                p = -g
            way = np.linalg.norm(w - last_w) / np.linalg.norm(last_p)
            length = way * (last_p @ last_g) / (p @ g)
        self.before = w, g, p
        return length * p


DIRECTIONS = {"lbfgs": LBFGS, "newton": Newton, "newton-cg": NewtonCG, "cg": ConjugateGradient}
