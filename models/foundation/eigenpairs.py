"""A few eigenpairs of a symmetric matrix, without all others.

Source: G. Golub, C. Van Loan, Matrix Computations, 4th edition (2013), section 10.3.6, block Lanczos, and
section 8.2, inverse iteration.
"""

import numpy as np

FEW = 200  # rows up to which all eigenpairs are computed
DIGITS = 1e-12  # of the largest eigenvalue, which the residuals may have
CONDITION = 1e10  # of a matrix whose inverse has lost too many digits


def largest_of_all(K, k):
    """The k largest eigenvalues, falling, and their eigenvectors as columns, by computing all."""
    λ, V = np.linalg.eigh(K)
    return λ[::-1][:k], V[:, ::-1][:, :k]


def largest_eigenpairs(K, k):
    """The k largest eigenvalues of a symmetric matrix K, falling, and their eigenvectors as columns.

    The space spanned by Q, K Q, K² Q, ... for a random Q of k + 1 columns soon contains the eigenvectors at
    the ends of the spectrum, also of equal eigenvalues. In an orthonormal basis B of it, K is T; of an
    eigenvector y of T, B y is nearly one of K: what K B y has outside of the space, its last part makes.
    The space grows until that is rounding error; if it becomes a third of all, all are computed.
    """
    n, width = len(K), k + 1
    if n <= FEW or 6 * k >= n:
        return largest_of_all(K, k)
    most = n // 3
    basis, T = np.empty((most + 2 * width, n)), np.zeros((most + width, most + width))
    basis[:width] = np.linalg.qr(np.random.default_rng(0).standard_normal((n, width)))[0].T
    next_test = 6 * width
    for start in range(0, most, width):
        end = start + width
        B = basis[:end]
        Q = B[start:] @ K
        T[start:end, :end] = Q @ B.T
        outside, R = np.linalg.qr((Q - T[start:end, :end] @ B).T)
        if end >= next_test:
            λ, y = largest_of_all(T[:end, :end], k)
            if np.linalg.norm(R @ y[start:], axis=0).max() <= DIGITS * np.abs(λ).max():
                return λ, B.T @ y
            next_test = 1.2 * next_test
        # once is not enough for orthogonality
        basis[end : end + width] = np.linalg.qr(outside - B.T @ (B @ outside))[0].T
    return largest_of_all(K, k)


def smallest_eigenpairs(M, k, u):
    """The k smallest eigenvalues, rising, and eigenvectors of a symmetric M ≥ 0, besides u with M u = 0.

    They are the largest of the inverse of M + c u uᵀ, c > 0, u of length 1. Where it is singular, as M has
    other vectors like u, all eigenpairs of M are computed.
    """
    n, c = len(M), np.trace(M) / len(M)
    if n > FEW and 6 * k < n and c > 0:
        lifted = np.outer(c * u, u)
        lifted += M
        try:
            inverse = np.linalg.inv(lifted)
        except np.linalg.LinAlgError:
            inverse = np.full((1, 1), np.inf)
        del lifted  # M is large: no more copies than needed
        if c * max(inverse.max(), -inverse.min()) < CONDITION:
            inverse += inverse.T
            λ, V = largest_eigenpairs(inverse, k)
            return 2 / λ, V
    λ, V = np.linalg.eigh(M)
    return λ[1 : k + 1], V[:, 1 : k + 1]
