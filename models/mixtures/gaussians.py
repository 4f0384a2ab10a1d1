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
BLOCK = 256  # rows that are worked on at a time, so that they stay in the cache
FAR = 1e4  # how many times smaller a difference may be than its terms, as it loses as many digits
NEGLIGIBLE = 1e-25  # a responsibility that adds less to a covariance than its rounding error


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
        m = (means - center) * factors
    if not squares(m).max() < FAR:
        return _distances_from_differences(form, X, means, factors)
    if form == "full":  # z - m = (x - c, 1) (P, -m)
        factors = np.concatenate([factors, -m[:, None]], axis=1)
    out = np.empty((len(means), len(X)))
    for rows in _blocks(X):
        C = X[rows] - center
        if form == "full":
            C = np.concatenate([C, np.ones((len(C), 1))], axis=1)
            for k, P in enumerate(factors):
                out[k, rows] = squares(C @ P)
        elif form == "tied":
            Z = C @ factors
            out[:, rows] = squares(m)[:, None] - 2 * m @ Z.T + squares(Z)
        else:
            out[:, rows] = squares(m)[:, None] - 2 * (m * factors) @ C.T + factors**2 @ (C**2).T
    return out


def _distances_from_differences(form, X, means, factors):
    out = np.empty((len(means), len(X)))
    for rows in _blocks(X):
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
    means = R @ X / N[:, None]
    d = X.shape[1]
    if form == "full":
        S = np.stack([_scatter(X, r, mean) for r, mean in zip(R, means, strict=True)])
        return N, means, S / N[:, None, None] + epsilon * np.eye(d)
    if form == "tied":  # the scatter within components = that of all - that between components
        center = N @ means / N.sum()
        between = means - center
        total = _scatter(X, R.sum(axis=0), center)
        within = total - (N * between.T) @ between
        if not (np.diagonal(within) * FAR > np.diagonal(total)).all():  # too few digits remain
            within = sum(_scatter(X, r, mean) for r, mean in zip(R, means, strict=True))
        return N, means, within / N.sum() + epsilon * np.eye(d)
    variances = _variances(X, R, N, means) + epsilon
    return N, means, variances if form == "diag" else variances.mean(axis=1)


def _variances(X, R, N, means):
    """Σ_i R_ki (x_i - μ_k)² / N_k, shape (K, features): from squares around one center, if digits remain."""
    center = means.mean(axis=0)
    sums = np.zeros_like(means)
    for rows in _blocks(X):
        sums += R[:, rows] @ (X[rows] - center) ** 2
    variances = sums / N[:, None] - (means - center) ** 2
    if (variances * FAR > sums / N[:, None]).all():
        return variances
    sums[...] = 0
    for rows in _blocks(X):
        for k in range(len(means)):
            sums[k] += R[k, rows] @ (X[rows] - means[k]) ** 2
    return sums / N[:, None]


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


def _blocks(X):
    return [slice(i, i + BLOCK) for i in range(0, len(X), BLOCK)]


def _scatter(X, r, mean):
    """Σ_i r_i (x_i - mean) (x_i - mean)ᵀ."""
    total = np.zeros((X.shape[1], X.shape[1]))
    for rows in _blocks(X):
        present = np.flatnonzero(r[rows] > NEGLIGIBLE)
        centered = X[rows][present]
        centered -= mean
        centered *= np.sqrt(r[rows][present])[:, None]
        total += centered.T @ centered
    return total


def _inverse_transposed(L):
    return np.triu(np.swapaxes(np.linalg.inv(L), -1, -2))
