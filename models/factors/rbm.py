"""The restricted Boltzmann machine: binary data explained by hidden binary units.

Source: G. Hinton, Training products of experts by minimizing contrastive divergence (2002);
T. Tieleman, Training restricted Boltzmann machines using approximations to the likelihood gradient (2008).
"""

from dataclasses import KW_ONLY
from typing import Any

import numpy as np

from models.foundation import Transformer, integer, learned, positive, seed
from models.foundation.incremental import Incremental
from models.foundation.iterate import Trace
from models.foundation.randomness import generator
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.ops import log_sigmoid, sigmoid, softplus


class BernoulliRBM(Incremental, Transformer):
    """p(v) ∝ e^-F(v) of v in {0, 1}, with the free energy  F(v) = -b·v - Σ_j softplus(c_j + w_j·v).

        ∂ ln p(v) / ∂θ = -∂F(v)/∂θ + E_p[∂F(v')/∂θ]

    The expectation is approximated by a few samples v' of the model, which Gibbs steps move on from batch to
    batch (stochastic maximum likelihood, or persistent contrastive divergence). Each step follows the
    gradient of `contrast`, in which the samples are constants. `step` has it as a formula.

    `score_samples` is the pseudo-likelihood Σ_i ln p(v_i | the others), exactly; scikit-learn estimates
    it by one random i per row.
    """

    does_not_apply = {
        "test_its_twin_gives_the_same_answers": "its random numbers are others; tests/models/factors",
        "test_more_groups_or_neighbors_than_samples": "it may have more hidden units than rows",
    }
    checked_with = {"n_components": 8}

    n_components: int = integer(256, at_least=1, doc="number of hidden units")
    _: KW_ONLY
    learning_rate: float = positive(0.1, doc="factor of the mean gradient of a batch")
    batch_size: int = integer(10, at_least=1, doc="rows per step, and number of samples v'")
    n_iter: int = integer(10, at_least=0, doc="number of passes over the rows")
    verbose: int = integer(0, at_least=0, doc="1 or more prints a line per pass")
    random_state: Any = seed()

    components_: np.ndarray = learned("W: (n_components, features)")
    intercept_hidden_: np.ndarray = learned("c: (n_components,)")
    intercept_visible_: np.ndarray = learned("b: (features,)")
    h_samples_: np.ndarray = learned("hidden units of the samples: (batch_size, n_components)")
    trace_: Trace = learned("-(mean pseudo-likelihood of the first 100 rows) after each pass")

    def free_energy(self, v, W, b, c):
        """F of each row of v."""
        return -(v @ b) - softplus(v @ W.T + c).sum(axis=1)

    def contrast(self, v, v_model, W, b, c):
        """(Σ F(v) - Σ F(v')) / n of n rows v of data and samples v' of the model: least at the data."""
        data, model = (self.free_energy(rows, W, b, c).sum() for rows in (v, v_model))
        return (data - model) / len(v)

    def step(self, v, v_model):
        """-∇ of `contrast` for W, b and c, and P(h = 1 | v')."""
        W, c = self.components_, self.intercept_hidden_
        h, h_model = sigmoid(v @ W.T + c), sigmoid(v_model @ W.T + c)
        dW = (h.T @ v - h_model.T @ v_model) / len(v)
        db = (v.sum(axis=0) - v_model.sum(axis=0)) / len(v)
        dc = (h.sum(axis=0) - h_model.sum(axis=0)) / len(v)
        return (dW, db, dc), h_model

    def _fit(self, X):
        self._begin(X)
        self.trace_ = Trace.of(self)
        for iteration in range(1, self.n_iter + 1):
            for rows in np.array_split(X, -(-len(X) // self.batch_size)):
                self._learn_from(rows)
            self._require_finite(X)
            self.trace_(iteration, -float(self._score_samples(X[:100]).mean()))
            if self.trace_.keeps_states:
                self.trace_.keep(
                    components_=self.components_,
                    intercept_hidden_=self.intercept_hidden_,
                    intercept_visible_=self.intercept_visible_,
                )

    def _partial_fit(self, X):
        if "components_" not in vars(self):
            self._begin(X)
        self._learn_from(X)
        self._require_finite(X)

    def _begin(self, X):
        k, features = self.n_components, X.shape[1]
        self._rng_ = generator(self.random_state)
        self.components_ = self._rng_.normal(0, 0.01, (k, features))
        self.intercept_hidden_, self.intercept_visible_ = np.zeros(k), np.zeros(features)
        self.h_samples_ = np.zeros((self.batch_size, k))

    @np.errstate(over="ignore", invalid="ignore")  # weights that are not finite are refused
    def _learn_from(self, v):
        v_model = self._sample_visible(self.h_samples_)
        (dW, db, dc), h_model = self.step(v, v_model)
        self.components_ = self.components_ + self.learning_rate * dW
        self.intercept_visible_ = self.intercept_visible_ + self.learning_rate * db
        self.intercept_hidden_ = self.intercept_hidden_ + self.learning_rate * dc
        self.h_samples_ = self._draw(h_model)

    def _draw(self, p):
        return (self._rng_.random(p.shape) < p).astype(np.float64)

    def _sample_visible(self, h):
        return self._draw(sigmoid(h @ self.components_ + self.intercept_visible_))

    def gibbs(self, v: Any) -> np.ndarray:
        """A sample of h given v, then one of v given h, for each row of v."""
        v = self._check(v)
        return self._sample_visible(self._draw(self._transform(v))) > 0

    def _transform(self, X):
        """P(h = 1 | v) of each row."""
        return sigmoid(X @ self.components_.T + self.intercept_hidden_)

    def score_samples(self, X: Any) -> np.ndarray:
        """The pseudo-likelihood Σ_i ln p(v_i | the other v) of each row of X, shape (samples,)."""
        return self._score_samples(self._check(X))

    def _score_samples(self, X):
        """ln p(v_i | the others) = ln σ(F(v with the other v_i) - F(v)), for each i in turn."""
        W, b, total = self.components_, self.intercept_visible_, np.zeros(len(X))
        at = X @ W.T + self.intercept_hidden_
        here = softplus(at).sum(axis=1)
        for i, v in enumerate(X.T):
            change = 1 - 2 * v
            there = softplus(at + change[:, None] * W[:, i]).sum(axis=1)
            total += log_sigmoid(here - there - change * b[i])
        return total

    def _require_finite(self, X):
        learned = (self.components_, self.intercept_hidden_, self.intercept_visible_)
        if not all(np.isfinite(part).all() for part in learned):
            what = f"BernoulliRBM is for values from 0 to 1; those of X, up to {np.abs(X).max():.3g}, give "
            raise refusal(
                ValueError, what + "weights that are not finite.", "X / X.max(), or X > 0"
            )
