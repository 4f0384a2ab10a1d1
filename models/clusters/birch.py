"""BIRCH: balanced iterative reducing and clustering using hierarchies.

Source: T. Zhang, R. Ramakrishnan, M. Livny, BIRCH: an efficient data clustering method for very large
databases, SIGMOD (1996); A. Lang, E. Schubert, BETULA: fast clustering of large data with improved BIRCH
CF-trees, Information Systems 108 (2022), for sums of squares around the mean, which lose no digits.
"""

from copy import deepcopy
from typing import Any

import numpy as np

from models.clusters.agglomerative import AgglomerativeClustering
from models.foundation import (
    Clusterer,
    ConvergenceWarning,
    Transformer,
    boolean,
    choice,
    clone,
    integer,
    learned,
    part,
    positive,
    warn,
)
from models.foundation.incremental import Incremental
from models.foundation.lloyd import blocks, nearest, squared_distances, squares


class Node:
    """At most `branching` subclusters, each with its number of points n, their mean and Σ ‖x - mean‖².

    In a leaf they are the subclusters themselves. Elsewhere each is the union of those of a child.
    """

    def __init__(self, branching: int, features: int, is_leaf: bool):
        self.branching, self.size = branching, 0
        self.children: list[Node] | None = None if is_leaf else []
        self.n = np.zeros(branching + 1)  # one more, until the node is split
        self.mean = np.zeros((branching + 1, features))
        self.mean_squared = np.zeros(branching + 1)  # ‖mean‖²
        self.spread = np.zeros(branching + 1)  # Σ ‖x - mean‖²

    def put(self, i: int, n: float, mean: np.ndarray, spread: float) -> None:
        self.n[i], self.mean[i], self.spread[i] = n, mean, spread
        self.mean_squared[i] = mean @ mean

    def add(self, value: tuple[float, np.ndarray, float], child: "Node | None" = None) -> None:
        self.put(self.size, *value)
        self.size += 1
        if self.children is not None and child is not None:
            self.children.append(child)

    def with_point(self, i: int, x: np.ndarray) -> tuple[float, np.ndarray, float]:
        """n, mean and spread of subcluster i with one more point."""
        n, difference = self.n[i] + 1, x - self.mean[i]
        spread = self.spread[i] + (n - 1) / n * (difference @ difference)
        return n, self.mean[i] + difference / n, spread

    def union(self) -> tuple[float, np.ndarray, float]:
        """n, mean and spread of all subclusters together."""
        n, means = self.n[: self.size], self.mean[: self.size]
        mean = n @ means / n.sum()
        return n.sum(), mean, self.spread[: self.size].sum() + n @ squares(means - mean)


class Tree:
    """The tree of nodes. Points are added one by one, and none is kept."""

    def __init__(self, threshold: float, branching: int, features: int):
        self.threshold, self.branching, self.features = threshold, branching, features
        self.root = Node(branching, features, is_leaf=True)
        self.leaves = [self.root]  # from left to right

    def add(self, x: np.ndarray) -> None:
        if self._added(self.root, x):
            old, new = self.root, self._split(self.root)
            self.root = Node(self.branching, self.features, is_leaf=False)
            self.root.add(old.union(), old)
            self.root.add(new.union(), new)

    def _added(self, node, x):
        """Adds a point below the node; returns whether the node must be split."""
        if node.size == 0:
            node.add((1.0, x, 0.0))
            return False
        i = int((node.mean_squared[: node.size] - 2 * (node.mean[: node.size] @ x)).argmin())
        n, mean, spread = node.with_point(i, x)
        if node.children is None:
            if spread <= n * self.threshold**2:
                node.put(i, n, mean, spread)
            else:
                node.add((1.0, x, 0.0))
        else:
            child = node.children[i]
            if self._added(child, x):
                new = self._split(child)
                node.put(i, *child.union())
                node.add(new.union(), new)
            else:
                node.put(i, n, mean, spread)
        return node.size > self.branching

    def _split(self, node):
        """Moves to a new node what is nearer to the second of the two subclusters farthest apart."""
        means = node.mean[: node.size].copy()
        D = squared_distances(means, means)
        first, second = np.unravel_index(D.argmax(), D.shape)
        stays = D[first] < D[second]
        stays[first] = True
        values = [(node.n[i], means[i], node.spread[i]) for i in range(node.size)]
        children, is_leaf = node.children, node.children is None
        new = Node(self.branching, self.features, is_leaf)
        node.size, node.children = 0, None if is_leaf else []
        for i, value in enumerate(values):
            target = node if stays[i] else new
            target.add(value, None if is_leaf else children[i])
        if is_leaf:
            self.leaves.insert(self.leaves.index(node) + 1, new)
        return new

    def centers(self) -> np.ndarray:
        """The means of all subclusters of the leaves."""
        return np.concatenate([leaf.mean[: leaf.size] for leaf in self.leaves])


