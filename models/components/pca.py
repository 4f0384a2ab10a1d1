"""Principal components.

Source: C. Bishop, Pattern Recognition and Machine Learning (2006), sections 12.1 and 12.2; M. Tipping,
C. Bishop, Probabilistic principal component analysis (1999); T. Minka, Automatic choice of dimensionality
for PCA (2000).
"""

import math
from typing import Any

import numpy as np

from models.components.moments import mean_and_products
from models.components.randomized import largest_singular
from models.foundation import Density, Transformer, boolean, choice, integer, learned, number, seed
from models.foundation.lloyd import squares
from models.foundation.randomness import generator
from models.foundation.signs import signs
from tinygrad_edu.diagnostics.words import refusal


def naive_pca(
    rows: list[list[float]], k: int, rounds: int = 1000
) -> list[tuple[float, list[float]]]:
    """The k largest variances and their directions, by power iteration in plain Python: read this first.

    Each multiplication by the covariance S turns v towards its largest eigenvector. Once that is found, S
    loses λ v vᵀ.
    """
    n, features = len(rows), range(len(rows[0]))
    mean = [sum(row[j] for row in rows) / n for j in features]
    Z = [[row[j] - mean[j] for j in features] for row in rows]
    S = [[sum(z[i] * z[j] for z in Z) / (n - 1) for j in features] for i in features]
    found = []
    for _ in range(k):
        v = [1.0 + i for i in features]
        for _ in range(rounds):
            v = [sum(S[i][j] * v[j] for j in features) for i in features]
            λ = sum(x * x for x in v) ** 0.5
            v = [x / λ for x in v]
        found.append((λ, v))
        S = [[S[i][j] - λ * v[i] * v[j] for j in features] for i in features]
    return found


class Components(Transformer):
    """What forms of PCA have in common: coordinates along V, with variances Λ, and σ² along all others."""

    whiten: bool = boolean(False, doc="divide each coordinate by its standard deviation")

    components_: np.ndarray = learned("V: (components, features)")
    explained_variance_: np.ndarray = learned("Λ: (components,)")
    explained_variance_ratio_: np.ndarray = learned("Λ as shares of the whole variance")
    singular_values_: np.ndarray = learned("√(Λ (n - 1))")
    mean_: np.ndarray = learned("(features,)")
    noise_variance_: float = learned("σ²")
    n_components_: int = learned("number of components")

    def _transform(self, X):
        Z = (X - self.mean_) @ self.components_.T
        return Z / self._deviations() if self.whiten else Z

    def _inverse_transform(self, Z):
        return (Z * self._deviations() if self.whiten else Z) @ self.components_ + self.mean_

    def _deviations(self):
        return np.maximum(np.sqrt(self.explained_variance_), np.finfo(float).eps)

    def get_covariance(self) -> np.ndarray:
        """Vᵀ (Λ - σ² I) V + σ² I."""
        V, σ2 = self.components_, self.noise_variance_
        return (V.T * np.maximum(self.explained_variance_ - σ2, 0)) @ V + σ2 * np.eye(V.shape[1])

    def get_precision(self) -> np.ndarray:
        """The inverse of the covariance, Vᵀ (1/Λ) V + (1 - Vᵀ V)/σ²."""
        (Λ, σ2), V = self._variances(), self.components_
        found = (V.T / Λ) @ V
        if (
            len(V) < V.shape[1]
        ):  # otherwise 1 - Vᵀ V is rounding error, which a tiny σ² would blow up
            found += (np.eye(V.shape[1]) - V.T @ V) / σ2
        return found

    def _variances(self):
        """Λ and σ², above rounding error."""
        largest = max(self.explained_variance_.max(initial=0), self.noise_variance_)
        least = max(np.finfo(float).eps * largest, 1e-300)
        return np.maximum(self.explained_variance_, least), max(self.noise_variance_, least)


