"""Composition: estimators made of others.

pipeline     transformers one after the other, and an estimator at the end
union        transformers side by side
columns      different transformers for different columns
target       a regressor of a transformed target
multiclass   several classes by models of two
outputs      several targets by models of one
frozen       an estimator that stays as it is
calibration  scores that become probabilities
progress     lines that say how long each part took to fit
thresholds   above which the second of two classes is predicted
"""

from models.composition.calibration import CalibratedClassifierCV, calibration_curve
from models.composition.columns import (
    ColumnTransformer,
    make_column_selector,
    make_column_transformer,
)
from models.composition.multiclass import (
    OneVsOneClassifier,
    OneVsRestClassifier,
    OutputCodeClassifier,
)
from models.composition.outputs import (
    ClassifierChain,
    MultiOutputClassifier,
    MultiOutputRegressor,
    RegressorChain,
)
from models.composition.pipeline import Pipeline, make_pipeline
from models.composition.target import TransformedTargetRegressor
from models.composition.thresholds import FixedThresholdClassifier, TunedThresholdClassifierCV
from models.composition.union import FeatureUnion, make_union

__all__ = [
    "CalibratedClassifierCV",
    "ClassifierChain",
    "ColumnTransformer",
    "FeatureUnion",
    "FixedThresholdClassifier",
    "MultiOutputClassifier",
    "MultiOutputRegressor",
    "OneVsOneClassifier",
    "OneVsRestClassifier",
    "OutputCodeClassifier",
    "Pipeline",
    "RegressorChain",
    "TransformedTargetRegressor",
    "TunedThresholdClassifierCV",
    "calibration_curve",
    "make_column_selector",
    "make_column_transformer",
    "make_pipeline",
    "make_union",
]
