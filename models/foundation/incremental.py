"""`partial_fit`, for models with a formula for updates by more rows."""

import inspect
from typing import Any, ClassVar, Self

import numpy as np

from models.foundation.conditional import where
from models.foundation.estimator import Estimator
from models.foundation.kinds import Classifier
from models.foundation.sklearn_bridge import request_metadata
from tinygrad_edu.diagnostics.words import refusal


class Incremental(Estimator):
    """A subclass writes `_partial_fit(self, X, y, weight)`, with those of the three that it needs.

    Like `_fit` it works on a copy of the estimator, but a fitted one: it assigns new arrays and changes
    none in place. Without its own `_fit`, `fit` is one `_partial_fit` of all rows.
    """

    _partial_fit: ClassVar[Any]

    def __init_subclass__(cls, **settings: Any) -> None:
        if "_partial_fit" in vars(cls) and "_fit" not in vars(cls):
            cls._fit = cls._partial_fit
        super().__init_subclass__(**settings)

    @where("_partial_fit")
    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Updates the fit with more rows, with the same columns; returns self."""
        self._check_parameters()
        learner = self._copy(with_learned=True)
        learner._learn_more(X, y, sample_weight)
        return self._take_over(learner)

    def _learn_more(self, X: Any, y: Any, sample_weight: Any) -> None:
        takes = inspect.signature(self._partial_fit).parameters
        if sample_weight is not None and "weight" not in takes:
            what = f"{type(self).__name__}.partial_fit has no argument sample_weight."
            raise refusal(ValueError, what, "sample_weight=None")
        data = self._read(X, y, sample_weight, more=True)
        self._partial_fit(**{name: data[name] for name in takes})

    def set_partial_fit_request(self, **wanted: Any) -> Self:
        """Requests arguments of `partial_fit` from scikit-learn's metadata routing."""
        return request_metadata(self, "partial_fit", wanted)


class IncrementalClassifier(Incremental, Classifier):
    """A classifier with `partial_fit`. The first call names all classes."""

    @where("_partial_fit")
    def partial_fit(
        self, X: Any, y: Any = None, classes: Any = None, sample_weight: Any = None
    ) -> Self:
        """Updates the fit with more rows; returns self.

        classes: all labels that will occur; required only in the first call.
        """
        self._check_parameters()
        learner = self._copy(with_learned=True)
        learner._meet(classes)
        learner._learn_more(X, y, sample_weight)
        return self._take_over(learner)

    def _meet(self, classes: Any) -> None:
        known = vars(self).get("classes_")
        if classes is None:
            if known is None:
                what = "classes must be passed on the first call to partial_fit."
                raise refusal(ValueError, what, "partial_fit(X, y, classes=np.unique(all_labels))")
            return
        found = np.unique(classes)
        if known is not None and not np.array_equal(known, found):
            raise refusal(
                ValueError,
                f"classes={found.tolist()} is not the same as on the first call to partial_fit, which "
                f"was {known.tolist()}.",
                "a new model for other classes",
            )
        self.classes_ = found
