"""The hidden Markov model whose steps show one of several symbols.

Source: L. Rabiner, A tutorial on hidden Markov models, Proceedings of the IEEE 77 (1989), section III.
"""

from typing import Any

import numpy as np

from models.foundation import array, integer, learned, nonnegative
from models.sequences.hidden_markov import (
    TINY,
    Distributions,
    HiddenMarkovModel,
    best_distributions,
    letters,
)
from tinygrad_edu.diagnostics.words import refusal


class CategoricalHMM(HiddenMarkovModel):
    """A hidden Markov model with symbols 0 ... M - 1: b(m | j) = B[j, m].

    X has one column, of whole numbers. A round of solver="em" counts the expected symbols of each state
    (Rabiner 40c):

        B[j, m] = Σ_(t: x_t = m) P(z_t = j | X) / Σ_t P(z_t = j | X)

    The names are those of hmmlearn.
    """

    names = ("startprob", "transmat", "emissionprob")

    n_components = 1
    emissionprob_prior: Any = nonnegative(
        1.0, doc="α - 1 is added to the counts of symbols"
    ) | array(at_least=0)
    n_features: int | None = integer(
        None, at_least=1, doc="number M of symbols; None for the largest in X, + 1"
    )
    params: str = letters("ste", doc="which of startprob, transmat, emissionprob are learned")
    init_params: str = letters("ste", doc="which of them start at random, and not at the attribute")

    emissionprob_: np.ndarray = learned("B: (states, symbols)")

    def log_emissions(self, rows, emissionprob):
        """log B[:, x_t] of every step."""
        seen = rows[:, 0].astype(int)
        symbols = emissionprob.shape[1]
        if seen.max() >= symbols:
            what = f"Largest symbol is {seen.max()} but the model only emits symbols up to {symbols - 1}."
            raise refusal(ValueError, what, f"CategoricalHMM(n_features={seen.max() + 1}), and fit")
        with np.errstate(divide="ignore"):
            B = emissionprob
            log_B = np.log(B) if isinstance(B, np.ndarray) else np.log(np.maximum(B, TINY))
        return log_B.T[seen]

    def first_emissions(self, rows, rng):
        symbols = self.n_features or int(rows.max()) + 1
        B = rng.random((self.n_components, symbols))
        return {"emissionprob": B / B.sum(axis=1, keepdims=True)}

    def best_emissions(self, rows, states, emissionprob, **_):
        shown = rows == np.arange(emissionprob.shape[1])
        best = best_distributions(states.T @ shown, self.emissionprob_prior, emissionprob)
        return {"emissionprob": best}

    def log_prior_of_emissions(self, emissionprob):
        log_B = np.log(np.maximum(emissionprob, TINY))
        return ((np.asarray(self.emissionprob_prior) - 1) * log_B).sum()

    def constrained(self, emissionprob, **_):
        return {"emissionprob": Distributions(emissionprob)}

    def draw(self, state, rng):
        return np.array([rng.choice(self.emissionprob_.shape[1], p=self.emissionprob_[state])])

    def width(self):
        return 1

    @classmethod
    def examples(cls, rng):
        """One sequence of three symbols."""
        yield cls(random_state=0), rng.integers(0, 3, (60, 1)), None

    def _read_table(self, X, y=None):
        rows = super()._read_table(X, y)
        if rows.shape[1] != 1:
            what = f"CategoricalHMM reads one column of symbols, and X has shape {rows.shape}."
            raise refusal(ValueError, what, "X.reshape(-1, 1) for one sequence of symbols")
        wrong = (rows < 0) | (rows != np.floor(rows))
        if wrong.any():
            t = int(np.argmax(wrong))
            what = f"Symbols should be nonnegative integers, and X has {rows[t, 0]} in row {t}."
            raise refusal(
                ValueError, what, "numpy.unique(X, return_inverse=True)[1].reshape(-1, 1)"
            )
        return rows
