"""The normal distribution: the density of several components at once, and the quantiles."""

import numpy as np

from tinygrad_edu.ops import normal_cdf, solve_triangular


def log_normal(X, means, L):
    """log N(x_i; μ_k, L_k L_kᵀ) of arrays or Tensors, (components, samples). L: lower triangular."""
    z = solve_triangular(L, np.swapaxes(X - means[:, None], 1, 2))  # L⁻¹ (x - μ)
    log_determinant = 2 * np.log(np.diagonal(L, axis1=1, axis2=2)).sum(axis=1)
    return -((z * z).sum(axis=1) + log_determinant[:, None] + X.shape[1] * np.log(2 * np.pi)) / 2


def normal_quantile(p):
    """Φ⁻¹(p), the x below which a standard normal variable is with the probability p.

    The start is a quotient of polynomials (Abramowitz and Stegun 26.2.23). Halley's method, in the lower
    tail, where Φ has its full relative precision, triples its digits at each step.
    """
    p = np.asarray(p, dtype=np.float64)
    tail = np.minimum(p, 1 - p)
    with np.errstate(all="ignore"):
        t = np.sqrt(-2 * np.log(tail))
        top, bottom = (0.010328, 0.802853, 2.515517), (0.001308, 0.189269, 1.432788, 1)
        x = np.polyval(top, t) / np.polyval(bottom, t) - t
        for _ in range(5):
            error = (normal_cdf(x) - tail) * np.sqrt(2 * np.pi) * np.exp(x * x / 2)
            step = error / (1 + x * error / 2)
            x = x - step
            if not (np.abs(step) > 1e-7).any():  # the next one would be about 1e-21
                break
    x = np.where(tail > 0, x, np.where(tail == 0, -np.inf, np.nan))
    return np.where(p < 0.5, x, -x)
