"""Estimates of a covariance matrix from few samples: shrinkage to a multiple of the identity.

Source: O. Ledoit, M. Wolf, A well-conditioned estimator for large-dimensional covariance matrices (2004).
"""

import numpy as np

from models.foundation import fit_clone
from tinygrad_edu.diagnostics.words import refusal


def covariance(X, shrinkage=None, estimator=None):
    """S = Σ_i (x_i - x̄)(x_i - x̄)ᵀ / n, or shrunk:  (1 - δ) S + δ m I  with m the mean of its diagonal.

    With "auto", δ is the optimal one of Ledoit and Wolf, for features divided by their standard deviations,
    as in scikit-learn.
    """
    if estimator is not None:
        if shrinkage is not None:
            what = (
                "covariance_estimator and shrinkage are both given. Only one of the two can be set."
            )
            raise refusal(ValueError, what, "shrinkage=None")
        return fit_clone(estimator, X).covariance_
    A = X - X.mean(axis=0)
    scale = np.ones(X.shape[1])
    if shrinkage == "auto":
        std = A.std(axis=0)
        scale = np.where(std > 10 * np.finfo(np.float64).eps * np.abs(X).max(axis=0), std, 1)
        A = A / scale
    S = A.T @ A / len(A)
    if shrinkage:
        δ = ledoit_wolf(A, S) if shrinkage == "auto" else shrinkage
        m = np.trace(S) / len(S)
        S = (1 - δ) * S
        S.flat[:: len(S) + 1] += δ * m
    return S * np.outer(scale, scale)


def ledoit_wolf(A, S):
    """The δ whose matrix is expected to be nearest to the true one; A: centered samples (n, d), S = AᵀA / n.

    In the norm ‖M‖² = trace(M Mᵀ) / d, with m = <S, I>:

        d² = ‖S - m I‖²        b̄² = Σ_i ‖a_i a_iᵀ - S‖² / n²        δ = min(b̄², d²) / d²

    (lemmas 3.2 to 3.5). As Σ_i a_i a_iᵀ = n S, b̄² = (Σ_i ‖a_i‖⁴ / n - ‖S‖²) / n.
    """
    n, d = A.shape
    squared = (S * S).sum() / d
    distance = squared - (np.trace(S) / d) ** 2
    fourth = ((A * A).sum(axis=1) ** 2).mean() / d
    noise = min((fourth - squared) / n, distance)
    return noise / distance if noise > 0 else 0.0
