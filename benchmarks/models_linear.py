"""The linear models beside scikit-learn's: seconds to fit, peak memory of a fit, and agreement.

    python benchmarks/models_linear.py

20,000 samples, 50 features. Both libraries fit the same arrays with the same settings. The limits are the
project's own goals.
"""

import estimators  # first: it may have to restart Python before NumPy is loaded

import numpy as np
from sklearn import linear_model

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


def main():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(SAMPLES, FEATURES))
    y = X @ rng.normal(size=FEATURES) + rng.normal(size=SAMPLES)
    for name, (settings, limit) in CASES.items():
        theirs = getattr(linear_model, name)
        ours, theirs = estimators.fits(name, limit, theirs, X, y, budget=6, **settings)
        far = np.abs(ours.coef_ - theirs.coef_).max() / np.abs(theirs.coef_).max()
        print(f"  largest difference of weights, relative: {far:.1e}")


if __name__ == "__main__":
    main()
