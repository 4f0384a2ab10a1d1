"""Classification by the neighbors.

Source: T. Cover, P. Hart, Nearest neighbor pattern classification, IEEE Trans. Inf. Theory 13 (1967);
T. Hastie, R. Tibshirani, J. Friedman, The Elements of Statistical Learning, 2nd edition, section 13.3.

The text to read first:
"""

from numbers import Integral
from typing import Any

import numpy as np

from models.foundation import Classifier, Estimator, integer, learned, positive, warn
from models.foundation.fields import Parameter
from models.foundation.validation import refuse_swapped
from models.neighbors.neighbors import (
    KNeighbors,
    NeighborsModel,
    RadiusNeighbors,
    neighbors_of_each,
)
from models.neighbors.voting import Voting, votes
from tinygrad_edu.diagnostics.words import refusal


def naive_k_neighbors(X, y, x, k):
    """The class that most of the k rows of X nearest to x have; the smallest of several such classes."""

    def distance(i):
        return sum((a - b) ** 2 for a, b in zip(X[i], x, strict=True)) ** 0.5

    nearest = sorted(range(len(X)), key=distance)[:k]
    labels = [y[i] for i in nearest]
    return max(sorted(set(labels)), key=labels.count)


class NeighborsClassifier(NeighborsModel, Voting, Classifier):
    """Predicts the class with the most votes; y may have several columns, as may the answers."""

    several_targets = True

    classes_: Any = learned("the classes in ascending order; for several columns of y, a list")
    outputs_2d_: bool = learned("has y several columns?")

    def _read(self, X, y, sample_weight, more=False):
        data = Estimator._read(self, X, y, sample_weight)
        columns = data["y"].reshape(len(data["y"]), -1).T
        found = [np.unique(column, return_inverse=True) for column in columns]
        self.outputs_2d_ = len(found) > 1
        self.classes_ = [classes for classes, _ in found] if self.outputs_2d_ else found[0][0]
        self._y_ = np.stack([codes for _, codes in found], axis=1)
        return data

    def _fit(self, X, y):
        self._index(X)

    def _each(self):
        """The classes of each column of y."""
        return self.classes_ if self.outputs_2d_ else [self.classes_]

    def _found(self, X) -> Any:
        """The neighbors of each row, and how many they are, or None if that differs."""
        raise NotImplementedError

    def _predict_proba(self, X):
        found, k = self._found(X)
        weight = self._weights_of(found, k)
        each = [
            votes(found, weight, y, len(classes))
            for y, classes in zip(self._y_.T, self._each(), strict=True)
        ]
        return each if self.outputs_2d_ else each[0]

    def predict(self, X: Any) -> np.ndarray:
        """The class with the most votes, the first of several, of each row of X; for each column of y."""
        parts = self._predict_proba(self._check(X))
        found = self._labels(parts if self.outputs_2d_ else [parts])
        return np.stack(found, axis=1) if self.outputs_2d_ else found[0]

    def _labels(self, parts):
        """The labels of each column, by the parts of its classes."""
        return [
            classes[part.argmax(axis=1)] for classes, part in zip(self._each(), parts, strict=True)
        ]

    def predict_log_proba(self, X: Any) -> Any:
        """log P(class | x), as predict_proba."""
        parts = self.predict_proba(X)
        with np.errstate(divide="ignore"):
            return [np.log(part) for part in parts] if self.outputs_2d_ else np.log(parts)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Accuracy: the fraction (by weight) of rows whose class is predicted; in all columns of y."""
        if not vars(self).get("outputs_2d_", False):
            return super().score(X, np.ravel(y) if np.shape(y)[1:] == (1,) else y, sample_weight)
        refuse_swapped(X, y, self)
        predicted = self.predict(X)
        y = self._read_targets(y, len(predicted))
        right = (predicted == y).all(axis=1)
        return float(np.average(right, weights=self._weights(sample_weight, len(y))))


class KNeighborsClassifier(KNeighbors, NeighborsClassifier):
    """P(class | x) is the part of the class among the n_neighbors rows nearest to x, by weight."""

    n_neighbors: int = integer(5, at_least=1, doc="how many neighbors vote")

    def _fit(self, X, y):
        require_neighbors(self, X)
        self._index(X)

    def _found(self, X):
        distances, numbers = self._k_nearest(X, self.n_neighbors)
        return neighbors_of_each(numbers, distances), self.n_neighbors


def _is_label(x):
    return isinstance(x, (str, Integral, list, tuple, np.ndarray)) and not isinstance(x, bool)


class RadiusNeighborsClassifier(RadiusNeighbors, NeighborsClassifier):
    """P(class | x) is the part of the class among the rows at most radius away from x, by weight.

    A row without neighbors is an error, or gets outlier_label: a label, one for each column of y, or
    "most_frequent". If this is not a class of y, all its probabilities are 0.
    """

    radius: float = positive(1.0, doc="how far neighbors may be away")
    outlier_label: Any = Parameter(
        None, _is_label, "a label, a label for each column of y, or 'most_frequent'",
        "label of rows without neighbors",
    )  # fmt: skip

    outlier_label_: Any = learned("a label for each column of y; None: such rows are an error")

    def _fit(self, X, y):
        self._index(X)
        self.outlier_label_ = self._labels_of_outliers()

    def _labels_of_outliers(self):
        label, each = self.outlier_label, self._each()
        if label is None:
            return None
        if isinstance(label, str) and label == "most_frequent":
            counts = [np.bincount(y).argmax() for y in self._y_.T]
            return [classes[i] for classes, i in zip(each, counts, strict=True)]
        several = np.ndim(label) > 0
        if several and len(label) != len(each):
            what = f"The length of outlier_label: {label} is inconsistent with the output length: "
            what += f"{len(each)}."
            raise refusal(ValueError, what, "a label for each column of y")
        labels = list(label) if several else [label] * len(each)
        for classes, one in zip(each, labels, strict=True):
            if np.ndim(one) > 0 or np.append(classes, one).dtype != classes.dtype:
                what = f"The dtype of outlier_label {one!r} is inconsistent with classes {classes} in y."
                raise refusal(TypeError, what, "a label of the same kind, or 'most_frequent'")
        return labels

    def _found(self, X):
        found = self._within(X, self.radius)
        lonely = np.flatnonzero(np.diff(found.starts) == 0)
        if len(lonely) and self.outlier_label_ is None:
            what = f"No neighbors found for test samples {lonely}."
            raise refusal(ValueError, what, "a larger radius, or outlier_label='most_frequent'")
        return found, None

    def _predict_proba(self, X):
        parts = super()._predict_proba(X)
        for i, (classes, part) in enumerate(
            zip(self._each(), parts if self.outputs_2d_ else [parts], strict=True)
        ):
            lonely = ~part.any(axis=1)
            if lonely.any():
                label = self.outlier_label_[i]
                part[np.ix_(lonely, classes == label)] = 1
                if label not in classes:
                    text = f"Outlier label {label} is not in training classes."
                    text += " All class probabilities of outliers will be assigned with 0."
                    warn(UserWarning, text)
        return parts

    def _labels(self, parts):
        found = super()._labels(parts)
        for i, part in enumerate(parts):
            lonely = ~part.any(axis=1)
            if lonely.any():
                found[i][lonely] = self.outlier_label_[i]
        return found


def require_neighbors(estimator: Any, X: np.ndarray, more: int = 0) -> None:
    """Raises ValueError if X has fewer rows than an answer needs: n_neighbors, and more."""
    if estimator.n_neighbors + more > X.shape[0]:
        what = (
            f"Expected n_neighbors <= n_samples_fit, but n_neighbors={estimator.n_neighbors}, "
            f"n_samples_fit={X.shape[0]}, n_samples = {X.shape[0]}"
        )
        raise refusal(ValueError, what, f"n_neighbors={X.shape[0] - more}, or fewer")
