"""The reliability diagram of predicted probabilities."""

from typing import Any, Self

from models.composition.calibration import calibration_curve
from models.metrics.reading import array, positive_label
from tinygrad_edu.viz.curves import literal
from tinygrad_edu.viz.displays.base import REFERENCE
from tinygrad_edu.viz.displays.two_classes import TwoClassDisplay


class CalibrationDisplay(TwoClassDisplay):
    """The fraction of the positive class over its mean probability, for bins of the probabilities."""

    def __init__(
        self,
        prob_true: Any,
        prob_pred: Any,
        y_prob: Any,
        *,
        estimator_name: Any = None,
        pos_label: Any = None,
    ):
        self.prob_true, self.prob_pred, self.y_prob = prob_true, prob_pred, y_prob
        self.estimator_name, self.pos_label = estimator_name, pos_label

    def plot(
        self, *, ax: Any = None, name: Any = None, ref_line: bool = True, **kwargs: Any
    ) -> Self:
        """Draws the curve, whose line gets the keywords.

        ref_line   adds the diagonal, which perfect probabilities would follow
        """
        ax = self._axes(ax)
        label = "Perfectly calibrated"
        if ref_line and label not in ax.get_legend_handles_labels()[1]:
            ax.plot([0, 1], [0, 1], **{**REFERENCE, "label": label})
        name = self.estimator_name if name is None else name
        style = {"marker": "s", "label": None if name is None else literal(name), **kwargs}
        (self.line_,) = ax.plot(self.prob_pred, self.prob_true, **style)
        self._label_axes("Mean predicted probability", "Fraction of positives", "Positive class")
        ax.legend(frameon=False, fontsize="small")
        return self

    @classmethod
    def from_estimator(cls, estimator: Any, X: Any, y: Any, **settings: Any) -> Self:
        """Shows the probabilities that a fitted classifier gives to X.

        The settings are those of from_predictions.
        """
        return super().from_estimator(estimator, X, y, response_method="predict_proba", **settings)

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_prob: Any,
        *,
        n_bins: int = 5,
        strategy: str = "uniform",
        pos_label: Any = None,
        name: Any = None,
        **look: Any,
    ) -> Self:
        """Shows probabilities of the positive class.

        strategy   "uniform" for bins of equal width; "quantile" for bins with equally many rows
        pos_label  the positive class; None for 1
        look       the arguments of plot
        """
        pos_label = positive_label(pos_label, array(y_true))
        true, predicted = calibration_curve(
            y_true, y_prob, pos_label=pos_label, n_bins=n_bins, strategy=strategy
        )
        name = "Classifier" if name is None else name
        made = cls(true, predicted, y_prob, estimator_name=name, pos_label=pos_label)
        return made.plot(**look)
