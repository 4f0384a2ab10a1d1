"""Agglomerative clustering: of samples, and of features.

Source: J. Ward, Hierarchical grouping to optimize an objective function, JASA 58 (1963); T. Hastie,
R. Tibshirani, J. Friedman, The Elements of Statistical Learning, 2nd edition, section 14.3.12.
"""

from typing import Any

import numpy as np

from models.clusters import linkage
from models.foundation import (
    Clusterer,
    Estimator,
    Transformer,
    boolean,
    choice,
    function,
    integer,
    learned,
    number,
)
from models.foundation.fields import Parameter
from models.foundation.lloyd import squared_distances
from models.neighbors.distances import METRICS, pairwise_distances
from tinygrad_edu.diagnostics.words import refusal

EUCLIDEAN = ("euclidean", "l2")
# For these scikit-learn's single linkage is SciPy's, which sorts the children of a merge.
SORTED = ("precomputed", "cosine", "correlation", "sqeuclidean", "yule")


class Hierarchy(Estimator):
    """What grows a tree of clusters, and cuts it."""

    n_clusters: int | None = integer(2, at_least=1, optional=True, doc="number of clusters")
    metric: Any = (
        choice(*METRICS, "precomputed", doc="distance of two rows; a function gets X and returns "
               "the distances of all pairs; precomputed: X has them")
        | function()
    )  # fmt: skip
    memory: Any = Parameter(
        None,
        lambda x: isinstance(x, str) or hasattr(x, "cache"),
        "None, a path or a joblib.Memory",
        "without effect: the tree is grown anew",
    )
    connectivity: None = choice(None, doc="not available: every two clusters may be merged")
    compute_full_tree: Any = choice("auto", True, False, doc="without effect: the tree is complete")
    linkage: str = choice(
        "ward", "complete", "average", "single", doc="distance of two clusters: see models.clusters.linkage"
    )  # fmt: skip
    distance_threshold: float | None = number(
        None, at_least=0, doc="clusters at this distance or farther are not merged; n_clusters=None"
    )
    compute_distances: bool = boolean(False, doc="without effect: distances_ is always kept")

    labels_: np.ndarray = learned(
        "cluster of each sample; for FeatureAgglomeration of each feature"
    )
    children_: np.ndarray = learned(
        "(n - 1, 2): the clusters that each merge joined, below n a single one, from n on merge child - n"
    )
    distances_: np.ndarray = learned("(n - 1,): the distance of both, in ascending order")
    n_clusters_: int = learned("number of clusters")
    n_leaves_: int = learned("number of samples, or of features")
    n_connected_components_: int = learned("1")

    def _grow(self, X: np.ndarray) -> None:
        """Learns the tree of the rows of X."""
        self._check_combination()
        pairs, heights = self._merges(X)
        self.children_, self.distances_ = linkage.hierarchy(pairs, heights)
        if self.linkage != "single" or callable(self.metric) or self.metric in SORTED:
            self.children_.sort(axis=1)  # as in scikit-learn: the order of labels depends on it
        self.n_leaves_, self.n_connected_components_ = len(X), 1
        self.n_clusters_ = self._number()
        self.labels_ = linkage.cut(self.children_, self.n_clusters_)

    def _check_combination(self):
        if (self.n_clusters is None) == (self.distance_threshold is None):
            what = (
                "Exactly one of n_clusters and distance_threshold has to be set, and the other needs to be "
                "None."
            )
            raise refusal(ValueError, what, "n_clusters=None, distance_threshold=1.0")
        if self.distance_threshold is not None and self.compute_full_tree is False:
            what = "compute_full_tree must be True if distance_threshold is set."
            raise refusal(ValueError, what, "compute_full_tree='auto'")
        if self.linkage == "ward" and self.metric not in EUCLIDEAN:
            what = (
                f"{self.metric} was provided as metric. Ward can only work with euclidean distances (i.e. "
                "'euclidean' and 'l2')."
            )
            raise refusal(ValueError, what, "linkage='average'")

    def _merges(self, X):
        if self.linkage != "single":
            return linkage.chain(self._distances(X), getattr(linkage, self.linkage))
        if self.metric not in EUCLIDEAN:
            return linkage.shortest_tree(len(X), self._distances(X).__getitem__)
        pairs, _ = linkage.shortest_tree(len(X), _from_one(X))
        difference = np.ascontiguousarray((X[pairs[:, 0]] - X[pairs[:, 1]]).T)
        return pairs, np.sqrt((difference * difference).sum(axis=0))

    def _distances(self, X):
        if self.metric in EUCLIDEAN:
            with np.errstate(over="ignore"):  # `linkage.chain` refuses infinite distances
                D = squared_distances(X, X)
            return np.sqrt(D, out=D)
        if self.metric == "cosine" and not X.any(axis=1).all():
            what = "Cosine affinity cannot be used when X contains zero vectors."
            raise refusal(ValueError, what, "X without its rows of zeros")
        if callable(self.metric):
            D = np.asarray(self.metric(X), dtype=np.float64)
        else:
            D = pairwise_distances(X, metric=self.metric)
        if D.shape != (len(X), len(X)):
            what = f"Distance matrix should be square, got matrix of shape {D.shape}."
            raise refusal(ValueError, what, "metric='euclidean', if the columns of X are features")
        upper = np.triu(D, 1)  # as in scikit-learn, which reads no more
        return upper + upper.T

    def _number(self):
        if self.n_clusters is None:
            return int(np.count_nonzero(self.distances_ >= self.distance_threshold)) + 1
        if self.n_clusters > self.n_leaves_:
            what = (
                f"Cannot extract more clusters than samples: {self.n_clusters} clusters were given for a "
                f"tree with {self.n_leaves_} leaves (n_clusters={self.n_clusters})."
            )
            raise refusal(ValueError, what, f"n_clusters={self.n_leaves_}, or fewer")
        return self.n_clusters


