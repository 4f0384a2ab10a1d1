"""Kernel methods and support vector machines beside scikit-learn's: seconds and memory to fit.

    python benchmarks/models_kernels.py

Both libraries train on the same arrays with the same settings. The limits are the project's own goals.
"""

import estimators  # first: it may have to restart Python before NumPy is loaded

import numpy as np
from sklearn import kernel_ridge, svm
from sklearn.datasets import make_classification


def compare(title, limit, theirs, X, y, **settings):
    """Also prints the scores on the same rows."""
    ours, theirs = estimators.fits(title, limit, theirs, X, y, **settings)
    if hasattr(ours, "score"):
        print(f"  score: {ours.score(X, y):.6g}, scikit-learn {theirs.score(X, y):.6g}")


def main():
    X, y = estimators.classes(2, samples=3000)
    compare("SVC, rbf, n 3,000", 3.5, svm.SVC, X, y)
    hard = make_classification(3000, 10, n_informative=5, flip_y=0.1, class_sep=0.6, random_state=0)
    compare("SVC, rbf, C 10, n 3,000, classes that overlap", 3.5, svm.SVC, *hard, C=10)
    compare("SVC, rbf, 10 classes, n 3,000", 3.5, svm.SVC, *estimators.classes(10, samples=3000))
    compare("NuSVC, nu 0.2, n 3,000", None, svm.NuSVC, X, y, nu=0.2)
    target = np.random.default_rng(0).normal(size=50)
    compare("SVR, n 3,000", None, svm.SVR, X, X @ target / 10)
    compare("OneClassSVM, nu 0.2, n 3,000", None, svm.OneClassSVM, X, None, nu=0.2)
    compare("KernelRidge, rbf, n 3,000", None, kernel_ridge.KernelRidge, X, 1.0 * y, kernel="rbf")

    X, y = estimators.classes(10)
    compare("LinearSVC, 10 classes, 20,000 x 50", 0.3, svm.LinearSVC, X, y, budget=20)
    binary = (y > 4).astype(int)
    compare("LinearSVC, 20,000 x 50", 0.3, svm.LinearSVC, X, binary)
    compare(
        "LinearSVC, hinge, 20,000 x 50", 0.3, svm.LinearSVC, X, binary, budget=20,
        loss="hinge", max_iter=10_000,
    )  # fmt: skip
    compare("LinearSVR, 20,000 x 50", 0.3, svm.LinearSVR, X, X @ target / 10)


if __name__ == "__main__":
    main()
