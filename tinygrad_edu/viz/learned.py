"""The picture that suits a fitted estimator."""

from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.viz.clusters import clusters
from tinygrad_edu.viz.curves import axes_for
from tinygrad_edu.viz.estimators import (
    band,
    coefficient_path,
    convergence,
    importances,
    margins,
    mixture,
    states,
)
from tinygrad_edu.viz.insight import CLASSES, decision_boundary, scatter
from tinygrad_edu.viz.trees import dendrogram, tree


def learned(model: Any, X: Any = None, y: Any = None, *, ax: Any = None) -> Any:
    """The picture that suits a fitted estimator.

    It shows a tree, a hierarchy, clusters, importances, a path of coefficients, a mixture, a band, states,
    margins, an embedding or convergence.

    X and y are the data of the fit, or others of the same form. Raises TypeError if no picture suits it.
    """
    if hasattr(model, "children_") and hasattr(model, "distances_"):
        return dendrogram(model, ax=ax)
    if hasattr(model, "coef_path_"):
        return coefficient_path(model, ax=ax)
    if hasattr(model, "transmat_") and X is not None:
        return states(model, X, ax=ax)
    if hasattr(model, "covariances_") and X is not None:
        return mixture(model, X, ax=ax)
    if y is not None and np.shape(X)[1:] == (2,) and hasattr(model, "decision_function"):
        return margins(model, X, y, ax=ax)
    if y is not None and np.shape(X)[1:] == (2,) and hasattr(model, "classes_"):
        return decision_boundary(model.predict, X, y, ax=ax)
    if y is not None and np.shape(X)[1:] == (1,) and not hasattr(model, "classes_"):
        return band(model, X, y, ax=ax)
    if np.shape(getattr(model, "embedding_", ()))[1:] == (2,):
        return _embedding(model.embedding_, y, ax)
    if hasattr(model, "tree_"):
        return tree(model, ax=ax)
    if hasattr(model, "labels_") and np.shape(X) == (len(model.labels_), 2):
        centers = getattr(model, "cluster_centers_", ())
        return clusters(X, centers if len(centers) else model.labels_, ax=ax)
    if getattr(model, "feature_importances_", None) is not None:
        return importances(model, ax=ax)
    if hasattr(getattr(model, "trace_", None), "plot"):
        return convergence(model, ax=ax)
    raise refusal(
        TypeError,
        f"there is no picture of {type(model).__name__} for X of shape {np.shape(X)}.",
        "X with two features for classes, one for a regression, and y",
    )


def _embedding(points: Any, y: Any, ax: Any) -> Any:
    """The points where they are; only their distances have a meaning."""
    ax = axes_for(ax, 5.2, 4.4)
    if y is None:
        ax.scatter(*points.T, s=14, color=CLASSES[0])
    else:
        scatter(ax, points, np.asarray(y), np.unique(y), s=14)
    ax.set(xticks=[], yticks=[], aspect="equal", adjustable="datalim")
    return ax
