"""ln p(y) of a normal distribution with mean 0, and inverses of the covariance matrices it needs.

The covariance matrix K is given by its lower triangle, (n (n - 1) / 2,) row by row, and its diagonal, (n,).
"""

from typing import Any

import numpy as np

from models.gaussian_processes.pairs import from_below, lower_triangle
from tinygrad_edu.ops.linear_algebra import substitute
from tinygrad_edu.tensor import Op, Tensor, value


def log_evidence(lower: Any, diagonal: Any, Y: np.ndarray) -> Any:
    """Σ_j -(y_jᵀ K⁻¹ y_j + ln |K| + n ln 2π) / 2 over the columns y_j of Y, (n, targets)   (GPML 2.30).

    Computed by the Cholesky factor L of K: ln |K| = 2 Σ ln L_ii (GPML algorithm 2.1). The derivative is one
    rule, as a chain of those of its parts would cost several times as much. With A = K⁻¹ Y,

        ∂/∂K = (A Aᵀ - targets · K⁻¹) / 2                                                  (GPML 5.9)

    Raises LinAlgError if K is not positive definite.
    """
    n, targets = Y.shape
    L = np.linalg.cholesky(symmetric(value(lower), value(diagonal)))
    A = solve_cholesky(L, Y)
    half_log_det = np.log(np.diagonal(L)).sum() + n / 2 * np.log(2 * np.pi)
    found = np.asarray(-0.5 * (Y * A).sum() - targets * half_log_det)

    latest: list = [None, None]  # g, and both derivatives for it: they are asked for in turn

    def rule(i: int, g: Any, _: Any, lower: Any, diagonal: Any) -> Any:
        if latest[0] is not g:
            if isinstance(g, Tensor):  # for derivatives of derivatives, all is to depend on K
                inverse = np.linalg.inv(symmetric(lower, diagonal))
                slope = g * ((inverse @ Y) @ (inverse @ Y).T - targets * inverse)
            else:
                slope = inverse_of_cholesky(L)
                slope *= -targets * g
                slope += (g * A) @ A.T
            # K has the lower triangle twice, the diagonal once.
            latest[:] = g, (lower_triangle(slope), np.diagonal(slope) / 2)
        return latest[1][i]

    return Op(lambda *_: found, variadic_rule=rule, name="log_evidence")(lower, diagonal)


def symmetric(lower: Any, diagonal: Any) -> Any:
    """The matrix with this lower triangle and diagonal; as plain arrays its upper triangle is left 0."""
    triangle = from_below(lower)
    if isinstance(triangle, np.ndarray) and isinstance(diagonal, np.ndarray):
        np.fill_diagonal(triangle, diagonal)
        return triangle
    return triangle + triangle.T + np.diag(diagonal)


def solve_cholesky(L: np.ndarray, B: np.ndarray) -> np.ndarray:
    """(L Lᵀ)⁻¹ B, for B of one axis or two"""
    columns = B.reshape(len(L), -1)
    return substitute(L.T, substitute(L, columns, lower=True), lower=False).reshape(B.shape)


def inverse_of_cholesky(L: np.ndarray) -> np.ndarray:
    """(L Lᵀ)⁻¹ = L⁻ᵀ L⁻¹; only its lower triangle is right."""
    inverse = L.copy()
    _invert(inverse)
    _multiply(inverse)
    return inverse


def _invert(L: np.ndarray) -> None:
    """L ← L⁻¹ in quarters: [[A, 0], [B, C]] ← [[A⁻¹, 0], [-C⁻¹ B A⁻¹, C⁻¹]]."""
    n = len(L)
    if n <= 64:
        L[:] = np.tril(np.linalg.inv(L))
        return
    A, B, C = _quarters(L)
    _invert(A)
    _invert(C)
    np.negative(C @ (B @ A), out=B)


def _multiply(L: np.ndarray) -> None:
    """L ← the lower triangle of Lᵀ L, in quarters: [[A, 0], [B, C]] ← [[AᵀA + BᵀB, ·], [CᵀB, CᵀC]]."""
    n = len(L)
    if n <= 128:
        L[:] = L.T @ L
        return
    A, B, C = _quarters(L)
    _multiply(A)
    A += B.T @ B
    B[:] = C.T @ B
    _multiply(C)


def _quarters(L: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    half = len(L) // 2
    return L[:half, :half], L[half:, :half], L[half:, half:]
