"""Estimators that pass X and y on to other estimators, unread: searches, pipelines, one model per class."""

from typing import Any, ClassVar, Self

from models.foundation import sklearn_bridge
from models.foundation.estimator import Estimator


class Wrapper(Estimator):
    """The base. A subclass writes `_fit_parts(X, y, **params)`, and `_part`, whose facts are its own.

    `fit` works on an unfitted copy, as that of Estimator does. The parts check X and y.
    """

    reads = "anything"
    does_not_apply: ClassVar = {"test_*": "passes data on to its parts, for which these tests are"}

    _fit_parts: ClassVar[Any]

    @property
    def _part(self) -> Any:
        """The estimator whose kind, tags and facts are those of the whole."""
        return self.estimator  # type: ignore[attr-defined]

    @property
    def kind(self) -> str | None:  # type: ignore[override]
        """What the part is: "classifier", "regressor", ..."""
        return sklearn_bridge.kind_of(self._part)

    def fit(self, X: Any, y: Any = None, **params: Any) -> Self:  # type: ignore[override]
        """Fits the parts and returns self. params: arguments of their `fit`, such as sample_weight."""
        self._check_parameters()
        learner = self._copy(with_learned=False)
        learner._fit_parts(X, y, **params)
        return self._take_over(learner)

    def _note_columns_of(self, fitted: Any) -> None:
        """Takes over what a fitted part knows about the columns of X."""
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(fitted, name):
                setattr(self, name, getattr(fitted, name))

    def __sklearn_tags__(self) -> Any:
        return sklearn_bridge.tags_of_part(self._part, hasattr(self, "transform"))
