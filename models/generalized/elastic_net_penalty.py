"""The elastic net: a penalty with a smooth part, and a part with kinks that makes weights exactly 0.

Source: H. Zou, T. Hastie, Regularization and variable selection via the elastic net (2005).
"""

from typing import Any

import numpy as np

from models.foundation import choice, number, positive, warn
from models.foundation.loss_model import LossModel


class ElasticNetPenalty(LossModel):
    """The penalty ((1 - ρ) ‖W‖² / 2 + ρ ‖W‖₁) / (C Σ s) of a loss that is a mean over samples.

    Its smooth part is the α of `LinearLoss`, its kinks are here. `_weight_of_b` says how much the intercept
    counts in the penalty.
    """

    C: float = positive(1.0, doc="inverse strength of the penalty; infinity for none")
    penalty: str | None = choice(
        "elasticnet", "l2", "l1", None, doc="'l2' is l1_ratio=0, 'l1' is l1_ratio=1, None is C=inf"
    )
    l1_ratio: float | None = number(
        0.0, at_least=0, at_most=1, optional=True, doc="ρ, the part of ‖W‖₁ in the penalty"
    )

    def kinked_penalty(self, coef, intercept):
        """The part with kinks."""
        size = np.abs(coef).sum() + self._weight_of_b() * np.abs(intercept).sum()
        return self._strengths()[1] / self._total_weight_ * size

    def prox(self, name, w, step):
        """Soft thresholding: argmin_v λ ‖v‖₁ + ‖v - w‖² / 2 step."""
        counts = 1.0 if name == "coef" else self._weight_of_b()
        λ = self._strengths()[1] / self._total_weight_ * counts
        return np.sign(w) * np.maximum(np.abs(w) - step * λ, 0)

    @property
    def has_kinks(self):
        return self._strengths()[1] > 0

    def _strength_of_penalty(self, weight):
        α = self._strengths()[0] / weight.sum()
        return α, α * self._weight_of_b() ** 2

    def _weight_of_b(self):
        return 0.0

    def _strengths(self):
        """The factors of ‖W‖² / 2 and of ‖W‖₁, times Σ s."""
        ratios: dict[Any, float] = {"l2": 0.0, "l1": 1.0}
        ρ = ratios.get(self.penalty, self.l1_ratio or 0.0)
        C = np.inf if self.penalty is None else self.C
        return (1 - ρ) / C, ρ / C

    def _fit(self, X, y, weight):
        self._warn_of_contradictions()
        self._total_weight_ = weight.sum()
        super()._fit(X, y, weight)

    def _warn_of_contradictions(self):
        """As in scikit-learn, `penalty` wins over C and l1_ratio that contradict it."""
        agree: dict[Any, tuple] = {"l2": (0, None), "l1": (0, 1, None), None: (0, None)}
        ignored = []
        if self.penalty is None and self.C not in (1.0, np.inf):
            ignored.append(f"C={self.C}")
        if self.penalty in agree and self.l1_ratio not in agree[self.penalty]:
            ignored.append(f"l1_ratio={self.l1_ratio}")
        for setting in ignored:
            text = f"{type(self).__name__}: penalty={self.penalty!r} ignores {setting}"
            warn(UserWarning, f"{text}. Try: penalty='elasticnet', which uses both")
