"""What estimators that do not look at X have in common."""

from typing import Any, ClassVar

import numpy as np

from models.foundation import Estimator

UNSEEN = "does not look at X, which may be anything with a length"


class Blind(Estimator):
    """An estimator that does not look at X: it may be anything with a length, and in `score` None."""

    reads = "anything"
    poor_score = True
    accepts_sparse = True
    does_not_apply: ClassVar = dict.fromkeys(
        [
            "test_a_fit_that_fails_changes_nothing",
            "test_a_method_that_it_lacks_is_answered_with_those_it_has",
            "test_another_number_of_columns",
            "test_bad_data_are_refused_in_fit_and_after_it",
            "test_mistakes_are_named_with_row_column_and_remedy",
            "test_nullable_columns_of_pandas",
            "test_other_columns_are_refused_by_name",
            "test_what_is_wrong_in_a_frame_is_named_by_its_column",
            "test_x_and_y_swapped",
        ],
        UNSEEN,
    )

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The score of its kind. X may be None."""
        kind: Any = super()
        return kind.score(np.zeros((len(y), 1)) if X is None else X, y, sample_weight)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.no_validation = True
        return tags
