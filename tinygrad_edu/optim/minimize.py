"""Minimizers of a smooth function of one vector, from its values and gradients on all the data.

    w ← w + α p,      p = -B g,      g = ∇f(w)

A line search finds the length α; the methods differ in the direction p alone. "newton" takes for B the
inverse of the Hessian, "lbfgs" builds one from the gradients it has met; "cg" bends the gradient by the
direction before, and "newton-cg" solves for Newton's p with products of the Hessian. Nothing is random.

Source: J. Nocedal, S. J. Wright, Numerical Optimization, 2nd edition (2006): N&W below.
"""

from collections import deque
from typing import NamedTuple

import numpy as np


class Minimum(NamedTuple):
    """Where a minimizer stopped."""

    point: np.ndarray
    value: float
    gradient: np.ndarray
    iterations: int
    converged: bool  # max |gradient| ≤ tol
    trace: list[
        tuple[float, float]
    ]  # the value and max |gradient| at the start and after each iteration


def minimize(
    value_and_grad, start, method="lbfgs", hessian=None, tol=1e-8, max_iter=100, *, product=None,
    prox=None, penalty=None, callback=None,
):  # fmt: skip
    """The Minimum of f that is reached downhill from `start`.

    value_and_grad: w -> f(w), ∇f(w), shapes () and (n,). hessian: w -> ∇²f(w), shape (n, n), which
    "newton" needs. product: (w, v) -> ∇²f(w) v, shape (n,), which "newton-cg" needs, if it is not to
    take it from the hessian. Stops when no element of the gradient is larger than `tol`, after
    `max_iter` steps, or where rounding hides any further descent.

    Raises ValueError for an unknown method, "newton" without a hessian, "newton-cg" without both, or a
    start where f or its gradient is not finite.
    """
    if method not in METHODS and method != "proximal":
        raise ValueError(f"no minimizer {method!r}: choose one of {', '.join(map(repr, METHODS))}")
    if method == "proximal":
        return _proximal(
            value_and_grad, start, prox, penalty or (lambda w: 0.0), tol, max_iter, callback
        )
    direction = METHODS[method](hessian, product)
    w = np.array(start, dtype=np.float64)
    value, g = value_and_grad(w)
    if not (np.isfinite(value) and np.isfinite(g).all()):
        raise ValueError(f"at the start the function is {value}, with the gradient {g}: not finite")

    iterations, trace = 0, []

    def note():
        trace.append((float(value), float(np.abs(g).max(initial=0))))
        if callback is not None:
            callback(iterations, *trace[-1])

    note()
    while np.abs(g).max(initial=0) > tol and iterations < max_iter:
        p = direction(w, g)
        step = wolfe_step(value_and_grad, w, p, value, g, curvature=direction.curvature)
        if step is None:
            break
        w, value, g = w + step.length * p, step.value, step.gradient
        iterations += 1
        note()
    return Minimum(w, float(value), g, iterations, bool(np.abs(g).max(initial=0) <= tol), trace)


def _proximal(value_and_grad, start, prox, penalty, tol, max_iter, callback):
    """w ← prox(w - s ∇f(w), s), with s halved until f lies below its quadratic model."""
    w = np.array(start, dtype=np.float64)
    value, g = value_and_grad(w)
    s, trace = 1 / (np.linalg.norm(g) or 1.0), []
    for iteration in range(max_iter + 1):
        size = (w - prox(w - s * g, s)) / s
        trace.append((float(value + penalty(w)), float(np.abs(size).max(initial=0))))
        if callback is not None:
            callback(iteration, *trace[-1])
        if trace[-1][1] <= tol or iteration == max_iter:
            break
        s *= 2
        while True:
            new = prox(w - s * g, s)
            d = new - w
            new_value, new_g = value_and_grad(new)
            if new_value <= value + g @ d + d @ d / (2 * s) or (new_g - g) @ d <= d @ d / s:
                break
            s /= 2
        w, value, g = new, new_value, new_g
    return Minimum(w, trace[-1][0], size, iteration, trace[-1][1] <= tol, trace)


