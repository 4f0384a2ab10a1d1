"""The kinds of estimators: what each offers, made from the formulas that a subclass writes.

    kind              a subclass writes                    and users call
    Regressor         _predict                             predict, score (R²)
    Classifier        _predict_proba or _decision          predict, score (accuracy); predict_proba and
                                                           predict_log_proba, or decision_function
    Clusterer         _predict, or labels_ in its _fit     predict, fit_predict
    Transformer       _transform, _inverse_transform       transform, fit_transform, inverse_transform,
                                                           set_output, get_feature_names_out
    Density           _score_samples                       score_samples, score
    OutlierDetector   _score_samples                       score_samples, decision_function, predict

These formulas get a checked X: finite numbers, in the columns of fit. Kinds may be combined.
"""

from typing import Any, ClassVar

import numpy as np

from models.foundation import targets, validation
from models.foundation.conditional import where
from models.foundation.estimator import Estimator
from models.foundation.fields import learned


class Regressor(Estimator):
    """Predicts numbers. A subclass writes `_predict`: checked X -> (samples,) or (samples, targets)."""

    kind = "regressor"
    _predict: ClassVar[Any]

    def _read_targets(self, y: Any, samples: int) -> np.ndarray:
        return targets.numbers(y, samples, self)

    def predict(self, X: Any) -> np.ndarray:
        """The predicted target of each row of X, shape (samples,) or (samples, targets)."""
        return self._predict(self._check(X))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R² = 1 - Σ w (y - ŷ)² / Σ w (y - ȳ)², the mean of it over several targets.

        1 is perfect, 0 no better than the mean ȳ. For a target without variance, R² is 1 if the
        prediction is exact, and 0 otherwise.
        """
        validation.refuse_swapped(X, y, self)
        predicted = self.predict(X)
        samples = len(predicted)
        y = self._read_targets(y, samples).reshape(samples, -1)
        weight = self._weights(sample_weight, samples)
        return float(np.mean(r_squared(y, y - predicted.reshape(y.shape), weight)))


def r_squared(y: np.ndarray, errors: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """R² of each target: `Regressor.score` before the mean."""
    residual = weight @ errors**2
    total = weight @ (y - np.average(y, axis=0, weights=weight)) ** 2
    return explained(residual, total)


def explained(errors: np.ndarray, of_constant: np.ndarray) -> np.ndarray:
    """1 - errors / errors of a constant prediction, where 0 / 0 gives 1 and x / 0 gives 0."""
    perfect = of_constant == 0
    return 1 - np.where(perfect, errors != 0, errors / np.where(perfect, 1, of_constant))


class Classifier(Estimator):
    """Predicts classes. `_fit` gets in y the numbers of the classes, from 0, in the order of `classes_`.

    A subclass writes one of these, or both; or `_predict`, the numbers of the predicted classes:

    `_predict_proba`    P(class | x), shape (samples, classes)
    `_decision`         a score for each class, (samples, classes); of two classes (samples,), > 0 for the
                        second

    A parameter `class_weight` of a subclass, None, "balanced" or label -> weight, multiplies the weights.
    """

    kind = "classifier"
    _decision: ClassVar[Any]
    _predict_proba: ClassVar[Any]

    classes_: np.ndarray = learned("the classes in ascending order")

    def _read_targets(self, y: Any, samples: int) -> np.ndarray:
        return targets.labels(y, samples, self)

    def _read(self, X: Any, y: Any, sample_weight: Any, more: bool = False) -> dict[str, Any]:
        data = super()._read(X, y, sample_weight, more)
        if more:
            data["y"] = targets.codes(data["y"], self.classes_, self)
        else:
            self.classes_, data["y"] = targets.classes_of(data["y"], self)
        data["weight"] = self._weights_with_classes(data["y"], data["weight"])
        return data

    def _weights_with_classes(self, y: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """The weights of the rows, multiplied by those of their classes."""
        chosen = getattr(self, "class_weight", None)
        if chosen is None:
            return weight
        return weight * targets.class_weights(chosen, self.classes_, y, weight, self)[y]

    def predict(self, X: Any) -> np.ndarray:
        """The predicted class of each row of X; the first if several are equally likely."""
        return self.classes_[self._predict(self._check(X))]

    def _predict(self, X: np.ndarray) -> np.ndarray:
        scores = self._decision(X) if hasattr(self, "_decision") else self._predict_proba(X)
        return (scores > 0).astype(np.intp) if scores.ndim == 1 else np.argmax(scores, axis=1)

    @where("_predict_proba")
    def predict_proba(self, X: Any) -> np.ndarray:
        """P(class | x), shape (samples, classes)."""
        return self._predict_proba(self._check(X))

    @where("_predict_proba")
    def predict_log_proba(self, X: Any) -> np.ndarray:
        """log P(class | x), shape (samples, classes)."""
        with np.errstate(divide="ignore"):  # log 0 = -inf is correct
            return np.log(self._predict_proba(self._check(X)))

    @where("_decision")
    def decision_function(self, X: Any) -> np.ndarray:
        """The score of each class, (samples, classes); for two classes that of the second, (samples,)."""
        return self._decision(self._check(X))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Accuracy: the fraction (by weight) of rows whose class is predicted."""
        validation.refuse_swapped(X, y, self)
        predicted = self.predict(X)
        y = self._read_targets(y, len(predicted))
        targets.warn_of_other_labels(y, self.classes_, self)
        return float(np.average(predicted == y, weights=self._weights(sample_weight, len(y))))


