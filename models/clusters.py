"""Clusters: groups found without labels.

Source: S. Lloyd, Least squares quantization in PCM, IEEE Trans. Inf. Theory 28 (1982); D. Arthur,
S. Vassilvitskii, k-means++: the advantages of careful seeding, SODA (2007); C. Bishop, Pattern
Recognition and Machine Learning, section 9.1.
"""

import warnings
from operator import itemgetter

import numpy as np

from models.base import Clusterer, ConvergenceWarning, _known_to_sklearn

INITS = ("k-means++", "random")


class KMeans(Clusterer):
    """Centers c_1 … c_k with the least inertia

        J(c) = Σ_i w_i min_k ‖x_i - c_k‖²

    by Lloyd's algorithm, in which every step lowers J until it stands still in a local minimum:

        labels:   a_i = argmin_k ‖x_i - c_k‖²
        centers:  c_k = the mean of its points, Σ_{a_i = k} w_i x_i / Σ_{a_i = k} w_i

    With the labels held, ∂J/∂c_k = 2 n_k (c_k - mean_k) and the second derivative is 2 n_k: Lloyd's
    step is Newton's step on J.

    Parameters: n_clusters; init: "k-means++" (far apart), "random" (rows of X) or an array
    (n_clusters, features); n_init: of so many starts the best is kept (one, if init is an array);
    max_iter; tol: stops when the squared moves of the centers come to no more than tol times the
    mean variance of the features (0: when nothing moves); random_state: a seed or a numpy Generator.
    """

    cluster_centers_: np.ndarray  # (n_clusters, features)
    inertia_: float
    n_iter_: int  # steps of the best start

    def __init__(
        self, n_clusters=8, init="k-means++", n_init=1, max_iter=300, tol=1e-4, random_state=None
    ):
        self.n_clusters = n_clusters
        self.init = init
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state

    def fit(self, X, y=None, sample_weight=None):
        """X: (samples, features); y is ignored: pipelines pass it. Returns self.

        ValueError if there are fewer samples than clusters, or init does not fit to X. Warns if X
        has fewer different rows than there are clusters.
        """
        for name in ("n_clusters", "n_init", "max_iter"):
            self._require_number(name, at_least=1, whole=True)
        self._require_number("tol", at_least=0)
        every_row = self._rows(X)
        X, _, weight = self._training(every_row, None, sample_weight)
        if len(X) < self.n_clusters:
            raise ValueError(
                f"n_samples={len(X)} should be >= n_clusters={self.n_clusters}: "
                f"{self.n_clusters} clusters need as many samples of positive weight"
            )
        given = self._given_centers(X.shape[1])

        mean = weight @ X / weight.sum()
        X = X - mean  # distances are the same, and what a product rounds off is least around zero
        mean_variance = weight @ _squares(X) / weight.sum() / X.shape[1]
        rng = np.random.default_rng(self.random_state)
        runs = []
        for _ in range(self.n_init if given is None else 1):
            start = self._seed(X, weight, rng) if given is None else given - mean
            runs.append(self._lloyd(X, weight, start, self.tol * mean_variance))
        inertia, centers, n_iter = min(runs, key=itemgetter(0))

        centers = centers + mean
        labels = _labels(every_row, centers)
        found = len(np.unique(labels))
        if found < self.n_clusters:
            warnings.warn(
                f"KMeans found {found} distinct clusters, fewer than n_clusters={self.n_clusters}: "
                "X seems to have no more different rows",
                _known_to_sklearn(ConvergenceWarning),
                stacklevel=2,
            )
        return self._keep(
            n_features_in_=X.shape[1],
            cluster_centers_=centers,
            labels_=labels,
            inertia_=inertia,
            n_iter_=n_iter,
        )

    def _given_centers(self, n_features):
        """init as an array, or None if it is a word."""
        if isinstance(self.init, str):
            self._require_choice("init", INITS)
            return None
        centers = self._rows(self.init)
        if centers.shape != (self.n_clusters, n_features):
            raise ValueError(
                f"init has shape {centers.shape}: n_clusters={self.n_clusters} centers of "
                f"{n_features} features need {(self.n_clusters, n_features)}"
            )
        return centers

    def _seed(self, X, weight, rng):
        if self.init == "random":
            chosen = rng.choice(len(X), self.n_clusters, replace=False, p=weight / weight.sum())
            return X[chosen]
        return _plus_plus(X, weight, self.n_clusters, rng)

    def _lloyd(self, X, weight, centers, tol):
        """Lloyd's algorithm from the given centers: (inertia, centers, steps)."""
        n_iter, shift = 0, np.inf
        while shift > tol and n_iter < self.max_iter:
            moved = _means(X, weight, _nearest(X, centers), centers)
            shift = _squares(moved - centers).sum()
            centers = moved
            n_iter += 1
        return _inertia(X, weight, centers, _nearest(X, centers)), centers, n_iter

    def predict(self, X):
        """The number of the nearest center to each row of X."""
        X = self._queries(X)
        return _labels(X, self.cluster_centers_)

    def transform(self, X):
        """‖x - c_k‖, shape (samples, n_clusters)."""
        X = self._queries(X)
        return np.stack([np.linalg.norm(X - c, axis=1) for c in self.cluster_centers_], axis=1)

    def fit_transform(self, X, y=None, sample_weight=None):
        """Fits, and returns the distance of each row of X to each center. y is ignored."""
        return self.fit(X, sample_weight=sample_weight).transform(X)

    def score(self, X, y=None, sample_weight=None):
        """-J: minus the inertia of X around the centers. y is ignored."""
        X = self._queries(X)
        weight = self._weights(sample_weight, len(X))
        return -_inertia(X, weight, self.cluster_centers_, _labels(X, self.cluster_centers_))


