"""Inspection: what a fitted model depends on, and how sure it is.

importance   of columns, by shuffling them
dependence   of the prediction on the value of a column
conformal    intervals that contain the target with a given probability
"""

from models.inspection.conformal import ConformalRegressor
from models.inspection.dependence import partial_dependence
from models.inspection.importance import permutation_importance

__all__ = [
    "ConformalRegressor",
    "partial_dependence",
    "permutation_importance",
]
