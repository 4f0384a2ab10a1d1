"""Our estimators beside those of eriklindernoren/ML-From-Scratch, the best-known of its kind.

    git clone https://github.com/eriklindernoren/ML-From-Scratch
    python -m pip install cvxopt progressbar33 terminaltables
    python benchmarks/ml_from_scratch.py ML-From-Scratch

Fit and prediction with equal settings, on breast cancer (569 × 30) unless said: one run of theirs, and the
best of five of ours. A model of theirs that raises an error has no time. The goal: at least 50 times faster.
"""

import contextlib
import io
import sys
import time
import warnings

import numpy as np
from sklearn.datasets import load_breast_cancer, make_blobs, make_moons

import models
from models.patterns import apriori

X, y = load_breast_cancer(return_X_y=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)
MOONS, _ = make_moons(400, noise=0.05, random_state=0)
BLOBS, _ = make_blobs(1000, 10, centers=5, random_state=0)
BASKETS = [
    [item for item in range(12) if (item * 7 + row * 5) % (item + 3) < 2] for row in range(300)
]


def trees(kind, **settings):
    return lambda: kind(**settings).fit(X, y).predict(X)


def tasks(s, u):
    """name -> (theirs, ours)"""
    signs = 2 * y - 1
    column = y[:, None]
    return {
        "decision tree, depth 5": (
            lambda: _fit_predict(s.ClassificationTree(max_depth=5), X, y),
            trees(models.DecisionTreeClassifier, max_depth=5, criterion="entropy"),
        ),
        "random forest, 10 trees of depth 5": (
            lambda: _fit_predict(s.RandomForest(10, max_depth=5), X, y),
            trees(models.RandomForestClassifier, n_estimators=10, max_depth=5, criterion="entropy"),
        ),
        "gradient boosting, 5 trees of depth 2": (
            lambda: _fit_predict(s.GradientBoostingClassifier(5), X, y),
            trees(models.GradientBoostingClassifier, n_estimators=5, max_depth=2, learning_rate=0.5),
        ),
        "XGBoost, 5 trees of depth 2": (
            lambda: _fit_predict(s.XGBoost(5), X, y),
            trees(models.HistGradientBoostingClassifier, max_iter=5, max_depth=2, early_stopping=False),
        ),
        "AdaBoost, 5 stumps": (
            lambda: _fit_predict(s.Adaboost(5), X, signs),
            trees(models.AdaBoostClassifier, n_estimators=5),
        ),
        "nearest neighbors": (
            lambda: s.KNN(5).predict(X, X, y),
            trees(models.KNeighborsClassifier, n_neighbors=5),
        ),
        "naive Bayes": (lambda: _fit_predict(s.NaiveBayes(), X, y), trees(models.GaussianNB)),
        "linear discriminant": (
            lambda: _fit_predict(s.LDA(), X, y), trees(models.LinearDiscriminantAnalysis),
        ),
        "logistic regression": (
            lambda: _fit_predict(s.LogisticRegression(), X, y), trees(models.LogisticRegression),
        ),
        "support vectors": (
            lambda: _fit_predict(s.SupportVectorMachine(), X, signs), trees(models.SVC),
        ),
        "perceptron": (
            lambda: _fit_predict(s.Perceptron(n_iterations=1000), X, np.c_[1 - column, column]),
            trees(models.Perceptron),
        ),
        "linear regression": (
            lambda: _fit_predict(s.LinearRegression(gradient_descent=False), X, y),
            trees(models.LinearRegression),
        ),
        "ridge regression": (
            lambda: _fit_predict(s.RidgeRegression(0.1, 1000, 1e-4), X, y), trees(models.Ridge),
        ),
        "k-means, 1,000 × 10": (
            lambda: u.KMeans(5).predict(BLOBS),
            lambda: models.KMeans(5, random_state=0).fit_predict(BLOBS),
        ),
        "DBSCAN, 400 × 2": (
            lambda: u.DBSCAN(0.2, 5).predict(MOONS),
            lambda: models.DBSCAN(eps=0.2, min_samples=5).fit_predict(MOONS),
        ),
        "Gaussian mixture, 1,000 × 10": (
            lambda: u.GaussianMixtureModel(5, max_iterations=20).predict(BLOBS),
            lambda: models.GaussianMixture(5, max_iter=20, random_state=0).fit_predict(BLOBS),
        ),
        "k-medoids, 100 rows": (
            lambda: u.PAM(2).predict(X[:100]),
            lambda: models.KMedoids(2, random_state=0).fit_predict(X[:100]),
        ),
        "principal components": (
            lambda: u.PCA().transform(X, 2), lambda: models.PCA(2).fit_transform(X),
        ),
        "Apriori, 300 baskets": (
            lambda: u.Apriori(0.2).find_frequent_itemsets(BASKETS),
            lambda: apriori(BASKETS, min_support=0.2),
        ),
    }  # fmt: skip


def _fit_predict(model, X, y):
    model.fit(X, y)
    return model.predict(X)


def divide_on_feature(X, i, threshold):
    """Their function of this name fails with NumPy 1.24 and later, and with it all of their trees."""
    yes = X[:, i] >= threshold if isinstance(threshold, (int, float)) else X[:, i] == threshold
    return [X[yes], X[~yes]]


def seconds(work):
    start = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        work()
    return time.perf_counter() - start


def main():
    if len(sys.argv) < 2:
        print("ml_from_scratch.py needs a folder:", *__doc__.splitlines()[1:6], sep="\n")
        return
    sys.path.insert(0, sys.argv[1])
    warnings.simplefilter("ignore")
    import mlfromscratch.supervised_learning as s
    import mlfromscratch.unsupervised_learning as u
    from mlfromscratch.supervised_learning import decision_tree

    decision_tree.divide_on_feature = divide_on_feature

    print(f"{'':<40} {'theirs ms':>10} {'ours ms':>9} {'times faster':>13}")
    for name, (theirs, ours) in tasks(s, u).items():
        np.random.seed(0)
        own = min(seconds(ours) for _ in range(5))
        try:
            other = seconds(theirs)
        except Exception as error:
            print(f"{name:<40} {type(error).__name__:>10} {1000 * own:>9.2f}")
            continue
        print(f"{name:<40} {1000 * other:>10.1f} {1000 * own:>9.2f} {other / own:>13.0f}")


if __name__ == "__main__":
    main()
