"""Minimizing a smooth function of few numbers between bounds.

Source: D. Bertsekas, Projected Newton methods for optimization problems with simple constraints (1982);
J. Nocedal, S. Wright, Numerical Optimization, 2nd edition (2006), sections 6.1 and 16.7.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.optim.line_search import wolfe_step


def minimize_in_box(
    value_and_grad: Callable, start: np.ndarray, bounds: np.ndarray, tol: float = 1e-5,
    decrease: float = 1e-10, max_iter: int = 200,
) -> tuple[np.ndarray, float, list, bool]:  # fmt: skip
    """(w, f(w), trace, converged) where f is least between the bounds, (n, 2), by projected BFGS.

    A number at its bound, which f pushes further out, is held; the others move along -B⁻¹ g with B the
    approximation of the Hessian by BFGS, and stop at their bounds. It stops when no element of the gradient
    that may still move is above tol, or when f decreases by less than this fraction of it.
    """
    low, high = bounds.T
    w = np.clip(start, low, high)
    value, g = value_and_grad(w)
    B, trace = np.eye(len(w)), []
    for iteration in range(max_iter + 1):
        size = np.abs(np.clip(w - g, low, high) - w).max(initial=0)
        trace.append((value, size))
        if size <= tol or _stands(trace, decrease):
            return w, value, trace, True
        free = ~(((w <= low) & (g > 0)) | ((w >= high) & (g < 0)))
        p = np.zeros_like(w)
        p[free] = -np.linalg.solve(B[np.ix_(free, free)], g[free])
        if iteration == 0:
            p /= max(np.linalg.norm(p), 1.0)  # a gradient gives a direction but no length
        found = _search(value_and_grad, w, p, value, np.where(free, g, 0), low, high)
        if found is None or iteration == max_iter:
            return w, value, trace, found is None
        new, value, new_g = found
        B = _bfgs(B, new - w, new_g - g, first=iteration == 0)
        w, g = new, new_g
    raise AssertionError("the last iteration returns")


def _stands(trace: list, decrease: float) -> bool:
    """Has f hardly changed in the last step?"""
    if len(trace) < 2:
        return False
    before, now = trace[-2][0], trace[-1][0]
    return before - now <= decrease * max(abs(before), abs(now), 1)


def _search(f: Callable, w: Any, p: Any, value: float, g: Any, low: Any, high: Any) -> Any:
    """(point, value, gradient) at a good length along the path that is bent at the bounds; or None."""
    seen = {}

    def bent(point: np.ndarray) -> tuple[float, np.ndarray]:
        inside = np.clip(point, low, high)
        value, gradient = f(inside)
        seen[value] = inside, value, gradient
        return value, np.where(inside == point, gradient, 0)  # what is at its bound no longer moves

    step = wolfe_step(bent, w, p, value, g)
    return None if step is None else seen[step.value]


def _bfgs(B: np.ndarray, s: np.ndarray, y: np.ndarray, first: bool) -> np.ndarray:
    """B with B s = y (Nocedal and Wright 6.19), at first from a multiple of the identity (6.20)."""
    if not s @ y > 1e-12 * np.linalg.norm(s) * np.linalg.norm(y):
        return B
    if first:
        B = (y @ y) / (s @ y) * B
    Bs = B @ s
    return B - np.outer(Bs, Bs) / (s @ Bs) + np.outer(y, y) / (s @ y)
