"""The receiver operating characteristic."""

from typing import Any

import numpy as np

from models.metrics.curves import auc, roc_curve
from tinygrad_edu.viz.displays.binary_curve import UnitSquareCurve


class RocCurveDisplay(UnitSquareCurve):
    """The true positive rate over the false positive rate, for all thresholds (`roc_curve`)."""

    axis_names = "False Positive Rate", "True Positive Rate"
    score_word = "AUC"

    def __init__(
        self, *, fpr: Any, tpr: Any, roc_auc: Any = None, name: Any = None, pos_label: Any = None
    ):
        self.fpr, self.tpr, self.roc_auc = fpr, tpr, roc_auc
        self.name, self.pos_label = name, pos_label

    @classmethod
    def _numbers(cls, y: Any, score: Any, **settings: Any) -> dict[str, Any]:
        fpr, tpr, _ = roc_curve(y, score, **settings)
        one_class = np.isnan(fpr).any() or np.isnan(tpr).any()
        return {"fpr": fpr, "tpr": tpr, "roc_auc": np.nan if one_class else auc(fpr, tpr)}

    def _curve(self) -> tuple[Any, Any, Any]:
        return self.fpr, self.tpr, self.roc_auc

    def _chance(self) -> tuple[float, float, str]:
        return 0, 1, "0.5"
