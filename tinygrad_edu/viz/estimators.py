"""Pictures of what classical models have learned: paths, margins, bands, mixtures, states, convergence.

They read the attributes of a fitted estimator that scikit-learn documents, so they draw its estimators, too.
As in `curves.py`, each function draws on the matplotlib axes `ax`, on pyplot's or on new ones, and returns
them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.viz.curves import BLUE, array_of, axes_for, literal, one_feature, optional
from tinygrad_edu.viz.insight import CLASSES, decision_boundary, scatter


def convergence(model: Any, *, ax: Any = None) -> Any:
    """How far the loss of each iteration was above the lowest, and the gradient, from `trace_`."""
    return needed(model, "trace_", "convergence").plot(ax=axes_for(ax, 6.4, 3.6))


def coefficient_path(
    model: Any, coefs: Any = None, *, names: Sequence[str] | None = None, ax: Any = None
) -> Any:
    """The coefficients by the strength α of the penalty, which falls from left to right.

    model   a fitted LassoLars or Lars, with `alphas_` and `coef_path_`; or the α, shape (steps,)
    coefs   (features, steps), if the model is the α
    names   of the features, for the legend; at most ten features get one

    Tibshirani 1996; Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, figure 3.10.
    """
    alphas = model
    if coefs is None:
        alphas = needed(model, "alphas_", "coefficient_path")
        coefs = needed(model, "coef_path_", "coefficient_path")
        names = getattr(model, "feature_names_in_", None) if names is None else names
    alphas, coefs = np.asarray(alphas, float), np.asarray(coefs, float)
    if coefs.ndim != 2 or alphas.shape != coefs.shape[1:]:
        what = f"coefficient_path takes (steps,) and (features, steps), not {alphas.shape} and {coefs.shape}."
        raise refusal(ValueError, what, "coefficient_path(model), of a fitted LassoLars")
    ax = axes_for(ax, 6.4, 3.8)
    named = len(coefs) <= len(CLASSES)
    for i, row in enumerate(coefs):
        label = literal(f"x{i}" if names is None else names[i]) if named else None
        ax.plot(alphas, row, color=CLASSES[i % len(CLASSES)], linewidth=1.5, label=label)
    ax.axhline(0, color="#8a8a8a", linewidth=0.8)
    ax.set(xlabel="α, the strength of the penalty", ylabel="coefficient")
    if (alphas > 0).sum() > 2:
        ax.set_xscale("symlog", linthresh=alphas[alphas > 0].min())
    ax.set_xlim(alphas.max(), alphas.min())
    ax.spines[["top", "right"]].set_visible(False)
    if named:
        ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5), fontsize="small")
    return ax


def margins(model: Any, X: Any, y: Any, *, ax: Any = None) -> Any:
    """The decision boundary in the plane; for two classes also the margins, where the score is ±1.

    X (n, 2), y (n,). Support vectors, if the model has any, are circled.
    """
    X = array_of("margins", X)
    ax = decision_boundary(model.predict, X, y, ax=ax)
    if hasattr(model, "decision_function"):
        across, up = (np.linspace(a, b, 150) for a, b in (ax.get_xlim(), ax.get_ylim()))
        points = np.stack(np.meshgrid(across, up), axis=-1)
        height = np.asarray(model.decision_function(points.reshape(-1, 2)))
        if height.ndim == 1:
            styles = {"levels": [-1, 0, 1], "linestyles": ["--", "-", "--"], "colors": "#404040"}
            ax.contour(across, up, height.reshape(points.shape[:2]), linewidths=1.2, **styles)
    if hasattr(model, "support_"):
        ax.scatter(*X[model.support_].T, s=70, facecolor="none", edgecolor="black", linewidth=1)
    return ax


def band(model: Any, X: Any, y: Any, *, deviations: float = 2.0, ax: Any = None) -> Any:
    """The prediction for one feature, with a band of some standard deviations, behind the data.

    model        its `predict` takes return_std=True, as that of a Gaussian process, or returns (prediction,
                 deviation), as that of `models.curvature.laplace`; otherwise there is no band
    X, y         (n, 1) and (n,)
    deviations   half of the width of the band
    """
    X, y = one_feature("band", X, y)
    ax = axes_for(ax, 6.4, 3.8)
    low, high = X.min(), X.max()
    reach = 0.05 * ((high - low) or 1.0)
    across = np.linspace(low - reach, high + reach, 400)
    found = _with_deviation(model, across[:, None])
    mean, deviation = found if isinstance(found, tuple) else (found, None)
    if deviation is not None:
        sides = mean - deviations * deviation, mean + deviations * deviation
        label = f"± {deviations:g} standard deviations"
        ax.fill_between(across, *sides, color=BLUE, alpha=0.2, linewidth=0, label=label)
    ax.plot(across, mean, color=BLUE, linewidth=2, label="prediction")
    ax.plot(X[:, 0], y, ".", color="#303030", label="data")
    ax.set(xlabel="x", ylabel="y")
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize="small")
    return ax


def mixture(model: Any, X: Any, *, ax: Any = None) -> Any:
    """The normal distributions of a mixture in the plane: ellipses at one and two standard deviations.

    model   a fitted GaussianMixture of two features
    X       (n, 2), colored by the most likely component
    """
    X = array_of("mixture", X)
    means = needed(model, "means_", "mixture")
    if X.ndim != 2 or X.shape[1] != 2:
        what = f"mixture draws X (n, 2), not {X.shape}."
        raise refusal(ValueError, what, "two of the features, and a model fitted to them")
    ax = axes_for(ax, 5.2, 4.4)
    patches = optional("matplotlib.patches")
    found = model.predict(X)
    scatter(ax, X, found, np.arange(len(means)), s=10, alpha=0.6, linewidth=0)
    for k, (mean, S) in enumerate(zip(means, _full_covariances(model), strict=True)):
        sizes, axes = np.linalg.eigh(S)
        angle = np.degrees(np.arctan2(axes[1, 1], axes[0, 1]))
        for deviations in (1, 2):
            width, height = 2 * deviations * np.sqrt(sizes[::-1])
            look = {"facecolor": "none", "edgecolor": CLASSES[k % len(CLASSES)], "linewidth": 2}
            ax.add_patch(patches.Ellipse(tuple(mean), width, height, angle=angle, **look))
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def states(model: Any, X: Any, *, ax: Any = None) -> Any:
    """A sequence, and behind it, in colors, the most likely hidden state at each time.

    model   a fitted hidden Markov model, whose `predict` gives the states
    X       (times, features): each feature is a line
    """
    X = array_of("states", X)
    X = X[:, None] if X.ndim == 1 else X
    ax = axes_for(ax, 7.2, 3.2)
    path = np.asarray(model.predict(X))
    edges = np.flatnonzero(np.diff(path)) + 1
    starts, ends = np.r_[0, edges], np.r_[edges, len(path)]
    seen: set[int] = set()
    for start, end in zip(starts, ends, strict=True):
        k = int(path[start])
        label = None if k in seen else f"state {k}"
        color = CLASSES[k % len(CLASSES)]
        ax.axvspan(start - 0.5, end - 0.5, color=color, alpha=0.25, linewidth=0, label=label)
        seen.add(k)
    ax.plot(X, color="#303030", linewidth=1)
    ax.set(xlabel="time", ylabel="observation", xlim=(-0.5, len(path) - 0.5))
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5), fontsize="small")
    return ax


def importances(
    model: Any, *, names: Sequence[str] | None = None, most: int = 20, ax: Any = None
) -> Any:
    """How much each feature counts in a model, as bars, the largest at the top.

    model   a fitted tree, forest or booster, with `feature_importances_`; or what permutation_importance
            returns, with `importances_mean`; or the numbers themselves
    names   of the features; default: the columns of the frame that the model was fitted to
    most    the number of features that are drawn

    A thin line is one standard deviation between the trees of a forest, or between permutations.
    """
    mean, deviation = _importances_of(model)
    if names is None:
        names = getattr(model, "feature_names_in_", [f"x[{i}]" for i in range(len(mean))])
    if len(names) != len(mean):
        what = f"names has {len(names)} names for {len(mean)} features."
        raise refusal(ValueError, what, "a name for each column of X")
    order = np.argsort(mean, kind="stable")[-most:]
    ax = axes_for(ax, 6.4, max(1.6, 0.6 + 0.28 * len(order)))
    spread = None if deviation is None else deviation[order]
    ax.barh(
        np.arange(len(order)), mean[order], xerr=spread, color=BLUE, ecolor="#404040", height=0.7
    )
    ax.set_yticks(np.arange(len(order)), [literal(names[i]) for i in order])
    ax.set_xlabel("importance")
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _importances_of(model: Any) -> tuple[np.ndarray, np.ndarray | None]:
    if hasattr(model, "importances_mean"):
        return np.asarray(model.importances_mean), np.asarray(model.importances_std)
    if isinstance(model, (Sequence, np.ndarray)):
        return np.asarray(model, float), None
    mean = np.asarray(needed(model, "feature_importances_", "importances"))
    trees = [tree for tree in np.ravel(getattr(model, "estimators_", [])) if hasattr(tree, "tree_")]
    of_trees = np.array([tree.feature_importances_ for tree in trees])
    # Only a forest is the mean of its trees. Those of a booster correct each other.
    a_mean = of_trees.shape[1:] == mean.shape and np.allclose(
        of_trees.mean(axis=0), mean, atol=1e-2
    )
    return mean, of_trees.std(axis=0) if a_mean and len(trees) > 1 else None


def _with_deviation(model: Any, X: np.ndarray) -> Any:
    try:
        return model.predict(X, return_std=True)
    except TypeError:
        return model.predict(X)


def _full_covariances(model: Any) -> np.ndarray:
    """(components, 2, 2), whatever the covariance_type."""
    S, k = np.asarray(model.covariances_), len(model.means_)
    if S.ndim == 1:  # spherical
        return S[:, None, None] * np.eye(2)
    if getattr(model, "covariance_type", "full") == "diag":
        return S[:, :, None] * np.eye(2)
    return np.broadcast_to(S, (k, 2, 2))


def needed(model: Any, name: str, caller: str) -> Any:
    found = getattr(model, name, None)
    if found is None:
        what = f"{caller} needs {name}, which this {type(model).__name__} does not have."
        hint = "a model that has it, after fit"
        if hasattr(model, "estimators_"):
            hint = "one of its estimators_: estimators_[0]"
        raise refusal(TypeError, what, hint)
    return found
