"""What clusters around centers share: the initial centers, and the answers once the centers are known."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from models.foundation import (
    Clusterer,
    ConvergenceWarning,
    Transformer,
    array,
    choice,
    function,
    integer,
    learned,
    seed,
    warn,
)
from models.foundation.lloyd import inertia, nearest_around_mean, plus_plus, random_rows
from tinygrad_edu.diagnostics.words import refusal


class Centers(Clusterer, Transformer):
    """Points belong to the nearest of n_clusters centers c_k. A subclass finds `cluster_centers_`."""

    n_clusters: int = integer(8, at_least=1, doc="number k of clusters")
    init: Any = (
        choice("k-means++", "random", doc="initial centers, or how to draw them: also a function of "
               "(X, n_clusters, random_state)")
        | array() | function()
    )  # fmt: skip
    n_init: Any = choice("auto", doc="number of random starts; the best is kept") | integer(
        at_least=1
    )
    random_state: Any = seed()

    cluster_centers_: np.ndarray = learned("(n_clusters, features)")
    inertia_: float = learned("J, the inertia")

    _starts_if_random: int = 1  # what n_init="auto" means where init is no k-means++

    @classmethod
    def examples(cls, rng):
        for _, X, y in super().examples(rng):
            yield cls(3, init=X[:3], random_state=0), X, y

    # ---- initial centers -----------------------------------------------------------------------

    def _starts(self, Z: Any, mean: Any, weight: Any, rng: Any) -> Iterator[np.ndarray]:
        """n_init times initial centers; once, if `init` gives the centers. Z is X - mean, as they are."""
        self._check_number(Z)
        for _ in range(self._number_of_starts()):
            yield self._start(Z, mean, weight, rng)

    def _check_number(self, X):
        with np.errstate(over="ignore"):
            if not np.isfinite(np.linalg.norm(X)):
                what = "the values of X are too large: their squares are infinite."
                raise refusal(ValueError, what, "StandardScaler first")
        if len(X) < self.n_clusters:
            raise refusal(
                ValueError,
                f"n_samples={len(X)} should be >= n_clusters={self.n_clusters}: each cluster needs "
                "a sample of positive weight.",
                f"{type(self).__name__}(n_clusters={len(X)}), or fewer",
            )

    def _number_of_starts(self) -> int:
        if isinstance(self.init, str) or callable(self.init):
            if self.n_init == "auto":
                return 1 if self.init == "k-means++" else self._starts_if_random
            return self.n_init
        if self.n_init not in ("auto", 1):
            warn(
                RuntimeWarning,
                "Explicit initial center position passed: performing only one init in "
                f"{type(self).__name__} instead of n_init={self.n_init}. Try: n_init=1",
            )
        return 1

    def _start(self, Z, mean, weight, rng, n_clusters=None):
        n_clusters = n_clusters or self.n_clusters
        if isinstance(self.init, str):
            draw = plus_plus if self.init == "k-means++" else random_rows
            return Z[draw(Z, weight, n_clusters, rng)]
        given = self.init
        if callable(given):
            given = given(Z + mean, n_clusters, random_state=rng)
        return self._checked(given, (n_clusters, Z.shape[1])) - mean

    def _checked(self, centers, expected):
        centers = np.array(centers, dtype=np.float64)
        if centers.shape == expected:
            return centers
        number = centers.ndim != 2 or len(centers) != expected[0]
        wrong = "number of clusters" if number else "number of features of the data"
        raise refusal(
            ValueError,
            f"The shape of the initial centers {centers.shape} does not match the {wrong} "
            f"{expected[0 if number else 1]}: expected {expected}.",
            "X[:n_clusters]",
        )

    def _warn_of_equal_centers(self, labels):
        found = len(np.unique(labels))
        if found < self.n_clusters:
            warn(
                ConvergenceWarning,
                f"Number of distinct clusters ({found}) found smaller than n_clusters "
                f"({self.n_clusters}). Possibly due to duplicate points in X. "
                "Try: a smaller n_clusters",
            )

    # ---- answers -------------------------------------------------------------------------------

    def _predict(self, X):
        return nearest_around_mean(X, self.cluster_centers_)

    def _transform(self, X):
        """‖x - c_k‖, shape (samples, n_clusters)."""
        return np.stack([np.linalg.norm(X - c, axis=1) for c in self.cluster_centers_], axis=1)

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """-J: minus the inertia of X around the centers. y is ignored."""
        X = self._check(X)
        weight = self._weights(sample_weight, len(X))
        return -inertia(X, weight, self.cluster_centers_, self._predict(X))
