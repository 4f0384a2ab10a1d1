"""Kernel methods and support vector machines beside scikit-learn's: seconds and memory to fit.

    python benchmarks/models_kernels.py

Both libraries train on the same arrays with the same settings. The limits are the project's own goals.
"""

import tracemalloc

import numpy as np
import timing  # may restart Python without a setting that slows NumPy down
from sklearn import kernel_ridge, svm
from sklearn.datasets import make_classification

from models import SVC, SVR, KernelRidge, LinearSVC, LinearSVR, NuSVC, OneClassSVM


def peak(work):
    """The peak of what Python and NumPy allocate, in MB. What LIBSVM allocates itself is not seen."""
    tracemalloc.start()
    work()
    found = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return found


def compare(title, limit, ours, theirs, X, y, budget=10):
    """Times both fits in turn, and prints the limit, the peak memory, and the scores on the same rows."""
    works = {
        "tinygrad_edu": lambda: ours.fit(X, y),
        "scikit-learn": lambda: theirs.fit(X, y),
    }
    best = timing.interleave(works, rounds=15, budget=budget)
    timing.report(title, best, "tinygrad_edu", {"scikit-learn": limit} if limit else None)
    memory = ", ".join(f"{name} {peak(work):.1f} MB" for name, work in works.items())
    print(f"  peak memory: {memory}")
    if hasattr(ours, "score"):
        print(f"  score: {ours.score(X, y):.6g}, scikit-learn {theirs.score(X, y):.6g}")


def main():
    X, y = make_classification(
        3000, 50, n_informative=20, n_redundant=0, n_clusters_per_class=1, random_state=0
    )
    compare("SVC, rbf, n 3,000", 3.5, SVC(), svm.SVC(), X, y)
    hard, labels = make_classification(
        3000, 10, n_informative=5, flip_y=0.1, class_sep=0.6, random_state=0
    )
    compare(
        "SVC, rbf, C 10, n 3,000, classes that overlap", 3.5, SVC(C=10), svm.SVC(C=10), hard, labels
    )
    digits, numerals = make_classification(
        3000,
        50,
        n_informative=20,
        n_redundant=0,
        n_classes=10,
        n_clusters_per_class=1,
        random_state=0,
    )
    compare("SVC, rbf, 10 classes, n 3,000", 3.5, SVC(), svm.SVC(), digits, numerals)
    compare("NuSVC, nu 0.2, n 3,000", None, NuSVC(nu=0.2), svm.NuSVC(nu=0.2), X, y)
    target = np.random.default_rng(0).normal(size=50)
    compare("SVR, n 3,000", None, SVR(), svm.SVR(), X, X @ target / 10)
    compare(
        "OneClassSVM, nu 0.2, n 3,000", None, OneClassSVM(nu=0.2), svm.OneClassSVM(nu=0.2), X, None
    )
    compare(
        "KernelRidge, rbf, n 3,000", None,
        KernelRidge(kernel="rbf"), kernel_ridge.KernelRidge(kernel="rbf"), X, 1.0 * y,
    )  # fmt: skip

    X, y = make_classification(
        20_000,
        50,
        n_informative=20,
        n_redundant=0,
        n_classes=10,
        n_clusters_per_class=1,
        random_state=0,
    )
    compare("LinearSVC, 10 classes, 20,000 x 50", 0.3, LinearSVC(), svm.LinearSVC(), X, y, 20)
    binary = (y > 4).astype(int)
    compare("LinearSVC, 20,000 x 50", 0.3, LinearSVC(), svm.LinearSVC(), X, binary)
    hinge = {"loss": "hinge", "max_iter": 10_000}
    compare(
        "LinearSVC, hinge, 20,000 x 50",
        0.3,
        LinearSVC(**hinge),
        svm.LinearSVC(**hinge),
        X,
        binary,
        20,
    )
    compare("LinearSVR, 20,000 x 50", 0.3, LinearSVR(), svm.LinearSVR(), X, X @ target / 10)


if __name__ == "__main__":
    main()
