"""Affinity propagation.

Source: B. Frey, D. Dueck, Clustering by passing messages between data points, Science 315 (2007).
"""

from typing import Any

import numpy as np

from models.foundation import (
    Clusterer,
    ConvergenceWarning,
    array,
    boolean,
    choice,
    integer,
    learned,
    number,
    seed,
    warn,
)
from models.foundation.iterate import Trace
from models.foundation.lloyd import nearest_around_mean, squared_distances
from models.foundation.randomness import generator
from tinygrad_edu.diagnostics.words import refusal


class AffinityPropagation(Clusterer):
    """Chooses exemplars among the points, and how many, with the highest Σ_i s(i, exemplar of i).

    s(i, k) is -‖x_i - x_k‖², and s(k, k) the preference, with which k pays for being an exemplar. Points send
    each other messages until the same exemplars have won for convergence_iter rounds. The responsibility,
    from i to k, says how well k suits i; the availability, from k to i, how many others choose k:

        r(i, k) = s(i, k) - max_{k' ≠ k} (a(i, k') + s(i, k'))
        a(i, k) = min(0, r(k, k) + Σ_{i' ≠ i, k} max(0, r(i', k)))
        a(k, k) = Σ_{i' ≠ k} max(0, r(i', k))

    Each new message is mixed with the last one, `damping` of it. k is an exemplar if r(k, k) + a(k, k) > 0.
    Memory is four matrices of all pairs of points.
    """

    damping: float = number(
        0.5, at_least=0.5, below=1, doc="fraction of the last messages in the new ones"
    )
    max_iter: int = integer(200, at_least=1, doc="largest number of rounds")
    convergence_iter: int = integer(15, at_least=1, doc="rounds without a change before it ends")
    copy: bool = boolean(True, doc="without effect: X is never changed")
    preference: Any = (
        number(None, doc="s(k, k), for all points or for each: higher for more clusters; None: the median "
               "of all similarities")
        | array()
    )  # fmt: skip
    affinity: str = choice("euclidean", "precomputed", doc="precomputed: X has the similarities")
    verbose: bool = boolean(False, doc="print when it converged")
    random_state: Any = seed(doc="seed of the tiny noise that decides between equal similarities")

    cluster_centers_indices_: np.ndarray = learned("(n_clusters,): rows of the exemplars")
    cluster_centers_: np.ndarray = learned(
        "(n_clusters, features): the exemplars; not if precomputed"
    )
    affinity_matrix_: np.ndarray = learned("(samples, samples): s")
    n_iter_: int = learned("number of rounds")
    trace_: Trace = learned("of a fit in `with traced():` exemplars and labels after every round")

    pairwise = property(lambda self: self.affinity == "precomputed")

    def _fit(self, X):
        S = X.copy() if self.affinity == "precomputed" else -squared_distances(X, X)
        if S.shape[0] != S.shape[1]:
            what = f"The matrix of similarities must be a square array. Got {S.shape} instead."
            raise refusal(
                ValueError, what, "affinity='euclidean', if the columns of X are features"
            )
        preference = np.asarray(
            np.median(S) if self.preference is None else self.preference, dtype=float
        )
        if preference.shape not in ((), (len(S),)):
            what = f"preference has shape {preference.shape}, for {len(S)} samples."
            raise refusal(ValueError, what, "one number, or one for each sample")
        exemplars = self._exemplars_of_equal(S, preference)
        np.fill_diagonal(S, preference)
        self.affinity_matrix_ = S
        if exemplars is None:
            exemplars = self._propagate(S)
        else:
            self.n_iter_ = 0
        self.labels_, self.cluster_centers_indices_ = _assigned(S, exemplars)
        if self.affinity != "precomputed":
            self.cluster_centers_ = X[self.cluster_centers_indices_]
            for state in self.trace_.states if "trace_" in vars(self) else ():
                state.cluster_centers_ = X[state.cluster_centers_indices_]

    def _exemplars_of_equal(self, S, preference):
        """The exemplars if all similarities are equal, where messages would decide nothing; or None."""
        others = S[~np.eye(len(S), dtype=bool)]
        if np.ptp(preference) > 0 or (len(others) and np.ptp(others) > 0):
            return None
        warn(
            ConvergenceWarning,
            "All samples have mutually equal similarities. Returning arbitrary cluster center(s). "
            "Try: rows that differ",
        )
        every = len(others) == 0 or preference.flat[0] > others[0]
        return np.arange(len(S) if every else 1)

    def _propagate(self, S):
        """The exemplars, by messages."""
        n = len(S)
        rng = generator(self.random_state)
        S = S + (np.finfo(float).eps * S + 100 * np.finfo(float).tiny) * rng.standard_normal((n, n))
        every = np.arange(n)
        R, A = np.zeros((n, n)), np.zeros((n, n))
        last = np.zeros((self.convergence_iter, n), dtype=bool)
        converged, trace = False, Trace.of(self)
        for iteration in range(self.max_iter):
            new = A + S
            best = new.argmax(axis=1)
            first = new[every, best]
            new[every, best] = -np.inf
            second = new.max(axis=1)
            np.subtract(S, first[:, None], out=new)
            new[every, best] = S[every, best] - second
            self._mix(R, new)

            np.maximum(R, 0, out=new)
            np.fill_diagonal(new, R.diagonal())
            np.subtract(new.sum(axis=0), new, out=new)
            own = new.diagonal().copy()
            np.minimum(new, 0, out=new)
            np.fill_diagonal(new, own)
            self._mix(A, new)

            chosen = A.diagonal() + R.diagonal() > 0
            if trace.keeps_states:
                labels, exemplars = _assigned(self.affinity_matrix_, np.flatnonzero(chosen))
                trace(
                    iteration + 1,
                    -self.affinity_matrix_[every, exemplars[labels]].sum()
                    if len(exemplars)
                    else np.nan,
                )
                trace.keep(labels_=labels, cluster_centers_indices_=exemplars)
            last[iteration % self.convergence_iter] = chosen
            steady = (last == chosen).all() and iteration >= self.convergence_iter
            if steady and chosen.any():
                converged = True
                break
        self.n_iter_ = iteration + 1
        if trace:
            self.trace_ = trace
        if self.verbose:
            said = "converged" if converged else "did not converge"
            print(f"AffinityPropagation {said} after {self.n_iter_} iterations")
        if not converged:
            found = "may return degenerate" if chosen.any() else "will not have any"
            warn(
                ConvergenceWarning,
                f"Affinity propagation did not converge and this model {found} cluster centers. "
                "Try: a higher max_iter or damping, or another preference",
            )
        return np.flatnonzero(chosen)

    def _mix(self, old, new):
        new *= 1 - self.damping
        old *= self.damping
        old += new

    def predict(self, X: Any) -> np.ndarray:
        """The cluster of the exemplar nearest to each row of X; -1 if there are no exemplars."""
        X = self._check(X)
        if self.affinity == "precomputed":
            what = "Predict method is not supported when affinity='precomputed'."
            raise refusal(ValueError, what, "labels_")
        if len(self.cluster_centers_) == 0:
            return np.full(len(X), -1)
        return nearest_around_mean(X, self.cluster_centers_)


def _assigned(S, exemplars):
    """The label of each point, and the exemplars: of each cluster the one most similar to all its points."""
    n, k = len(S), len(exemplars)
    if k == 0:
        return np.full(n, -1), exemplars

    def labels_of(exemplars):
        labels = S[:, exemplars].argmax(axis=1)
        labels[exemplars] = np.arange(k)
        return labels

    labels = labels_of(exemplars)
    members = [np.flatnonzero(labels == cluster) for cluster in range(k)]
    exemplars = np.array([rows[S[np.ix_(rows, rows)].sum(axis=0).argmax()] for rows in members])
    found, labels = np.unique(exemplars[labels_of(exemplars)], return_inverse=True)
    return labels, found
