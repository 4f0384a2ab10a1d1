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

    The space spanned by Q, K Q, K² Q, ... for a random Q of k + 2 columns soon contains the eigenvectors at
    the ends of the spectrum, also of equal eigenvalues. It grows until ‖K v - λ v‖ is rounding error; if it
    becomes a third of all, all are computed.
    """
    n, width = len(K), k + 2
    if n <= FEW or 6 * k >= n:
        return largest_of_all(K, k)
    V, KV = np.empty((2, n, n // 3 + width))
    Q = np.linalg.qr(np.random.default_rng(0).standard_normal((n, width)))[0]
    next_test = 4 * width
    for m in range(0, n // 3, width):
        V[:, m : m + width], KV[:, m : m + width] = Q, K @ Q
        here = slice(0, m + width)
        if m + width >= next_test:
            λ, y = largest_of_all(V[:, here].T @ KV[:, here], k)
            residual = KV[:, here] @ y - V[:, here] @ (y * λ)
            if np.linalg.norm(residual, axis=0).max() <= DIGITS * np.abs(λ).max():
                return λ, V[:, here] @ y
            next_test = 1.2 * next_test
        Q = KV[:, m : m + width]
        for _ in range(2):  # once is not enough for orthogonality
            Q = np.linalg.qr(Q - V[:, here] @ (V[:, here].T @ Q))[0]
    return largest_of_all(K, k)


def smallest_eigenpairs(M, k, u):
    """The k smallest eigenvalues, rising, and eigenvectors of a symmetric M ≥ 0, besides u with M u = 0.

    They are the largest of the inverse of M + c u uᵀ, c > 0, u of length 1. Where it is singular, as M has
    other vectors like u, all eigenpairs of M are computed.
    """
    n, c = len(M), np.trace(M) / len(M)
    if n > FEW and 6 * k < n and c > 0:
        try:
            inverse = np.linalg.inv(M + c * np.outer(u, u))
        except np.linalg.LinAlgError:
            inverse = np.full((1, 1), np.inf)
        if c * np.abs(inverse).max() < CONDITION:
            λ, V = largest_eigenpairs((inverse + inverse.T) / 2, k)
            return 1 / λ, V
    λ, V = np.linalg.eigh(M)
    return λ[1 : k + 1], V[:, 1 : k + 1]
