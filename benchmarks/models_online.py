"""Online models beside scikit-learn's: seconds and peak memory of three rounds over the samples.

    python benchmarks/models_online.py

20,000 samples, 50 features, 2 classes. A step for each sample is a loop in Python here, and one in compiled
code there: these ratios are the price of a loop that can be read. Limits are the state when it was written.
"""

import tracemalloc
import warnings

import timing  # may restart Python without a setting that slows NumPy down
from sklearn import linear_model
from sklearn.datasets import make_classification

import models

SAMPLES, FEATURES = 20_000, 50
LIMIT = 15.0


def peak(work):
    """The peak of allocated memory during a call, in MB."""
    tracemalloc.start()
    work()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most / 1e6


def main():
    warnings.simplefilter("ignore")  # three rounds are too few to converge
    X, y = make_classification(SAMPLES, FEATURES, n_informative=20, random_state=0)
    rounds = {"max_iter": 3, "tol": None, "random_state": 0}
    for name, settings in {
        "SGDClassifier": {},
        "SGDClassifier, log_loss": {"loss": "log_loss"},
        "SGDRegressor": {},
        "Perceptron": {},
    }.items():
        kind = name.partition(",")[0]
        both = {"tinygrad_edu": models, "scikit-learn": linear_model}
        fits = {}
        for library, module in both.items():
            model = getattr(module, kind)(**rounds, **settings)
            fits[library] = lambda m=model: m.fit(X, y)
        best = timing.interleave(fits, rounds=5, budget=10)
        timing.report(f"{name}, 3 rounds", best, "tinygrad_edu", {"scikit-learn": LIMIT})
        peaks = [peak(fit) for fit in fits.values()]
        print(f"  peak memory: {peaks[0]:.1f} MB, scikit-learn {peaks[1]:.1f} MB")


if __name__ == "__main__":
    main()
