"""Latent Dirichlet allocation.

Source: D. Blei, A. Ng, M. Jordan, Latent Dirichlet allocation (2003); M. Hoffman, D. Blei, F. Bach, Online
learning for latent Dirichlet allocation (2010).
"""

from typing import Any

import numpy as np

from models.foundation import (
    Transformer,
    boolean,
    choice,
    integer,
    learned,
    nonnegative,
    number,
    positive,
    seed,
)
from models.foundation.incremental import Incremental
from models.foundation.iterate import Trace
from models.foundation.randomness import generator
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.ops import digamma, lgamma


class LatentDirichletAllocation(Incremental, Transformer):
    """Documents as mixtures of topics: counts x_dw of words, θ_d ~ Dirichlet(α), topics β_k ~ Dirichlet(η).

    Variational Bayes with q(θ_d) = Dirichlet(γ_d) and q(β_k) = Dirichlet(λ_k) (Hoffman 2-5):

        φ_dwk ∝ exp(E log θ_dk + E log β_kw)      γ_dk = α + Σ_w x_dw φ_dwk      λ_kw = η + Σ_d x_dw φ_dwk

    "batch" repeats this for all documents. "online" takes a batch of documents at a time, of D in all, and
    moves λ towards it, by ρ_t = (τ₀ + t)^-κ (6-7). All documents of a batch are updated at once.
    """

    nonnegative_X = True
    overcomplete = True
    twin = ""  # the random start decides which topics are found; the tests compare the steps

    n_components: int = integer(10, at_least=1, doc="number of topics")
    doc_topic_prior: float | None = positive(None, doc="α; None for 1 / n_components")
    topic_word_prior: float | None = positive(None, doc="η; None for 1 / n_components")
    learning_method: str = choice("batch", "online", doc="all documents at a time, or batches")
    learning_decay: float = number(0.7, at_least=0, at_most=1, doc="κ")
    learning_offset: float = number(10.0, at_least=1, doc="τ₀")
    max_iter: int = integer(10, at_least=1, doc="number of passes over the documents")
    batch_size: int = integer(128, at_least=1, doc="documents in a batch, for 'online'")
    evaluate_every: int = integer(
        -1, at_least=-1, doc="passes between tests of perplexity; 0 or -1: none"
    )
    total_samples: float = positive(1e6, doc="D, for partial_fit")
    perp_tol: float = nonnegative(0.1, doc="stop when the perplexity changes by less")
    mean_change_tol: float = nonnegative(
        1e-3, doc="stop the updates of a document when γ moves by less"
    )
    max_doc_update_iter: int = integer(
        100, at_least=1, doc="largest number of updates of a document"
    )
    n_jobs: int | None = integer(None, doc="no effect: NumPy's matrix products use all cores")
    verbose: Any = boolean(False, doc="no effect") | integer(at_least=0)
    random_state: Any = seed()

    components_: np.ndarray = learned("λ: (topics, words)")
    exp_dirichlet_component_: np.ndarray = learned("exp E log β: (topics, words)")
    doc_topic_prior_: float = learned("α")
    topic_word_prior_: float = learned("η")
    n_batch_iter_: int = learned("number of batches, t")
    n_iter_: int = learned("number of passes")
    trace_: Trace = learned(
        "of a fit in `with traced():` perplexity and components_ after every pass"
    )
    bound_: float = learned("perplexity of the training data")

    def _fit(self, X):
        rng = self._start(X)
        online = self.learning_method == "online"
        size = self.batch_size if online else len(X)
        before, trace = np.inf, Trace.of(self)
        for self.n_iter_ in range(1, self.max_iter + 1):  # noqa: B020
            for first in range(0, len(X), size):
                self._learn_batch(X[first : first + size], len(X), rng, online)
            if trace.keeps_states:
                trace(self.n_iter_, self._perplexity(X))
                trace.keep(
                    components_=self.components_,
                    exp_dirichlet_component_=self.exp_dirichlet_component_,
                )
            if self.evaluate_every > 0 and self.n_iter_ % self.evaluate_every == 0:
                now = self._perplexity(X)
                if abs(before - now) < self.perp_tol:
                    break
                before = now
        if trace:
            self.trace_ = trace
        self.bound_ = self._perplexity(X)

    def _partial_fit(self, X):
        begun = "components_" in vars(self)
        rng = generator(self.random_state) if begun else self._start(X)
        for first in range(0, len(X), self.batch_size):
            self._learn_batch(X[first : first + self.batch_size], self.total_samples, rng, True)
        self.n_iter_ = vars(self).get("n_iter_", 0) + 1
        self.bound_ = self._perplexity(X)

    def _start(self, X):
        if X.max() > 1e100:
            what = f"the largest count in X is {X.max():.1e}."
            raise refusal(ValueError, what, "counts of words")
        k = self.n_components
        self.doc_topic_prior_ = self.doc_topic_prior or 1 / k
        self.topic_word_prior_ = self.topic_word_prior or 1 / k
        rng = generator(self.random_state)
        self._set_topics(rng.gamma(100.0, 0.01, (k, X.shape[1])))
        self.n_batch_iter_ = 1
        return rng

    def _set_topics(self, λ):
        self.components_ = λ
        self.exp_dirichlet_component_ = np.exp(expected_log(λ))

    def _learn_batch(self, X, total, rng, online):
        start = rng.gamma(100.0, 0.01, (len(X), self.n_components))
        θ, B = np.exp(expected_log(self._topics_of(X, start))), self.exp_dirichlet_component_
        counts = B * (θ.T @ (X / (θ @ B + np.finfo(float).eps)))
        λ = self.topic_word_prior_ + counts
        if online:
            ρ = (self.learning_offset + self.n_batch_iter_) ** -self.learning_decay
            λ = (1 - ρ) * self.components_ + ρ * (self.topic_word_prior_ + total / len(X) * counts)
        self._set_topics(λ)
        self.n_batch_iter_ += 1

    def _topics_of(self, X, γ):
        """γ of every document, from this start; those that have arrived are left alone."""
        B, γ = self.exp_dirichlet_component_, γ.copy()
        moving = np.arange(len(X))
        for _ in range(self.max_doc_update_iter):
            θ = np.exp(expected_log(γ[moving]))
            shares = X[moving] / (θ @ B + np.finfo(float).eps)
            new = self.doc_topic_prior_ + θ * (shares @ B.T)
            moves = np.abs(new - γ[moving]).mean(axis=1)
            γ[moving] = new
            moving = moving[moves >= self.mean_change_tol]
            if not len(moving):
                break
        return γ

    def _transform(self, X):
        γ = self._topics_of(X, np.ones((len(X), self.n_components)))
        return γ / γ.sum(axis=1, keepdims=True)

    def _names_out(self, names):
        return [f"latentdirichletallocation{i}" for i in range(self.n_components)]

    def score(self, X: Any, y: Any = None) -> float:
        """The variational bound of log p(X). y is ignored: pipelines pass it."""
        return self._bound(self._check(X))

    def perplexity(self, X: Any) -> float:
        """exp(-bound / number of words): lower is better."""
        return self._perplexity(self._check(X))

    def _perplexity(self, X):
        return float(np.exp(np.minimum(-self._bound(X) / max(X.sum(), 1e-300), 700)))

    def _bound(self, X):
        α, η, λ = self.doc_topic_prior_, self.topic_word_prior_, self.components_
        γ = self._topics_of(X, np.ones((len(X), self.n_components)))
        words = np.exp(expected_log(γ)) @ self.exp_dirichlet_component_
        at = X > 0
        likelihood = (X[at] * np.log(np.maximum(words[at], np.finfo(float).tiny))).sum()
        return float(likelihood - dirichlet_distance(γ, α) - dirichlet_distance(λ, η))


def expected_log(γ):
    """E log θ of θ ~ Dirichlet(γ), for every row."""
    return digamma(γ) - digamma(γ.sum(axis=1, keepdims=True))


def dirichlet_distance(γ, α):
    """KL(Dirichlet(γ) ‖ Dirichlet(α, …, α)), the sum over rows."""
    k = γ.shape[1]
    rows = lgamma(γ.sum(axis=1)) - lgamma(γ).sum(axis=1) - lgamma(k * α) + k * lgamma(α)
    return float((rows + ((γ - α) * expected_log(γ)).sum(axis=1)).sum())
