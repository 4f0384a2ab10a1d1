"""Bernoulli naive Bayes.

Source: C. Manning, P. Raghavan, H. Schütze, Introduction to Information Retrieval (2008), section 13.3.
"""

import numpy as np

from models.bayes.counts import FeatureCounts, log_fractions, weighted_logs
from models.foundation import number
from tinygrad_edu.diagnostics.words import refusal


class BernoulliNB(FeatureCounts):
    """Feature j is present, x_j = 1, with the probability p_kj in class k, and else absent, x_j = 0.

        ln p(x | k) = Σ_j x_j ln p_kj + (1 - x_j) ln(1 - p_kj)

        p_kj = (N_kj + α) / (n_k + 2α)          (section 13.3, figure 13.3)

    with n_k the number of samples of class k, and N_kj of those with feature j. Unlike the multinomial
    model, absent features count too.
    """

    binarize: float | None = number(
        0.0, optional=True, doc="x_j is 1 above this number, else 0; None: X has only 0 and 1"
    )

    def _count(self, X, y, weight):
        super()._count(self._binary(X), y, weight)

    def _estimate(self, α):
        n = self.class_count_[:, None]
        self.feature_log_prob_ = log_fractions(self.feature_count_ + α, n + 2 * α)

    def _joint(self, X):
        X = self._binary(X)
        with np.errstate(divide="ignore"):  # ln 0 = -inf is correct
            absent = np.log(-np.expm1(np.minimum(self.feature_log_prob_, 0)))
        # Σ_j (1 - x_j) l_j is the sum of all l_j without those of the present features.
        never = np.isneginf(absent)
        finite = np.where(never, 0.0, absent)
        sums = finite.sum(axis=1) - X @ finite.T
        if never.any():
            sums[never.sum(axis=1) - X @ never.T > 0] = -np.inf
        return weighted_logs(X, self.feature_log_prob_) + sums + self.class_log_prior_

    def _binary(self, X):
        values = X.data if hasattr(X, "tocsr") else X
        if self.binarize is None:
            if not ((values == 0) | (values == 1)).all():
                what = "BernoulliNB(binarize=None) reads 0 and 1, and X has other numbers."
                raise refusal(ValueError, what, "BernoulliNB(binarize=0.0)")
            return X
        if self.binarize < 0 and hasattr(X, "tocsr"):
            X = X.toarray()  # zeros become ones
        return (X > self.binarize).astype(np.float64)  # noqa: SIM300