def _squares(X):
    """‖x‖² of every row x."""
    return np.einsum("ij,ij->i", X, X)


def _nearest(X, centers):
    """argmin_k ‖x - c_k‖² = argmin_k ‖c_k‖² - 2 x·c_k, as ‖x‖² is the same for every k."""
    scores = X @ (-2 * centers.T)
    scores += _squares(centers)
    return np.argmin(scores, axis=1)


def _labels(X, centers):
    """`_nearest`, for X that may lie far from the origin, where products lose digits."""
    origin = centers.mean(axis=0)
    return _nearest(X - origin, centers - origin)


def _inertia(X, weight, centers, labels):
    """Σ w ‖x - c‖², from the differences: the product form would lose digits in the result."""
    return float(weight @ _squares(X - centers[labels]))


def _means(X, weight, labels, centers):
    """The mean of the points with each label.

    A center without points moves to the point that is farthest from its own center, which leaves
    its cluster: that lowers J the most. If that was the last of its points, it stays where it is.
    """
    k = np.arange(len(centers))[:, None]
    members = weight * (labels == k)
    empty = np.flatnonzero(members.sum(axis=1) == 0)
    if len(empty):
        distance = _squares(X - centers[labels])
        farthest = np.argsort(-distance, kind="stable")[: len(empty)]
        members[:, farthest] = 0
        members[empty, farthest] = weight[farthest]
    n = members.sum(axis=1, keepdims=True)
    return np.where(n > 0, members @ X / np.where(n > 0, n, 1), centers)


def _plus_plus(X, weight, n_clusters, rng):
    """Rows of X, drawn with probability ∝ w D², D the distance to the nearest one drawn before.

    Of 2 + log k candidates the one that leaves the least Σ w D² is taken (the paper's remark on
    choosing greedily). The draws run through the rows as they lie along a random direction: so the
    result depends neither on the order of X nor on whether a row of weight 2 stands there twice.
    """
    order = np.argsort(X @ rng.standard_normal(X.shape[1]), kind="stable")

    def draw(chances, size):
        total = np.cumsum(chances[order])
        at = np.searchsorted(total, rng.random(size) * total[-1], side="right")
        return order[np.minimum(at, len(order) - 1)]

    squares = _squares(X)

    def squared_distances(rows):
        return np.maximum(squares[rows, None] - 2 * X[rows] @ X.T + squares, 0)

    chosen = draw(weight, 1)
    nearest = squared_distances(chosen)[0]
    for _ in range(n_clusters - 1):
        candidates = draw(weight * nearest, 2 + int(np.log(n_clusters)))
        after = np.minimum(nearest, squared_distances(candidates))
        best = np.argmin(after @ weight)
        nearest = after[best]
        chosen = np.append(chosen, candidates[best])
    return X[chosen]
