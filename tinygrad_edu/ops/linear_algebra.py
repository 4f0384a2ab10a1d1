"""Products of matrices, and their inverses."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.ops.cases import each, real
from tinygrad_edu.tensor import op


def mT(x: Any) -> Any:
    """The transpose of every matrix in a stack of them."""
    return np.transpose(x) if x.ndim == 2 else np.swapaxes(x, -1, -2)


def _matmul_dx(g: Any, y: Any, x: Any, w: Any) -> Any:
    """dL/dx = g wᵀ; a vector stands for a matrix of one row (x) or of one column (w)."""
    if w.ndim == 1:
        return g[..., None] * w
    if x.ndim == 1:
        return matmul(w, g[..., None])[..., 0] if w.ndim > 2 else matmul(w, g)
    return matmul(g, mT(w))


def _matmul_dw(g: Any, y: Any, x: Any, w: Any) -> Any:
    """dL/dw = xᵀ g; all the leading axes of x are samples to a matrix w that they share."""
    if x.ndim == 1 and w.ndim == 1:
        return g * x
    if x.ndim == 1:
        return x[:, None] * g[..., None, :]
    if w.ndim == 1:
        return matmul(np.reshape(g, (-1,)), np.reshape(x, (-1, w.shape[0])))
    if w.ndim == 2 and x.ndim > 2:
        x, g = np.reshape(x, (-1, x.shape[-1])), np.reshape(g, (-1, g.shape[-1]))
    return matmul(mT(x), g)


def _matmul_hint(x: tuple, w: tuple) -> str:
    if not x or not w:
        return "x * w for a product with a single number"
    inner = w[-2] if len(w) > 1 else w[0]
    if x[-1] == inner:
        return f"leading axes that broadcast; here {x[:-2]} and {w[:-2]}"
    hint = f"the last axis of x ({x[-1]}) and the {'second to last' if len(w) > 1 else 'only'} axis"
    hint += f" of w ({inner}) must be equal"
    if len(w) > 1 and x[-1] == w[-1]:
        return hint + "; x @ w.T fits"
    if len(x) > 1 and x[-2] == inner:
        return hint + "; x.T @ w fits"
    return hint


matmul = op(
    np.matmul, _matmul_dx, _matmul_dw,
    formula="x w", linear=True, hint=_matmul_hint,
    cases=each(
        real,
        ((2, 3), (3, 4), {}), ((3,), (3,), {}), ((3,), (3, 4), {}), ((2, 3), (3,), {}),
        ((5, 2, 3), (3, 4), {}), ((5, 2, 3), (5, 3, 4), {}), ((2, 3), (5, 3, 4), {}),
        ((5, 1, 2, 3), (4, 3, 2), {}), ((3,), (5, 3, 4), {}), ((5, 2, 3), (3,), {}),
    ),
)  # fmt: skip


def _well_conditioned(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.normal(size=shape) + 4 * np.eye(shape[-1])


def _columns(w: Any) -> Any:
    """As in NumPy 2, w is a vector only if it has one axis; then it is one column."""
    return w[..., None] if w.ndim == 1 else w


def _solve_da(g: Any, y: Any, a: Any, b: Any) -> Any:
    """a⁻¹ b changes by -a⁻¹ da y, so dL/da = -(a⁻ᵀ g) yᵀ."""
    return -matmul(_columns(np.linalg.solve(mT(a), g)), mT(_columns(y)))


solve = op(
    np.linalg.solve, _solve_da, lambda g, y, a, b: np.linalg.solve(mT(a), g),
    formula="a⁻¹ b", domain="a square, not singular",
    cases=lambda rng: [
        ((_well_conditioned(rng, 3, 3), *real(rng, (3,))), {}),
        ((_well_conditioned(rng, 3, 3), *real(rng, (3, 2))), {}),
        ((_well_conditioned(rng, 2, 3, 3), *real(rng, (2, 3, 2))), {}),
    ],
)  # fmt: skip
inv = op(
    np.linalg.inv, lambda g, y, a: -matmul(matmul(mT(y), g), mT(y)),
    formula="a⁻¹", domain="a square, not singular",
    cases=lambda rng: [((_well_conditioned(rng, 3, 3),), {}), ((_well_conditioned(rng, 2, 2, 2),), {})],
)  # fmt: skip
