"""The support vector machine of one class.

Source: B. Schölkopf, J. Platt, J. Shawe-Taylor, A. Smola, R. Williamson, Estimating the support of a
high-dimensional distribution (2001).
"""

from typing import Any

import numpy as np

from models.foundation import OutlierDetector, learned, number
from models.kernels.support_vectors import SingleMachine, filled


class OneClassSVM(SingleMachine, OutlierDetector):
    """The region where f(x) = Σ_i β_i k(x, x_i) ≥ ρ holds all rows but the fraction ν, at most.

        minimize   ½ βᵀ K β      with   0 ≤ β_i ≤ s_i,   Σ β = ν Σ s,      s the sample weights

    ρ is the value of f at the border, where 0 < β_i < s_i. It is made smaller by its billionth part, so that
    rows on the border are inside; in scikit-learn rounding decides.
    """

    twin = ""  # for this reason

    nu: float = number(0.5, above=0, at_most=1, doc="ν")

    offset_: Any = learned("ρ: (1,)")

    def _fit(self, X, weight):
        start, zero = filled(weight, self.nu * weight.sum()), np.zeros(len(X))
        β, b, pairs = self._minimize(self._gram(X), len(X), zero, zero, weight, start)
        self._keep_solution(X, β, b[0] + 1e-9 * np.abs(b[0]), pairs)
        self.offset_ = -self.intercept_

    def _score_samples(self, X):
        return self._combine(X, self.dual_coef_[0])
