"""Trees and forests of 20,000 rows and 50 columns, beside scikit-learn's: time and peak memory of a fit.

A forest is fitted in one process. Run it with OPENBLAS_CORETYPE unset, on a quiet machine.
"""

import estimators  # first: see there

import timing

from sklearn import ensemble, tree
from sklearn.datasets import load_digits, load_iris, make_regression

TWO, TEN = estimators.classes(2), estimators.classes(10)
NUMBERS = make_regression(20_000, 50, n_informative=20, noise=10.0, random_state=0)


def fits(title, limit, kind, data, **settings):
    pair = estimators.both(kind, random_state=0, **settings)
    estimators.compare(title, limit, pair, lambda model: model.fit(*data), rounds=5, budget=5)


def main():
    Classifier, Regressor = tree.DecisionTreeClassifier, tree.DecisionTreeRegressor
    fits("decision tree, 2 classes", 1.0, Classifier, TWO)
    fits("decision tree, 2 classes, depth 8", 1.0, Classifier, TWO, max_depth=8)
    fits("decision tree, 10 classes", 1.0, Classifier, TEN)
    fits("decision tree, 10 classes, entropy", 1.0, Classifier, TEN, criterion="entropy")
    fits("regression tree", 1.0, Regressor, NUMBERS)
    fits(
        "random forest of 20, 2 classes", 3.0, ensemble.RandomForestClassifier, TWO, n_estimators=20
    )
    fits("extra-trees of 20, 2 classes", 5.0, ensemble.ExtraTreesClassifier, TWO, n_estimators=20)
    fits(
        "random forest of 100, iris",
        3.0,
        ensemble.RandomForestClassifier,
        load_iris(return_X_y=True),
    )
    fits(
        "random forest of 100, digits",
        5.0,
        ensemble.RandomForestClassifier,
        load_digits(return_X_y=True),
    )
    fits("isolation forest of 100", 5.0, ensemble.IsolationForest, TWO)
    ours, theirs = (
        m.fit(*TWO) for m in estimators.both(ensemble.RandomForestClassifier, n_estimators=20)
    )
    works = {
        estimators.OURS: lambda: ours.predict(TWO[0]),
        "scikit-learn": lambda: theirs.predict(TWO[0]),
    }
    timing.report(
        "random forest of 20, predict",
        timing.interleave(works, rounds=5, budget=3),
        estimators.OURS,
    )


if __name__ == "__main__":
    main()
