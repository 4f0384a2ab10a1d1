"""Hidden Markov models beside hmmlearn's: expected counts, and a fit.

    python benchmarks/models_sequences.py

8 states, 10,000 steps. The expected counts come from the backward pass of the engine; by hand they are the
forward-backward algorithm (Rabiner 1989) with two loops of NumPy. hmmlearn's loops are compiled.
"""

import estimators  # first: it may have to restart Python before NumPy is loaded

import warnings

import numpy as np
import recursion

from models import CategoricalHMM, GaussianHMM
from models.sequences import chain

STATES, STEPS, ROUNDS = 8, 10_000, 3


def started(model, X):
    """The same first parameters for each model."""
    rng = np.random.default_rng(1)
    model.startprob_ = rng.dirichlet(np.ones(STATES))
    model.transmat_ = rng.dirichlet(np.ones(STATES), STATES)
    if "Gaussian" in type(model).__name__:
        model.means_, model.covars_ = X[:STATES].copy(), np.ones((STATES, X.shape[1]))
    else:
        model.emissionprob_ = rng.dirichlet(np.ones(20), STATES)
    return model


def counts():
    start, log_A, b = recursion.data()
    first = np.arange(STEPS) == 0
    pair = lambda: chain.expected_counts(start, log_A, b, first), recursion.by_hand()
    title = f"expected counts, {STATES} states, {STEPS:,} steps"
    estimators.compare(title, 2.0, pair, lambda count: count(), peer="by hand", budget=20)


def fits():
    from hmmlearn import hmm

    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(STEPS, 4)) + 2 * rng.integers(0, STATES, (STEPS, 1))
    symbols = rng.integers(0, 20, (STEPS, 1))
    settings = {"n_components": STATES, "n_iter": ROUNDS, "init_params": ""}
    for ours, theirs, X in (
        (GaussianHMM, hmm.GaussianHMM, numbers),
        (CategoricalHMM, hmm.CategoricalHMM, symbols),
    ):
        pair = ours(tol=0.0, **settings), theirs(tol=-1e9, **settings)
        estimators.compare(
            f"{ours.__name__}, {ROUNDS} rounds", None, pair, lambda m, X=X: started(m, X).fit(X),
            peer="hmmlearn", rounds=5, budget=20,
        )  # fmt: skip
        scores = [model.score(X) for model in pair]
        print(f"  log p(X): {scores[0]:.10g}, hmmlearn {scores[1]:.10g}")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    counts()
    fits()
