"""Losses of η = x·w + b: a sum over rows, whose derivatives are a few matrix products.

    L(w, b) = Σ_i s_i ℓ(η_i, y_i) / Σ s + α ‖w‖² / 2,        s the sample weights
    ∇L  = Σ_i s_i ℓ'(η_i, y_i) x̃_i / Σ s + (α w, 0),                        x̃ = (x, 1)
    ∇²L = Σ_i s_i ℓ''(η_i, y_i) x̃_i x̃_iᵀ / Σ s + diag(α, ..., α, 0)

Blocks of rows are small enough for the cache, so that each is read from memory once. Every seventh row
gives nearly the same minimum for a small part of the work. With many rows "lbfgs" and "newton" start there,
and "lbfgs" uses the inverse Hessian of that sample, which saves most of the iterations. The minimum found
is always that of all rows.
"""

from typing import Any, ClassVar

import numpy as np

from models.foundation.linear_predictor import LinearPredictor
from models.foundation.loss_model import LossModel
from tinygrad_edu import value_and_grad
from tinygrad_edu.optim.minimize import minimize

STRIDES = 7, 5, 3  # of the sample of rows: primes, as rows may have a period
ROWS_PER_COLUMN = 15  # in the sample of rows, at least
MOST_COLUMNS = 300  # with more, matrices of (columns, columns) are slower than iterations
BLOCK, NUMBERS = 2000, 100_000  # rows at a time, or fewer that have so many numbers
ALL_ROWS = 0.2  # the part of X̃ᵀX̃ of all rows, where the sample may miss a direction
FEW_ROWS = 10  # a column that so few rows of the sample decide may be missed by it
RATHER_SINGULAR = 1e-6  # so little is left of a column without what the others explain
GRAM_BLOCK = 250  # rows at a time in a weighted product, which needs a copy of them
RIDGE = 1e-9  # keeps singular matrices invertible, and flat directions unused
ENOUGH = 0.05  # the part of the first gradient that a minimum on the sample may keep
STEPS = 8  # with the same inverse Hessian