class Clusterer(Estimator):
    """Finds groups. A subclass writes `_predict`, the group of each row; or its `_fit` sets `labels_`."""

    kind = "clusterer"
    _predict: ClassVar[Any]

    labels_: np.ndarray = learned("cluster of each row of X; -1 means none")

    def _learn(self, X: Any, y: Any, sample_weight: Any) -> None:
        super()._learn(X, y, sample_weight)
        if hasattr(self, "_predict"):  # for every row, those of weight 0 as well
            self.labels_ = self._predict(self._check(X))

    @where("_predict")
    def predict(self, X: Any) -> np.ndarray:
        """The cluster of each row of X."""
        return self._predict(self._check(X))

    def fit_predict(self, X: Any, y: Any = None, **given: Any) -> np.ndarray:
        """Fits, and returns the cluster of each row of X. y is ignored: pipelines pass it."""
        return self.fit(X, y, **given).labels_


class Density(Estimator):
    """A distribution of x. A subclass writes `_score_samples`: checked X -> log p(x), shape (samples,)."""

    kind = "density_estimator"
    _score_samples: ClassVar[Any]

    def score_samples(self, X: Any) -> np.ndarray:
        """log p(x) of each row of X, shape (samples,)."""
        return self._score_samples(self._check(X))

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """The mean of log p(x) over the rows of X. y is ignored: pipelines pass it."""
        scores = self.score_samples(X)
        return float(np.average(scores, weights=self._weights(sample_weight, len(scores))))


class OutlierDetector(Estimator):
    """Finds rows that are unlike the others. A subclass writes `_score_samples`: lower is more unusual.

    Its `_fit` sets `offset_`, the score below which a row is an outlier. If it has a parameter
    `contamination` that is a number, `offset_` is set here, so that this fraction of the rows is below.
    """

    kind = "outlier_detector"
    _score_samples: ClassVar[Any]

    offset_: float = learned("score below which a row is an outlier")

    def _learn(self, X: Any, y: Any, sample_weight: Any) -> None:
        super()._learn(X, y, sample_weight)
        fraction: Any = getattr(self, "contamination", "auto")
        if fraction != "auto":
            scores = self._score_samples(self._check(X))
            self.offset_ = float(np.percentile(scores, 100 * fraction))

    def score_samples(self, X: Any) -> np.ndarray:
        """A score for each row of X, shape (samples,): lower is more unusual."""
        return self._score_samples(self._check(X))

    def decision_function(self, X: Any) -> np.ndarray:
        """score_samples(X) - offset_: below 0 for outliers."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: Any) -> np.ndarray:
        """1 for each row of X that is like the others, -1 for an outlier."""
        return np.where(self.decision_function(X) >= 0, 1, -1)

    def fit_predict(self, X: Any, y: Any = None, **given: Any) -> np.ndarray:
        """Fits, and returns 1 or -1 for each row of X. y is ignored: pipelines pass it."""
        return self.fit(X, y, **given).predict(X)
