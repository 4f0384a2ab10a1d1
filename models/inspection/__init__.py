"""Inspection: what a fitted model attends to, and how far its predictions may be off.

permutation   the importance of a feature: what is lost when it is shuffled
dependence    the mean prediction as a function of one or two features
conformal     intervals that contain the target with a guaranteed probability
columns       a table whose columns are replaced
"""

from models import offers
from models.inspection.conformal import SplitConformalRegressor
from models.inspection.dependence import partial_dependence
from models.inspection.permutation import permutation_importance

__all__ = ["SplitConformalRegressor", "partial_dependence", "permutation_importance"]

__getattr__ = offers.with_pictures("inspection")
