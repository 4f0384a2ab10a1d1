"""Decision trees: CART, exact and greedy.

Source: L. Breiman, J. Friedman, R. Olshen, C. Stone, Classification and Regression Trees (1984);
T. Hastie, R. Tibshirani, J. Friedman, The Elements of Statistical Learning, 2nd edition (ESL),
section 9.2.
"""

from typing import Any, NamedTuple

import numpy as np

from models.foundation import Classifier, choice, integer, learned, seed

LEAF = -1
UNDEFINED = -2  # the feature and the threshold of a leaf
ROUNDING = 1e-12  # impurities that differ by less are equal


class Tree(NamedTuple):
    """A grown tree, as arrays over its nodes: 0 is the root, a left child follows its parent."""

    children_left: np.ndarray  # node, or LEAF
    children_right: np.ndarray
    feature: np.ndarray  # x[feature] <= threshold goes left
    threshold: np.ndarray
    value: np.ndarray  # (nodes, classes): the fraction of each class among the samples of the node
    impurity: np.ndarray
    n_node_samples: np.ndarray
    weighted_n_node_samples: np.ndarray
    depth: np.ndarray

    def apply(self, X):
        """The leaf of each row of X: all rows go down one level at a time."""
        node = np.zeros(len(X), dtype=np.intp)
        moving = np.arange(len(X))
        while True:
            moving = moving[self.children_left[node[moving]] != LEAF]
            if len(moving) == 0:
                return node
            at = node[moving]
            goes_left = X[moving, self.feature[at]] <= self.threshold[at]
            node[moving] = np.where(goes_left, self.children_left[at], self.children_right[at])


# c_k is the weight of class k in a node, n = Σ c_k. The impurity times n depends on the classes
# only through the sum Σ φ(c_k). When a cut moves along a sorted feature, each sample changes only the
# c_k of its own class, so Σ φ(c_k) is a running sum. The search takes as long for two classes as for
# a hundred.


class Gini:
    """n (1 - Σ (c_k/n)²) = n - Σ c_k² / n"""

    @staticmethod
    def phi(c):
        return c * c

    @staticmethod
    def times_weight(n, phi_sum):
        return n - phi_sum / n


class Entropy:
    """n (-Σ c_k/n log₂ c_k/n) = n log₂ n - Σ c_k log₂ c_k, with 0 log 0 = 0"""

    @staticmethod
    def phi(c):
        return c * np.log2(np.maximum(c, np.finfo(np.float64).tiny))

    @staticmethod
    def times_weight(n, phi_sum):
        return Entropy.phi(n) - phi_sum


CRITERIA: dict[str, Any] = {"gini": Gini, "entropy": Entropy}


class DecisionTreeClassifier(Classifier):
    """P(y = k | x) = the fraction of class k among the training samples in the leaf of x.

    Each node is split by the question  x[feature] ≤ threshold  with the least remaining impurity,

        minimize  n_left I(left) + n_right I(right)     over every feature and every cut,
        I = 1 - Σ p_k²  ("gini")   or   I = -Σ p_k log₂ p_k  ("entropy"),

    until the node is pure or one of the limits is met. A cut is midway between two neighboring
    values. Among equally good questions the first feature wins, and among its cuts the lowest.

    A tree is not differentiable: its prediction is a step function of x, and it grows by a search
    among finitely many questions. Without a gradient to follow, nothing here uses the engine.
    """

    criterion: str = choice("gini", "entropy", doc="the impurity I")
    max_depth: int | None = integer(
        None, at_least=1, doc="largest number of levels; None for no limit"
    )
    min_samples_split: int = integer(2, at_least=2, doc="a node with fewer samples is a leaf")
    min_samples_leaf: int = integer(
        1, at_least=1, doc="smallest number of samples in a leaf, regardless of weights"
    )
    max_features: int | None = integer(
        None,
        at_least=1,
        doc="features searched per node, drawn from those that vary in the node; None for all",
    )
    random_state: Any = seed()

    tree_: Tree = learned("the nodes, as arrays")
    feature_importances_: np.ndarray = learned(
        "(features,): the fraction of the decrease in impurity due to each feature"
    )

    def _fit(self, X, y, weight):
        columns = np.ascontiguousarray(X.T)
        self.tree_ = self._grow(columns, y, weight, len(self.classes_))
        self.feature_importances_ = _importances(self.tree_, len(columns))

    def _grow(self, columns, labels, weight, n_classes):
        """The Tree of samples with the given columns (features, samples), labels and weights."""
        rng = np.random.default_rng(self.random_state)
        criterion = CRITERIA[self.criterion]
        labels = labels.astype(np.min_scalar_type(n_classes))  # small integers sort fast, by radix
        in_left = np.zeros(len(labels), dtype=bool)
        nodes: list[dict] = []
        # The samples are sorted once, by every feature: the part of a sorted list in a child is still
        # sorted. Each entry of `waiting` is a future node with its samples in these orders.
        above_root: dict = {}
        waiting = [(np.argsort(columns, axis=1, kind="stable"), 0, above_root, "child")]
        while waiting:
            order, depth, parent, side = waiting.pop()
            samples = order[0]
            counts = np.bincount(labels[samples], weight[samples], minlength=n_classes)
            n = counts.sum()
            node = {
                "children_left": LEAF,
                "children_right": LEAF,
                "feature": UNDEFINED,
                "threshold": float(UNDEFINED),
                "value": counts / n,
                "impurity": criterion.times_weight(n, criterion.phi(counts).sum()) / n,
                "n_node_samples": len(samples),
                "weighted_n_node_samples": n,
                "depth": depth,
            }
            parent[side] = len(nodes)
            nodes.append(node)

            if (
                depth == self.max_depth
                or len(samples) < max(self.min_samples_split, 2 * self.min_samples_leaf)
                or np.count_nonzero(counts) == 1
            ):
                continue
            features = self._candidates(columns, order, rng)
            cut = _best_cut(
                criterion, columns, features, order[features], labels, weight, counts,
                self.min_samples_leaf,
            )  # fmt: skip
            if cut is None:
                continue
            node["feature"], node["threshold"], n_left = cut
            left = order[node["feature"], :n_left]
            in_left[left] = True
            goes_left = in_left[order]
            in_left[left] = False
            for side, chosen in (("children_right", ~goes_left), ("children_left", goes_left)):
                waiting.append((order[chosen].reshape(len(order), -1), depth + 1, node, side))
        return Tree(*(np.array([node[name] for node in nodes]) for name in Tree._fields))

    def _candidates(self, columns, order, rng):
        """The features considered for the split of a node."""
        if self.max_features is None:
            return np.arange(len(columns))
        every = np.arange(len(columns))
        varying = np.flatnonzero(columns[every, order[:, 0]] < columns[every, order[:, -1]])
        return np.sort(rng.permutation(varying)[: self.max_features])

    def _predict_proba(self, X):
        return self.tree_.value[self.tree_.apply(X)]

    def apply(self, X):
        """The number of the leaf in which each row of X ends."""
        X = self._check(X)
        return self.tree_.apply(X)

    def get_depth(self):
        """How many questions the longest way down asks."""
        return int(self.tree_.depth.max())

    def get_n_leaves(self):
        """How many leaves there are."""
        return int(np.count_nonzero(self.tree_.children_left == LEAF))


