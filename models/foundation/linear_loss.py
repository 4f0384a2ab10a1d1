"""Losses of η = x·w + b: their Hessian is a few matrix products, which makes the solvers fast.

    L(w, b) = Σ_i s_i ℓ(η_i, y_i) / Σ s + α ‖w‖² / 2,        s the sample weights
    ∇²L = Σ_i s_i ℓ''(η_i, y_i) x̃_i x̃_iᵀ / Σ s + diag(α, ..., α, 0),        x̃ = (x, 1)

The solver "newton" uses it. "lbfgs" uses its inverse on a sample of the rows to start from, which is fast
and saves most of the iterations. Both find the minimum of `loss`, by the gradient of the engine.
"""

from typing import Any, ClassVar

import numpy as np

from models.foundation.linear_predictor import LinearPredictor
from models.foundation.loss_model import LossModel

ROWS_PER_COLUMN = 15  # in the sample of rows
MOST_COLUMNS = 300  # with more, matrices of (columns, columns) are slower than iterations
BLOCK = 1000  # rows at a time, so that no product needs a copy of X
ALL_ROWS = 0.2  # the part of X̃ᵀX̃ of all rows, where the sample may miss a direction
RIDGE = 1e-9  # keeps singular matrices invertible, and flat directions unused


class LinearLoss(LinearPredictor, LossModel):
    """A subclass writes `row_curvature(η, y)`: ℓ'' of every row, and `_strength_of_penalty`: α.

    η has the shape (rows,), or (outputs, rows) with one w and b for each output. Then the Hessian is that of
    each output with the others held, its blocks on the diagonal.
    """

    row_curvature: ClassVar[Any]
    only_differences: ClassVar[bool] = False  # is adding the same to all η of a row no change?

    def _strength_of_penalty(self, weight: Any) -> tuple[float, float]:
        """α of w and of b: the penalty is their half squares times these."""
        return 0.0, 0.0

    def _blocks(self, vector: Any, packing: Any, X: Any, y: Any, weight: Any) -> np.ndarray:
        """The Hessian of each output at free numbers: (outputs, features + 1, features + 1)."""
        found = packing.unpack(vector)
        η = etas(X, np.atleast_2d(found["coef"]), found["intercept"])
        if np.ndim(packing.parameters["coef"].start) == 1:
            η = η[0]
        curvatures = np.atleast_2d(self.row_curvature(η, y)) * (weight / weight.sum())
        H = np.stack([gram(X, c) for c in curvatures])
        α, α_of_b = self._strength_of_penalty(weight)
        np.einsum("kii->ki", H)[...] += np.append(np.full(X.shape[1], α), α_of_b)
        return H if self.fit_intercept else H[:, :-1, :-1]

    def _hessian(self, objective: Any, packing: Any, X: Any, y: Any, weight: Any) -> Any:
        if np.atleast_2d(packing.parameters["coef"].start).shape[0] > 1:
            return super()._hessian(objective, packing, X, y, weight)
        return lambda vector: self._blocks(vector, packing, X, y, weight)[0]

    def _inverse(self, packing: Any, X: Any, y: Any, weight: Any) -> Any:
        n, width = X.shape
        if width > MOST_COLUMNS or n < 2:
            return None
        size = min(n, ROWS_PER_COLUMN * (width + 1))
        rows = np.sort(np.random.default_rng(0).choice(n, size, replace=False))
        sample = X[rows], y[rows], weight[rows]
        α, _ = self._strength_of_penalty(weight)
        of_all = gram(X, weight / weight.sum())
        of_all = of_all if self.fit_intercept else of_all[:-1, :-1]

        def inverse(vector: np.ndarray, q: np.ndarray) -> np.ndarray:
            H = self._blocks(vector, packing, *sample)
            sizes = np.trace(H, axis1=1, axis2=2) / max(np.trace(of_all), 1e-300)
            H = (1 - ALL_ROWS) * H + ALL_ROWS * sizes[:, None, None] * of_all
            diagonal = np.einsum("kii->ki", H)
            diagonal += RIDGE * diagonal + np.finfo(float).tiny
            q = _cut(q, len(H), width)
            p = np.linalg.solve(H, q[..., None])[..., 0]
            if self.only_differences and len(H) > 1:
                # What is the same for all outputs changes the penalty alone.
                p -= p.mean(axis=0)
                p[:, :width] += q[:, :width].mean(axis=0) / α if α > 0 else 0
            return _joined(p, width)

        def guarded(vector: np.ndarray, q: np.ndarray) -> np.ndarray:
            with np.errstate(all="ignore"):
                try:
                    return inverse(vector, q)
                except np.linalg.LinAlgError:
                    return q * np.nan  # the solver then does without

        return guarded


def etas(X: Any, W: Any, b: Any) -> Any:
    """W x + b of every row x of X: (outputs, rows).

    Samples are along the last axis, because sums of few long rows are fast.
    """
    return W @ X.T + np.reshape(b, (-1, 1))


def gram(X: np.ndarray, c: np.ndarray) -> np.ndarray:
    """X̃ᵀ diag(c) X̃ with X̃ = (X, 1)."""
    width = X.shape[1]
    G = np.zeros((width + 1, width + 1))
    if c.min() == c.max():
        G[:-1, :-1] = c[0] * (X.T @ X)
    else:
        for start in range(0, len(X), BLOCK):
            A, part = X[start : start + BLOCK], c[start : start + BLOCK]
            G[:-1, :-1] += A.T @ (part[:, None] * A)
    G[:-1, -1] = G[-1, :-1] = c @ X
    G[-1, -1] = c.sum()
    return G


def _cut(vector: np.ndarray, outputs: int, width: int) -> np.ndarray:
    """All w, then all b, as one row (w, b) for each output."""
    split = outputs * width
    parts = vector[:split].reshape(outputs, width), vector[split:].reshape(outputs, -1)
    return np.concatenate(parts, axis=1)


def _joined(rows: np.ndarray, width: int) -> np.ndarray:
    """The opposite of `_cut`."""
    return np.concatenate([rows[:, :width].ravel(), rows[:, width:].ravel()])
