"""t-SNE: t-distributed stochastic neighbor embedding.

Source: L. van der Maaten, G. Hinton, Visualizing data using t-SNE (2008).
"""

from typing import Any

import numpy as np

from models.embeddings.bisection import bisect
from models.embeddings.distances import distances, power_of_two
from models.embeddings.embedding import Embedding, given_start, principal_components
from models.embeddings.gains import descend
from models.embeddings.kl_gradient import KLGradient
from models.foundation import array, choice, integer, learned, nonnegative, number, positive
from tinygrad_edu.diagnostics.words import refusal

EXPLORATION = 250  # steps with early exaggeration


class TSNE(Embedding):
    """Points whose neighbors are likely the neighbors of the rows: the least  KL(P ‖ Q) = Σ p ln(p / q).

        p_j|i ∝ e^(-β_i ‖x_i - x_j‖²),  p_ij = (p_j|i + p_i|j) / 2n          (equations 1, 12)
        q_ij ∝ (1 + d_ij² / ν)^(-(ν+1)/2),  ν = max(n_components - 1, 1)     (equation 4, where ν = 1)

    β_i is such that row i has `perplexity` neighbors, in the sense that p_·|i has the entropy ln perplexity.
    For ν = 1, ∂KL/∂y_i = 4 Σ_j (p_ij - q_ij)(y_i - y_j) / (1 + d_ij²), equation 5, which the engine derives
    from `loss`. `KLGradient` has it as a formula, for speed.

    The gradient is always exact: O(n²) in time and memory, for some thousand rows. method="barnes_hut",
    scikit-learn's default, names an approximation of it by trees; here it is "exact", and `angle` has no
    effect. For three dimensions and more, scikit-learn's gradient is not that of its loss: it has
    (1 + d²/ν)^(-(ν+1)/2) where the derivative has 1 / (1 + d²/ν).
    """

    twin_settings = {"method": "exact"}
    checked_with = {"perplexity": 2, "max_iter": 300}

    n_components = 2
    perplexity: float = positive(30.0, doc="effective number of neighbors, below that of the rows")
    early_exaggeration: float = number(
        12.0, at_least=1, doc=f"factor of P in {EXPLORATION} first steps"
    )
    learning_rate: Any = (
        choice("auto", doc="'auto': max(n / early_exaggeration / 4, 50)") | positive()
    )
    max_iter: int = integer(1000, at_least=1, doc="largest number of steps")
    n_iter_without_progress: int = integer(300, at_least=-1, doc="stop after so many such steps")
    min_grad_norm: float = nonnegative(1e-7, doc="stop if the norm of the gradient is below this")
    init: Any = choice("pca", "random", doc="the first points, of size 1e-4, or given") | array()
    method: str = choice("exact", "barnes_hut", doc="both are exact here")
    angle: float = number(0.5, at_least=0, at_most=1, doc="no effect: for scikit-learn's trees")
    solver: str = choice("gains", "lbfgs", "cg", doc="'gains': with momentum, as in the paper")

    kl_divergence_: float = learned("KL(P ‖ Q) of the points")
    learning_rate_: float = learned("the learning rate that was used")

    def loss(self, P, Y, exaggeration=1.0):
        """KL(P ‖ Q) = Σ p ln p + α (ν+1)/2 Σ p ln(1 + d²/ν) + ln Σ (1 + d²/ν)^(-(ν+1)/2).

        The second term attracts, the third repels. Exaggeration α > 1 attracts more.
        """
        ν = max(self.n_components - 1, 1)
        i, j = np.triu_indices(len(P), 1)
        log1p = np.log1p(((Y[i] - Y[j]) ** 2).sum(axis=1) / ν)
        p = 2 * P[i, j]
        attraction = (ν + 1) / 2 * (p @ log1p)
        repulsion = np.log(2 * np.exp(-(ν + 1) / 2 * log1p).sum())
        entropy = np.vdot(P, np.log(np.where(P > 0, P, 1)))  # 0 ln 0 = 0
        return entropy + exaggeration * attraction + repulsion

    def gradient(self, P):
        """(Y, exaggeration) -> the loss and its gradient, by the formula."""
        return KLGradient(P, max(self.n_components - 1, 1))

    def _fit(self, X):
        n, name = len(X), type(self).__name__
        rng = self._begin(n)
        if self.perplexity >= n:
            what = (
                f"perplexity ({self.perplexity}) must be less than n_samples ({n}): n_samples={n}."
            )
            raise refusal(ValueError, what, f"{name}(perplexity={max(1, n // 4)}), and more rows")
        gradient = self.gradient(self.pairs(X))
        Y = self._start(X, rng)
        auto = max(n / self.early_exaggeration / 4, 50)
        self.learning_rate_ = auto if self.learning_rate == "auto" else self.learning_rate
        run = self._by_gains if self.solver == "gains" else self._by_line_search
        self.embedding_, self.n_iter_ = run(gradient, Y)
        self.kl_divergence_, _ = gradient(self.embedding_)

    def pairs(self, X):
        """P, (n, n): symmetric, with a diagonal of 0 and the sum 1."""
        D = distances(X, self.metric, self.metric_params)
        D /= power_of_two(D.max(initial=0))
        D *= D
        P = neighbor_probabilities(D, self.perplexity)
        P += P.T.copy()
        P /= P.sum()
        return P

    def _start(self, X, rng):
        shape = len(X), self.n_components
        if not isinstance(self.init, str):
            return given_start(self.init, *shape, type(self).__name__)
        if self.init == "random":
            return 1e-4 * rng.standard_normal(shape)
        if self.metric == "precomputed":
            what = 'The parameter init="pca" cannot be used with metric="precomputed".'
            raise refusal(ValueError, what, "TSNE(init='random')")
        X = X / power_of_two(np.abs(X).max())
        Y = principal_components(X, self.n_components, type(self).__name__)
        return 1e-4 * Y / (Y[:, 0].std() or 1)

    def _by_gains(self, gradient, Y):
        same: Any = {"rate": self.learning_rate_, "min_grad_norm": self.min_grad_norm}
        Y, done, _ = descend(
            lambda Y, value: gradient(Y, self.early_exaggeration, value), Y, self.trace_, momentum=0.5,
            steps=range(min(EXPLORATION, self.max_iter)), **same,
        )  # fmt: skip
        if done < self.max_iter:
            Y, done, _ = descend(
                lambda Y, value: gradient(Y, 1.0, value), Y, self.trace_, momentum=0.8,
                steps=range(done, self.max_iter), patience=self.n_iter_without_progress, **same,
            )  # fmt: skip
        return Y, done

    def _by_line_search(self, gradient, Y):
        """Without exaggeration, whose exact minimum may be a single point."""
        tol = self.min_grad_norm
        found = self.by_line_search(self.solver, gradient, Y, max_iter=self.max_iter, tol=tol)
        return found.point, max(found.iterations, 1)


def neighbor_probabilities(D: np.ndarray, perplexity: float, tol: float = 1e-5) -> np.ndarray:
    """p_j|i ∝ e^(-β_i D_ij) with the entropy ln(perplexity) ± tol in every row i; D: squared distances."""
    D = D.copy()
    np.fill_diagonal(D, 1e200)  # no row is its own neighbor
    D -= D.min(axis=1, keepdims=True)  # p stays, and does not underflow

    def lack(β, rows):
        d = D if len(rows) == len(D) else D[rows]
        p = np.exp(-β[:, None] * d)
        total = p.sum(axis=1)
        return np.log(total) + β * np.einsum("ij,ij->i", p, d) / total - np.log(perplexity)

    D *= -bisect(lack, len(D), tol)[:, None]
    P = np.exp(D, out=D)
    P /= P.sum(axis=1, keepdims=True)
    return P
