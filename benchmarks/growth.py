"""How the time of a fit grows with the number of samples: from 5,000 to 80,000, or from 500 to 4,000.

    python benchmarks/growth.py [picture.svg]

The slope in the logarithmic picture is the order of the algorithm: 1 for a time in proportion to the samples,
2 for all pairs of them, 3 for a decomposition of a matrix of pairs.
"""

import timing  # first: it may have to restart Python before NumPy is loaded

import sys

import numpy as np
from sklearn.datasets import make_classification

import models
from tinygrad_edu.viz import curves
from tinygrad_edu.viz.insight import CLASSES

LINEAR = (5_000, 10_000, 20_000, 40_000, 80_000)
PAIRS = (500, 1_000, 2_000, 4_000)
FEATURES = 20


def data(n):
    return make_classification(n, FEATURES, n_informative=10, random_state=0)


def nearly_linear():
    depth = {"max_depth": 8, "random_state": 0}
    boosting = models.HistGradientBoostingClassifier(max_iter=10, early_stopping=False)
    return {
        "LinearRegression": models.LinearRegression(),
        "LogisticRegression": models.LogisticRegression(),
        "GaussianNB": models.GaussianNB(),
        "PCA": models.PCA(5),
        "KMeans, 10 steps": models.KMeans(8, n_init=1, max_iter=10, tol=0, random_state=0),
        "DecisionTreeClassifier": models.DecisionTreeClassifier(**depth),
        "RandomForestClassifier, 5 trees": models.RandomForestClassifier(5, **depth),
        "HistGradientBoosting, 10 trees": boosting,
    }


def of_pairs():
    return {
        "KNeighborsClassifier, brute": models.KNeighborsClassifier(algorithm="brute"),
        "AgglomerativeClustering": models.AgglomerativeClustering(2),
        "SVC": models.SVC(),
        "KernelRidge": models.KernelRidge(kernel="rbf"),
        "GaussianProcessRegressor": models.GaussianProcessRegressor(optimizer=None, alpha=0.1),
    }


def work(estimator, X, y):
    if isinstance(estimator, models.KNeighborsClassifier):  # its work is the prediction
        fitted = estimator.fit(X, y)
        return lambda: fitted.predict(X)
    return lambda: estimator.fit(X, y)


def measure(estimators, sizes):
    """name -> seconds for each size: the best of three rounds over all."""
    works = {(name, n): work(e, *data(n)) for name, e in estimators.items() for n in sizes}
    best = timing.interleave(works, rounds=3, seconds=0.01, budget=240)
    return {name: np.array([best[name, n] for n in sizes]) for name in estimators}


def report(title, seconds, sizes):
    print(f"\n{title}, ms")
    print(f"{'':<34}" + "".join(f"{n:>9,}" for n in sizes) + "   order")
    for name, of in seconds.items():
        order = np.polyfit(np.log(sizes), np.log(of), 1)[0]
        print(f"{name:<34}" + "".join(f"{1000 * s:>9.1f}" for s in of) + f"{order:>8.2f}")


def draw(parts, path):
    figure = curves.optional("matplotlib.figure").Figure(figsize=(10, 5.2), layout="constrained")
    for ax, (title, sizes, seconds) in zip(figure.subplots(1, 2), parts, strict=True):
        for k, (name, of) in enumerate(seconds.items()):
            ax.loglog(sizes, 1000 * of, ".-", color=CLASSES[k], label=name)
        ax.set(title=title, xlabel="samples", ylabel="ms")
        ax.set_xticks(sizes, [f"{n:,}" for n in sizes])
        ax.minorticks_off()
        ax.spines[["top", "right"]].set_visible(False)
        below = {"loc": "upper left", "bbox_to_anchor": (0, -0.14), "ncols": 2}
        ax.legend(frameon=False, fontsize="small", **below)
    figure.savefig(path)


def main():
    parts = []
    for title, make, sizes in (
        ("nearly linear", nearly_linear, LINEAR),
        ("all pairs of samples", of_pairs, PAIRS),
    ):
        seconds = measure(make(), sizes)
        report(title, seconds, sizes)
        parts.append((title, sizes, seconds))
    if len(sys.argv) > 1:
        draw(parts, sys.argv[1])


if __name__ == "__main__":
    main()