class Birch(Clusterer, Transformer, Incremental):
    """Sums up the points in small subclusters as they come, and then clusters the means of these.

    A point goes down a tree, always to the nearest mean, and joins the subcluster that it finds if

        √(Σ ‖x - mean‖² / n) ≤ threshold

    still holds for it. Otherwise it starts a new one. A node with more than branching_factor subclusters is
    split in two. Memory grows like the number of subclusters, not of points, and `partial_fit` adds more.
    """

    threshold: float = positive(0.5, doc="largest radius of a subcluster with a new point")
    branching_factor: int = integer(50, at_least=2, doc="largest number of subclusters of a node")
    n_clusters: Any = (
        integer(3, at_least=1, doc="clusters into which AgglomerativeClustering merges the subclusters; "
                "another clusterer of their means; None: the subclusters are the clusters")
        | choice(None)
        | part(needs="fit_predict")
    )  # fmt: skip
    compute_labels: bool = boolean(True, doc="without effect: labels_ is always computed")

    root_: Node = learned("the root of the tree")
    subcluster_centers_: np.ndarray = learned("(subclusters, features): their means")
    subcluster_labels_: np.ndarray = learned("(subclusters,): the cluster of each")

    overcomplete = True  # n_clusters may exceed the number of points: it warns
    does_not_apply = {
        "test_its_twin_gives_the_same_answers": "the same subclusters in another order: see its tests"
    }

    def _fit(self, X):
        self._tree_ = None
        self._partial_fit(X)

    def _partial_fit(self, X):
        tree = deepcopy(vars(self).get("_tree_"))
        if tree is None:
            self._origin_ = X.mean(axis=0)  # far from zero products lose digits
            tree = Tree(self.threshold, self.branching_factor, X.shape[1])
        for x in X - self._origin_:
            tree.add(x)
        self._tree_, self.root_ = tree, tree.root
        self.subcluster_centers_ = tree.centers() + self._origin_
        self._cluster_the_subclusters()

    def _learn_more(self, X, y, sample_weight):
        super()._learn_more(X, y, sample_weight)
        self.labels_ = self._predict(self._check(X))

    def partial_fit(self, X: Any = None, y: Any = None) -> Any:
        """Adds more rows, and clusters the subclusters again; without X only the latter. Returns self."""
        if X is not None:
            return super().partial_fit(X, y)
        self._check_parameters()
        learner = self._copy(with_learned=True)
        learner._cluster_the_subclusters()
        return self._take_over(learner)

    def _cluster_the_subclusters(self):
        centers = self.subcluster_centers_
        model = self.n_clusters
        is_number = model is not None and not hasattr(model, "fit_predict")
        if is_number and len(centers) < model:
            warn(
                ConvergenceWarning,
                f"Number of subclusters found ({len(centers)}) by BIRCH is less than ({model}). Decrease the "
                f"threshold. Try: threshold={self.threshold / 2:.3g}",
            )
        if model is None or (is_number and len(centers) <= model):
            self.subcluster_labels_ = np.arange(len(centers))
            return
        model = AgglomerativeClustering(model) if is_number else clone(model)
        self.subcluster_labels_ = model.fit_predict(centers)

    def _predict(self, X):
        centers = self.subcluster_centers_ - self._origin_
        found = np.concatenate([nearest(x - self._origin_, centers) for x in blocks(X)])
        return self.subcluster_labels_[found]

    def _transform(self, X):
        """The distance to each mean: (samples, subclusters)."""
        return np.sqrt(squared_distances(X, self.subcluster_centers_))
