"""Minimizers of a function of one vector, from its values and gradients on all the data.

    w ← w + α p,      p = -B g,      g = ∇f(w)

A line search finds the length α, and the methods differ in the direction p alone (`directions.py`). Only
"proximal" is another: it minimizes a smooth function plus one with kinks (`proximal_gradient.py`). Nothing
is random.
"""

from typing import NamedTuple

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.optim.directions import DIRECTIONS
from tinygrad_edu.optim.line_search import wolfe_step
from tinygrad_edu.optim.proximal_gradient import proximal_gradient

METHODS = (*DIRECTIONS, "proximal")


class Minimum(NamedTuple):
    """Where a minimizer stopped, and the way there.

    gradient     ∇f at the point; of "proximal" a subgradient of f + h there
    converged    max |gradient| ≤ tol
    trace        (value, max |gradient|) at the start and after each iteration
    """

    point: np.ndarray
    value: float
    gradient: np.ndarray
    iterations: int
    converged: bool
    trace: list[tuple[float, float]]


def minimize(
    value_and_grad,
    start,
    method="lbfgs",
    hessian=None,
    tol=1e-8,
    max_iter=100,
    *,
    product=None,
    inverse=None,
    prox=None,
    penalty=None,
    callback=None,
):
    """The Minimum of f that is reached downhill from `start`, a vector of shape (n,).

    value_and_grad  w -> f(w), ∇f(w), of shapes () and (n,)
    method          one of METHODS; "newton", "newton-cg" and "proximal" need more than the gradient:
    hessian         w -> ∇²f(w), shape (n, n), for "newton"
    product         (w, v) -> ∇²f(w) v, shape (n,), for "newton-cg", which otherwise uses `hessian`
    inverse         (w, q) -> B q, shape (n,), with B roughly the inverse of ∇²f(w), for "lbfgs", which
                    then needs fewer iterations; it affects the way, not the minimum
    prox            (v, s) -> argmin_w h(w) + ‖w - v‖² / 2s, shape (n,), for "proximal", which
                    minimizes f + h
    penalty         w -> h(w), so that "proximal" reports f + h; without it, it reports f
    callback        called as callback(iteration, value, max |gradient|, w) at the start, iteration
                    0, and after every iteration

    Stops when no element of the gradient is larger than `tol`, after `max_iter` iterations, or where
    rounding hides any further descent. Where a trial step leads to values that are not finite, a
    shorter one is tried.

    Raises ValueError for an unknown method, for one that is not given what it needs, for a start that
    is not a vector, and if at the start f or its gradient is not finite or the gradient has another
    shape.
    """

    def evaluate(w):
        value, gradient = value_and_grad(w)
        # A copy, as a function may return the same array each time.
        return float(value), np.array(gradient, dtype=np.float64)

    w = np.array(start, dtype=np.float64)
    if w.ndim != 1:
        raise refusal(
            ValueError,
            f"minimize: start must be a vector, of shape (n,), not of shape {w.shape}.",
            "np.atleast_1d(start)" if w.ndim == 0 else "start.ravel()",
        )
    if method in DIRECTIONS:
        iterates = descend(evaluate, w, DIRECTIONS[method](hessian, product, inverse))
    elif method == "proximal":
        iterates = proximal_gradient(evaluate, w, prox, penalty)
    else:
        known = ", ".join(map(repr, METHODS))
        raise refusal(ValueError, f"minimize has no method {method!r}.", f"one of {known}")

    trace = []
    for iteration, (w, value, gradient) in enumerate(iterates):
        if iteration == 0:
            _refuse_start(w, value, gradient)
        size = float(np.abs(gradient).max(initial=0))
        trace.append((value, size))
        if callback is not None:
            callback(iteration, value, size, w)
        if size <= tol or iteration >= max_iter:
            break
    return Minimum(w, value, gradient, iteration, size <= tol, trace)


def descend(value_and_grad, w, direction):
    """Steps along a direction, of the length that the line search finds: yields w, f(w), ∇f(w)."""
    value, g = value_and_grad(w)
    while True:
        yield w, value, g
        with np.errstate(over="ignore", invalid="ignore"):  # without a minimum, steps may overflow
            p = direction(w, g)
        step = wolfe_step(value_and_grad, w, p, value, g, curvature=direction.curvature)
        if step is None or (w + step.length * p == w).all():  # rounding hides any further descent
            return
        w, value, g = w + step.length * p, step.value, step.gradient


def _refuse_start(w, value, gradient):
    if gradient.shape != w.shape:
        raise refusal(
            ValueError,
            f"minimize: the gradient of a vector of shape {w.shape} has shape {gradient.shape}.",
            "value_and_grad that returns the gradient as a vector: gradient.ravel()",
        )
    if not (np.isfinite(value) and np.isfinite(gradient).all()):
        raise refusal(
            ValueError,
            f"minimize: at the start the function is {value}, with the gradient {gradient}: not finite.",
            "another start",
        )