class PCA(Components, Density):
    """z = V (x - mean): coordinates along the directions of largest variance, the rows of V.

        S Vᵀ = Vᵀ Λ,   S = Σ_i (x_i - mean)(x_i - mean)ᵀ / (n - 1)                     (Bishop 12.17)

    V also has the least squared error of mean + Vᵀ z, and the largest likelihood in probabilistic PCA,
    x = mean + W z + noise (12.33), which gives the density: x ~ N(mean, Vᵀ (Λ - σ² I) V + σ² I), σ² the mean
    of the variances left out (12.46). The sign of each direction makes its largest entry positive.

    A density whose covariance is singular counts variances below rounding error as that error. With `whiten`
    it is the same density; scikit-learn's is another.
    """

    kind = None  # type: ignore[assignment]

    n_components: Any = (
        integer(None, at_least=0) | number(above=0, below=1) | choice("mle", doc="k, a share of the "
        "variance to keep, 'mle' for Minka's choice, or None for all")
    )  # fmt: skip
    copy: bool = boolean(True, doc="no effect: X is never changed")
    svd_solver: str = choice(
        "auto", "full", "covariance_eigh", "arpack", "randomized",
        doc="the decomposition of X, or of S, which is faster for many rows and loses variances below 1e-16 "
        "of the largest; 'arpack' is 'full', cut off; 'randomized' approximates",
    )  # fmt: skip
    tol: float = number(0.0, at_least=0, doc="no effect: 'arpack' is computed exactly")
    iterated_power: Any = choice("auto") | integer(at_least=0, doc="iterations of 'randomized'")
    n_oversamples: int = integer(10, at_least=1, doc="additional directions of 'randomized'")
    power_iteration_normalizer: str = choice(
        "auto", "QR", "LU", "none", doc="no effect: always 'QR', which spans the same directions"
    )
    random_state: Any = seed()

    n_samples_: int = learned("number of rows")

    def _fit(self, X):
        n, d = X.shape
        if n < 2:
            what = f"a variance needs 2 rows; X has n_samples=1, shape {X.shape}."
            raise refusal(ValueError, what, "more rows")
        solver = self._require_possible(n, d)
        k = min(n, d) if self.n_components is None else self.n_components
        if solver == "covariance_eigh":
            self.mean_, S = mean_and_covariance(X, n - 1)
            Λ, V = np.linalg.eigh(S)
            Λ, V = np.maximum(Λ[::-1], 0), V.T[::-1]
        else:
            self.mean_ = np.full(n, 1 / n) @ X
            Z = X - self.mean_
            if solver == "randomized":
                rng = generator(self.random_state)
                s, V = largest_singular(Z, k, rng, self.n_oversamples, self.iterated_power)
            else:
                s, V = np.linalg.svd(Z, full_matrices=False)[1:]
            Λ = s**2 / (n - 1)
        total = squares(Z.T).sum() / (n - 1) if solver == "randomized" else Λ.sum()
        ratios = Λ / total if total > 0 else Λ
        if k == "mle":
            k = most_likely_dimension(Λ, n)
        elif 0 < k < 1:
            k = int(np.searchsorted(np.cumsum(ratios), k, side="right")) + 1
        left_out = Λ[k:].mean() if len(Λ) > k else (total - Λ.sum()) / max(min(n, d) - k, 1)
        self.noise_variance_ = float(max(left_out, 0)) if k < min(n, d) else 0.0
        self.components_ = V[:k] * signs(V[:k])[:, None]
        self.explained_variance_, self.explained_variance_ratio_ = Λ[:k].copy(), ratios[:k].copy()
        self.singular_values_ = np.sqrt(Λ[:k]) * math.sqrt(n - 1)
        self.n_components_, self.n_samples_ = len(self.components_), n

    def _require_possible(self, n, d):
        """The solver that runs, which can find as many components."""
        k, solver, name = self.n_components, self.svd_solver, "PCA"
        if solver == "auto":
            solver = "full"
            if d <= 1000 and n >= 10 * d:
                solver = "covariance_eigh"
            elif max(n, d) > 500 and isinstance(k, int) and 1 <= k < 0.8 * min(n, d):
                solver = "randomized"
        if k == "mle" and n < d:
            what = "n_components='mle' is only supported if n_samples >= n_features."
            raise refusal(ValueError, what, f"{name}(n_components=0.99)")
        whole = k is None or (isinstance(k, (int, np.integer)) and not isinstance(k, bool))
        if solver in ("arpack", "randomized") and not whole:
            what = f"n_components={k!r} is not possible with svd_solver={solver!r}."
            raise refusal(ValueError, what, f"{name}(n_components={k!r}, svd_solver='full')")
        if whole and k is not None and k > min(n, d):
            what = f"n_components={k} must be between 0 and min(n_samples, n_features)={min(n, d)}, as X "
            raise refusal(
                ValueError,
                what + f"has n_samples={n} and n_features={d}; svd_solver={solver!r}.",
                f"{name}(n_components={min(n, d)})",
            )
        return solver

    def _score_samples(self, X):
        (Λ, σ2), (k, d) = self._variances(), self.components_.shape
        X = X - self.mean_
        Z = X @ self.components_.T
        distance = squares(Z / np.sqrt(Λ)) + squares(X - Z @ self.components_) / σ2 * (k < d)
        log_determinant = np.log(Λ).sum() + (d - k) * np.log(σ2)
        return -(distance + log_determinant + d * np.log(2 * np.pi)) / 2


def mean_and_covariance(X, divisor):
    """The mean of X, and S = Σ (x - mean)(x - mean)ᵀ / divisor.

    S is Σ x xᵀ - n mean meanᵀ, or comes from x - mean where that difference would lose digits.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        mean, raw = mean_and_products(X)
        S = raw - np.outer(len(X) * mean, mean)
        if (np.diagonal(S) < 1e-3 * np.diagonal(raw)).any():
            Z = X - mean
            S = Z.T @ Z
    if not np.isfinite(S).all():
        what = "the values of X are too large: their squares are infinite."
        raise refusal(ValueError, what, "StandardScaler first")
    return mean, S / divisor


def most_likely_dimension(Λ, n):
    """The number of components with the most evidence (Minka 2000, equation 30)."""
    d = len(Λ)
    evidence = np.full(d, -np.inf)
    for k in range(1, d):
        if Λ[k - 1] < 1e-15:
            break
        σ2 = max(Λ[k:].mean(), 1e-15)
        i = np.arange(1, k + 1)
        log_p_of_V = sum(
            math.lgamma((d - j + 1) / 2) - math.log(math.pi) * (d - j + 1) / 2 for j in i
        )
        smoothed = np.concatenate([Λ[:k], np.full(d - k, σ2)])
        gaps = (Λ[:k, None] - Λ) * (1 / smoothed - 1 / smoothed[:k, None])
        pairs = np.arange(d) > np.arange(k)[:, None]
        m = d * k - k * (k + 1) / 2
        log_A = np.log(gaps[pairs]).sum() + m * math.log(n)
        evidence[k] = (
            log_p_of_V - k * math.log(2)
            - n / 2 * (np.log(Λ[:k]).sum() + (d - k) * math.log(σ2))
            + (m + k) / 2 * math.log(2 * math.pi) - log_A / 2 - k / 2 * math.log(n)
        )  # fmt: skip
    return int(evidence.argmax())
