"""Utilities: functions of scikit-learn's `sklearn.utils` that programs and their own estimators call.

validation       check_array, check_X_y, validate_data, check_is_fitted and the like
multiclass       type_of_target, unique_labels
class_weight     weights that make up for rare classes
sampling         shuffle and resample: rows of several arrays
metaestimators   available_if: methods that only some instances have
"""

from models.foundation.bunch import Bunch
from models.utils.class_weight import compute_class_weight, compute_sample_weight
from models.utils.sampling import gen_batches, resample, shuffle
from models.utils.validation import (
    check_array,
    check_consistent_length,
    check_is_fitted,
    check_random_state,
    check_X_y,
    column_or_1d,
    indexable,
)

__all__ = [
    "Bunch",
    "check_X_y",
    "check_array",
    "check_consistent_length",
    "check_is_fitted",
    "check_random_state",
    "column_or_1d",
    "compute_class_weight",
    "compute_sample_weight",
    "gen_batches",
    "indexable",
    "resample",
    "shuffle",
]
