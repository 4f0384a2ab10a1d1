"""The trade-off between precision and recall."""

from typing import Any

import numpy as np

from models.metrics.curves import average_precision_score, precision_recall_curve
from models.metrics.reading import array
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.viz.displays.binary_curve import UnitSquareCurve


class PrecisionRecallDisplay(UnitSquareCurve):
    """The precision over the recall, for all thresholds (`precision_recall_curve`).

    prevalence_pos_label   the fraction of the positive class: the precision of a classifier that guesses
    """

    drop_intermediate = False
    axis_names = "Recall", "Precision"
    score_word = "AP"
    line_style = {"drawstyle": "steps-post"}

    def __init__(
        self,
        precision: Any,
        recall: Any,
        *,
        average_precision: Any = None,
        name: Any = None,
        pos_label: Any = None,
        prevalence_pos_label: Any = None,
    ):
        self.precision, self.recall, self.average_precision = precision, recall, average_precision
        self.name, self.pos_label = name, pos_label
        self.prevalence_pos_label = prevalence_pos_label

    @classmethod
    def _numbers(
        cls, y: Any, score: Any, *, pos_label: Any, sample_weight: Any, drop_intermediate: bool
    ) -> dict[str, Any]:
        given = {"pos_label": pos_label, "sample_weight": sample_weight}
        precision, recall, _ = precision_recall_curve(
            y, score, drop_intermediate=drop_intermediate, **given
        )
        return {
            "precision": precision,
            "recall": recall,
            "average_precision": average_precision_score(y, score, **given),
            "prevalence_pos_label": float(np.mean(array(y) == pos_label)),
        }

    def _curve(self) -> tuple[Any, Any, Any]:
        return self.recall, self.precision, self.average_precision

    def _chance(self) -> tuple[float, float, str]:
        if self.prevalence_pos_label is None:
            what = "You must provide prevalence_pos_label to plot the chance level line."
            raise refusal(ValueError, what, "PrecisionRecallDisplay.from_predictions")
        level = float(np.mean(self.prevalence_pos_label))
        return level, level, f"{level:0.2f}"
