"""Categorical naive Bayes.

Source: K. Murphy, Machine Learning: A Probabilistic Perspective (2012), section 3.5.
"""

from typing import Any

import numpy as np

from models.bayes.counts import SmoothedCounts, log_fractions
from models.foundation import array, integer, learned
from tinygrad_edu.diagnostics.words import refusal

MOST_CATEGORIES = 1_000_000


class CategoricalNB(SmoothedCounts):
    """Feature j is category c with the probability p_kjc in class k.

        ln p(x | k) = Σ_j ln p_kjc with c = x_j          p_kjc = (N_kjc + α) / Σ_c (N_kjc + α)

    with N_kjc the number of samples of class k that have category c in feature j (Murphy equation 3.54 with
    several categories). The categories of a feature are 0, 1, 2, ... to the largest in X, or more by
    min_categories: a category that is not among them has no probability, and `predict` refuses it.
    As in scikit-learn, 1.7 is category 1.
    """

    nonnegative_X = True

    min_categories: Any = integer(
        None, at_least=1, doc="least number of categories, or one for each feature"
    ) | array(at_least=1)

    category_count_: list = learned("N_j of each feature: (classes, categories)")
    feature_log_prob_: list = learned("ln p_j of each feature: (classes, categories)")
    n_categories_: np.ndarray = learned("(features,)")

    def _count(self, X, y, weight):
        K, d = len(self.classes_), X.shape[1]
        seen = getattr(self, "n_categories_", np.zeros(d, dtype=int))
        old = getattr(self, "category_count_", [np.zeros((K, 0))] * d)
        self.n_categories_ = np.maximum(seen, self._categories(X))
        self.category_count_ = []
        for N, x, n in zip(old, X.T.astype(int), self.n_categories_, strict=True):
            counts = np.bincount(y * n + x, weight, K * n).reshape(K, n)
            counts[:, : N.shape[1]] += N
            self.category_count_.append(counts)

    def _categories(self, X):
        """The number of categories of each feature: those in X, or min_categories if that is more."""
        largest = X.max()
        if largest >= MOST_CATEGORIES:
            what = f"X has the category {largest:.0f}: every number up to it would be a category."
            raise refusal(ValueError, what, "numbers from 0 in each column, without large gaps")
        least = np.asarray(1 if self.min_categories is None else self.min_categories)
        if least.shape not in ((), X.shape[1:]) or least.dtype.kind not in "iu":
            what = f"min_categories={self.min_categories!r}, and X has {X.shape[1]} features."
            raise refusal(ValueError, what, "an integer, or one integer for each feature")
        return np.maximum(X.max(axis=0).astype(int) + 1, least)

    def _estimate(self, α):
        each = zip(self.category_count_, np.broadcast_to(α, self.n_features_in_), strict=True)
        self.feature_log_prob_ = [
            log_fractions(N + a, (N + a).sum(axis=1, keepdims=True)) for N, a in each
        ]

    def _joint(self, X):
        self._require_known(X)
        joint = np.tile(self.class_log_prior_, (len(X), 1))
        for logs, x in zip(self.feature_log_prob_, X.T.astype(int), strict=True):
            joint += logs.T[x]
        return joint

    def _require_known(self, X):
        unknown = np.floor(X) >= self.n_categories_
        if unknown.any():
            i, j = np.argwhere(unknown)[0]
            what = f"X has the category {X[i, j]:.0f} in row {i}, column {j}, and fit knew only "
            what += f"{self.n_categories_[j]} categories of that feature."
            raise refusal(ValueError, what, f"CategoricalNB(min_categories={int(X[i, j]) + 1})")
