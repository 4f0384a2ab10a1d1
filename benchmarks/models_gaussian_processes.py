"""Gaussian processes beside scikit-learn's: seconds and peak memory to fit, and to predict with error bars.

    python benchmarks/models_gaussian_processes.py

1,000 samples of 3 features; the parameters of the kernel are optimized. The limits are the project's own
goals.
"""

import tracemalloc
import warnings

import numpy as np
import timing  # may restart Python without a setting that slows NumPy down
from sklearn.gaussian_process import GaussianProcessRegressor as Theirs
from sklearn.gaussian_process import kernels as their_kernels

from models import GaussianProcessRegressor
from models.gaussian_processes import kernels

SAMPLES = 1000
KERNELS = (
    "ConstantKernel() * RBF() + WhiteKernel(0.5)",
    "ConstantKernel() * RBF([1.0, 1.0, 1.0]) + WhiteKernel(0.5)",
    "Matern(nu=1.5) + WhiteKernel()",
)


def peak(work):
    """The peak of what Python and NumPy allocate, in bytes."""
    tracemalloc.start()
    work()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


def main():
    warnings.simplefilter(
        "ignore"
    )  # a length scale of a feature that does not matter goes to its bound
    rng = np.random.default_rng(0)
    X = rng.normal(size=(SAMPLES, 3))
    y = np.sin(X[:, 0]) + 0.3 * X[:, 1] ** 2 + 0.1 * rng.normal(size=SAMPLES)
    for expression in KERNELS:
        ours = GaussianProcessRegressor(eval(expression, vars(kernels)))
        theirs = Theirs(eval(expression, vars(their_kernels)))
        models = {"tinygrad_edu": ours, "scikit-learn": theirs}
        fits = {name: lambda model=model: model.fit(X, y) for name, model in models.items()}
        best = timing.interleave(fits, rounds=5, budget=60)
        timing.report(
            f"GaussianProcessRegressor, {expression}", best, "tinygrad_edu", {"scikit-learn": 1.0}
        )
        used = {name: peak(fit) / 1e6 for name, fit in fits.items()}
        print(
            f"  peak memory: {used['tinygrad_edu']:.0f} MB, scikit-learn {used['scikit-learn']:.0f} MB"
        )
        found = [model.log_marginal_likelihood_value_ for model in models.values()]
        print(f"  ln p(y): {found[0]:.7g}, scikit-learn {found[1]:.7g}")
        asks = {
            name: lambda model=model: model.predict(X, return_std=True)
            for name, model in models.items()
        }
        timing.report("  predictions with error bars", timing.interleave(asks, 10), "tinygrad_edu")


if __name__ == "__main__":
    main()
