"""Factor analysis.

Source: C. Bishop, Pattern Recognition and Machine Learning (2006), section 12.2.4; D. Barber, Bayesian
Reasoning and Machine Learning (2012), section 21.2; H. Kaiser, The varimax criterion (1958).
"""

from typing import Any

import numpy as np

from models.components.pca import mean_and_covariance
from models.foundation import (
    Density,
    Transformer,
    array,
    boolean,
    choice,
    integer,
    learned,
    nonnegative,
    seed,
)
from models.foundation.iterate import Trace, warn_not_converged
from models.foundation.signs import signs
from tinygrad_edu.diagnostics.words import refusal

SMALL = 1e-12  # the least noise


class FactorAnalysis(Transformer, Density):
    """x = mean + Wᵀ z + noise with z ~ N(0, I) and noise ~ N(0, diag ψ), by maximum likelihood.

    So x ~ N(mean, Wᵀ W + diag ψ) (Bishop 12.64-12.65). For given ψ, the best W has a closed form, from the
    eigenvalues λ and eigenvectors v of ψ^-½ S ψ^-½, S the covariance; for given W, ψ is the variance that is
    left (Barber 21.1-21.2):

        W = √max(λ_j - 1, 0) v_j ψ^½       ψ = diag(S - Wᵀ W)

    Their eigenvectors come from the small matrix S, once computed, whichever `svd_method`. The likelihood
    also counts eigenvalues below 1 right, which scikit-learn's loglike_ does not.
    """

    kind = None  # type: ignore[assignment]
    twin_tolerance = 1e-6

    n_components: int | None = integer(
        None, at_least=0, doc="number of factors; None: as many as features"
    )
    tol: float = nonnegative(1e-2, doc="stop when log p(X) rises by less")
    copy: bool = boolean(True, doc="no effect: X is never changed")
    max_iter: int = integer(1000, at_least=1, doc="largest number of rounds")
    noise_variance_init: Any = array(None, at_least=0, doc="the first ψ; None for ones")
    svd_method: str = choice("randomized", "lapack", doc="no effect: always exact")
    iterated_power: int = integer(3, at_least=0, doc="no effect")
    rotation: str | None = choice(
        None, "varimax", "quartimax", doc="turns the factors towards few features"
    )
    random_state: Any = seed(doc="no effect")

    components_: np.ndarray = learned("W: (components, features)")
    noise_variance_: np.ndarray = learned("ψ: (features,)")
    mean_: np.ndarray = learned("(features,)")
    loglike_: list[float] = learned("log p(X) of every round")
    n_iter_: int = learned("number of rounds")
    trace_: Trace = learned("-(mean of log p(x)) of every round; trace_.plot() draws it")

    @classmethod
    def examples(cls, rng):
        for _, X, y in super().examples(rng):
            yield cls(1, tol=1e-7, max_iter=10_000), X, y

    def _fit(self, X):
        n, d = X.shape
        k = d if self.n_components is None else self.n_components
        if k > d:
            what = (
                f"n_components={k} is more than the {d} features of X, which has shape {X.shape}."
            )
            raise refusal(ValueError, what, f"FactorAnalysis(n_components={d})")
        first = self.noise_variance_init
        ψ = np.ones(d) if first is None else np.array(first, float)
        if ψ.shape != (d,):
            what = f"noise_variance_init has shape {ψ.shape}, and X {d} features."
            raise refusal(ValueError, what, "one variance for each feature, or None")
        self.mean_, S = mean_and_covariance(X, n)
        if S.max() > 1e200:
            what = f"the largest variance in X is {S.max():.1e}, and its products leave the range of numbers."
            raise refusal(ValueError, what, "features scaled to a common size")
        self.loglike_, self.trace_ = [], Trace.of(self)
        for self.n_iter_ in range(1, self.max_iter + 1):  # noqa: B020
            root = np.sqrt(ψ) + SMALL
            λ, v = np.linalg.eigh(S / root / root[:, None])
            λ, v = np.maximum(λ[::-1], 0), v.T[::-1]
            W = np.sqrt(np.maximum(λ[:k] - 1, 0))[:, None] * v[:k] * root
            modeled = np.concatenate([np.maximum(λ[:k], 1), np.ones(d - k)])
            surprise = (np.log(modeled) + λ / modeled + np.log(ψ)).sum() + d * np.log(2 * np.pi)
            self.loglike_.append(float(-n / 2 * surprise))
            self.trace_(self.n_iter_, surprise / 2)
            if self.trace_.keeps_states:
                self.trace_.keep(components_=self._turned(W, X, root, v[:k]), noise_variance_=ψ)
            if self.n_iter_ > 1 and self.loglike_[-1] - self.loglike_[-2] < self.tol:
                break
            ψ = np.maximum(np.diagonal(S) - (W * W).sum(axis=0), SMALL)
        else:
            for state in self.trace_.states[-1:]:
                state.noise_variance_ = ψ
            warn_not_converged(self, "rounds", "raise max_iter, or tol")
        self.components_ = self._turned(W, X, root, v[:k])
        self.noise_variance_ = ψ

    def _turned(self, W, X, root, v):
        """W with the signs of scikit-learn, and rotated if asked to."""
        u = (X - self.mean_) / root @ v.T
        W = W * signs(u.T)[:, None]
        return W if self.rotation is None else rotated(W, self.rotation)

    def _transform(self, X):
        """E[z | x] = (I + W ψ⁻¹ Wᵀ)⁻¹ W ψ⁻¹ (x - mean) (Bishop 12.66-12.68)."""
        V = self.components_ / self.noise_variance_
        G = np.eye(len(V)) + V @ self.components_.T
        return np.linalg.solve(G, V @ (X - self.mean_).T).T

    def _score_samples(self, X):
        return log_density(X, self.mean_, self.components_, self.noise_variance_)

    def get_covariance(self) -> np.ndarray:
        """Wᵀ W + diag ψ."""
        return self.components_.T @ self.components_ + np.diag(self.noise_variance_)

    def get_precision(self) -> np.ndarray:
        """The inverse of the covariance."""
        return np.linalg.inv(self.get_covariance())


def log_density(X, mean, W, ψ):
    """log N(x; mean, Wᵀ W + diag ψ) of every row, of arrays or Tensors: the model as a loss."""
    C = W.T @ W + ψ * np.eye(X.shape[1])
    Z = X - mean
    distance = (Z * np.linalg.solve(C, Z.T).T).sum(axis=1)
    return -(distance + np.linalg.slogdet(C)[1] + X.shape[1] * np.log(2 * np.pi)) / 2


def rotated(W, method, tol=1e-6, max_iter=100):
    """W turned so that the variance of its squares is largest: in every row ("varimax"), or in all."""
    A, R, before = W.T, np.eye(len(W)), 0.0
    for _ in range(max_iter):
        L = A @ R
        centered = L**2 - (L**2).mean(axis=0) if method == "varimax" else L**2
        U, s, V = np.linalg.svd(A.T @ (L * centered))
        R = U @ V
        if before and s.sum() < before * (1 + tol):
            break
        before = s.sum()
    return (A @ R).T
