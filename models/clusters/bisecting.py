"""Bisecting k-means.

Source: M. Steinbach, G. Karypis, V. Kumar, A comparison of document clustering techniques, KDD Workshop on
Text Mining (2000).
"""

from dataclasses import dataclass
from operator import attrgetter, itemgetter
from typing import Any

import numpy as np

from models.clusters.centers import Centers
from models.foundation import boolean, choice, function, integer, learned, nonnegative
from models.foundation.iterate import Trace
from models.foundation.lloyd import inertia, lloyd, nearest, nearest_around_mean, squares, tolerance
from models.foundation.randomness import generator


@dataclass
class Node:
    """A cluster, and the two into which it was divided, if any."""

    center: np.ndarray
    rows: np.ndarray  # of the training data
    score: float = 0.0  # of the clusters without parts, the one with the highest is divided next
    parts: tuple["Node", ...] = ()
    label: int = -1


class BisectingKMeans(Centers):
    """KMeans that divides the worst cluster in two, until there are n_clusters.

    The worst is that with the biggest inertia, or with the most points. A new point goes down the same tree:
    at each division to the nearer of both centers, which is not always the nearest of all.
    """

    n_clusters: int = 8
    init: Any = (
        choice("random", "k-means++", doc="how the two centers of a division are drawn: also a function of "
               "(X, 2, random_state)")
        | function()
    )  # fmt: skip
    n_init: int = integer(1, at_least=1, doc="number of starts of each division; the best is kept")
    max_iter: int = integer(300, at_least=1, doc="largest number of steps of each start")
    tol: float = nonnegative(
        1e-4, doc="stop when the squared moves of the centers add up to at most tol times the mean variance "
        "of the features",
    )  # fmt: skip
    algorithm: str = choice("lloyd", "elkan", doc="the same steps, and here the same program")
    copy_x: bool = boolean(True, doc="without effect: X is never changed")
    bisecting_strategy: str = choice(
        "biggest_inertia", "largest_cluster", doc="which is divided next"
    )
    verbose: Any = boolean(False, doc="print each division") | integer(at_least=0)

    trace_: Trace = learned(
        "of a fit in `with traced():` the inertia, centers and labels_ after each division"
    )

    does_not_apply = {
        "test_its_twin_gives_the_same_answers": "the starts are random: see its own tests"
    }

    @classmethod
    def examples(cls, rng):
        for _, X, y in super().examples(rng):
            yield cls(3, init="k-means++", random_state=0), X, y

    def _fit(self, X, weight):
        self._check_number(X)
        rng = generator(self.random_state)
        mean = weight @ X / weight.sum()
        Z = X - mean
        tol = tolerance(self.tol, Z, weight)
        root, trace = Node(np.zeros(X.shape[1]), np.arange(len(X))), Trace.of(self)
        for _ in range(self.n_clusters - 1):
            worst = max(_leaves(root), key=attrgetter("score"))
            worst.parts = self._divided(worst.rows, Z, mean, weight, tol, rng)
            if trace.keeps_states:
                self._note(trace, _leaves(root), X, mean, weight)
        if trace:
            self.trace_ = trace
        leaves = _leaves(root)
        for label, leaf in enumerate(leaves):
            leaf.label = label
        self.cluster_centers_ = np.array([leaf.center for leaf in leaves]) + mean
        self._forget_rows(root, mean)
        self._tree_ = root
        labels = self._predict(X)
        self.inertia_ = inertia(X, weight, self.cluster_centers_, labels)
        self._warn_of_equal_centers(labels)

    def _note(self, trace, leaves, X, mean, weight):
        centers, labels = np.array([leaf.center for leaf in leaves]) + mean, np.empty(len(X), int)
        for label, leaf in enumerate(leaves):
            labels[leaf.rows] = label
        trace(len(trace) + 1, inertia(X, weight, centers, labels))
        trace.keep(cluster_centers_=centers, labels_=labels)

    def _divided(self, rows, Z, mean, weight, tol, rng):
        Z, weight = Z[rows], weight[rows]
        runs = []
        for _ in range(self.n_init):
            start = self._start(Z, mean, weight, rng, 2)
            runs.append(lloyd(Z, weight, start, tol, self.max_iter))
        J, centers, steps = min(runs, key=itemgetter(0))
        if self.verbose:
            print(f"BisectingKMeans   {len(rows)} rows divided in {steps} steps   inertia {J:.8g}")
        labels = nearest(Z, centers)
        parts = []
        for k, center in enumerate(centers):
            mine = labels == k
            score = weight[mine].sum()
            if self.bisecting_strategy == "biggest_inertia":
                score = weight[mine] @ squares(Z[mine] - center)
            parts.append(Node(center, rows[mine], score if mine.sum() > 1 else -1.0))
        return tuple(parts)

    def _forget_rows(self, node, mean):
        node.rows, node.center = node.rows[:0], node.center + mean
        for part in node.parts:
            self._forget_rows(part, mean)

    def _predict(self, X):
        labels = np.empty(len(X), dtype=np.intp)
        waiting = [(self._tree_, np.arange(len(X)))]
        while waiting:
            node, rows = waiting.pop()
            if not node.parts:
                labels[rows] = node.label
                continue
            centers = np.array([part.center for part in node.parts])
            nearer = nearest_around_mean(X[rows], centers)
            waiting += [(part, rows[nearer == k]) for k, part in enumerate(node.parts)]
        return labels


def _leaves(node):
    """The clusters without parts, from left to right."""
    return [leaf for part in node.parts for leaf in _leaves(part)] if node.parts else [node]
