"""Pictures of how good a model is, by scikit-learn's names, such as RocCurveDisplay.

    from models.metrics import RocCurveDisplay

    display = RocCurveDisplay.from_estimator(model, X_test, y_test)
    display.ax_, display.figure_, display.roc_auc

A display keeps the numbers of a picture. `from_estimator` and `from_predictions` compute them, and `plot`
draws them on the axes `ax` or on a new figure. The arguments are scikit-learn's; those that end in `_kw` or
`_kwargs` go to matplotlib.

    base.py                what all displays share
    confusion.py           ConfusionMatrixDisplay
    two_classes.py         displays of the scores of a binary classifier
    binary_curve.py        curves of such scores, over all thresholds
    roc.py                 RocCurveDisplay
    precision_recall.py    PrecisionRecallDisplay
    det.py                 DetCurveDisplay
    calibration.py         CalibrationDisplay
    regression.py          PredictionErrorDisplay
    score_curves.py        LearningCurveDisplay, ValidationCurveDisplay
    boundary.py            DecisionBoundaryDisplay
    dependence.py          PartialDependenceDisplay
    decision_tree.py       plot_tree
"""

from tinygrad_edu.viz.displays.boundary import DecisionBoundaryDisplay
from tinygrad_edu.viz.displays.calibration import CalibrationDisplay
from tinygrad_edu.viz.displays.confusion import ConfusionMatrixDisplay
from tinygrad_edu.viz.displays.decision_tree import plot_tree
from tinygrad_edu.viz.displays.dependence import PartialDependenceDisplay
from tinygrad_edu.viz.displays.det import DetCurveDisplay
from tinygrad_edu.viz.displays.precision_recall import PrecisionRecallDisplay
from tinygrad_edu.viz.displays.regression import PredictionErrorDisplay
from tinygrad_edu.viz.displays.roc import RocCurveDisplay
from tinygrad_edu.viz.displays.score_curves import LearningCurveDisplay, ValidationCurveDisplay

__all__ = [
    "CalibrationDisplay",
    "ConfusionMatrixDisplay",
    "DecisionBoundaryDisplay",
    "DetCurveDisplay",
    "LearningCurveDisplay",
    "PartialDependenceDisplay",
    "PrecisionRecallDisplay",
    "PredictionErrorDisplay",
    "RocCurveDisplay",
    "ValidationCurveDisplay",
    "plot_tree",
]
