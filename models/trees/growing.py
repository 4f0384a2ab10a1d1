"""Growing trees level by level: the questions of all nodes of a level are found together (`questions`)."""

from itertools import count
from typing import Any, NamedTuple

import numpy as np

from models.trees.nodes import Nodes
from models.trees.pruning import BestFirst
from models.trees.questions import BestQuestions, RandomQuestions
from models.trees.running import EPSILON, NEVER
from models.trees.structure import LEAF, UNDEFINED, Tree


class Limits(NamedTuple):
    """When to stop, and which features a question may be about."""

    max_features: int
    max_depth: int | None = None
    min_samples_split: int = 2
    min_samples_leaf: int = 1
    min_weight_leaf: float = 0.0
    max_leaf_nodes: int | None = None
    min_impurity_decrease: float = 0.0
    random_cuts: bool = False
    random_ties: bool = False  # of equally good questions, one at random; otherwise the first
    monotonic: np.ndarray | None = None  # (features,): 1 increasing, -1 decreasing, 0 free


def grow(
    table: Any, criterion: Any, y: np.ndarray, weights: Any, limits: Limits, rng: Any
) -> list[Tree]:
    """Trees that predict y, (outputs, samples), from the samples in `table`, all grown together.

    weights: for each tree those of the samples, (samples,), one after the other. Samples of weight 0 are left
    out. With `max_leaf_nodes` there may be only one tree.
    """
    drawn = [(np.flatnonzero(each), each[each > 0]) for each in weights]
    sizes = np.array([len(rows) for rows, _ in drawn])
    samples, weight = (np.concatenate(parts) for parts in zip(*drawn, strict=True))
    largest = weight.max()
    scale = 1.0 if 1e-60 < largest < 1e60 else largest  # products of weights may not overflow
    weight = weight / scale
    limits = limits._replace(min_weight_leaf=limits.min_weight_leaf / scale)
    no_bounds = np.full((2, len(sizes)), np.inf) * [[-1], [1]]
    nodes = Nodes(
        samples, sizes, criterion.columns(y)[:, samples], None if (weight == 1).all() else weight,
        np.arange(len(sizes)), *no_bounds,
    )  # fmt: skip
    whole, n_nodes = nodes.total, nodes.number
    best_first = None if limits.max_leaf_nodes is None else BestFirst(limits.max_leaf_nodes)

    levels = []
    for depth in count():
        value, nodes.impurity = criterion.describe(nodes)
        if limits.monotonic is not None:
            value = criterion.clipped(value, nodes.lower, nodes.upper)
        level = _leaves(nodes, value, depth, table.bytes_of_sets)
        levels.append(level)
        if depth == 0:
            pure = EPSILON * np.minimum(1.0, nodes.impurity)  # an impurity of 0 is not exact
        splits = (
            nodes.vary()
            & (nodes.impurity > pure[nodes.tree])
            & (nodes.sizes >= max(limits.min_samples_split, 2 * limits.min_samples_leaf))
            & (nodes.total >= 2 * limits.min_weight_leaf)
        )
        if depth == limits.max_depth or not splits.any():
            break
        nodes = nodes.only(splits)
        best = _ask(table, criterion, nodes, limits, rng)
        good = best.gain > -NEVER / 2
        good &= best.gain / whole[nodes.tree] + EPSILON >= limits.min_impurity_decrease
        if best_first is not None:
            good = best_first.worth_splitting(splits, best.gain, good)
        if not good.any():
            break
        splits[splits] = good
        nodes, best = nodes.only(good), best.only(good)
        level["gain"][splits] = best.gain
        level["feature"][splits] = best.feature
        level["threshold"][splits] = np.where(
            table.are_categories(best.feature), np.nan, best.threshold
        )
        level["children_left"][splits] = n_nodes + np.arange(nodes.number)
        level["children_right"][splits] = n_nodes + nodes.number + np.arange(nodes.number)
        n_nodes += 2 * nodes.number
        nodes, level["missing_go_to_left"][splits], level["goes_left"][splits] = _children(
            table, nodes, best, limits
        )
    # Parts are given up as they are joined: a full tree may need more memory than X.
    arrays = {
        name: np.concatenate([level.pop(name) for level in levels]) for name in list(levels[0])
    }
    gain = arrays.pop("gain")
    arrays["weighted_n_node_samples"] *= scale
    all_trees = Tree(len(table.codes), table.dtype, **arrays)
    if best_first is not None:
        return [all_trees.subtree(best_first.order(all_trees, gain))]
    return [all_trees.subtree(order) for order in all_trees.preorders()]