def _from_one(X):
    """A function of i: the squared distances of row i to all; of few features, exactly the differences."""
    if X.shape[1] <= 4:
        columns = np.ascontiguousarray(X.T)
        return lambda i: ((columns - columns[:, i, None]) ** 2).sum(axis=0)
    columns = np.ascontiguousarray((X - X.mean(axis=0)).T)
    of_rows = (columns * columns).sum(axis=0)
    return lambda i: of_rows + (of_rows[i] - 2 * (columns[:, i] @ columns))


class AgglomerativeClustering(Hierarchy, Clusterer):
    """From single points, the two nearest clusters are merged until n_clusters are left.

    What is near depends on the linkage: Ward's merges those whose union raises the inertia least,

        Σ ‖x - mean‖² of A ∪ B  -  that of A and of B  =  |A| |B| / (|A| + |B|) ‖mean of A - mean of B‖²

    Nearest-neighbor chains take O(n²) time. Memory is the distances of all pairs; single linkage of Euclidean
    distances takes O(n). `viz.dendrogram` draws the tree.
    """

    pairwise = property(lambda self: self.metric == "precomputed")
    does_not_apply = {
        "test_its_twin_gives_the_same_answers": "it has labels_ alone, and no answers for other rows"
    }

    def _fit(self, X):
        if len(X) < 2:
            what = (
                f"Found array with {len(X)} sample(s) (shape={X.shape}) while a minimum of 2 is required by "
                f"{type(self).__name__}."
            )
            raise refusal(ValueError, what, "two rows or more")
        self._grow(X)


class FeatureAgglomeration(Hierarchy, Transformer):
    """Features that are near each other are merged, and each cluster becomes one new feature: their mean.

    Clusters are found as by AgglomerativeClustering, of the columns of X.
    """

    overcomplete = True  # the limit of n_clusters is the number of features

    n_clusters: int | None = 2
    pooling_func: Any = function(np.mean, doc="columns -> one column: called with axis=1")

    def _fit(self, X):
        if X.shape[1] < 2:
            what = (
                f"Found array with {X.shape[1]} feature(s) (shape={X.shape}) while a minimum of 2 is "
                f"required by {type(self).__name__}."
            )
            raise refusal(ValueError, what, "two columns or more")
        self._grow(np.ascontiguousarray(X.T))

    def _transform(self, X):
        """The pooled columns, (samples, n_clusters)."""
        if self.pooling_func is np.mean:
            members = self.labels_[:, None] == np.arange(self.n_clusters_)
            return X @ (members / members.sum(axis=0))
        clusters = range(self.n_clusters_)
        pooled = [self.pooling_func(X[:, self.labels_ == k], axis=1) for k in clusters]
        return np.array(pooled).T

    def _inverse_transform(self, X):
        """Each feature as that of its cluster."""
        return X[:, self.labels_]


def linkage_matrix(model: Any) -> np.ndarray:
    """The tree of a fitted model in the form of SciPy, (n - 1, 4): both children, distance, number of points.

    `scipy.cluster.hierarchy.dendrogram` and its other functions take it.
    """
    sizes = linkage.counts(model.children_)
    children = np.sort(model.children_, axis=1)
    return np.column_stack([children, model.distances_, sizes]).astype(np.float64)
