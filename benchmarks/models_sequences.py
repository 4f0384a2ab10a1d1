"""Hidden Markov models beside hmmlearn's: expected counts, and a fit.

    python benchmarks/models_sequences.py

8 states, 10,000 steps. The expected counts come from the backward pass of the engine; by hand they are the
forward-backward algorithm (Rabiner 1989) with two loops of NumPy. hmmlearn's loops are compiled.
"""

import timing  # first: it may have to restart Python before NumPy is loaded

import tracemalloc
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


def peak(work):
    """Largest memory of the arrays of one call, in MB."""
    tracemalloc.start()
    work()
    size = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return size / 1e6


def counts():
    start, log_A, b = recursion.data()
    first = np.arange(STEPS) == 0
    works = {
        "tinygrad_edu": lambda: chain.expected_counts(start, log_A, b, first),
        "by hand": recursion.by_hand(),
    }
    best = timing.interleave(works, rounds=15, budget=20)
    timing.report(
        f"expected counts, {STATES} states, {STEPS:,} steps", best, "tinygrad_edu", {"by hand": 2.0}
    )
    for name, work in works.items():
        print(f"  peak of arrays: {name:<20} {peak(work):8.1f} MB")


def fits():
    from hmmlearn import hmm

    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(STEPS, 4)) + 2 * rng.integers(0, STATES, (STEPS, 1))
    symbols = rng.integers(0, 20, (STEPS, 1))
    for ours, theirs, X in (
        (GaussianHMM, hmm.GaussianHMM, numbers),
        (CategoricalHMM, hmm.CategoricalHMM, symbols),
    ):
        settings = {"n_components": STATES, "n_iter": ROUNDS, "init_params": ""}
        models = {
            "tinygrad_edu": started(ours(tol=0.0, **settings), X),
            "hmmlearn": started(theirs(tol=-1e9, **settings), X),
        }
        works = {
            name: lambda model=model, X=X: started(model, X).fit(X)
            for name, model in models.items()
        }
        best = timing.interleave(works, rounds=5, budget=20)
        timing.report(f"{ours.__name__}, {ROUNDS} rounds", best, "tinygrad_edu")
        scores = [model.score(X) for model in models.values()]
        print(f"  log p(X): {scores[0]:.10g}, hmmlearn {scores[1]:.10g}")
        for name, work in works.items():
            print(f"  peak of arrays: {name:<20} {peak(work):8.1f} MB")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    counts()
    fits()
