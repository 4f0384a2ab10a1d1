"""A grown tree, as arrays over its nodes, and the ways down it."""

import numpy as np

from tinygrad_edu.diagnostics.words import refusal

LEAF = -1
UNDEFINED = -2  # the feature and the threshold of a leaf
PER_NODE = (
    "children_left", "children_right", "feature", "threshold", "missing_go_to_left", "value", "impurity",
    "n_node_samples", "weighted_n_node_samples", "depth",
)  # fmt: skip


class Tree:
    """The nodes of a tree, under scikit-learn's names. Node 0 is the root.

    children_left, children_right   numbers of nodes, or LEAF
    feature, threshold              x[feature] ≤ threshold goes left; UNDEFINED in a leaf
    missing_go_to_left              where a missing value goes
    value                           (nodes, outputs, classes): means, or fractions of the classes
    impurity, n_node_samples, weighted_n_node_samples, depth
    """

    children_left: np.ndarray
    children_right: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    missing_go_to_left: np.ndarray
    value: np.ndarray
    impurity: np.ndarray
    n_node_samples: np.ndarray
    weighted_n_node_samples: np.ndarray
    depth: np.ndarray

    def __init__(self, n_features, dtype, **arrays):
        self.n_features, self.dtype = n_features, dtype
        for name in PER_NODE:
            setattr(self, name, arrays[name])

    @property
    def node_count(self):
        return len(self.feature)

    @property
    def n_leaves(self):
        return int(np.count_nonzero(self.children_left == LEAF))

    @property
    def max_depth(self):
        return int(self.depth.max())

    @property
    def n_outputs(self):
        return self.value.shape[1]

    @property
    def max_n_classes(self):
        return self.value.shape[2]

    # ---- ways down -----------------------------------------------------------------------------

    def apply(self, X):
        """The leaf of each row of X."""
        *_, leaf = self._steps(X)
        return leaf

    def _steps(self, X):
        """The node of each row of X, step by step: all rows go down one level at a time."""
        node = np.zeros(len(X), dtype=np.intp)
        yield node
        moving = np.arange(len(X))
        while True:
            moving = moving[self.children_left[node[moving]] != LEAF]
            if len(moving) == 0:
                return
            at = node[moving]
            with np.errstate(
                over="ignore"
            ):  # a number beyond float32 is infinite, which goes right
                x = X[moving, self.feature[at]].astype(self.dtype)
            goes_left = (x <= self.threshold[at]) | (np.isnan(x) & self.missing_go_to_left[at])
            node = node.copy()
            node[moving] = np.where(goes_left, self.children_left[at], self.children_right[at])
            yield node

    def decision_path(self, X):
        """(samples, nodes), a sparse matrix of SciPy: 1 for each node on the way of a row of X."""
        try:
            from scipy.sparse import csr_matrix
        except ImportError:
            what = "decision_path returns a sparse matrix, and SciPy is not installed."
            raise refusal(ImportError, what, "pip install scipy") from None
        steps = np.sort(np.stack([*self._steps(X)], axis=1), axis=1)
        first = np.diff(steps, axis=1, prepend=-1) > 0  # a row that has arrived stays where it is
        ends = np.concatenate([[0], np.cumsum(first.sum(axis=1))])
        parts = np.ones(ends[-1], dtype=np.intp), steps[first], ends
        return csr_matrix(parts, shape=(len(X), self.node_count))

    def predict(self, X):
        """The value of the leaf of each row of X, (samples, classes) or (samples, outputs, classes)."""
        value = self.value[self.apply(X)]
        return value[:, 0] if self.n_outputs == 1 else value

    def compute_feature_importances(self, normalize=True):
        """The decrease in weighted impurity by the questions about each feature; their sum is 1."""
        inner = np.flatnonzero(self.children_left != LEAF)
        left, right = self.children_left[inner], self.children_right[inner]
        weighted = self.weighted_n_node_samples * self.impurity
        gain = weighted[inner] - weighted[left] - weighted[right]
        importances = np.bincount(self.feature[inner], gain, minlength=self.n_features)
        importances = importances / self.weighted_n_node_samples[0]
        return importances / (importances.sum() or 1.0) if normalize else importances

    # ---- other trees of the same nodes -----------------------------------------------------------

    def subtree(self, order):
        """The tree of the given nodes, numbered in this order. Without its children a node is a leaf."""
        number = np.full(self.node_count + 1, LEAF)  # the last is for LEAF
        number[order] = np.arange(len(order))
        arrays = {name: getattr(self, name)[order] for name in PER_NODE}
        for side in ("children_left", "children_right"):
            arrays[side] = number[arrays[side]]
        leaf = arrays["children_left"] == LEAF
        arrays["feature"] = np.where(leaf, UNDEFINED, arrays["feature"])
        arrays["threshold"] = np.where(leaf, UNDEFINED, arrays["threshold"])
        arrays["missing_go_to_left"] = arrays["missing_go_to_left"] & ~leaf
        return Tree(self.n_features, self.dtype, **arrays)

    def preorder(self):
        """The nodes in the order of a walk that goes left first: a left child follows its parent."""
        by_depth = np.argsort(self.depth, kind="stable")
        levels = np.split(by_depth, np.cumsum(np.bincount(self.depth))[:-1])
        inner = [level[self.children_left[level] != LEAF] for level in levels]
        size = np.ones(self.node_count, dtype=np.intp)  # of the subtree under each node
        for level in reversed(inner):
            size[level] += size[self.children_left[level]] + size[self.children_right[level]]
        place = np.zeros(self.node_count, dtype=np.intp)
        for level in inner:
            left = self.children_left[level]
            place[left] = place[level] + 1
            place[self.children_right[level]] = place[left] + size[left]
        order = np.empty_like(place)
        order[place] = np.arange(len(place))
        return order
