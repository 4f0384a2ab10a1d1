"""Trees and forests of 20,000 rows and 50 columns, beside scikit-learn's: time and peak memory of a fit.

    python benchmarks/models_trees.py

A forest is fitted in one process. The limits are the project's own goals.
"""

import estimators  # first: it may have to restart Python before NumPy is loaded

import functools

from sklearn import ensemble, tree
from sklearn.datasets import load_digits, load_iris, make_regression

TWO, TEN = estimators.classes(2), estimators.classes(10)
NUMBERS = make_regression(20_000, 50, n_informative=20, noise=10.0, random_state=0)

fits = functools.partial(estimators.fits, rounds=5, budget=5, random_state=0)


def main():
    Classifier, Regressor = tree.DecisionTreeClassifier, tree.DecisionTreeRegressor
    Forest = ensemble.RandomForestClassifier
    iris, digits = load_iris(return_X_y=True), load_digits(return_X_y=True)
    fits("decision tree, 2 classes", 1.0, Classifier, *TWO)
    fits("decision tree, 2 classes, depth 8", 1.0, Classifier, *TWO, max_depth=8)
    fits("decision tree, 10 classes", 1.0, Classifier, *TEN)
    fits("decision tree, 10 classes, entropy", 1.0, Classifier, *TEN, criterion="entropy")
    fits("regression tree", 1.0, Regressor, *NUMBERS)
    forests = fits("random forest of 20, 2 classes", 3.0, Forest, *TWO, n_estimators=20)
    fits("extra-trees of 20, 2 classes", 5.0, ensemble.ExtraTreesClassifier, *TWO, n_estimators=20)
    fits("random forest of 100, iris", 3.0, Forest, *iris)
    fits("random forest of 100, digits", 5.0, Forest, *digits)
    fits("isolation forest of 100", 5.0, ensemble.IsolationForest, *TWO)
    title = "random forest of 20, predict"
    estimators.compare(title, None, forests, lambda m: m.predict(TWO[0]), rounds=5, budget=3)


if __name__ == "__main__":
    main()
