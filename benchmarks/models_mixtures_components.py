"""Mixtures and components beside scikit-learn's: seconds and peak memory to fit.

    python benchmarks/models_mixtures_components.py

20,000 samples, 50 features. Both libraries train on the same arrays with the same settings. The limits are
the project's own goals.
"""

import estimators  # first: it may have to restart Python before NumPy is loaded

import functools
import warnings

import numpy as np
from sklearn.decomposition import NMF, PCA, FactorAnalysis, FastICA
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture

from models.mixtures import gaussians

GROUPS = 5


compare = functools.partial(estimators.fits, budget=20)


def main():
    warnings.simplefilter("ignore")  # the rounds are few
    X = estimators.groups(GROUPS)
    compare("GaussianMixture, full", 0.3, GaussianMixture, X, n_components=GROUPS, random_state=0)
    for form in gaussians.FORMS:
        start = {
            "means_init": X[:GROUPS],
            "weights_init": np.full(GROUPS, 1 / GROUPS),
            "precisions_init": gaussians.unit(form, GROUPS, X.shape[1]),
        }
        compare(
            f"GaussianMixture, {form}, 5 rounds from the same start", 0.3, GaussianMixture, X,
            n_components=GROUPS, covariance_type=form, max_iter=5, tol=0.0, **start,
        )  # fmt: skip
    compare(
        "BayesianGaussianMixture", 1.0, BayesianGaussianMixture, X,
        n_components=GROUPS, random_state=0, max_iter=5,
    )  # fmt: skip
    compare("PCA", 1.0, PCA, X, n_components=10)
    compare("PCA, full", 1.0, PCA, X, n_components=10, svd_solver="full")
    compare("FactorAnalysis", 1.0, FactorAnalysis, X, n_components=5)
    compare("FastICA", 1.0, FastICA, X[:, :10], random_state=0, whiten_solver="eigh", max_iter=20)
    for solver in ("cd", "mu"):
        compare(
            f"NMF, {solver}, 50 rounds", 0.8, NMF, np.abs(X),
            n_components=10, solver=solver, max_iter=50, random_state=0,
        )  # fmt: skip


if __name__ == "__main__":
    main()
