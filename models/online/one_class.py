"""One-class support vector machine, by stochastic gradient descent.

Source: B. Schölkopf, J. Platt, J. Shawe-Taylor, A. Smola, R. Williamson, Estimating the support of a
high-dimensional distribution (2001), equation 3.3 without kernel.
"""

from typing import Any

import numpy as np

from models.foundation import OutlierDetector, boolean, choice, integer, learned, number, positive
from models.online.descent import OnlineModel


class SGDOneClassSVM(OnlineModel, OutlierDetector):
    """The plane w·x = ρ with most of the samples beyond it, and as far as possible from the origin:

        ν ‖w‖² / 2 - ν ρ + Σ_i s_i max(0, ρ - w·x_i) / n

    ν bounds the fraction of samples before the plane, the outliers. With ρ = 1 - b this is the hinge loss of
    w·x + b for samples of one class, with the penalty ν ‖w‖² / 2 + ν b. A map such as RBFSampler before it
    makes of the plane a surface around the samples.
    """

    nu: float = number(0.5, above=0, at_most=1, doc="ν")
    learning_rate: str = choice(
        "optimal", "constant", "invscaling", "adaptive", doc="the rule for η: see SGDClassifier"
    )
    eta0: float = positive(0.01, doc="η of the first step, not for 'optimal'")
    power_t: float = number(0.5, doc="exponent of 'invscaling'")
    average: bool | int = boolean(False, doc="average w, or from which step on") | integer(
        at_least=0
    )

    coef_: np.ndarray = learned("w: (features,)")
    offset_: Any = learned("ρ: (1,)")

    loss, penalty = "hinge", "l2"
    _first_b = 1.0  # ρ starts at 0

    @property  # type: ignore[misc]
    def alpha(self) -> Any:
        return self.nu

    def _slope_of_b(self):
        return self.nu * self.fit_intercept

    def _fit(self, X, weight):  # type: ignore[override]
        super()._fit(X, np.ones(len(X)), weight)

    def _partial_fit(self, X, weight):  # type: ignore[override]
        super()._partial_fit(X, np.ones(len(X)), weight)

    def _keep(self, found):
        super()._keep(found)
        self.offset_ = 1 - self.intercept_

    def _targets(self, y, weight):
        return [(y, weight)]

    def _score_samples(self, X):
        return X @ self.coef_
