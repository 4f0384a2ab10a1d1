"""DBSCAN: clusters are regions of high density, of any shape, and the rest is noise.

Source: M. Ester, H.-P. Kriegel, J. Sander, X. Xu, A density-based algorithm for discovering clusters in large
spatial databases with noise, KDD (1996).

The text to read first:
"""

from typing import Any

import numpy as np

from models.clusters.graph import components
from models.clusters.near import NO_PREDICT, ByDistance
from models.foundation import Clusterer, integer, learned, positive
from models.foundation.targets import weights


def naive_dbscan(X, eps, min_samples):
    """Labels of the rows of X; -1 is noise."""

    def near(i):
        return [j for j in range(len(X)) if sum((X[i] - X[j]) ** 2) <= eps**2]

    labels, cluster = [-1] * len(X), 0
    for i in range(len(X)):
        if labels[i] == -1 and len(near(i)) >= min_samples:
            reached = [i]
            for j in reached:  # grows while it is read
                if labels[j] == -1:
                    labels[j] = cluster
                    reached += near(j) if len(near(j)) >= min_samples else []
            cluster += 1
    return labels


class DBSCAN(ByDistance, Clusterer):
    """Clusters are regions of high density, of any shape; the rest is noise, -1.

    Core samples have at least min_samples rows, with themselves, at most eps away. Core samples at most
    eps apart are in the same cluster: clusters are the connected components of this graph, numbered by
    their first core sample. Another row joins the first cluster that has a core sample at most eps away,
    and is noise if there is none. sample_weight counts a row several times; it must not be negative here.
    """

    does_not_apply = NO_PREDICT
    reads_graph = True

    eps: float = positive(0.5, doc="how far neighbors may be away")
    min_samples: int = integer(5, at_least=1, doc="neighbors of a core sample, with itself")
    p: float = positive(None, optional=True, doc="p of the Minkowski distance; None is 2")

    core_sample_indices_: np.ndarray = learned("numbers of the core samples")
    components_: np.ndarray = learned("the core samples: (core samples, features)")

    def _learn(self, X: Any, y: Any, sample_weight: Any) -> None:
        X = self._note_columns(X, y)
        # rows of weight 0 get a label as well
        self._fit(X, weights(sample_weight, X.shape[0], self))

    def _fit(self, X, weight):
        n = X.shape[0]
        row, number = self._search(X).pairs(X, self.eps)
        if hasattr(X, "tocsr"):
            row, number = _with_itself(row, number, n)
        core = np.bincount(row, weight[number], minlength=n) >= self.min_samples
        labels = np.full(n, -1)
        from_core, to_core = core[row], core[number]
        inner, outer = from_core & to_core, ~from_core & to_core
        found = components(row[inner], number[inner], n)
        labels[core] = np.unique(found[core], return_inverse=True)[1]
        border, cluster = row[outer], labels[number[outer]]
        first = np.flatnonzero(np.diff(border, prepend=-1))
        if len(first):
            labels[border[first]] = np.minimum.reduceat(cluster, first)
        self.labels_ = labels
        self.core_sample_indices_ = np.flatnonzero(core)
        self.components_ = X[core]


def _with_itself(row, number, n):
    """The edges of a graph, and one from each of n rows to itself."""
    other, own = row != number, np.arange(n, dtype=row.dtype)
    row, number = np.append(row[other], own), np.append(number[other], own)
    order = np.argsort(row, kind="stable")
    return row[order], number[order]
