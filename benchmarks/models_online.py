"""Online models beside scikit-learn's: seconds and peak memory of three rounds over the samples.

    python benchmarks/models_online.py

20,000 samples, 50 features, 2 classes. A step for each sample is a loop in Python here, and one in compiled
code there: these ratios are the price of a loop that can be read. Limits are the state when it was written.
"""

import estimators  # first: it may have to restart Python before NumPy is loaded

import warnings

from sklearn.linear_model import Perceptron, SGDClassifier, SGDRegressor

LIMIT = 15.0


def main():
    warnings.simplefilter("ignore")  # three rounds are too few to converge
    X, y = estimators.classes(2)
    for title, theirs, settings in (
        ("SGDClassifier", SGDClassifier, {}),
        ("SGDClassifier, log_loss", SGDClassifier, {"loss": "log_loss"}),
        ("SGDRegressor", SGDRegressor, {}),
        ("Perceptron", Perceptron, {}),
    ):
        settings = {"max_iter": 3, "tol": None, "random_state": 0} | settings
        estimators.fits(f"{title}, 3 rounds", LIMIT, theirs, X, y, rounds=5, **settings)


if __name__ == "__main__":
    main()
