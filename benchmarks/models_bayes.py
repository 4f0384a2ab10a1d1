"""Generative classifiers beside scikit-learn's: seconds and peak memory of a fit, and of predictions.

    python benchmarks/models_bayes.py

20,000 samples, 50 features, 10 classes. The limits are the project's own goals.
"""

import estimators  # first: it may have to restart Python before NumPy is loaded

import numpy as np
from sklearn import discriminant_analysis, naive_bayes


def compare(theirs, limit, X, y):
    name = theirs.__name__
    pair = estimators.fits(name, limit, theirs, X, y, rounds=20)
    title = f"{name}, predict_proba"
    estimators.compare(title, None, pair, lambda m: m.predict_proba(X), rounds=20, budget=5)


def main():
    X, y = estimators.classes(10)
    counts = np.random.default_rng(0).poisson(1 + np.abs(X)).astype(float)
    for theirs in (naive_bayes.GaussianNB, naive_bayes.BernoulliNB):
        compare(theirs, 1.2, X, y)
    for theirs in (naive_bayes.MultinomialNB, naive_bayes.ComplementNB, naive_bayes.CategoricalNB):
        compare(theirs, 1.2, counts, y)
    for theirs in (
        discriminant_analysis.LinearDiscriminantAnalysis,
        discriminant_analysis.QuadraticDiscriminantAnalysis,
    ):
        compare(theirs, 1.0, X, y)


if __name__ == "__main__":
    main()