class LBFGS:
    """p = -B g, with B the inverse Hessian that the last `memory` steps suggest.

        s = w' - w,   y = g' - g,   ρ = 1 / s·y
        B ← (I - ρ s yᵀ) B (I - ρ y sᵀ) + ρ s sᵀ,       starting from  B = (s·y / y·y) I

    so that B y = s holds for the latest step. The product B g needs only the pairs (s, y), never a
    matrix (the two-loop recursion, N&W algorithm 7.4). Costs 4 n products a pair.
    """

    curvature = 0.9  # a rough line search will do: a step of length one is nearly right

    def __init__(self, hessian=None, product=None, memory=10):
        self.pairs: deque[tuple[np.ndarray, np.ndarray, float]] = deque(maxlen=memory)
        self.before: tuple[np.ndarray, np.ndarray] | None = None

    def __call__(self, w, g):
        if self.before is not None:
            s, y = w - self.before[0], g - self.before[1]
            if s @ y > 0:  # the line search sees to it, but for rounding; B stays positive definite
                self.pairs.append((s, y, 1 / (s @ y)))
        self.before = w, g
        if not self.pairs:
            return -g / np.linalg.norm(g)  # a gradient says where to go, not how far: length one

        q = g.copy()
        weights = []
        for s, y, rho in reversed(self.pairs):
            weights.append(rho * (s @ q))
            q -= weights[-1] * y
        s, y, _ = self.pairs[-1]
        r = q * ((s @ y) / (y @ y))
        for (s, y, rho), weight in zip(self.pairs, reversed(weights), strict=True):
            r += s * (weight - rho * (y @ r))
        return -r


class Newton:
    """p = -H⁻¹ g, H = ∇²f(w), with the eigenvalues of H made positive.

    Where f is not convex an eigenvalue λ of H is negative, and Newton's step would climb: |λ| takes
    its place, and p goes downhill (N&W section 3.4). Where f is flat, λ = 0 but for rounding,
    dividing by λ would blow up the rounding of g: the largest eigenvalue stands in, which makes it
    a small gradient step. Where H is positive definite and far from singular nothing is changed.
    """

    curvature = 0.9

    def __init__(self, hessian, product=None):
        if hessian is None:
            raise ValueError('minimize(method="newton") needs hessian=, a function w -> (n, n)')
        self.hessian = hessian

    def __call__(self, w, g):
        curvatures, axes = np.linalg.eigh(self.hessian(w))
        curvatures = np.abs(curvatures)
        largest = curvatures.max()
        flat = curvatures <= len(w) * np.finfo(np.float64).eps * largest
        curvatures[flat] = largest if largest > 0 else 1.0
        return -axes @ ((axes.T @ g) / curvatures)


class ConjugateGradient:
    """p = -g + β p',  β = max(0, g·(g - g') / g'·g'),  where p' and g' are of the step before.

    On a quadratic function with an exact line search the directions are conjugate, p·H p' = 0, and n of
    them are enough. (Polak and Ribière's β, N&W equation 5.44; 0 starts anew from the gradient.) The
    lengths tried first are such that f would fall by as much as it did in the step before (N&W 3.60).
    """

    curvature = 0.1  # conjugate directions want to be followed nearly to the minimum

    def __init__(self, hessian=None, product=None):
        self.before = None  # w, g, p

    def __call__(self, w, g):
        p, length = -g, 1 / np.linalg.norm(g)
        if self.before is not None:
            last_w, last_g, last_p = self.before
            beta = max(0.0, g @ (g - last_g) / (last_g @ last_g))
            p = -g + beta * last_p
            if p @ g >= 0:  # a line search that was not exact may spoil it
                p = -g
            way = np.linalg.norm(w - last_w) / np.linalg.norm(last_p)
            length = way * (last_p @ last_g) / (p @ g)
        self.before = w, g, p
        return length * p


