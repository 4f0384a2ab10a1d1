"""A few eigenpairs of a symmetric matrix, without all others.

Source: G. Golub, C. Van Loan, Matrix Computations, 4th edition (2013), section 10.3.6, block Lanczos.
"""

import numpy as np

FEW = 200  # rows up to which all eigenpairs are computed
DIGITS = 1e-13  # of the largest eigenvalue, which the residuals may have


def largest_eigenpairs(K, k):
    """The k largest eigenvalues of a symmetric matrix K, falling, and their eigenvectors as columns.

    The space spanned by Q, K Q, K² Q, ... for a random Q soon contains the eigenvectors at the ends of the
    spectrum. It grows by k + 2 columns at a time, so that up to as many equal eigenvalues are found, until
    ‖K v - λ v‖ is rounding error; if it becomes a third of all, they are computed all.
    """
    n, width = len(K), k + 2
    if n <= FEW or 3 * k >= n:
        return _all(K, k)
    Q = np.linalg.qr(np.random.default_rng(0).standard_normal((n, width)))[0]
    V, KV = Q, K @ Q
    while V.shape[1] < n / 3:
        λ, y = np.linalg.eigh(V.T @ KV)
        λ, y = λ[::-1][:k], y[:, ::-1][:, :k]
        residual = np.linalg.norm(KV @ y - V @ (y * λ), axis=0)
        if residual.max() <= DIGITS * np.abs(λ).max():
            return λ, V @ y
        Q = KV[:, -width:]
        for _ in range(2):  # once is not enough for orthogonality
            Q = Q - V @ (V.T @ Q)
            Q = np.linalg.qr(Q)[0]
        V, KV = np.hstack([V, Q]), np.hstack([KV, K @ Q])
    return _all(K, k)


def _all(K, k):
    λ, V = np.linalg.eigh(K)
    return λ[::-1][:k], V[:, ::-1][:, :k]
