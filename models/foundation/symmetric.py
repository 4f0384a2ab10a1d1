"""Solves systems with a large symmetric matrix in the memory of that matrix.

Source: G. Golub, C. Van Loan, Matrix Computations, 4th edition, section 4.2.9.
"""

import numpy as np

from tinygrad_edu.ops import solve_triangular

BLOCK = 64  # columns that are worked on at a time


def solve_symmetric(A: np.ndarray, B: np.ndarray) -> np.ndarray:
    """A⁻¹ B of a symmetric A; the shortest solution if A is singular. Only the diagonal of A changes."""
    diagonal = A.diagonal().copy()
    try:
        _cholesky(A)
        return _substitute(A, B)
    except np.linalg.LinAlgError:
        np.fill_diagonal(A, diagonal)
        found: np.ndarray = np.linalg.lstsq(np.triu(A) + np.triu(A, 1).T, B, rcond=None)[0]
        return found
    finally:
        for i in range(0, len(A), BLOCK):  # the upper triangle has all that was below
            rows = slice(i, i + BLOCK)
            square = A[rows, rows]
            A[i + BLOCK :, rows] = A[rows, i + BLOCK :].T
            square[...] = np.triu(square) + np.triu(square, 1).T


def _cholesky(A):
    """Replaces the lower triangle of A by its factor L, A = L Lᵀ, so that no second matrix is needed.

    A block of columns P of what is left, A - L Lᵀ of the blocks before, is P = (L₁₁ L₁₁ᵀ, L₂₁ L₁₁ᵀ). A pivot
    as small as the rounding errors of A may be one: of a singular matrix some are 0 and some above.
    """
    rounding = len(A) * np.finfo(A.dtype).eps * A.diagonal()
    for i in range(0, len(A), BLOCK):
        rows, below = slice(i, i + BLOCK), slice(i + BLOCK, None)
        P = A[i:, rows] - A[i:, :i] @ A[rows, :i].T
        L = np.linalg.cholesky(P[:BLOCK])
        if (L.diagonal() ** 2 <= rounding[rows]).any():
            raise np.linalg.LinAlgError("Singular matrix")
        A[rows, rows] = L + np.triu(A[rows, rows], 1)
        A[below, rows] = solve_triangular(L, P[BLOCK:].T).T


def _substitute(L, B):
    """(L Lᵀ)⁻¹ B, of the lower triangle of L."""
    X = B.copy()
    starts = range(0, len(L), BLOCK)
    for i in starts:
        rows = slice(i, i + BLOCK)
        X[rows] = solve_triangular(L[rows, rows], X[rows] - L[rows, :i] @ X[:i])
    for i in reversed(starts):
        rows, j = slice(i, i + BLOCK), i + BLOCK
        X[rows] = solve_triangular(L[rows, rows].T, X[rows] - L[j:, rows].T @ X[j:], lower=False)
    return X