class NewtonCG:
    """Newton's direction, H p = -g, nearly, by conjugate gradients: H is met in products H d alone.

    The residual is brought down to min(½, √‖g‖) ‖g‖: a rough answer far from the minimum, a better one
    the nearer it is, which keeps Newton's convergence faster than linear. A direction d in which f
    curves downwards, d·H d ≤ 0, ends it with what has been found (N&W algorithm 7.1).
    """

    curvature = 0.9

    def __init__(self, hessian, product=None):
        if hessian is None and product is None:
            raise ValueError(
                'minimize(method="newton-cg") needs product=, a function (w, v) -> (n,), or hessian='
            )
        self.product = product or (lambda w, v: hessian(w) @ v)

    def __call__(self, w, g):
        length = np.linalg.norm(g)
        enough = min(0.5, np.sqrt(length)) * length
        p, residual = np.zeros_like(g), g
        d = -g
        for _ in range(2 * len(g)):  # n would do, but for rounding
            Hd = self.product(w, d)
            bend = d @ Hd
            if bend <= 0:
                return p if p.any() else d
            share = (residual @ residual) / bend
            p = p + share * d
            new = residual + share * Hd
            if np.linalg.norm(new) <= enough:
                break
            d = -new + (new @ new) / (residual @ residual) * d
            residual = new
        return p


METHODS = {"lbfgs": LBFGS, "newton": Newton, "cg": ConjugateGradient, "newton-cg": NewtonCG}


class Trial(NamedTuple):
    """f along the line w + length · p."""

    length: float
    value: float
    slope: float  # df / dlength = ∇f · p
    gradient: np.ndarray


def wolfe_step(value_and_grad, w, p, value, g, decrease=1e-4, curvature=0.9, trials=40):
    """A Trial at a length α > 0 that meets the strong Wolfe conditions, or None if none is found.

        f(α) ≤ f(0) + decrease · α f'(0)        it has become enough lower
        |f'(α)| ≤ curvature · |f'(0)|           and most of the slope is used up

    `low` is always the lowest trial yet with enough decrease, and once there is a `high` a good
    length lies between the two (N&W algorithms 3.5 and 3.6, here as one loop).
    """
    slope = g @ p
    if not slope < 0:
        return None
    # Near the minimum f changes by less than its own rounding error: let the slope decide there.
    rounding = 4 * np.finfo(np.float64).eps * abs(value)
    low, high = Trial(0.0, value, slope, g), None
    length = 1.0
    for _ in range(trials):
        with np.errstate(over="ignore", invalid="ignore"):  # too far may overflow: it is refused
            trial_value, trial_gradient = value_and_grad(w + length * p)
            trial = Trial(length, trial_value, trial_gradient @ p, trial_gradient)
        enough = min(value + decrease * length * slope, low.value) + rounding
        if not (trial.value <= enough and np.isfinite(trial.slope)):
            high = trial
        elif abs(trial.slope) <= curvature * abs(slope):
            return trial
        else:
            towards_high = 1.0 if high is None else high.length - low.length
            if trial.slope * towards_high >= 0:
                high = low
            low = trial
        length = 2 * length if high is None else _between(low, high)
    return low if low.length > 0 else None


def _between(low, high):
    """The length at which the cubic through both values and slopes is least (N&W equation 3.59).

    Kept out of the outer tenths of the interval, so that it shrinks, and in its middle where there
    is no such cubic, or `high` is so far off that it overflows.
    """
    width = high.length - low.length
    with np.errstate(all="ignore"):
        d1 = low.slope + high.slope - 3 * (high.value - low.value) / width
        d2 = np.sign(width) * np.sqrt(d1**2 - low.slope * high.slope)
        share = 1 - (high.slope + d2 - d1) / (high.slope - low.slope + 2 * d2)
    share = min(max(share, 0.1), 0.9) if np.isfinite(share) else 0.5
    return low.length + width * share
