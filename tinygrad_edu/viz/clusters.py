"""Pictures of clusters: the points in their colors, around their centers."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.tensor import value
from tinygrad_edu.viz.curves import array_of, axes_for
from tinygrad_edu.viz.insight import CLASSES


def clusters(X: Any, found: Any, *, ax: Any = None) -> Any:
    """Points X (n, 2) in the colors of their clusters.

    found   labels (n,), in which -1 is noise and drawn in gray; or centers (k, 2), which are crosses here:
            each point belongs to the nearest

    The steps of k-means, as a film:

        model = models.KMeans(3, trace=True).fit(X)
        viz.animate(lambda ax, centers: viz.clusters(X, centers, ax=ax), model.trace_, "kmeans.gif", fps=2)
    """
    X, found = array_of("clusters", X), np.asarray(value(found))
    centers = found if found.ndim == 2 else None
    fits = found.shape[1:] == (2,) if centers is not None else found.shape == X.shape[:1]
    if X.ndim != 2 or X.shape[1] != 2 or not fits:
        what = f"clusters draws X (n, 2) with labels (n,) or centers (k, 2), not {X.shape} and {found.shape}."
        raise refusal(ValueError, what, "two of the features: X[:, :2]")
    ax = axes_for(ax, 5.2, 4.4)
    labels = found
    if centers is not None:
        labels = np.stack([((X - c) ** 2).sum(axis=1) for c in centers]).argmin(axis=0)
    for k in np.unique(labels):
        color = "#b0b0b0" if k == -1 else CLASSES[int(k) % len(CLASSES)]
        label = "noise" if k == -1 else f"cluster {k}"
        ax.scatter(
            *X[labels == k].T, color=color, s=14, edgecolor="white", linewidth=0.4, label=label
        )
    if centers is not None:
        for width, color in ((4.5, "white"), (2.2, "black")):  # a cross with a white border
            ax.scatter(*centers.T, marker="x", s=90, color=color, linewidth=width, zorder=3)
    ax.spines[["top", "right"]].set_visible(False)
    if len(np.unique(labels)) <= len(CLASSES):
        ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1), fontsize="small")
    return ax
