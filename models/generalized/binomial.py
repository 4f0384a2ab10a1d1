"""Binomial regression: how often of n trials, as in logistic regression with grouped data.

Source: P. McCullagh, J. Nelder, Generalized Linear Models, 2nd edition (1989), chapter 4.
"""

import numpy as np

from models.foundation import integer, learned, targets
from models.generalized.exponential_family import ExponentialFamily, x_log_x
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.ops import softplus


class BinomialRegressor(ExponentialFamily):
    """y ~ Binomial(n, π) successes in n trials, with ln(π / (1 - π)) = η = x·w + b.

        L(w, b) = Σ_i s_i (n_i ln(1 + exp η_i) - y_i η_i) / Σ s n + α ‖w‖² / 2,      s the sample weights

    Of each trial, A(θ) = ln(1 + exp θ); the link is canonical and Var(y / n) = π (1 - π) / n.

    y is (samples,), the successes of `n_trials` trials each; or (samples, 2), successes and failures. predict
    gives the expected successes of n_trials_ trials, or of one trial if y has failures.
    """

    y_at_least = 0
    twin = ""

    n_trials: int | None = integer(
        None, at_least=1, doc="n of every row; None is the largest y, or given by the failures"
    )

    n_trials_: float = learned("n that predict assumes")

    def _read_targets(self, y, samples):
        given = y if hasattr(y, "shape") else np.asarray(y, dtype=object)
        if len(given.shape) == 2 and given.shape[1] == 2:
            return np.stack(
                [targets.numbers(c, samples, self) for c in np.asarray(given).T], axis=1
            )
        return super()._read_targets(y, samples)

    def _read(self, X, y, sample_weight, more=False):
        data = super()._read(X, y, sample_weight, more)
        largest = 1 if data["y"].ndim == 2 else data["y"].max()
        self.n_trials_ = self.n_trials or float(largest) or 1.0
        data["y"], data["weight"] = self._by_trial(data["y"], data["weight"])
        return data

    def _by_trial(self, y, weight):
        """The fraction of successes of each row, and the weight of its trials."""
        if y.ndim == 2:
            n = y.sum(axis=1)
            if not n.any():
                what = (
                    "BinomialRegressor: no row has a trial, every y is 0 successes and 0 failures."
                )
                raise refusal(ValueError, what, "rows with successes or failures")
            return y[:, 0] / np.where(n > 0, n, 1), weight * n
        if y.max() > self.n_trials_:
            what = f"BinomialRegressor: y has {y.max():g} successes in {self.n_trials_:g} trials."
            raise refusal(
                ValueError, what, "a larger n_trials, or y with columns (successes, failures)"
            )
        return y / self.n_trials_, weight * self.n_trials_

    def log_partition(self, θ):
        return softplus(θ)

    def conjugate(self, μ):
        return x_log_x(μ) + x_log_x(1 - μ)

    def _predict(self, X):
        return self.n_trials_ * self._mean_of(X)
