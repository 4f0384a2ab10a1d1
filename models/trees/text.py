"""A tree in words: as an indented text, or as one rule for each leaf."""

from typing import Any

import numpy as np

from models.trees.structure import LEAF
from tinygrad_edu.diagnostics.words import refusal


def export_text(
    decision_tree: Any,
    *,
    feature_names: Any = None,
    class_names: Any = None,
    max_depth: int = 10,
    spacing: int = 3,
    decimals: int = 2,
    show_weights: bool = False,
) -> str:
    """The questions of a fitted tree as text, indented by their depth.

    feature_names   of all columns; default: those of the data frame of fit, or feature_0, feature_1, ...
    class_names     of all classes; default: the classes themselves
    max_depth       branches that are deeper are cut short
    spacing         number of dashes before each line
    decimals        of thresholds and values
    show_weights    show the weight of each class in the leaves of a classifier

    >>> print(export_text(DecisionTreeClassifier(max_depth=1).fit(X, y)))  # doctest: +SKIP
    |--- feature_2 <= 2.45
    |   |--- class: 0
    |--- feature_2 >  2.45
    |   |--- class: 1
    """
    tree = decision_tree.tree_
    names = _feature_names(decision_tree, feature_names)
    leaf_text = _leaf_text(decision_tree, class_names, decimals, show_weights)
    lines: list[str] = []
    waiting: list[tuple[int, int, str]] = [(0, 1, "")]  # node, depth, the line before it
    while waiting:
        node, depth, line = waiting.pop()
        if line:
            lines.append(line)
        start = ("|" + " " * spacing) * (depth - 1) + "|" + "-" * spacing
        is_leaf = tree.children_left[node] == LEAF
        if is_leaf:
            lines.append(f"{start} {leaf_text(node)}")
        elif depth > max_depth + 1:
            lines.append(f"{start} truncated branch of depth {_levels(tree, node)}")
        else:
            name, cut = names[tree.feature[node]], f"{tree.threshold[node]:.{decimals}f}"
            left, right = f"<= {cut}", f">  {cut}"
            if np.isnan(tree.threshold[node]):
                chosen = _set_of(decision_tree.left_categories(node))
                left, right = f"in {chosen}", f"not in {chosen}"
            waiting.append((tree.children_right[node], depth + 1, f"{start} {name} {right}"))
            waiting.append((tree.children_left[node], depth + 1, f"{start} {name} {left}"))
    return "\n".join(lines) + "\n"


def rules(
    decision_tree: Any, *, feature_names: Any = None, class_names: Any = None, decimals: int = 2
) -> list[str]:
    """A rule for each leaf of a fitted tree: under which conditions on the features it says what.

    feature_names, class_names and decimals are those of `export_text`. Questions about the same feature are
    merged into one interval, or into one set of categories.

    >>> rules(DecisionTreeClassifier(max_depth=2).fit(X, y))[1]  # doctest: +SKIP
    'if feature_2 > 2.45 and feature_3 <= 1.75: class: 1 (54 samples)'
    """
    tree = decision_tree.tree_
    names = _feature_names(decision_tree, feature_names)
    leaf_text = _leaf_text(decision_tree, class_names, decimals, False)
    found = []
    # node, feature -> (above, up to) or an array of categories
    waiting: list[tuple[int, dict[int, Any]]] = [(0, {})]
    while waiting:
        node, bounds = waiting.pop()
        if tree.children_left[node] == LEAF:
            conditions = [_condition(names[f], bound, decimals) for f, bound in bounds.items()]
            condition = f"if {' and '.join(conditions)}: " if conditions else "always: "
            found.append(f"{condition}{leaf_text(node)} ({tree.n_node_samples[node]} samples)")
            continue
        feature, cut = int(tree.feature[node]), tree.threshold[node]
        if np.isnan(cut):
            before = bounds.get(feature, decision_tree._categories_.known[feature])
            goes_left = np.isin(before, decision_tree.left_categories(node))
            left, right = before[goes_left], before[~goes_left]
        else:
            low, high = bounds.get(feature, (-np.inf, np.inf))
            left, right = (low, cut), (cut, high)
        waiting.append((tree.children_right[node], bounds | {feature: right}))
        waiting.append((tree.children_left[node], bounds | {feature: left}))
    return found


def _set_of(categories):
    return "{" + ", ".join(map(str, categories.tolist())) + "}"


def _condition(name, bound, decimals):
    if isinstance(bound, np.ndarray):
        return f"{name} in {_set_of(bound)}"
    low, high = bound
    if low == -np.inf:
        return f"{name} <= {high:.{decimals}f}"
    if high == np.inf:
        return f"{name} > {low:.{decimals}f}"
    return f"{low:.{decimals}f} < {name} <= {high:.{decimals}f}"


def _feature_names(model, given):
    n = model.tree_.n_features
    if given is None:
        given = vars(model).get("feature_names_in_", [f"feature_{i}" for i in range(n)])
    if len(given) != n:
        what = f"feature_names must contain {n} elements, got {len(given)}."
        raise refusal(ValueError, what, "a name for each column of X")
    return list(given)


def _leaf_text(model, class_names, decimals, show_weights):
    """What a leaf says: a function of its number."""
    tree = model.tree_
    if model.kind != "classifier":
        return lambda node: f"value: {_listed(tree.value[node, :, 0], decimals)}"
    if tree.n_outputs > 1:
        what = "a classifier of several targets has no single class in a leaf."
        raise refusal(ValueError, what, "a tree for each target")
    names = model.classes_ if class_names is None else class_names
    if len(names) != len(model.classes_):
        what = f"class_names has {len(names)} names, the tree was fitted with {len(model.classes_)} classes."
        raise refusal(ValueError, what, "a name for each class, in the order of classes_")

    def text(node):
        fractions = tree.value[node, 0]
        weights = fractions * tree.weighted_n_node_samples[node]
        shown = f"weights: {_listed(weights, decimals)} " if show_weights else ""
        return f"{shown}class: {names[int(np.argmax(fractions))]}"

    return text


def _listed(numbers, decimals):
    return "[" + ", ".join(f"{x:.{decimals}f}" for x in numbers) + "]"


def _levels(tree, node):
    """How many levels the branch under a node has, itself included."""
    nodes, levels = np.array([node]), 0
    while len(nodes):
        inner = nodes[tree.children_left[nodes] != LEAF]
        nodes, levels = np.append(tree.children_left[inner], tree.children_right[inner]), levels + 1
    return levels
