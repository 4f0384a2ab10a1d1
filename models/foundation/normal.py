"""The normal distribution of several components at once."""

import numpy as np

from tinygrad_edu.ops import solve_triangular


def log_normal(X, means, L):
    """log N(x_i; μ_k, L_k L_kᵀ) of arrays or Tensors, (components, samples). L: lower triangular."""
    z = solve_triangular(L, np.swapaxes(X - means[:, None], 1, 2))  # L⁻¹ (x - μ)
    log_determinant = 2 * np.log(np.diagonal(L, axis1=1, axis2=2)).sum(axis=1)
    return -((z * z).sum(axis=1) + log_determinant[:, None] + X.shape[1] * np.log(2 * np.pi)) / 2
