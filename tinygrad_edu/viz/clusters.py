"""Pictures of clusters: the points in their colors, and how well each fits its cluster."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.tensor import value
from tinygrad_edu.viz.curves import array_of, axes_for, literal
from tinygrad_edu.viz.insight import CLASSES

NOISE = "#b0b0b0"  # rows of no cluster
MOST_NAMES = 20  # of clusters, beside whose bars there is room for words


def clusters(X: Any, found: Any, *, ax: Any = None) -> Any:
    """Points X (n, 2) in the colors of their clusters.

    found   labels (n,), in which -1 is noise and drawn in gray; or centers (k, 2), which are crosses here:
            each point belongs to the nearest
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
        size = 1.0 if len(centers) <= MOST_NAMES else 0.4
        for width, color in ((4.5, "white"), (2.2, "black")):  # a cross with a white border
            look = {"marker": "x", "s": 90 * size**2, "linewidth": width * size, "zorder": 3}
            ax.scatter(*centers.T, color=color, **look)
    parts = _parts(labels)
    for rows, words, color in parts:
        ax.scatter(*X[rows].T, color=color, s=14, edgecolor="white", linewidth=0.4, label=words)
    ax.spines[["top", "right"]].set_visible(False)
    if len(parts) <= len(CLASSES):
        ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1), fontsize="small")
    return ax


def silhouettes(X: Any, labels: Any, *, ax: Any = None) -> Any:
    """How well each row of X fits its cluster: a bar for each, from -1 to 1, the longest at the top.

    s = (b - a) / max(a, b), with a the mean distance to the other rows of its cluster, and b that to those of
    the nearest other cluster. A row with s < 0 is nearer to another cluster. The dashed line is the mean.
    Rousseeuw 1987.
    """
    from models.metrics import silhouette_samples

    labels = np.asarray(value(labels))
    s = silhouette_samples(X, labels)
    ax = axes_for(ax, 6.0, 4.4)
    top, gap, middles = 0, max(1, len(s) // 50), []
    parts = _parts(labels)
    for rows, _, color in parts:
        of_cluster = np.sort(s[rows])[::-1]
        places = top + np.arange(len(of_cluster))
        ax.barh(places, of_cluster, height=1.0, color=color, linewidth=0)
        middles.append(places.mean())
        top += len(of_cluster) + gap
    ax.axvline(s.mean(), color="#303030", linestyle="--", linewidth=1)
    ax.axvline(0, color="#8a8a8a", linewidth=0.8)
    size = "medium" if len(parts) <= MOST_NAMES else 4
    ax.set_yticks(middles, [words for _, words, _ in parts], fontsize=size)
    ax.tick_params(axis="y", length=0)
    ax.set(
        xlabel=f"silhouette, mean {s.mean():.2f}", ylim=(top - gap, -gap), xlim=(min(s.min(), 0), 1)
    )
    ax.spines[["top", "right", "left"]].set_visible(False)
    return ax


def _parts(labels: np.ndarray) -> list[tuple[np.ndarray, str, str]]:
    """(its rows, its name, its color) of each cluster. A number has the same color in every picture."""
    names = np.unique(labels)
    numbers = names.astype(int) if names.dtype.kind in "iuf" else np.arange(len(names))
    return [
        (labels == name, "noise", NOISE) if name == -1
        else (labels == name, literal(f"cluster {name}"), CLASSES[k % len(CLASSES)])
        for name, k in zip(names, numbers, strict=True)
    ]  # fmt: skip
