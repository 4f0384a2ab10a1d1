"""A grown tree, as arrays over its nodes, and the ways down it."""

import numpy as np

from models.trees.categories import contain, numbers_in
from tinygrad_edu.diagnostics.words import refusal

LEAF = -1
STEPS = 8  # down the tree, until rows that have arrived are left behind
UNDEFINED = -2  # the feature and the threshold of a leaf
PER_NODE = (
    "children_left", "children_right", "feature", "threshold", "missing_go_to_left", "goes_left", "value",
    "impurity", "n_node_samples", "weighted_n_node_samples", "depth",
)  # fmt: skip


class Tree:
    """The nodes of a tree, under scikit-learn's names. Node 0 is the root.

    children_left, children_right   numbers of nodes, or LEAF
    feature, threshold              x[feature] ≤ threshold goes left; UNDEFINED in a leaf. The threshold is
                                    NaN if the feature is a category, whose number is in X
    missing_go_to_left              where a missing value goes
    goes_left                       (nodes, bytes): the set of categories that go left, as bits
    value                           (nodes, outputs, classes): means, or fractions of the classes
    impurity, n_node_samples, weighted_n_node_samples, depth
    """

    children_left: np.ndarray
    children_right: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    missing_go_to_left: np.ndarray
    goes_left: np.ndarray
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

    def apply(self, X, roots=None):
        """The leaf of each row of X. With several roots, of each row from each root: (samples, roots)."""
        X = _in_range(X, self.dtype)
        n_roots = 1 if roots is None else len(roots)
        node = np.zeros(len(X), np.intp) if roots is None else np.tile(roots, len(X))
        first = np.repeat(np.arange(len(X)) * X.shape[1], n_roots)  # of each row in the flat array
        leaf = self.children_left == LEAF
        itself = np.arange(self.node_count)
        children = np.stack([self.children_left, self.children_right], axis=1)
        children = np.where(
            leaf[:, None], itself[:, None], children
        ).ravel()  # a leaf is its own child
        feature = np.where(leaf, 0, self.feature)
        some_missing = bool(np.isnan(X).any())
        is_set = np.isnan(self.threshold)
        some_sets = bool(is_set.any())
        moving = np.arange(len(node))
        while len(moving):
            at, start = node[moving], first[moving]
            for _ in range(STEPS):
                x = X.ravel().take(start + feature.take(at))
                right = ~(x <= self.threshold.take(at))
                if some_sets:
                    asked = np.flatnonzero(is_set.take(at) & ~np.isnan(x))
                    category = x[asked].astype(np.intp)
                    right[asked] = ~contain(self.goes_left, at[asked], category)
                if some_missing:
                    right &= ~(np.isnan(x) & self.missing_go_to_left.take(at))
                at = children.take(2 * at + right)
            node[moving] = at
            moving = moving[~leaf[at]]
        return node if roots is None else node.reshape(len(X), n_roots)

    def decision_path(self, X):
        """(samples, nodes), a sparse matrix of SciPy: 1 for each node on the way of a row of X."""
        try:
            from scipy.sparse import csr_matrix
        except ImportError:
            what = "decision_path returns a sparse matrix, and SciPy is not installed."
            raise refusal(ImportError, what, "pip install scipy") from None
        parent = np.full(
            self.node_count + 1, LEAF
        )  # the last is for LEAF, which stands above the root
        inner = np.flatnonzero(self.children_left != LEAF)
        parent[self.children_left[inner]] = parent[self.children_right[inner]] = inner
        steps = [self.apply(X)]
        while (steps[-1] > 0).any():
            steps.append(parent[steps[-1]])
        nodes = np.stack(steps[::-1], axis=1)
        on_the_way = nodes >= 0
        ends = np.concatenate([[0], np.cumsum(on_the_way.sum(axis=1))])
        parts = np.ones(ends[-1], dtype=np.intp), nodes[on_the_way], ends
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

    def left_categories(self, node):
        """The numbers of the categories that go left at a node, or None if it asks about a number."""
        return numbers_in(self.goes_left[node]) if np.isnan(self.threshold[node]) else None

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

    def preorders(self):
        """For each root, the nodes in the order of a walk that goes left first (a left child comes next)."""
        by_depth = np.argsort(self.depth, kind="stable")
        levels = np.split(by_depth, np.cumsum(np.bincount(self.depth))[:-1])
        inner = [level[self.children_left[level] != LEAF] for level in levels]
        size = np.ones(self.node_count, dtype=np.intp)  # of the subtree under each node
        for level in reversed(inner):
            size[level] += size[self.children_left[level]] + size[self.children_right[level]]
        roots = levels[0]
        ends = np.cumsum(size[roots])
        place = np.zeros(self.node_count, dtype=np.intp)
        place[roots] = ends - size[roots]
        for level in inner:
            left = self.children_left[level]
            place[left] = place[level] + 1
            place[self.children_right[level]] = place[left] + size[left]
        order = np.empty_like(place)
        order[place] = np.arange(len(place))
        return np.split(order, ends[:-1])


def _in_range(X, dtype):
    """X in the type of the thresholds. A number that exceeds it is infinite, and goes to the right side."""
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(X, dtype)


def joined(trees):
    """One Tree with the nodes of all, and the numbers of their roots."""
    first = np.cumsum([0, *(tree.node_count for tree in trees)])
    arrays = {name: np.concatenate([getattr(tree, name) for tree in trees]) for name in PER_NODE}
    shift = np.repeat(first[:-1], np.diff(first))
    for side in ("children_left", "children_right"):
        arrays[side] = np.where(arrays[side] == LEAF, LEAF, arrays[side] + shift)
    return Tree(trees[0].n_features, trees[0].dtype, **arrays), first[:-1]
