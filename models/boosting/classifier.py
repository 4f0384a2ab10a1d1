"""What boosting classifiers share: classes as targets of a loss, and probabilities from scores."""

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from models.boosting.losses import Loss
from models.boosting.steps import probabilities
from models.foundation import Classifier


class BoostingClassifier(Classifier):
    """A subclass writes `_scores`: checked X -> f; and `_staged`: X, function of f -> its values by stage."""

    _scores: ClassVar[Any]
    _staged: ClassVar[Any]
    _loss_: Loss

    def _encoded(self, y):
        return np.eye(len(self.classes_))[y] if len(self.classes_) > 2 else y.astype(np.float64)

    def _decoded(self, y):
        return self.classes_[y.argmax(axis=1) if y.ndim == 2 else y.astype(np.intp)]

    def _decision(self, X):
        return self._scores(X)

    def _predict_proba(self, X):
        return self._probabilities(self._scores(X))

    def _probabilities(self, f):
        return probabilities(self._loss_.odds * f, len(self.classes_))

    def staged_decision_function(self, X: Any) -> Iterator[np.ndarray]:
        """The scores after each iteration."""
        return self._staged(X, lambda f: f)

    def staged_predict_proba(self, X: Any) -> Iterator[np.ndarray]:
        """P(class | x) after each iteration."""
        return self._staged(X, self._probabilities)

    def staged_predict(self, X: Any) -> Iterator[np.ndarray]:
        """The predicted classes after each iteration."""
        return (self.classes_[p.argmax(axis=1)] for p in self.staged_predict_proba(X))
