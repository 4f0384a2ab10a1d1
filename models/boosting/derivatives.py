"""Gradient and curvature of a loss, by the engine; and the best constants of a loss, by its gradient."""

from typing import Any

import numpy as np

from models.boosting.losses import Loss
from tinygrad_edu import Tensor
from tinygrad_edu.autodiff import gradients
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.tensor import value

HALVINGS = 100  # of an interval: enough for all digits


def gradient_and_curvature(
    loss: Loss, f: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """g = ∂L/∂f and h = |∂²L/∂f²| of every score, for L = Σ loss(f, y): one backward pass, and a second one.

    Each term of L depends on the scores of one row alone, so that the derivative of Σ_i g_i with respect to
    f_i is that of g_i. Several scores of a row, f: (rows, classes), are one variable for each class. Where a
    loss is not convex, |h| keeps Newton's method downhill.
    """
    columns = [Tensor(column.copy(), requires_grad=True) for column in np.atleast_2d(f.T)]
    scores = columns[0] if f.ndim == 1 else np.stack(columns, axis=1)
    terms = loss.formula(scores, y) if loss.bound is None else loss.bound(scores, f, y)
    total = terms.sum()
    first = gradients({total: np.ones(())}, columns, create_graph=True)
    second = [
        gradients({g.sum(): np.ones(())}, [x])[0] for g, x in zip(first, columns, strict=True)
    ]
    g, h = (np.stack([value(d) for d in found], axis=-1) for found in (first, second))
    with np.errstate(all="ignore"):
        if not np.isfinite(np.vdot(g, g) + h.sum()):
            what = f"boosting squares gradients of the loss, which are up to {np.abs(g).max():.3g} here."
            raise refusal(ValueError, what, "y of a common size, or a smaller learning_rate")
    h = np.abs(h)
    return (g[:, 0], h[:, 0]) if f.ndim == 1 else (g, h)


def gradient(loss: Loss, f: np.ndarray, y: np.ndarray) -> np.ndarray:
    """∂L/∂f of every score, for L = Σ loss(f, y)."""
    scores = Tensor(f, requires_grad=True)
    return value(gradients({loss.formula(scores, y).sum(): np.ones(())}, [scores])[0])


def best_constants(
    loss: Loss,
    f: Any,
    y: Any,
    weight: Any,
    group: np.ndarray,
    number: int,
    at: Any = ...,
) -> np.ndarray:
    """For each group of rows the v with the least Σ weight loss(f + v, y), where the slope changes its sign.

    An interval of v around 0 is doubled until it contains the change, and then halved, for all groups at
    once. at: the index of the scores to which v is added.
    """

    def slope(v):
        scores = f.copy()
        scores[at] += v[group]
        return np.bincount(group, weight * gradient(loss, scores, y)[at], number)

    side = -np.sign(slope(np.zeros(number)))  # where the least loss is
    near, far = np.zeros(number), side.copy()
    for _ in range(HALVINGS):
        more = slope(far) * side < 0
        if not more.any():
            break
        near, far = np.where(more, far, near), np.where(more, 2 * far, far)
    else:
        what = "the loss falls without end in one direction of f, so that no constant is the best."
        raise refusal(ValueError, what, "a loss that grows in both directions, for every y")
    for _ in range(HALVINGS):
        middle = (near + far) / 2
        if np.all((middle == near) | (middle == far)):
            break
        beyond = slope(middle) * side >= 0
        near, far = np.where(beyond, near, middle), np.where(beyond, middle, far)
    return (near + far) / 2


def checked(loss: Any, f: np.ndarray, y: np.ndarray, name: str) -> Loss:
    """A function of the user as a Loss: tried once, on all rows.

    Leaves are Newton steps if it is curved in every row.
    """
    found = Loss(loss)
    try:
        terms = found.formula(Tensor(f, requires_grad=True), y)
    except ValueError as error:
        if "truth value" not in str(error):
            raise
        what = f"{name}: loss(f, y) asks whether a whole array is true, by `if`, `and`, `or`, `max` or `min`."
        hint = "np.where(y > f, a, b) for each row, or np.maximum(a, b)"
        raise refusal(ValueError, what, hint) from None
    if not isinstance(terms, Tensor):
        what = f"{name}: loss(f, y) returned a {type(terms).__name__}, which does not remember f."
        raise refusal(TypeError, what, "NumPy's functions of f, not of f.data, in one array")
    terms = value(terms)
    if np.shape(terms) != (len(f),):
        what = f"{name}: loss(f, y) returned shape {np.shape(terms)} for {len(f)} rows."
        raise refusal(ValueError, what, f"one number for each row: shape ({len(f)},)")
    if not np.isfinite(terms).all():
        what = f"{name}: loss(f, y) is not finite at f = {np.ravel(f)[0]:.3g}."
        raise refusal(ValueError, what, "a loss that is finite for every f")
    _, h = (
        np.concatenate(d)  # at two places: the curvature of exp f is 1 at 0
        for d in zip(*(gradient_and_curvature(found, f + v, y) for v in (0.0, 1.0)), strict=True)
    )
    flat = bool((h == 1).all())
    return Loss(loss, newton=bool((h != 0).all()), constant_curvature=flat, guarded=not flat)
