"""K Gaussians of d features at once: their densities, and their covariances given the data.

    form            Σ of component k is         shape of `covariances`
    "full"          Σ_k                         (K, d, d)
    "tied"          Σ, the same for all         (d, d)
    "diag"          diag(σ_k1², … , σ_kd²)      (K, d)
    "spherical"     σ_k² I                      (K,)

A factor P of the precision, P Pᵀ = Σ⁻¹, has the same shape. Results have components along the first axis and
samples along the last, because NumPy is fast where the last axis is long.
"""

import numpy as np

from models.foundation.lloyd import squares
from models.foundation.normal import log_normal
from tinygrad_edu.diagnostics.words import refusal

FORMS = ("full", "tied", "diag", "spherical")
BLOCK = 250  # rows at a time, which stay in the cache; products of 256 rows are slower
FAR = 1e4  # how many times smaller a difference may be than its terms, as it loses as many digits
NEAR = 100  # the same, where there is another way that is nearly as fast
ROUNDING = np.finfo(float).eps / 8  # the share of a sum that is lost in its rounding anyway


def log_densities(form, X, means, factors):
    """log N(x_i; μ_k, Σ_k) = log |P_k| - ‖(x_i - μ_k) P_k‖² / 2 - d/2 log 2π, shape (K, samples)."""
    d = X.shape[1]
    out = _distances(form, X, means, factors)
    out *= -0.5
    out += (log_determinants(form, factors, d) - d / 2 * np.log(2 * np.pi))[:, None]
    return out


def _distances(form, X, means, factors):
    """‖(x_i - μ_k) P_k‖², shape (K, samples), by products in which samples meet all components at once.

    That is ‖z - m_k‖² with z = (x - c) P and m_k = (μ_k - c) P, c between the means, which keeps its digits
    if the means are not far apart. Otherwise it is computed from the differences x - μ.
    """
    center = means.mean(axis=0)
    if form in ("full", "tied"):
        m = ((means - center)[:, None] @ factors)[:, 0]
    else:
        factors = np.broadcast_to(factors.reshape(len(means), -1), means.shape)  # 1 / σ_kj
        if squares(means * factors).max() < FAR:
            center = None  # the origin is as good, and saves the differences
        m = (means if center is None else means - center) * factors
    m_squared = squares(m)
    if not m_squared.max() < FAR:
        return _distances_from_differences(form, X, means, factors)
    if form == "full":  # z - m = (x - c, 1) (P, -m)
        factors = np.concatenate([factors, -m[:, None]], axis=1)
    elif form != "tied":  # Σ_j m_j² - 2 m_j P_j (x_j - c_j) + P_j² (x_j - c_j)²
        linear, quadratic = (-2 * m * factors).T.copy(), (factors**2).T.copy()
    out = np.empty((len(means), len(X)))
    for rows in _blocks(len(X)):
        C = X[rows] if center is None else X[rows] - center
        if form == "full":
            C = np.concatenate([C, np.ones((len(C), 1))], axis=1)
            for k, P in enumerate(factors):
                out[k, rows] = squares(C @ P)
        elif form == "tied":
            Z = C @ factors
            out[:, rows] = m_squared[:, None] - 2 * m @ Z.T + squares(Z)
        else:
            out[:, rows] = (C @ linear + C**2 @ quadratic + m_squared).T
    return out


def _distances_from_differences(form, X, means, factors):
    out = np.empty((len(means), len(X)))
    for rows in _blocks(len(X)):
        for k, P in enumerate([factors] * len(means) if form == "tied" else factors):
            centered = X[rows] - means[k]
            out[k, rows] = squares(centered @ P if np.ndim(P) == 2 else centered * P)
    return out


def log_densities_of_tensors(X, means, covariances):
    """The same of Tensors, with all covariances as matrices (K, d, d)."""
    return log_normal(X, means, np.linalg.cholesky(covariances))


def moments(form, X, R, epsilon):
    """Of rows that count R_ki times for component k: N = Σ_i R_ki, the means, the covariances + ε I."""
    N = R.sum(axis=1) + 10 * np.finfo(float).eps  # so that an empty component divides by no 0
    d = X.shape[1]
    if form == "tied":
        means = R @ X / N[:, None]
        return N, means, _scatter_within(X, R, N, means) / N.sum() + epsilon * np.eye(d)
    means, variances = _means_and_variances(X, R, N)
    if form == "full":
        parts = zip(R, means, _negligible(R, N, means, variances, epsilon), strict=True)
        S = np.stack([_scatter(X, r, mean, few) for r, mean, few in parts])
        return N, means, S / N[:, None, None] + epsilon * np.eye(d)
    variances += epsilon
    return N, means, variances if form == "diag" else variances.mean(axis=1)


