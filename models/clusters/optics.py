"""OPTICS: an order of the rows in which clusters of every density are valleys.

Sources: M. Ankerst, M. Breunig, H.-P. Kriegel, J. Sander, OPTICS: ordering points to identify the clustering
structure, SIGMOD (1999); E. Schubert, M. Gertz, Improving the cluster structure extracted from OPTICS plots,
LWDA (2018).
"""

from typing import Any

import numpy as np

from models.clusters.near import NO_PREDICT, ByDistance
from models.clusters.xi import labels_of_clusters, xi_clusters
from models.foundation import (
    Clusterer,
    boolean,
    choice,
    function,
    integer,
    learned,
    nonnegative,
    number,
    warn,
)
from models.foundation.fields import Parameter
from models.neighbors.distances import NAMES
from tinygrad_edu.diagnostics.words import refusal

DECIMALS = 15  # to which distances are rounded, as in scikit-learn


class OPTICS(ByDistance, Clusterer):
    """An order of the rows in which clusters of every density are valleys.

    The core distance of a row is that to its min_samples-th nearest row, itself counted. The order starts
    with row 0. Next comes the row with the least reachability: its least max(core distance of o, distance
    to o) over the rows o that came before and have it within max_eps. Drawn in this order,
    reachability_[ordering_], clusters are valleys between steep slopes.

    cluster_method="xi" finds them: a slope is steep where the reachability changes by the factor 1 - xi, and
    labels are those of the smallest valleys. "dbscan" cuts at the height eps: the labels are nearly DBSCAN's.
    min_samples and min_cluster_size may be fractions of the rows.
    """

    does_not_apply = {
        **NO_PREDICT,
        "test_unusual_data_give_a_finite_answer_or_one_clear_error": "reachability_ begins with inf",
    }

    min_samples: Any = integer(5, at_least=2) | number(
        at_least=0, at_most=1, doc="rows within the core distance, itself counted; or a fraction"
    )
    max_eps: float = nonnegative(np.inf, doc="how far neighbors may be away")
    metric: Any = choice("minkowski", *(name for name in NAMES if name != "minkowski")) | function(
        doc="a distance: see pairwise_distances; 'precomputed': X has the distances"
    )
    p: float = number(2, at_least=1, doc="p of the Minkowski distance")
    cluster_method: str = choice("xi", "dbscan", doc="how clusters are found in the order")
    eps: float = nonnegative(None, optional=True, doc="height of the cut; None: max_eps")
    xi: float = number(0.05, at_least=0, at_most=1, doc="how steep the sides of a valley are")
    predecessor_correction: bool = boolean(True, doc="a cluster ends with a row reached from it")
    min_cluster_size: Any = integer(None, at_least=2, optional=True) | number(
        above=0, at_most=1, doc="rows of a cluster; or a fraction; None: min_samples"
    )
    memory: Any = Parameter(
        None, lambda x: isinstance(x, str) or hasattr(x, "cache"),
        "a path or an object with `cache`", "no effect: nothing is stored",
    )  # fmt: skip

    reachability_: np.ndarray = learned(
        "by row: (samples,); inf where a new part of the order begins"
    )
    ordering_: np.ndarray = learned("the rows in order")
    core_distances_: np.ndarray = learned("by row; inf if beyond max_eps")
    predecessor_: np.ndarray = learned("the row that a row was reached from, -1 for none")
    cluster_hierarchy_: np.ndarray = learned(
        "(clusters, 2): first and last place in the order, the inner ones first; of 'xi'"
    )

    def _fit(self, X):
        n = len(X)
        k = _size("min_samples", self.min_samples, n)
        smallest = k
        if self.min_cluster_size is not None:
            smallest = _size("min_cluster_size", self.min_cluster_size, n)
        eps = self.max_eps if self.eps is None else self.eps
        if self.cluster_method == "dbscan" and eps > self.max_eps:
            what = f"Specify an epsilon smaller than {self.max_eps}. Got {eps}."
            raise refusal(ValueError, what, f"eps={self.max_eps}")
        self._order(self._search(X), k)
        if self.cluster_method == "dbscan":
            far, core = self.reachability_ > eps, self.core_distances_ <= eps
            self.labels_ = np.zeros(n, dtype=int)
            self.labels_[self.ordering_] = np.cumsum((far & core)[self.ordering_]) - 1
            self.labels_[far & ~core] = -1
            return
        clusters = xi_clusters(
            self.reachability_[self.ordering_], self.predecessor_[self.ordering_], self.ordering_,
            self.xi, k, smallest, self.predecessor_correction,
        )  # fmt: skip
        self.cluster_hierarchy_ = np.array(clusters, dtype=int).reshape(-1, 2)
        self.labels_ = labels_of_clusters(self.ordering_, clusters)

    def _order(self, search, k):
        n = len(search)
        core = search.nearest(search.X, k)[0][:, -1]
        core = np.around(np.where(core > self.max_eps, np.inf, core), DECIMALS)
        reach, predecessor = np.full(n, np.inf), np.full(n, -1)
        waiting = np.arange(n)  # ascending: of equal reachabilities the first row comes first
        ordering = np.empty(n, dtype=int)
        for place in range(n):
            row = waiting[reach[waiting].argmin()]
            waiting = waiting[waiting != row]
            ordering[place] = row
            if core[row] == np.inf:
                continue
            distance = search.distances_from(row)[waiting]
            near = distance <= self.max_eps
            to, distance = waiting[near], distance[near]
            through = np.around(np.maximum(distance, core[row]), DECIMALS)
            nearer = through < reach[to]
            reach[to[nearer]] = through[nearer]
            predecessor[to[nearer]] = row
        if np.isinf(reach).all():
            text = "All reachability values are inf."
            warn(
                UserWarning,
                f"{text} Try: a larger max_eps, or all data will be considered outliers",
            )
        self.ordering_, self.core_distances_ = ordering, core
        self.reachability_, self.predecessor_ = reach, predecessor


def _size(name: str, given: Any, n: int) -> int:
    """A number of rows, or a fraction of them, as a number."""
    if given > n:
        what = f"{name} must be no greater than the number of samples ({n}). Got {name}={given}."
        raise refusal(ValueError, what, f"{name}={n}, or fewer")
    return int(given) if given > 1 else max(2, int(given * n))