def _best_cut(criterion, columns, features, order, labels, weight, counts, min_samples_leaf):
    """(feature, threshold, samples to the left) of the cut that leaves the least impurity, or None.

    order: (features, n), the n samples of the node in ascending order of each of the features.
    counts: (classes,), the weight of each class in the node. Everything below is (features, n): at
    [f, i] the cut after the i-th lowest value of feature f.
    """
    n = order.shape[1]
    x = columns[features[:, None], order]
    allowed = x[:, :-1] < x[:, 1:]
    allowed[:, : min_samples_leaf - 1] = False
    allowed[:, n - min_samples_leaf :] = False
    if not allowed.any():
        return None

    w, k = weight[order], labels[order]
    c_left = _running_weight_of_own_class(k, w, counts)
    c_right = counts[k] - c_left
    left = np.cumsum(criterion.phi(c_left) - criterion.phi(c_left - w), axis=1)
    right = criterion.phi(counts).sum() - np.cumsum(
        criterion.phi(c_right + w) - criterion.phi(c_right), axis=1
    )
    n_left = np.cumsum(w, axis=1)
    n_right = np.cumsum(w[:, :0:-1], axis=1)[:, ::-1]  # n - n_left might be 0 by rounding
    impurity = criterion.times_weight(n_left[:, :-1], left[:, :-1])
    impurity += criterion.times_weight(n_right, right[:, :-1])
    impurity[~allowed] = np.inf

    # Running sums round. Cuts that differ only by rounding are equally good, and the first is chosen.
    equally_good = impurity <= impurity.min() + ROUNDING * counts.sum()
    best, i = np.unravel_index(np.argmax(equally_good), impurity.shape)
    low, high = x[best, i], x[best, i + 1]
    threshold = low / 2 + high / 2  # halves first, because the sum of two huge values overflows
    if not low <= threshold < high:  # no float lies between them, or the midpoint rounds up
        threshold = low
    return int(features[best]), threshold, int(i) + 1


def _running_weight_of_own_class(k, w, counts):
    """At [f, i]: the weight of the first i+1 samples of row f that have the class of sample i.

    With the row sorted by class (stably, which keeps the order within a class) this is one running sum,
    minus the weight of the classes before.
    """
    by_class = np.argsort(k, axis=1, kind="stable")
    running = np.empty_like(w)
    np.put_along_axis(running, by_class, np.cumsum(np.take_along_axis(w, by_class, 1), axis=1), 1)
    return running - (np.cumsum(counts) - counts)[k]


def _importances(tree, n_features):
    """The decrease in weighted impurity by the splits of each feature, normalized to sum 1."""
    importances = np.zeros(n_features)
    inner = np.flatnonzero(tree.children_left != LEAF)
    left, right = tree.children_left[inner], tree.children_right[inner]
    weighted = tree.weighted_n_node_samples * tree.impurity
    np.add.at(importances, tree.feature[inner], weighted[inner] - weighted[left] - weighted[right])
    return importances / (importances.sum() or 1.0)