def _scatter_within(X, R, N, means):
    """Σ_ki R_ki (x_i - μ_k)(x_i - μ_k)ᵀ = the scatter of all rows - that of the means, if digits remain."""
    center = N @ means / N.sum()
    between = means - center
    total = _scatter(X, R.sum(axis=0), center)
    within = total - (N * between.T) @ between
    if (np.diagonal(within) * FAR > np.diagonal(total)).all():
        return within
    return sum(_scatter(X, r, mean) for r, mean in zip(R, means, strict=True))


def _means_and_variances(X, R, N):
    """μ_k and Σ_i R_ki (x_i - μ_k)² / N_k, shape (K, features): from sums of squares, if digits remain.

    The squares are those around the origin or, if these are too large, around one center.
    """
    N = N[:, None]
    center = None
    for enough in (NEAR, FAR):
        sums, squared = np.zeros((2, len(R), X.shape[1]))
        with np.errstate(over="ignore", invalid="ignore"):
            for rows in _blocks(len(X)):
                C = X[rows] if center is None else X[rows] - center
                sums += R[:, rows] @ C
                squared += R[:, rows] @ C**2
            shift = sums / N
            variances = squared / N - shift**2
            means = shift if center is None else shift + center
            if (variances * enough > squared / N).all():
                return means, variances
        center = means.mean(axis=0)
    squared[...] = 0
    for rows in _blocks(len(X)):
        for k in range(len(means)):
            squared[k] += R[k, rows] @ (X[rows] - means[k]) ** 2
    return means, squared / N


def precision_factors(form, covariances):
    """P with P Pᵀ = Σ⁻¹: the transposed inverse of the Cholesky factor, or 1 / σ."""
    try:
        if form in ("full", "tied"):
            return _inverse_transposed(np.linalg.cholesky(covariances))
        if (covariances > 0).all():
            return 1 / np.sqrt(covariances)
    except np.linalg.LinAlgError:
        pass
    raise refusal(
        ValueError,
        "Fitting the mixture model failed because some components have ill-defined empirical covariance "
        "(for instance caused by singleton or collapsed samples).",
        "a smaller n_components, a larger reg_covar, or features scaled to a common size",
    )


def precisions(form, factors):
    """Σ⁻¹ = P Pᵀ."""
    return factors @ np.swapaxes(factors, -1, -2) if form in ("full", "tied") else factors**2


def log_determinants(form, factors, d):
    """log |P_k| of a factor, = -log |Σ_k| / 2: (K,), or (1,) for "tied"."""
    if form == "spherical":
        return d * np.log(factors)
    diagonal = factors if form == "diag" else np.diagonal(factors, axis1=-2, axis2=-1)
    return np.atleast_1d(np.log(diagonal).sum(axis=-1))


def matrices(form, covariances, K, d):
    """The covariances, arrays or Tensors, as matrices: (K, d, d)."""
    if form == "full":
        return covariances
    if form == "tied":
        return covariances + np.zeros((K, 1, 1))
    variances = covariances[:, None] + np.zeros((K, d)) if form == "spherical" else covariances
    return variances[:, :, None] * np.eye(d)


def unit(form, K, d):
    """The covariances 1 of K components."""
    if form in ("full", "tied"):
        return np.eye(d) + np.zeros((K, 1, 1) if form == "full" else ())
    return np.ones((K, d) if form == "diag" else K)


def _blocks(n, size=BLOCK):
    return [slice(i, i + size) for i in range(0, n, size)]


def _scatter(X, r, mean, negligible=0.0):
    """Σ_i r_i (x_i - mean) (x_i - mean)ᵀ."""
    present = np.flatnonzero(r > negligible)
    root = np.sqrt(r[present])[:, None]
    total = np.zeros((X.shape[1], X.shape[1]))
    for part in _blocks(len(present), 2 * BLOCK):
        centered = X.take(present[part], axis=0)
        centered -= mean
        centered *= root[part]
        total += centered.T @ centered
    return total


def _negligible(R, N, means, variances, epsilon):
    """For each component k an R_ki so small that all rows below it add less than rounding to its covariance.

    Rows of weight s_i with R_ki < a s_i add less than a Σ_i s_i (x_ij - μ_kj)² to N_k Σ_kjj. That is to be
    below ROUNDING of it, for every j. The sum is Σ_l N_l (σ_lj² + (μ_lj - μ_kj)²), since s_i = Σ_l R_li.
    """
    with np.errstate(all="ignore"):
        moved = ((means[:, None] - means) ** 2).transpose(0, 2, 1) @ N
        shares = N[:, None] * (variances + epsilon) / (N @ variances + moved)
    return ROUNDING * np.nan_to_num(shares).min(axis=1) * R.sum(axis=0).min()


def _inverse_transposed(L):
    return np.triu(np.swapaxes(np.linalg.inv(L), -1, -2))
