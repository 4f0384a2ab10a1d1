"""The Laplacian of a graph.

Source: U. von Luxburg, A tutorial on spectral clustering, Statistics and Computing 17 (2007).
"""

import numpy as np


def normalized_laplacian(W):
    """I - D^-½ W D^-½, D the diagonal matrix of the row sums of a symmetric W, and the diagonal of D^½.

    The diagonal of W counts as 0. Row sums of 0 count as 1.
    """
    L = W.copy()
    np.fill_diagonal(L, 0)
    degree = L.sum(axis=0)
    root = np.sqrt(np.where(degree > 0, degree, 1))
    L /= -root
    L /= root[:, None]
    np.fill_diagonal(L, 1)
    return L, root
