"""Randomized singular value decomposition.

Source: N. Halko, P. Martinsson, J. Tropp, Finding structure with randomness (2011), algorithms 4.4 and 5.1.
"""

import numpy as np


def largest_singular(X, k, rng, oversamples=10, n_iter="auto"):
    """The k largest singular values s, falling, and their right singular vectors V: (k, features).

    Power iterations turn random directions towards them: (XᵀX)^q weakens the others, by (s_i / s_k)^(2q).
    """
    if n_iter == "auto":
        n_iter = 7 if k < 0.1 * min(X.shape) else 4
    Q = rng.standard_normal((X.shape[1], k + oversamples))
    for _ in range(n_iter):
        Q = np.linalg.qr(X @ Q)[0]
        Q = np.linalg.qr(X.T @ Q)[0]
    Q = np.linalg.qr(X @ Q)[0]
    _, s, V = np.linalg.svd((X.T @ Q).T, full_matrices=False)
    return s[:k], V[:k]
