"""Pictures of trees: a decision tree's questions, and the dendrogram of a hierarchy of clusters.

They read the attributes that scikit-learn documents, so they draw its estimators, too. As in `curves.py`,
each function draws on the matplotlib axes `ax`, on pyplot's or on new ones, and returns them.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.viz.curves import BLUE, axes_for, literal, optional
from tinygrad_edu.viz.estimators import needed
from tinygrad_edu.viz.insight import CLASSES

SLOT, LEVEL = 1.75, 1.15  # inches between leaves, and between levels
GRAY = "#8a8a8a"
LEAF = -1  # in place of the number of a child
LONGEST = 24  # letters of a name; one that is longer would make all text small
NAMED_LEAVES = 40  # a dendrogram with more has no names below it


def tree(
    model: Any,
    *,
    feature_names: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    max_depth: int | None = 3,
    ax: Any = None,
) -> Any:
    """A decision tree: a box for each node, with its question, its impurity, its samples and its answer.

    model           a fitted decision tree, or one of the trees of a forest: `forest.estimators_[0]`
    feature_names   default: the columns of the frame that it was fitted to, or x[0], x[1], ...
    class_names     in the order of `classes_`, which is the default
    max_depth       levels drawn below the root; None draws all. A box with `...` has a subtree below

    Who answers yes goes left. A box has the color of its majority, the stronger the purer; in a regression
    it is the stronger the larger the prediction. Breiman, Friedman, Olshen and Stone 1984.
    """
    nodes = needed(model, "tree_", "tree")
    feature_names, class_names = names_of(model, feature_names, class_names)
    at, edges, cut = places(nodes, np.inf if max_depth is None else max_depth)
    leaves = max(x for x, _ in at.values()) + 1
    levels = max(-y for _, y in at.values()) + 1
    ax = axes_for(ax, max(3.0, SLOT * leaves), LEVEL * levels)
    texts = {
        node: _text(model, nodes, node, feature_names, class_names, node in cut) for node in at
    }
    longest = max(len(line) for text in texts.values() for line in text.split("\n"))
    inches = ax.figure.get_size_inches()[0] * ax.get_position().width / leaves
    size = min(8.0, 0.92 * inches * 72 / (0.55 * longest + 1))
    for parent, child, said in edges:
        (x0, y0), (x1, y1) = at[parent], at[child]
        ax.plot([x0, x1], [y0, y1], color=GRAY, linewidth=1, zorder=1)
        if parent == 0:
            side = "right" if said == "yes" else "left"
            middle = (x0 + x1) / 2, (y0 + y1) / 2 + 0.05
            ax.text(*middle, f" {said} ", ha=side, fontsize=size, color="#505050")
    for node, (x, y) in at.items():
        look = {"facecolor": _color(model, nodes, node), "edgecolor": GRAY, "linewidth": 0.8}
        ax.text(
            x, y, literal(texts[node]), ha="center", va="center", fontsize=size, zorder=2,
            bbox={"boxstyle": "round,pad=0.35", **look},
        )  # fmt: skip
    ax.set(xlim=(-0.6, leaves - 0.4), ylim=(0.5 - levels, 0.5))
    ax.set_axis_off()
    return ax


def names_of(model: Any, features: Any, classes: Any) -> tuple[Any, Any]:
    """The names of features and classes: those given, or those that the fitted tree knows, or None."""
    if features is None:
        features = getattr(model, "feature_names_in_", None)
    if classes is None:
        classes = getattr(model, "classes_", None)
    wanted = int(model.tree_.feature.max(initial=-1)) + 1
    if features is not None and len(features) < wanted:
        what = f"feature_names has {len(features)} names, and the tree asks about feature {wanted - 1}."
        raise refusal(ValueError, what, "a name for each column of X")
    known = getattr(model, "classes_", None)
    if classes is not None and known is not None and len(classes) < len(known):
        what = f"class_names has {len(classes)} names, and the tree has {len(known)} classes."
        raise refusal(ValueError, what, f"a name for each of {np.asarray(known).tolist()}")
    return features, classes


def places(
    nodes: Any, max_depth: float, opened: Container[int] = ()
) -> tuple[dict[int, tuple[float, float]], list, set[int]]:
    """Where nodes are drawn, the lines from parents to children, and the nodes whose children are left out.

    The children of nodes above max_depth are drawn, and of those in `opened`. A leaf takes the next place
    from left to right; a parent stands in the middle above its children.
    """
    at: dict[int, tuple[float, float]] = {}
    edges: list[tuple[int, int, str]] = []
    cut: set[int] = set()
    next_leaf = 0
    waiting: list[tuple[int, int, bool]] = [(0, 0, False)]
    while waiting:
        node, depth, children_placed = waiting.pop()
        left, right = int(nodes.children_left[node]), int(nodes.children_right[node])
        if children_placed:
            at[node] = (at[left][0] + at[right][0]) / 2, -depth
            edges += [(node, left, "yes"), (node, right, "no")]
        elif left == LEAF or (depth >= max_depth and node not in opened):
            at[node] = next_leaf, -depth
            next_leaf += 1
            if left != LEAF:
                cut.add(node)
        else:
            waiting += [(node, depth, True), (right, depth + 1, False), (left, depth + 1, False)]
    return at, edges, cut


def parents(nodes: Any) -> np.ndarray:
    """The number of the node above each node; LEAF for the root."""
    parent = np.full(len(nodes.feature), LEAF)
    inner = np.flatnonzero(nodes.children_left != LEAF)
    parent[nodes.children_left[inner]] = parent[nodes.children_right[inner]] = inner
    return parent


def set_asked(model: Any, nodes: Any, node: int) -> str | None:
    """The categories that go left at a node, in words; None if it compares a number with a threshold."""
    if not np.isnan(nodes.threshold[node]):
        return None
    return _short(", ".join(map(str, model.left_categories(node))))


def _text(model: Any, nodes: Any, node: int, features: Any, classes: Any, is_cut: bool) -> str:
    lines = []
    if nodes.children_left[node] != LEAF:
        f = int(nodes.feature[node])
        name = f"x[{f}]" if features is None else _short(features[f])
        names = set_asked(model, nodes, node)
        asked = f"≤ {nodes.threshold[node]:.4g}" if names is None else f"in {{{names}}}"
        lines.append(f"{name} {asked}?")
    lines.append(f"{getattr(model, 'criterion', 'impurity')} {nodes.impurity[node]:.4g}")
    samples = int(nodes.n_node_samples[node])
    lines.append(f"{samples} sample" + "s" * (samples != 1))
    value = nodes.value[node]  # (targets, classes), or (targets, 1) in a regression
    if classes is None:
        lines.append("predicts " + ", ".join(f"{number:.4g}" for number in value[:, 0]))
    elif len(value) == 1:  # several columns of labels have no common majority
        shares = value[0] / value[0].sum()
        lines.append(f"{_short(classes[int(shares.argmax())])}: {shares.max():.0%}")
    if is_cut:
        lines.append("...")
    return "\n".join(lines)


def _short(name: Any) -> str:
    name = str(name)
    return name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"


def _color(model: Any, nodes: Any, node: int) -> Any:
    if hasattr(model, "classes_"):
        shares = nodes.value[node, 0] / nodes.value[node, 0].sum()
        even = 1 / len(shares)
        strength = (shares.max() - even) / (1 - even) if len(shares) > 1 else 1.0
        color = CLASSES[int(shares.argmax()) % len(CLASSES)]
    else:
        first = nodes.value[:, 0, 0]
        strength = (first[node] - first.min()) / (np.ptp(first) or 1.0)
        color = BLUE
    return _lighter(color, 0.08 + 0.5 * strength)


def _lighter(color: str, strength: float) -> np.ndarray:
    """The color on white paper, opaque, so that lines do not shine through."""
    rgb = np.asarray(optional("matplotlib.colors").to_rgb(color))
    return 1 - strength * (1 - rgb)


def dendrogram(model: Any, *, labels: Sequence[Any] | None = None, ax: Any = None) -> Any:
    """A hierarchy of clusters: each bracket joins two of them at the height of their distance.

    model    a fitted AgglomerativeClustering that kept its distances: with compute_distances=True, or a
             distance_threshold
    labels   of the samples, written below; default: their numbers. More than 40 are not written

    Clusters of the model have colors; what joins them is gray. Hastie, Tibshirani and Friedman, The Elements
    of Statistical Learning, section 14.3.12.
    """
    children = needed(model, "children_", "dendrogram")
    heights = np.asarray(needed(model, "distances_", "dendrogram"), float)
    n = len(children) + 1
    if labels is not None and len(labels) != n:
        what = f"labels has {len(labels)} names for {n} samples."
        raise refusal(ValueError, what, "a name for each row of X")
    order = _leaves(children, n)
    x = np.empty(n + len(children))
    x[order] = np.arange(n)
    y = np.r_[np.zeros(n), heights]
    # the merges after which as many clusters are left as the model has found
    kept = n - int(getattr(model, "n_clusters_", n))
    cluster = np.r_[model.labels_, np.full(len(children), -1)]
    lines, colors = [], []
    for i, (a, b) in enumerate(children):
        x[n + i] = (x[a] + x[b]) / 2
        lines.append([(x[a], y[a]), (x[a], y[n + i]), (x[b], y[n + i]), (x[b], y[b])])
        color = GRAY
        if i < kept:
            cluster[n + i] = cluster[a]
            color = CLASSES[int(cluster[a]) % len(CLASSES)]
        colors.append(color)
    ax = axes_for(ax, 7.2, 3.8)
    ax.add_collection(
        optional("matplotlib.collections").LineCollection(lines, colors=colors, linewidths=1.3)
    )
    highest = heights.max(initial=0) or 1.0
    ax.set(xlim=(-0.7, n - 0.3), ylim=(0, 1.05 * highest), ylabel="distance")
    if labels is None and hasattr(model, "transform"):  # it joins features
        labels = getattr(model, "feature_names_in_", None)
    names = np.arange(n) if labels is None else labels
    if n <= NAMED_LEAVES:
        written = [literal(names[i]) for i in order]
        crowded = n > 15 or max(map(len, written)) > 3
        ax.set_xticks(np.arange(n), written, rotation=90 if crowded else 0, fontsize="small")
    else:
        ax.set_xticks([])
        ax.set_xlabel(f"{n} samples")
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _leaves(children: np.ndarray, n: int) -> list[int]:
    """The samples from left to right, so that no two brackets cross."""
    order: list[int] = []
    waiting = [n + len(children) - 1]
    while waiting:
        node = int(waiting.pop())
        if node < n:
            order.append(node)
        else:
            waiting += [children[node - n][1], children[node - n][0]]
    return order