class LinearLoss(LinearPredictor, LossModel):
    """A subclass writes `row_loss(η, y)`, ℓ of every row on Tensors, `row_curvature(η, y)`, ℓ'', and
    `_strength_of_penalty`, α.

    η has the shape (rows,), or (outputs, rows) with one w and b for each output. Then the Hessian is that of
    each output with the others held, its blocks on the diagonal.
    """

    row_loss: ClassVar[Any]
    row_curvature: ClassVar[Any]
    only_differences: ClassVar[bool] = False  # is adding the same to all η of a row no change?

    def loss(self, X: Any, y: Any, weight: Any, coef: Any, intercept: Any = 0.0) -> Any:
        """L above."""
        rows = self.row_loss(etas(X, coef, intercept), y)
        α, α_of_b = self._strength_of_penalty(weight)
        penalty = α / 2 * (coef * coef).sum()
        if α_of_b:
            penalty = penalty + α_of_b / 2 * (intercept * intercept).sum()
        return weight @ rows / weight.sum() + penalty

    def row_slopes(self, η: Any, y: Any, weight: Any) -> tuple[float, Any]:
        """Σ_i s_i ℓ(η_i, y_i) and its gradient by η; a subclass may know a faster way to it."""
        return value_and_grad(lambda η: weight @ self.row_loss(η, y))(η)

    def _strength_of_penalty(self, weight: Any) -> tuple[float, float]:
        """α of w and of b: the penalty is their half squares times these."""
        return 0.0, 0.0

    @property
    def _is_plain(self) -> bool:
        """Is `loss` that of this class? A subclass with a loss of its own gets no shortcuts."""
        kind = type(self)
        return kind.loss is LinearLoss.loss and kind.objective is LossModel.objective

    def _value_and_grad(self, objective: Any, packing: Any, X: Any, y: Any, weight: Any) -> Any:
        if not self._is_plain:
            return super()._value_and_grad(objective, packing, X, y, weight)
        total = weight.sum()
        α, α_of_b = self._strength_of_penalty(weight)

        def of_rows(vector: np.ndarray) -> tuple[float, np.ndarray]:
            W, b = packing.unpack(vector).values()
            b_of_rows = np.reshape(b, (-1, 1)) if W.ndim == 2 else b
            loss, dW, db = 0.0, np.zeros_like(W), np.zeros_like(b)
            size = min(BLOCK, 1 + NUMBERS // X.shape[1])
            for start in range(0, len(X), size):
                rows = slice(start, start + size)
                A = X[rows]
                η = W @ A.T
                η += b_of_rows
                value, slopes = self.row_slopes(η, y[rows], weight[rows])
                loss += value
                dW += slopes @ A
                db += slopes.sum(axis=-1)
            penalty = (α * np.vdot(W, W) + α_of_b * np.vdot(b, b)) / 2
            gradient = [(dW / total + α * W).ravel(), np.ravel(db / total + α_of_b * b)]
            return loss / total + penalty, np.concatenate(gradient)[: len(vector)]

        return remembering(of_rows)

    def _first_point(
        self, of_all: Any, solver: str, packing: Any, X: Any, y: Any, weight: Any
    ) -> np.ndarray:
        """The minimum on the sample, if the loss on all rows is then less than at the start."""
        start = packing.vector()
        if solver not in ("lbfgs", "newton") or self.warm_start or not self._is_plain:
            return start
        sample = self._sample(X, y, weight)
        if len(X) <= (STRIDES[0] - 1) * len(sample[0]) or X.shape[1] > MOST_COLUMNS:
            return start
        of_sample = self._value_and_grad(None, packing, *sample)
        with np.errstate(all="ignore"):
            before, slope = of_sample(start)
            if not (np.isfinite(before) and np.isfinite(slope).all()):
                return start
            inverse = self._inverse(packing, *sample)
            tol = max(10 * self.tol, ENOUGH * np.abs(slope).max(initial=0))
            found = minimize(of_sample, start, inverse=inverse, tol=tol, max_iter=10).point
            after = of_all(found)[0]
        return found if after < before else start

    def _sample(self, X: Any, y: Any, weight: Any) -> tuple[Any, Any, Any]:
        """Every seventh row, or of fewer rows more of them, with weights of the same sum."""
        least = ROWS_PER_COLUMN * (X.shape[1] + 1)
        stride = next((each for each in STRIDES if len(X) >= each * least), 1)
        some = weight[::stride]
        return X[::stride], y[::stride], some * (weight.sum() / some.sum())

    def _blocks(self, vector: Any, packing: Any, X: Any, y: Any, weight: Any) -> np.ndarray:
        """The Hessian of each output at free numbers: (outputs, features + 1, features + 1)."""
        W, b = packing.unpack(vector).values()
        curvatures = np.atleast_2d(self.row_curvature(etas(X, W, b), y)) * (weight / weight.sum())
        H = np.stack([gram(X, c) for c in curvatures])
        α, α_of_b = self._strength_of_penalty(weight)
        np.einsum("kii->ki", H)[...] += np.append(np.full(X.shape[1], α), α_of_b)
        return self._of_free(H)

    def _of_free(self, H: np.ndarray) -> np.ndarray:
        """H without the intercept, if it is fixed."""
        return H if self.fit_intercept else H[..., :-1, :-1]

    def _hessian(self, objective: Any, packing: Any, X: Any, y: Any, weight: Any) -> Any:
        if np.atleast_2d(packing.parameters["coef"].start).shape[0] > 1 or not self._is_plain:
            return super()._hessian(objective, packing, X, y, weight)
        return lambda vector: self._blocks(vector, packing, X, y, weight)[0]

    def _inverse(self, packing: Any, X: Any, y: Any, weight: Any) -> Any:
        width = X.shape[1]
        if width > MOST_COLUMNS or len(X) < 2:
            return None
        sample = self._sample(X, y, weight)
        of_all, is_unsure = None, False
        if len(sample[0]) < len(X):
            of_all = lambda: self._of_free(gram(X, weight / weight.sum()))
            is_unsure = has_rare_columns(sample[0])
        α, _ = self._strength_of_penalty(weight)
        calls, B = 0, np.zeros(0)

        def inverse(vector: np.ndarray, q: np.ndarray) -> np.ndarray:
            nonlocal calls, B
            if calls % STEPS == 0 or (len(B) == 1 and of_all is None):
                B = inverses(self._blocks(vector, packing, *sample), of_all, is_unsure)
            calls += 1
            q = _cut(q, len(B), width)
            p = (B @ q[..., None])[..., 0]
            if self.only_differences and len(B) > 1:
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
    """W x + b of every row x of X: (rows,), or (outputs, rows) for W of shape (outputs, features).

    Samples are along the last axis, because sums of few long rows are fast.
    """
    return W @ X.T + (np.reshape(b, (-1, 1)) if np.ndim(W) == 2 else b)


def gram(X: np.ndarray, c: np.ndarray) -> np.ndarray:
    """X̃ᵀ diag(c) X̃ with X̃ = (X, 1)."""
    width = X.shape[1]
    G = np.zeros((width + 1, width + 1))
    if c.min() == c.max():
        G[:-1, :-1] = c[0] * (X.T @ X)
    else:
        for start in range(0, len(X), GRAM_BLOCK):
            A, part = X[start : start + GRAM_BLOCK], c[start : start + GRAM_BLOCK]
            G[:-1, :-1] += A.T @ np.einsum("i,ij->ij", part, A)
    G[:-1, -1] = G[-1, :-1] = c @ X
    G[-1, -1] = c.sum()
    return G


def has_rare_columns(X: np.ndarray) -> bool:
    """Is there a column that varies in few rows only? Other rows may then vary more."""
    with np.errstate(all="ignore"):  # huge columns overflow
        sums = np.ones(len(X)) @ X
        squares = np.einsum("ij,ij->j", X, X) - sums**2 / len(X)
        return not (FEW_ROWS * (X.max(axis=0) - X.min(axis=0)) ** 2 < squares).all()


def inverses(H: np.ndarray, of_all: Any, is_unsure: bool) -> np.ndarray:
    """The inverse of each of the Hessians of a sample.

    of_all()    X̃ᵀX̃ of all rows, a part of which is added if `is_unsure`, or if a Hessian is nearly singular;
                None if the sample is all rows
    """
    diagonal = np.einsum("kii->ki", H)
    diagonal += RIDGE * diagonal + np.finfo(float).tiny
    if of_all is not None and (is_unsure or is_nearly_singular(H, diagonal)):
        G = of_all()
        sizes = np.trace(H, axis1=1, axis2=2) / max(np.trace(G), 1e-300)
        H = (1 - ALL_ROWS) * H + ALL_ROWS * sizes[:, None, None] * G
    return np.linalg.inv(H)


def is_nearly_singular(H: np.ndarray, diagonal: np.ndarray) -> bool:
    """Does little of a column remain that the others do not explain?"""
    try:
        pivots = np.linalg.cholesky(H).diagonal(axis1=1, axis2=2)
    except np.linalg.LinAlgError:
        return True
    return bool((pivots**2 < RATHER_SINGULAR * diagonal).any())


def remembering(f: Any) -> Any:
    """f, which gives the last result again if it is asked for the same point."""
    last: list[Any] = [None, None]

    def of(vector: np.ndarray) -> Any:
        if last[0] is None or not np.array_equal(last[0], vector):
            last[:] = vector.copy(), f(vector)
        return last[1]

    return of


def _cut(vector: np.ndarray, outputs: int, width: int) -> np.ndarray:
    """All w, then all b, as one row (w, b) for each output."""
    split = outputs * width
    parts = vector[:split].reshape(outputs, width), vector[split:].reshape(outputs, -1)
    return np.concatenate(parts, axis=1)


def _joined(rows: np.ndarray, width: int) -> np.ndarray:
    """The opposite of `_cut`."""
    return np.concatenate([rows[:, :width].ravel(), rows[:, width:].ravel()])
