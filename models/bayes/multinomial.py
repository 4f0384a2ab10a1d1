"""Multinomial naive Bayes.

Source: C. Manning, P. Raghavan, H. Schütze, Introduction to Information Retrieval (2008), section 13.2.
"""

from models.bayes.counts import FeatureCounts, log_fractions, weighted_logs


class MultinomialNB(FeatureCounts):
    """Every word of a document of class k is word j with the probability p_kj; x_j counts word j.

        ln p(x | k) = Σ_j x_j ln p_kj + terms without k

        p_kj = (N_kj + α) / Σ_j (N_kj + α)          (section 13.2, equation 119)

    with N_kj how often word j occurs in the documents of class k. Counts may be fractions, such as tf-idf.
    """

    nonnegative_X = True

    def _estimate(self, α):
        N = self.feature_count_ + α
        self.feature_log_prob_ = log_fractions(N, N.sum(axis=1, keepdims=True))

    def _joint(self, X):
        return weighted_logs(X, self.feature_log_prob_) + self.class_log_prior_
