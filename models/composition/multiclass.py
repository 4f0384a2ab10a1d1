"""Several classes by models of two: one for each class, one for each pair, or error-correcting codes.

Source: C. Bishop, Pattern Recognition and Machine Learning (2006), section 4.1.2; T. Dietterich, G. Bakiri,
Solving multiclass learning problems via error-correcting output codes (1995).
"""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np

from models.foundation import Classifier, fit_clone, integer, learned, part, positive, where
from models.foundation.examples import named
from models.foundation.frames import samples, take_rows
from models.foundation.parallel import each
from models.foundation.randomness import random_state, seed
from models.foundation.sklearn_bridge import kind_of
from models.foundation.wrapper import Wrapper
from models.metrics.reading import array, same_length, type_of_target
from tinygrad_edu.diagnostics.words import refusal


class Constant:
    """Stands for a model of two classes where the training rows have only one."""

    def __init__(self, label: int):
        self.label = label

    def decision_function(self, X: Any) -> np.ndarray:
        """1 or -1 for every row."""
        return np.full(samples(X), 2.0 * self.label - 1)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Certain of its label."""
        return np.tile([1.0 - self.label, float(self.label)], (samples(X), 1))

    def predict(self, X: Any) -> np.ndarray:
        """Its label for every row."""
        return np.full(samples(X), self.label)


def fit_two(estimator: Any, X: Any, y: np.ndarray, weight: Any) -> Any:
    """A model of the classes 0 and 1; a constant if all rows are of one."""
    present = np.unique(y)
    return (
        Constant(int(present[0] > 0)) if len(present) == 1 else fit_clone(estimator, X, y, weight)
    )


def confidence(model: Any, X: Any) -> np.ndarray:
    """The decision value of the second class, or else its probability; of a regressor its prediction."""
    if kind_of(model) == "regressor":
        return np.asarray(model.predict(X))
    if hasattr(model, "decision_function"):
        return np.ravel(model.decision_function(X))
    return model.predict_proba(X)[:, 1]


def threshold(model: Any) -> float:
    """The confidence above which the second class is predicted."""
    return 0.0 if hasattr(model, "decision_function") and kind_of(model) != "regressor" else 0.5


class ByTwo(Classifier):
    """The base: a classifier made of models of two classes."""

    reads = "anything"  # the models read it
    does_not_apply = Wrapper.does_not_apply

    estimator: Any = part(doc="the model of two classes: a classifier, or a regressor of 0 and 1")
    n_jobs: int | None = integer(None, doc="processes, through joblib; -1 for all processors")

    estimators_: list = learned("the fitted models")

    def _fit_all(self, X, targets, weight):
        """A model for each (rows or None, 0 and 1)."""
        if samples(X) == 0:
            what = f"Found array with 0 sample(s) while a minimum of 1 is required by {type(self).__name__}."
            raise refusal(ValueError, what, "X.shape, right before this line")
        work = [
            (self.estimator, X, y, weight)
            if rows is None
            else (self.estimator, take_rows(X, rows), y, weight[rows])
            for rows, y in targets
        ]
        self.estimators_ = each(fit_two, work, self.n_jobs)

    def _check(self, X):
        self.classes_  # noqa: B018  (raises NotFittedError before fit)
        return X

    @classmethod
    def examples(cls, rng: np.random.Generator) -> Iterator[tuple[Any, Any, Any]]:
        """Three classes by logistic regressions."""
        labels = np.arange(60) % 3
        X = 2.0 * rng.normal(size=(3, 4))[labels] + rng.normal(size=(60, 4))
        kind: Any = cls
        more = {"random_state": 0} if "random_state" in cls._parameters else {}
        yield kind(named("LogisticRegression")(), **more), X, labels


class OneVsRestClassifier(ByTwo):
    """A model for each class, of it against the rest; the class with the largest confidence is predicted.

    y may also have a column of 0 and 1 for each of several labels: then each has its model.
    """

    several_targets = True

    verbose: int = integer(0, at_least=0, doc="accepted, prints nothing")

    multilabel_: bool = learned("does y have a column for each label?")

    def _read(self, X, y, sample_weight, more=False):
        self.multilabel_ = y is not None and type_of_target(y) == "multilabel-indicator"
        if not self.multilabel_:
            y = y if y is None or array(y).ndim < 2 else _one_column(y)
            return super()._read(X, y, sample_weight, more)
        same_length(X, y)
        self._note_columns(X, y)
        y = array(y)
        self.classes_ = np.arange(y.shape[1])
        return {"X": X, "y": (y != 0).astype(int), "weight": self._weights(sample_weight, len(y))}

    def _fit(self, X, y, weight):
        table = y
        if not self.multilabel_:
            table = (y[:, None] == np.arange(len(self.classes_))).astype(int)
            table = table[:, 1:] if len(self.classes_) == 2 else table
        self._fit_all(X, [(None, column) for column in table.T], weight)

    def _confidences(self, X):
        return np.stack([confidence(model, X) for model in self.estimators_], axis=1)

    def predict(self, X: Any) -> np.ndarray:
        """The predicted class of each row of X; a column of 0 and 1 for each of several labels."""
        found, bound = self._confidences(self._check(X)), threshold(self.estimators_[0])
        if self.multilabel_:
            return (found > bound).astype(int)
        if len(self.estimators_) == 1:
            return self.classes_[(found[:, 0] > bound).astype(int) * (len(self.classes_) > 1)]
        return self.classes_[found.argmax(axis=1)]

    @where("estimator.predict_proba")
    def predict_proba(self, X: Any) -> np.ndarray:
        """P(class | x), from the models of the classes; several labels do not sum to 1."""
        self._check(X)
        p = np.stack([model.predict_proba(X)[:, 1] for model in self.estimators_], axis=1)
        p = np.hstack([1 - p, p]) if p.shape[1] == 1 else p
        if self.multilabel_:
            return p
        total = p.sum(axis=1, keepdims=True)
        return p / np.where(total == 0, 1, total)

    @where("estimator.decision_function")
    def decision_function(self, X: Any) -> np.ndarray:
        """The decision value of each class, (samples, classes); for two classes that of the second."""
        self._check(X)
        found = np.stack([np.ravel(m.decision_function(X)) for m in self.estimators_], axis=1)
        return found[:, 0] if found.shape[1] == 1 else found


def _one_column(y: Any) -> Any:
    found = array(y)
    return found if found.shape[1] > 1 else found.ravel()


class OneVsOneClassifier(ByTwo):
    """A model for each pair of classes; each votes for one, and the class with the most votes is predicted.

    Ties are broken by the sum of the confidences.
    """

    one_class = False

    def _fit(self, X, y, weight):
        targets = []
        for i, j in combinations(range(len(self.classes_)), 2):
            rows = np.flatnonzero((y == i) | (y == j))
            targets.append((rows, (y[rows] == j).astype(int)))
        self._fit_all(X, targets, weight)

    def _decision(self, X):
        """votes + s / (3 (|s| + 1)): the sum s of the confidences changes them by less than 1/3."""
        votes = np.zeros((len(self.classes_), samples(X)))
        sums = np.zeros_like(votes)
        pairs = combinations(range(len(self.classes_)), 2)
        for (i, j), model in zip(pairs, self.estimators_, strict=True):
            found, second = confidence(model, X), np.asarray(model.predict(X)) > 0.5
            sums[i] -= found
            sums[j] += found
            votes[i] += ~second
            votes[j] += second
        scores = (votes + sums / (3 * (np.abs(sums) + 1))).T
        return scores[:, 1] if len(self.classes_) == 2 else scores

    def predict(self, X: Any) -> np.ndarray:
        """The predicted class of each row of X."""
        scores = self._decision(self._check(X))
        if scores.ndim == 1:
            return self.classes_[(scores > threshold(self.estimators_[0])).astype(int)]
        return self.classes_[scores.argmax(axis=1)]


class OutputCodeClassifier(ByTwo):
    """Each class has a random code of bits, each bit a model; that with the nearest code is predicted."""

    code_size: float = positive(1.5, doc="bits per class")
    random_state: Any = seed()

    code_book_: np.ndarray = learned("the code of each class: (classes, bits)")

    def _fit(self, X, y, weight):
        classes = len(self.classes_)
        bits = random_state(self.random_state).uniform(
            size=(classes, int(classes * self.code_size))
        )
        zero = -1.0 if hasattr(self.estimator, "decision_function") else 0.0
        self.code_book_ = np.where(bits > 0.5, 1.0, zero)
        self._fit_all(X, [(None, column) for column in (bits[y] > 0.5).astype(int).T], weight)

    def _predict(self, X):
        found = np.stack([confidence(model, X) for model in self.estimators_], axis=1)
        apart = ((found[:, None] - self.code_book_) ** 2).sum(axis=2)
        return apart.argmin(axis=1)
