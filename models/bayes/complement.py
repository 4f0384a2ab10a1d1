"""Complement naive Bayes.

Source: J. Rennie, L. Shih, J. Teevan, D. Karger, Tackling the poor assumptions of naive Bayes text
classifiers (2003), sections 3.1 and 3.2.
"""

import numpy as np

from models.bayes.counts import FeatureCounts, log_fractions
from models.foundation import boolean, learned


class ComplementNB(FeatureCounts):
    """Multinomial naive Bayes by what is not in a class, which is more, and more alike for all classes.

        q_kj = (α + Σ_{l≠k} N_lj) / Σ_j (α + Σ_{l≠k} N_lj)          w_kj = -ln q_kj

    and the class with the largest Σ_j x_j w_kj is predicted: that whose complement fits worst. P(k)
    is used only if there is a single class. With `norm`, w_k is divided by Σ_j w_kj, so that no class is
    preferred for its large weights (section 3.2).
    """

    nonnegative_X = True

    norm: bool = boolean(False, doc="divide w by its sum over the features")

    feature_all_: np.ndarray = learned("Σ_k N_kj: (features,)")

    def _estimate(self, α):
        self.feature_all_ = self.feature_count_.sum(axis=0)
        others = self.feature_all_ + α - self.feature_count_
        others = np.maximum(others, np.finfo(np.float64).tiny)  # keeps w finite for α = 0
        w = -log_fractions(others, others.sum(axis=1, keepdims=True))
        self.feature_log_prob_ = w / w.sum(axis=1, keepdims=True) if self.norm else w

    def _joint(self, X):
        joint = X @ self.feature_log_prob_.T
        return joint + self.class_log_prior_ if len(self.classes_) == 1 else joint
