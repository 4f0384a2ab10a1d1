"""Two estimators side by side: seconds of a call, and the peak of what it allocates.

`timing` times any tasks; this is for a model and its twin in another library, which all benchmarks of
`models` compare.
"""

import timing  # first: it may have to restart Python before NumPy is loaded

import tracemalloc

import numpy as np
from sklearn.datasets import make_classification

import models

OURS = "tinygrad_edu"


def classes(number, samples=20_000, features=50):
    """X and labels: normally distributed features, of which 20 tell the classes apart."""
    return make_classification(
        samples, features, n_informative=20, n_redundant=0, n_classes=number, n_clusters_per_class=1,
        random_state=0,
    )  # fmt: skip


def groups(number, samples=20_000, features=50):
    """Points that are normally distributed around so many centers."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, number, samples)
    return rng.normal(size=(samples, features)) + rng.normal(size=(number, features))[labels]


def both(theirs, **settings):
    """A model of this project and its twin, found by the name of their class, with the same settings."""
    return getattr(models, theirs.__name__)(**settings), theirs(**settings)


def compare(title, limit, pair, work, peer="scikit-learn", rounds=15, budget=10):
    """Prints the best times of work(model) for ours and theirs, and the peak memory of both.

    limit   the largest ratio of their times, or None
    """
    ours, theirs = pair
    works = {OURS: lambda: work(ours), peer: lambda: work(theirs)}
    best = timing.interleave(works, rounds=rounds, budget=budget)
    timing.report(title, best, OURS, limit and {peer: limit})
    peaks = {name: peak(each) for name, each in works.items()}
    print(f"  peak memory: {peaks[OURS]:.1f} MB, {peer} {peaks[peer]:.1f} MB")


def fits(title, limit, theirs, *data, rounds=15, budget=10, **settings):
    """Compares the fits of `both` to the same data, and returns the fitted models."""
    pair = both(theirs, **settings)
    compare(title, limit, pair, lambda model: model.fit(*data), rounds=rounds, budget=budget)
    return pair


def peak(work):
    """MB that Python and NumPy allocate at most during a call; what compiled code allocates is not seen."""
    tracemalloc.start()
    work()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most / 1e6
