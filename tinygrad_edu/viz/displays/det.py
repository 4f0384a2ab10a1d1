"""The detection error tradeoff."""

from typing import Any, Self

import numpy as np

from models.foundation.normal import normal_quantile
from models.metrics.curves import det_curve
from tinygrad_edu.viz.curves import BLUE, literal
from tinygrad_edu.viz.displays.binary_curve import BinaryCurve

TICKS = np.array([0.001, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99, 0.999])


class DetCurveDisplay(BinaryCurve):
    """The false negative rate over the false positive rate, on the scales of the normal distribution.

    If the scores of both classes have normal distributions, the curve is a straight line (`det_curve`).
    """

    def __init__(self, *, fpr: Any, fnr: Any, estimator_name: Any = None, pos_label: Any = None):
        self.fpr, self.fnr, self.name, self.pos_label = fpr, fnr, estimator_name, pos_label

    @classmethod
    def _numbers(cls, y: Any, score: Any, **settings: Any) -> dict[str, Any]:
        fpr, fnr, _ = det_curve(y, score, **settings)
        least = np.finfo(np.float64).eps  # 0 and 1 would be infinitely far away
        return {"fpr": np.clip(fpr, least, 1 - least), "fnr": np.clip(fnr, least, 1 - least)}

    def plot(self, ax: Any = None, *, name: Any = None, **kwargs: Any) -> Self:
        """Draws the curve; the keywords go to the line."""
        ax = self._axes(ax)
        x, y = (normal_quantile(np.asarray(rate)) for rate in (self.fpr, self.fnr))
        name = self.name if name is None else name
        style = {"color": BLUE, "label": literal(name) if name else None, **kwargs}
        (self.line_,) = ax.plot(x, y, **style)
        words = [f"{100 * rate:.3g}%" for rate in TICKS]
        ax.set_xticks(normal_quantile(TICKS), words)
        ax.set_yticks(normal_quantile(TICKS), words)
        ax.set(xlim=(-3, 3), ylim=(-3, 3))
        self._finish("False Positive Rate", "False Negative Rate")
        return self
