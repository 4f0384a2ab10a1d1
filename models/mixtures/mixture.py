"""What mixtures of Gaussians have in common: the start, the hidden component, samples.

Source: C. Bishop, Pattern Recognition and Machine Learning (2006), section 9.2.
"""

from typing import Any, ClassVar

import numpy as np

from models.foundation import Density, choice, integer, learned, nonnegative
from models.foundation.em import EM
from models.foundation.lloyd import lloyd, nearest, plus_plus, tolerance
from models.foundation.randomness import generator
from models.mixtures import gaussians
from tinygrad_edu.diagnostics.words import refusal


class Mixture(EM, Density):
    """p(x) = Σ_k π_k N(x; μ_k, Σ_k). Each row belongs to one component, which is hidden.

    A subclass writes `log_joint` and `maximize`.
    """

    n_components: int = integer(1, at_least=1, doc="number K of components")
    covariance_type: str = choice(*gaussians.FORMS, doc="the form of Σ")
    reg_covar: float = nonnegative(1e-6, doc="ε, added to the variances, which keeps them above 0")
    init_params: str = choice(
        "kmeans",
        "k-means++",
        "random",
        "random_from_data",
        doc="the first responsibilities: of the clusters of k-means, of single rows, or random",
    )
    verbose: Any = EM._parameters["verbose"] | integer(at_least=0)
    verbose_interval: int = integer(10, at_least=1, doc="no effect: every round prints a line")

    weights_: np.ndarray = learned("π: (components,)")
    means_: np.ndarray = learned("μ: (components, features)")
    covariances_: np.ndarray = learned(
        "Σ: (components, features, features) for 'full', (features, features) for 'tied', "
        "(components, features) for 'diag', (components,) for 'spherical'"
    )
    precisions_: np.ndarray = learned("Σ⁻¹, of the same shape")
    precisions_cholesky_: np.ndarray = learned("P with P Pᵀ = Σ⁻¹, of the same shape")
    lower_bounds_: list[float] = learned("lower_bound_ of every round of the best start")

    log_joint: ClassVar[Any]  # (X, **parameters) -> log π_k + log N(x_i; μ_k, Σ_k): (K, samples)

    def start(self, X, weight, rng):
        self._require_enough_rows(X)
        return self.maximize(X, weight, self._first_responsibilities(X, weight, rng))

    def expect(self, X, **parameters):
        """log p(x), and the responsibilities r_ki = P(component k | x_i) (Bishop 9.13): (K, samples)."""
        joint = self.log_joint(X, **parameters)
        highest = joint.max(axis=0)
        joint -= highest
        r = np.exp(joint, out=joint)
        total = r.sum(axis=0)
        r /= total
        return highest + np.log(total), r

    def _fit(self, X, weight):
        super()._fit(X, weight)
        self._finish()

    def _finish(self):
        form = self.covariance_type
        self.precisions_cholesky_ = gaussians.precision_factors(form, self.covariances_)
        self.precisions_ = gaussians.precisions(form, self.precisions_cholesky_)
        self.lower_bounds_ = [-loss for loss in self.trace_.loss.tolist()]

    def _require_enough_rows(self, X):
        if len(X) < self.n_components:
            raise refusal(
                ValueError,
                f"Expected n_samples >= n_components but got n_components={self.n_components}, "
                f"n_samples={len(X)}.",
                f"{type(self).__name__}(n_components={len(X)}), or fewer",
            )

    def _first_responsibilities(self, X, weight, rng):
        n, K = len(X), self.n_components
        if self.init_params == "random":
            r = rng.random((K, n))
            return r / r.sum(axis=0)
        components = np.arange(K)[:, None]
        if self.init_params == "random_from_data":
            return _one_row_each(rng.choice(n, K, replace=False, p=weight / weight.sum()), n)
        Z = X - weight @ X / weight.sum()
        seeds = plus_plus(Z, weight, K, rng)
        if self.init_params == "k-means++":
            return _one_row_each(seeds, n)
        _, centers, _ = lloyd(Z, weight, Z[seeds], tolerance(1e-4, Z, weight), max_iter=300)
        return (nearest(Z, centers) == components).astype(float)

    # ---- answers ---------------------------------------------------------------------------------

    def _score_samples(self, X):
        return self.expect(X, **self._learned_parameters())[0]

    def predict(self, X: Any) -> np.ndarray:
        """The most likely component of each row of X."""
        return self._responsibilities(X).argmax(axis=0)

    def predict_proba(self, X: Any) -> np.ndarray:
        """P(component | x), shape (samples, components)."""
        return self._responsibilities(X).T

    def fit_predict(self, X: Any, y: Any = None, sample_weight: Any = None) -> np.ndarray:
        """Fits, and returns the most likely component of each row of X. y is ignored."""
        return self.fit(X, sample_weight=sample_weight).predict(X)

    def _responsibilities(self, X):
        X = self._check(X)
        return self.expect(X, **self._learned_parameters())[1]

    def sample(self, n_samples: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """Random rows of the fitted density, and the component of each, in their order."""
        rng = generator(self.random_state)
        counts = rng.multinomial(n_samples, self.weights_)
        K, d = self.means_.shape
        L = np.linalg.cholesky(gaussians.matrices(self.covariance_type, self.covariances_, K, d))
        components = np.repeat(np.arange(K), counts)
        z = np.split(rng.standard_normal((n_samples, d)), np.cumsum(counts)[:-1])
        rows = [mean + part @ root.T for mean, part, root in zip(self.means_, z, L, strict=True)]
        return np.concatenate(rows), components


def _one_row_each(rows, n):
    """Responsibilities of components that each have one row."""
    return (rows[:, None] == np.arange(n)).astype(float)
