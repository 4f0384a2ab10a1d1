"""The linear models beside scikit-learn's: seconds to fit, peak memory of a fit, and agreement.

    python benchmarks/models_linear.py

20,000 samples, 50 features. Both libraries fit the same arrays with the same settings. The limits are the
project's own goals.
"""

import tracemalloc

import numpy as np
import timing  # may restart Python without a setting that slows NumPy down
from sklearn import linear_model

import models

SAMPLES, FEATURES = 20_000, 50
# name -> (settings, limit of the ratio of times, or None)
CASES = {
    "LinearRegression": ({}, 0.3),
    "Ridge": ({}, 0.3),
    "Lasso": ({"alpha": 0.1}, 0.6),
    "ElasticNet": ({"alpha": 0.1}, 0.6),
    "LassoLars": ({"alpha": 0.1}, None),
    "OrthogonalMatchingPursuit": ({}, None),
    "BayesianRidge": ({}, None),
    "RidgeCV": ({}, None),
    "LassoCV": ({"alphas": 30}, None),
}


def peak(fit):
    """The most memory that Python and NumPy take during a fit, in MB."""
    tracemalloc.start()
    fit()
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found / 1e6


def main():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(SAMPLES, FEATURES))
    y = X @ rng.normal(size=FEATURES) + rng.normal(size=SAMPLES)
    for name, (settings, limit) in CASES.items():
        ours, theirs = getattr(models, name)(**settings), getattr(linear_model, name)(**settings)
        works = {
            "tinygrad_edu": lambda m=ours: m.fit(X, y),
            "scikit-learn": lambda m=theirs: m.fit(X, y),
        }
        best = timing.interleave(works, rounds=15, budget=6)
        timing.report(name, best, "tinygrad_edu", limit and {"scikit-learn": limit})
        memory = [peak(work) for work in works.values()]
        print(f"  peak memory {memory[0]:.1f} MB, scikit-learn {memory[1]:.1f} MB")
        far = np.abs(ours.coef_ - theirs.coef_).max() / np.abs(theirs.coef_).max()
        print(f"  largest difference of weights, relative: {far:.1e}")


if __name__ == "__main__":
    main()
