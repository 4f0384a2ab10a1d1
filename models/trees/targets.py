"""Classifiers of several targets at once."""

from typing import Any, ClassVar

import numpy as np

from models.foundation import Classifier, Estimator
from models.foundation.targets import class_weights, classes_of


class SeveralTargets(Classifier):
    """For a classifier whose y may have several columns: instead of Classifier.

    `_fit` gets y as the numbers of the classes, (targets, samples). With one target everything is as in
    Classifier; with several, `classes_`, `n_classes_` and `predict_proba` are lists.
    """

    several_targets = True
    _predict_proba: ClassVar[Any]
    classes_: Any
    n_classes_: Any

    def _read(self, X, y, sample_weight, more=False):
        data = Estimator._read(self, X, y, sample_weight, more)
        y = data["y"]
        columns = y.reshape(len(y), -1).T
        found = [classes_of(column, self) for column in columns]
        classes = [each for each, _ in found]
        data["y"] = np.array([codes for _, codes in found])
        self.classes_ = classes if y.ndim > 1 and len(classes) > 1 else classes[0]
        self.n_classes_ = (
            np.array([len(each) for each in classes]) if len(classes) > 1 else len(classes[0])
        )
        data["weight"] = self._weights_with_classes(data["y"], data["weight"])
        return data

    def _weights_with_classes(self, y, weight):
        chosen = getattr(self, "class_weight", None)
        if chosen is None or chosen == "balanced_subsample":
            return weight
        every = chosen if isinstance(chosen, list) else [chosen] * len(y)
        classes = self.classes_ if len(y) > 1 else [self.classes_]
        product = weight
        for one, names, codes in zip(every, classes, y, strict=True):
            product = product * class_weights(one, names, codes, weight, self)[codes]
        return product

    def _by_target(self, proba):
        """(samples, targets, classes) as a list of (samples, classes); (samples, classes) as it is."""
        if proba.ndim == 2:
            return proba
        return [proba[:, i, :k] for i, k in enumerate(self.n_classes_)]

    def predict(self, X):
        """The predicted class of each row of X, (samples,) or (samples, targets)."""
        proba = self._predict_proba(self._check(X))
        if not isinstance(proba, list):
            return self.classes_[np.argmax(proba, axis=1)]
        columns = [
            names[np.argmax(p, axis=1)] for names, p in zip(self.classes_, proba, strict=True)
        ]
        return np.stack(columns, axis=1)

    def predict_log_proba(self, X):
        """log P(class | x), shape (samples, classes); for several targets a list."""
        proba = self._predict_proba(self._check(X))
        with np.errstate(divide="ignore"):  # log 0 = -inf is correct
            return [np.log(p) for p in proba] if isinstance(proba, list) else np.log(proba)

    def score(self, X, y, sample_weight=None):
        """Accuracy: the fraction (by weight) of rows whose class is predicted, in all targets."""
        if not isinstance(self.classes_, list):
            return super().score(X, y, sample_weight)
        predicted = self.predict(X)
        y = self._read_targets(y, len(predicted))
        right = (predicted == y).all(axis=1)
        return float(np.average(right, weights=self._weights(sample_weight, len(y))))
