"""What the naive Bayes models of counts have in common: smoothing, and the probabilities of the classes.

Source: C. Manning, P. Raghavan, H. Schütze, Introduction to Information Retrieval (2008), chapter 13.
"""

from typing import Any, ClassVar

import numpy as np

from models.bayes.bayes_rule import NaiveBayes, checked_priors
from models.foundation import array, boolean, learned, nonnegative, warn
from tinygrad_edu.diagnostics.words import refusal

SMALLEST = 1e-10  # the smallest alpha with force_alpha=False


class SmoothedCounts(NaiveBayes):
    """Naive Bayes with probabilities that are fractions of counts. α is added to every count.

    So nothing that was never seen in a class is impossible there (α = 1: Laplace; α < 1: Lidstone).
    P(k) is the fraction of the samples, or the same for all classes without fit_prior.

    A subclass writes `_count(X, y, weight)`, which adds to its counts, and `_estimate(α)`, which computes
    the probabilities from them.
    """

    poor_score = True
    _count: ClassVar[Any]
    _estimate: ClassVar[Any]

    alpha: Any = nonnegative(1.0, doc="α, or one for each feature") | array(at_least=0)
    force_alpha: bool = boolean(True, doc=f"False: an alpha below {SMALLEST} is raised to it")
    fit_prior: bool = boolean(True, doc="learn P(k) from y; False: the same for all classes")
    class_prior: Any = array(None, doc="P(k) of each class, if they are not to be learned")

    class_log_prior_: np.ndarray = learned("ln P(k): (classes,)")

    def _partial_fit(self, X, y, weight):
        new = np.bincount(y, weight, len(self.classes_))
        self.class_count_ = getattr(self, "class_count_", 0.0) + new
        self._count(X, y, weight)
        with np.errstate(divide="ignore"):  # ln 0 = -inf is correct
            self._estimate(self._smoothing())
            self.class_log_prior_ = np.log(self._prior())

    def _prior(self):
        K = len(self.classes_)
        if self.class_prior is not None:
            return checked_priors(self.class_prior, K, self, "class_prior", tolerance=np.inf)
        return self.class_count_ / self.class_count_.sum() if self.fit_prior else np.full(K, 1 / K)

    def _smoothing(self):
        α = np.asarray(self.alpha, dtype=np.float64)
        if α.ndim and α.shape != (self.n_features_in_,):
            what = f"alpha has shape {α.shape}, and X has {self.n_features_in_} features."
            raise refusal(ValueError, what, "one number for all features")
        if α.min() < SMALLEST and not self.force_alpha:
            text = f"alpha too small will result in numeric errors, setting alpha = {SMALLEST}"
            warn(UserWarning, f"{text}. Try: force_alpha=True, which keeps it")
            return np.maximum(α, SMALLEST)
        return α


class FeatureCounts(SmoothedCounts):
    """Counts of each feature in each class: N_kj = Σ_i s_i x_ij over the samples i of class k.

    X may be a sparse matrix of SciPy, as most words are in few documents.
    """

    accepts_sparse = True

    feature_count_: np.ndarray = learned("N: (classes, features)")
    feature_log_prob_: np.ndarray = learned("ln of the probabilities: (classes, features)")

    def _count(self, X, y, weight):
        members = weight * (y == np.arange(len(self.classes_))[:, None])
        self.feature_count_ = getattr(self, "feature_count_", 0.0) + members @ X


def log_fractions(counts, total):
    """ln of counts / total; ln 0 where there are no counts at all."""
    return np.log(counts) - np.log(np.where(total > 0, total, 1))


def weighted_logs(X, logs):
    """Σ_j x_j l_kj of every row and class, where 0 · ln 0 = 0. logs: (classes, features)."""
    impossible = np.isneginf(logs)
    if not impossible.any():
        return X @ logs.T
    sums = X @ np.where(impossible, 0.0, logs).T
    return np.where((X != 0) @ impossible.T, -np.inf, sums)
