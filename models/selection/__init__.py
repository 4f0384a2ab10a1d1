"""Selection: splits of data, validation of models, and the search for their parameters.

splitters    k folds and other splits
groups       splits that keep groups together
shuffles     random splits
validation   cross-validation, learning curves and permutation tests
grids        sets of parameters
search       the search for the best of them
halving      the same with more and more rows for fewer and fewer candidates

cross_validated   the folds of an estimator that chooses its own settings
"""

from models.selection.grids import ParameterGrid, ParameterSampler
from models.selection.groups import (
    GroupKFold,
    LeaveOneGroupOut,
    LeavePGroupsOut,
    StratifiedGroupKFold,
)
from models.selection.halving import HalvingGridSearchCV, HalvingRandomSearchCV
from models.selection.search import GridSearchCV, RandomizedSearchCV
from models.selection.shuffles import (
    GroupShuffleSplit,
    ShuffleSplit,
    StratifiedShuffleSplit,
    train_test_split,
)
from models.selection.splitters import (
    KFold,
    LeaveOneOut,
    LeavePOut,
    PredefinedSplit,
    RepeatedKFold,
    RepeatedStratifiedKFold,
    StratifiedKFold,
    TimeSeriesSplit,
    check_cv,
)
from models.selection.validation import (
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    permutation_test_score,
    validation_curve,
)

__all__ = [
    "GridSearchCV",
    "GroupKFold",
    "GroupShuffleSplit",
    "HalvingGridSearchCV",
    "HalvingRandomSearchCV",
    "KFold",
    "LeaveOneGroupOut",
    "LeaveOneOut",
    "LeavePGroupsOut",
    "LeavePOut",
    "ParameterGrid",
    "ParameterSampler",
    "PredefinedSplit",
    "RandomizedSearchCV",
    "RepeatedKFold",
    "RepeatedStratifiedKFold",
    "ShuffleSplit",
    "StratifiedGroupKFold",
    "StratifiedKFold",
    "StratifiedShuffleSplit",
    "TimeSeriesSplit",
    "check_cv",
    "cross_val_predict",
    "cross_val_score",
    "cross_validate",
    "learning_curve",
    "permutation_test_score",
    "train_test_split",
    "validation_curve",
]
