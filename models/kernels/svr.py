"""Support vector machines that predict numbers.

Sources: A. Smola, B. Schölkopf, A tutorial on support vector regression (2004); B. Schölkopf, A. Smola,
R. Williamson, P. Bartlett, New support vector algorithms (2000).
"""

import numpy as np

from models.foundation import Regressor, nonnegative, number, positive
from models.kernels.support_vectors import SingleMachine, filled


class SVR(SingleMachine, Regressor):
    """f is as flat as possible; errors larger than ε cost C times their excess.

        minimize   ½ ‖w‖² + C Σ_i s_i max(0, |y_i - f(x_i)| - ε),      f(x) = w·φ(x) + b

    with φ the features of the kernel and s the sample weights. Its dual problem is in β⁺ for rows above the
    tube and β⁻ for those below, with β = β⁺ + β⁻:

        minimize   ½ βᵀ K β - y·β + ε Σ (β⁺ - β⁻)      with   0 ≤ β⁺ ≤ C s,   -C s ≤ β⁻ ≤ 0,   Σ β = 0
    """

    C: float = positive(1.0, doc="C, the cost of errors")
    epsilon: float = nonnegative(0.1, doc="ε, the error that costs nothing")

    def _fit(self, X, y, weight):
        C, zero = self.C * weight, np.zeros(len(y))
        q = np.concatenate([self.epsilon - y, -self.epsilon - y])
        lo, hi = np.concatenate([zero, -C]), np.concatenate([C, zero])
        β, b, pairs = self._minimize(self._gram(X), len(X), q, lo, hi)
        self._keep_solution(X, β, b[0], pairs)

    def _predict(self, X):
        return self._f(X)


class NuSVR(SingleMachine, Regressor):
    """As SVR, with ν in place of ε: at most the fraction ν of the rows is outside of the tube.

        minimize   ½ βᵀ K β - y·β      with   0 ≤ β⁺ ≤ C s,   -C s ≤ β⁻ ≤ 0,   Σ β⁺ = -Σ β⁻ = ν C Σ s / 2

    with ε the multiplier of the last condition (Schölkopf, Smola, Williamson, Bartlett 2000).
    """

    nu: float = number(0.5, above=0, at_most=1, doc="ν")
    C: float = positive(1.0, doc="C, the cost of errors")

    def _fit(self, X, y, weight):
        C, zero = self.C * weight, np.zeros(len(y))
        start = filled(C, self.nu * C.sum() / 2)
        lo, hi = np.concatenate([zero, -C]), np.concatenate([C, zero])
        group = np.repeat([0, 1], len(y))
        β, b, pairs = self._minimize(
            self._gram(X), len(X), np.concatenate([-y, -y]), lo, hi,
            np.concatenate([start, -start]), group,
        )  # fmt: skip
        self._keep_solution(X, β, b.mean(), pairs)  # b + ε and b - ε

    def _predict(self, X):
        return self._f(X)
