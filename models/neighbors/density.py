"""Kernel density estimation.

Source: E. Parzen, On estimation of a probability density function and mode, Ann. Math. Stat. 33 (1962);
B. Silverman, Density Estimation for Statistics and Data Analysis (1986), sections 4.2 and 4.3.
"""

from math import lgamma, log, pi
from typing import Any

import numpy as np

from models.foundation import (
    Density,
    boolean,
    choice,
    integer,
    learned,
    mapping,
    nonnegative,
    positive,
)
from models.foundation.lloyd import squares
from models.foundation.randomness import generator
from models.neighbors.brute import BLOCK
from models.neighbors.distances import NAMES, distances, metric_of
from models.neighbors.search import Search
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.ops import logsumexp

UNBOUNDED = ("gaussian", "exponential")  # kernels that are never 0


class KernelDensity(Density):
    """p(x) = Σ_i w_i K(‖x - x_i‖ / h) / (N h^d Z),   N = Σ w,  d features,  h the bandwidth

    with K(r) = exp(-r²/2) "gaussian", exp(-r) "exponential"; and for r < 1, otherwise 0: 1 "tophat", 1 - r²
    "epanechnikov", 1 - r "linear", cos(π r / 2) "cosine". Z is the integral of K over all of space.

    bandwidth="scott" is n^(-1/(d + 4)), "silverman" (n (d + 2) / 4)^(-1/(d + 4)).

    The sum is exact: algorithm, leaf_size, atol, rtol and breadth_first do not change it. For "cosine" and an
    even number of features scikit-learn's Z is wrong: its p does not integrate to 1.
    """

    bandwidth: Any = positive(1.0) | choice("scott", "silverman", doc="h, or a rule for it")
    algorithm: str = choice("auto", "kd_tree", "ball_tree", doc="no effect: the sum is exact")
    kernel: str = choice(
        "gaussian", "tophat", "epanechnikov", "exponential", "linear", "cosine", doc="K"
    )
    metric: Any = choice(
        "euclidean", *(n for n in NAMES if n not in ("euclidean", "precomputed", "nan_euclidean")),
        doc="the distance; Z is that of the Euclidean one",
    )  # fmt: skip
    atol: float = nonnegative(0, doc="no effect: the sum is exact")
    rtol: float = nonnegative(0, doc="no effect: the sum is exact")
    breadth_first: bool = boolean(True, doc="no effect")
    leaf_size: int = integer(40, at_least=1, doc="about how many rows a leaf of a tree has")
    metric_params: Any = choice(None) | mapping(doc="parameters of the distance")

    bandwidth_: float = learned("h")

    def _fit(self, X, weight):
        n, d = X.shape
        rules = {"scott": n, "silverman": n * (d + 2) / 4}
        if isinstance(self.bandwidth, str):
            self.bandwidth_ = float(rules[self.bandwidth] ** (-1 / (d + 4)))
        else:
            self.bandwidth_ = self.bandwidth
        self._search_ = Search(X, self.metric, "auto", self.leaf_size, self.metric_params)
        self._metric_ = metric_of(self.metric, X, self.metric_params)
        self._rows_, self._weight_ = self._metric_.prepare(X), weight

    def _score_samples(self, X):
        h, d = self.bandwidth_, X.shape[1]
        found, rows = np.empty(len(X)), max(1, BLOCK // 4 // len(self._rows_))
        total = self._sum_over_all if self.kernel in UNBOUNDED else self._sum_over_near
        with np.errstate(over="ignore", divide="ignore"):
            for start in range(0, len(X), rows):
                found[start : start + rows] = total(X[start : start + rows])
        return found - log(self._weight_.sum()) - d * log(h) - log_integral(self.kernel, d)

    def _sum_over_all(self, X):
        """log Σ w K(r / h)"""
        D = distances(self._metric_.prepare(X), self._rows_, self._metric_)
        D /= self.bandwidth_
        return logsumexp(log_kernel(D, self.kernel) + np.log(self._weight_), axis=1)

    def _sum_over_near(self, X):
        """The same for kernels that are 0 beyond the bandwidth."""
        starts, numbers, r = self._search_.within(X, self.bandwidth_)
        K = self._weight_[numbers] * np.exp(log_kernel(r / self.bandwidth_, self.kernel))
        row = np.repeat(np.arange(len(X)), np.diff(starts))
        return np.log(np.bincount(row, K, minlength=len(X)))

    def score(self, X: Any, y: Any = None) -> float:  # type: ignore[override]
        """The sum of log p(x) over the rows of X. y is ignored: pipelines pass it."""
        return float(self.score_samples(X).sum())

    def sample(self, n_samples: int = 1, random_state: Any = None) -> np.ndarray:
        """Rows drawn from p, (n_samples, features); for the kernels "gaussian" and "tophat"."""
        self._require_fit()
        if self.kernel not in ("gaussian", "tophat"):
            what = f"sample knows the kernels 'gaussian' and 'tophat', not {self.kernel!r}."
            raise refusal(NotImplementedError, what, "kernel='gaussian'")
        rng = generator(random_state)
        chances = self._weight_ / self._weight_.sum()
        center = self._search_.X[rng.choice(len(chances), n_samples, p=chances)]
        step = rng.normal(size=center.shape)
        if self.kernel == "tophat":
            # a direction, and a distance for which all of the ball is equally likely
            step /= np.sqrt(squares(step))[:, None]
            step *= rng.random((n_samples, 1)) ** (1 / center.shape[1])
        return center + self.bandwidth_ * step


def log_kernel(r: np.ndarray, kernel: str) -> np.ndarray:
    """log K(r)."""
    if kernel == "gaussian":
        return -0.5 * r * r
    if kernel == "exponential":
        return -r
    inside = np.minimum(r, 1)
    K = {
        "tophat": lambda: (r < 1).astype(float),
        "epanechnikov": lambda: 1 - inside * inside,
        "linear": lambda: 1 - inside,
        "cosine": lambda: np.where(r < 1, np.cos(pi / 2 * inside), 0.0),
    }[kernel]()
    return np.log(K)


def log_integral(kernel: str, d: int) -> float:
    """log Z: the integral of K(‖x‖) over d dimensions."""
    ball = d / 2 * log(pi) - lgamma(d / 2 + 1)  # the logarithm of the volume of the unit ball
    if kernel == "gaussian":
        return d / 2 * log(2 * pi)
    if kernel == "exponential":
        return ball + lgamma(d + 1)
    if kernel == "cosine":  # Z = surface · ∫ r^(d-1) cos(π r / 2) dr, by Gauss's formula
        nodes, weights = np.polynomial.legendre.leggauss(64 + d)
        r = (nodes + 1) / 2
        return ball + log(d / 2 * float(weights @ (r ** (d - 1) * np.cos(pi / 2 * r))))
    return ball + {"tophat": 0.0, "epanechnikov": log(2 / (d + 2)), "linear": -log(d + 1)}[kernel]
