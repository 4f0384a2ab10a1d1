"""Gaussian processes beside scikit-learn's: seconds and peak memory to fit, and to predict with error bars.

    python benchmarks/models_gaussian_processes.py

1,000 samples of 3 features; the parameters of the kernel are optimized. The limits are the project's own
goals.
"""

import estimators  # first: it may have to restart Python before NumPy is loaded

import warnings

import numpy as np
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


def main():
    # a length scale of a feature that does not matter goes to its bound
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(0)
    X = rng.normal(size=(SAMPLES, 3))
    y = np.sin(X[:, 0]) + 0.3 * X[:, 1] ** 2 + 0.1 * rng.normal(size=SAMPLES)
    for expression in KERNELS:
        ours = GaussianProcessRegressor(eval(expression, vars(kernels)))
        theirs = Theirs(eval(expression, vars(their_kernels)))
        title = f"GaussianProcessRegressor, {expression}"
        estimators.compare(title, 1.0, (ours, theirs), lambda m: m.fit(X, y), rounds=5, budget=60)
        found = [model.log_marginal_likelihood_value_ for model in (ours, theirs)]
        print(f"  ln p(y): {found[0]:.7g}, scikit-learn {found[1]:.7g}")
        estimators.compare(
            "  predictions with error bars", None, (ours, theirs),
            lambda m: m.predict(X, return_std=True), rounds=10,
        )  # fmt: skip


if __name__ == "__main__":
    main()
