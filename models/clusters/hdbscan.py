"""HDBSCAN: DBSCAN at all densities at once, and from its hierarchy the clusters that live longest.

Sources: R. Campello, D. Moulavi, A. Zimek, J. Sander, Hierarchical density estimates for data clustering,
visualization, and outlier detection, ACM TKDD 10 (2015); C. Malzer, M. Baum, A hybrid approach to
hierarchical density-based cluster selection, MFI (2020).
"""

from typing import Any

import numpy as np

from models.clusters.condensed_tree import CondensedTree, labels_at_cut, single_linkage
from models.clusters.linkage import shortest_tree
from models.clusters.near import NO_PREDICT, ByDistance
from models.foundation import Clusterer, boolean, choice, integer, learned, nonnegative, positive
from models.neighbors.distances import pairwise_distances
from tinygrad_edu.diagnostics.words import refusal


class HDBSCAN(ByDistance, Clusterer):
    """Clusters of any shape and of different densities; rows in no cluster are noise, -1.

    1. The core distance of a row is that to its min_samples-th nearest row, itself counted. The mutual
       reachability of two rows is the largest of their core distances and distance / alpha.
    2. The minimum spanning tree of this distance, cut at its longest edges first, splits the rows again and
       again.
    3. Parts smaller than min_cluster_size fall out of their cluster; other splits make two clusters of one.
       At density λ = 1 / distance a row falls out, or a cluster is born.
    4. The stability of a cluster is Σ (λ of falling out - λ of birth) over its rows. "eom" selects the
       clusters with the largest total, of which none contains another; "leaf" those that do not split.

    cluster_selection_epsilon: a selected cluster born below this distance is replaced by the first one around
    it that was born above. Missing and infinite values, which scikit-learn labels -3 and -2, are refused.
    """

    does_not_apply = NO_PREDICT

    min_cluster_size: int = integer(5, at_least=2, doc="smaller parts are noise")
    min_samples: int = integer(None, at_least=1, optional=True, doc="None: min_cluster_size")
    cluster_selection_epsilon: float = nonnegative(
        0.0, doc="smallest distance at which clusters split"
    )
    max_cluster_size: int = integer(
        None, at_least=1, optional=True, doc="for 'eom'; None: no limit"
    )
    alpha: float = positive(
        1.0, doc="divides distances, but not core distances, unless by brute force"
    )
    leaf_size: int = integer(40, at_least=1, doc="about how many rows a leaf of a tree has")
    cluster_selection_method: str = choice("eom", "leaf", doc="which clusters of the hierarchy")
    allow_single_cluster: bool = boolean(False, doc="may all rows be one cluster?")
    store_centers: Any = choice(
        None, "centroid", "medoid", "both", doc="what to compute of clusters"
    )
    copy: Any = choice("warn", True, False, doc="no effect: X is never changed")

    probabilities_: np.ndarray = learned("how deep a row is in its cluster, 0 to 1: (samples,)")
    centroids_: np.ndarray = learned("means, weighted by probabilities: (clusters, features)")
    medoids_: np.ndarray = learned("the row with the least such distance: (clusters, features)")

    def _fit(self, X):
        k = self.min_cluster_size if self.min_samples is None else self.min_samples
        if len(X) == 1:
            what = "n_samples=1 while HDBSCAN requires more than one sample."
            raise refusal(ValueError, what, "more rows")
        if k > len(X):
            what = f"min_samples ({k}) must be at most the number of samples in X ({len(X)})."
            raise refusal(ValueError, what, f"HDBSCAN(min_samples={len(X)}), or fewer")
        if self.pairwise and self.store_centers is not None:
            what = "Cannot store centers when using a precomputed distance matrix."
            raise refusal(ValueError, what, "store_centers=None")
        search = self._search(X)
        core = search.nearest(X, k)[0][:, -1]
        brute = self._is_brute()
        core = core / self.alpha if brute else core
        self._single_linkage_tree_ = single_linkage(
            *spanning_tree(search, core, self.alpha, chain=brute)
        )
        tree = CondensedTree(self._single_linkage_tree_, self.min_cluster_size)
        chosen = tree.select(
            self.cluster_selection_method, self.allow_single_cluster,
            self.cluster_selection_epsilon, self.max_cluster_size,
        )  # fmt: skip
        self.labels_, self.probabilities_ = tree.labels(
            chosen, self.allow_single_cluster, self.cluster_selection_epsilon
        )
        self._store_centers(X)

    def _is_brute(self):
        """Would scikit-learn use no tree? It then divides core distances too, and breaks ties otherwise."""
        others = ("cosine", "correlation", "sqeuclidean", "yule", "nan_euclidean", "precomputed")
        without_tree = callable(self.metric) or self.metric in others
        return self.algorithm == "brute" or (self.algorithm == "auto" and without_tree)

    def _store_centers(self, X):
        members = [self.labels_ == label for label in range(self.labels_.max() + 1)]
        if self.store_centers in ("centroid", "both"):
            means = [np.average(X[m], axis=0, weights=self.probabilities_[m]) for m in members]
            self.centroids_ = np.reshape(means, (-1, X.shape[1]))
        if self.store_centers in ("medoid", "both"):
            chosen = []
            for m in members:
                D = pairwise_distances(X[m], metric=self.metric, **(self.metric_params or {}))
                chosen.append(X[m][np.argmin((D * self.probabilities_[m]).sum(axis=1))])
            self.medoids_ = np.reshape(chosen, (-1, X.shape[1]))

    def dbscan_clustering(self, cut_distance: float, min_cluster_size: int = 5) -> np.ndarray:
        """The labels of one density: as DBSCAN with eps=cut_distance, but border rows are noise."""
        self._require_fit()
        return labels_at_cut(self._single_linkage_tree_, cut_distance, min_cluster_size)


def spanning_tree(search, core, alpha, chain=False):
    """The edges of a minimum spanning tree of the mutual reachability: two ends and length, (n - 1,) each.

    With `chain` an edge leads from the row that joined before: the parts connected below a distance are the
    same.
    """

    def reach_from(row):
        distance = search.distances_from(row)
        if alpha != 1:
            distance = distance / alpha
        np.maximum(distance, core, out=distance)
        return np.maximum(distance, core[row], out=distance)

    pairs, length = shortest_tree(len(search), reach_from)
    start, end = pairs.T
    if chain:
        start = np.append(0, end[:-1])
    return start, end, length