def _leaves(nodes, value, depth, bytes_of_sets):
    """What is known of new nodes: leaves, until there is a question."""
    return {
        "children_left": np.full(nodes.number, LEAF),
        "children_right": np.full(nodes.number, LEAF),
        "feature": np.full(nodes.number, UNDEFINED),
        "threshold": np.full(nodes.number, float(UNDEFINED)),
        "missing_go_to_left": np.zeros(nodes.number, dtype=bool),
        "goes_left": np.zeros((nodes.number, bytes_of_sets), dtype=np.uint8),
        "value": value,
        "impurity": nodes.impurity,
        "n_node_samples": nodes.sizes,
        "weighted_n_node_samples": nodes.total,
        "depth": np.full(nodes.number, depth),
        "gain": np.zeros(nodes.number),
    }


def _ask(table, criterion, nodes, limits, rng):
    """The best question of each node, about `max_features` features, drawn anew for each node.

    If none of these varies in the node, one more is drawn, among those that vary.
    """
    search: Any = RandomQuestions if limits.random_cuts else BestQuestions
    n_features = len(table.codes)
    if limits.max_features >= n_features:
        features = np.arange(n_features)[:, None]
        return search(table, criterion, nodes, limits, rng).among(features)
    features = _draw(n_features, limits.max_features, nodes.number, rng)
    best = search(table, criterion, nodes, limits, rng).among(features)
    if best.varies.all():
        return best
    again = ~best.varies
    more = search(table, criterion, nodes.only(again), limits, rng)
    lot = more.varying() * (1 + rng.random((n_features, more.nodes.number)))
    found = more.among(np.argmax(lot, axis=0)[None])
    for old, new in zip(best, found, strict=True):
        old[again] = new
    return best


def _draw(n, k, times, rng):
    """`times` times k different numbers below n: (k, times). The first steps of Fisher and Yates."""
    deck = np.tile(np.arange(n)[:, None], times)
    each = np.arange(times)
    for i in range(k):
        j = rng.integers(i, n, times)
        deck[i], deck[j, each] = deck[j, each], deck[i].copy()
    return deck[:k]


def _children(table, nodes, best, limits):
    """The left children of all nodes, then the right ones; where missing values go; and which categories."""
    feature = nodes.spread(best.feature)
    codes = table.codes_in(nodes, best.feature[None])[0]
    left = codes <= nodes.spread(best.cut)
    missing_left = best.missing_left
    some_missing = np.zeros(nodes.number, dtype=bool)
    if table.missing.any():
        missing = table.is_missing(codes, feature)
        some_missing = nodes.sum(missing) > 0
        left = np.where(missing, nodes.spread(missing_left), left)
    n_left = nodes.sum(left).astype(np.intp)
    sizes = np.concatenate([n_left, nodes.sizes - n_left])
    # A node without missing values sends those of other data with the majority.
    missing_left = np.where(some_missing, missing_left, n_left > nodes.sizes - n_left)
    order = np.concatenate([np.flatnonzero(left), np.flatnonzero(~left)])
    lower, upper = np.tile(nodes.lower, 2), np.tile(nodes.upper, 2)
    if limits.monotonic is not None:
        sign, middle, half = limits.monotonic[best.feature], best.middle, nodes.number
        rises, falls = sign > 0, sign < 0
        upper[:half][rises] = lower[half:][rises] = middle[rises]
        lower[:half][falls] = upper[half:][falls] = middle[falls]
    children = nodes.part(order, sizes, np.tile(nodes.tree, 2), lower, upper)
    return children, missing_left, table.sets(nodes, feature, left, missing_left)
