"""The threshold above which the second of two classes is predicted: a given one, or the best one.

A classifier predicts the likelier class, with the threshold 0.5. If a missed case costs more than a false
alarm, or a metric such as F1 counts, another threshold is better.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from models.foundation import (
    Classifier,
    anything,
    array,
    boolean,
    choice,
    fit_clone,
    integer,
    learned,
    number,
    part,
    where,
)
from models.foundation.examples import named
from models.foundation.frames import take_rows
from models.foundation.parallel import each
from models.foundation.randomness import seed
from models.foundation.wrapper import Wrapper
from models.metrics.scorers import Scorer, check_scoring, response
from models.selection.search import cv_parameter
from models.selection.shuffles import StratifiedShuffleSplit
from models.selection.splitters import check_cv
from tinygrad_edu.diagnostics.words import refusal


class Threshold(Classifier):
    """The base: a classifier of two classes with a threshold of its own. A subclass writes `_threshold`."""

    reads = "anything"  # the classifier reads it
    several_classes = False
    one_class = False
    does_not_apply = Wrapper.does_not_apply

    estimator: Any = part(doc="the classifier")
    response_method: str = choice(
        "auto",
        "predict_proba",
        "decision_function",
        doc="the score; 'auto': the first that is there",
    )

    estimator_: Any = learned("the fitted classifier")

    def _methods(self) -> tuple[str, ...]:
        if self.response_method != "auto":
            return (self.response_method,)
        return ("predict_proba", "decision_function")

    def _fit(self, X, y, weight):
        self.estimator_ = fit_clone(self.estimator, X, self.classes_[y], weight)

    def _positive(self) -> Any:
        """The label whose score is compared with the threshold; None: the second."""
        return None

    def _threshold(self) -> float:
        raise NotImplementedError

    def predict(self, X: Any) -> np.ndarray:
        """The positive class where its score is at least the threshold."""
        model, label = self.estimator_, self._positive()
        score = response(model, self._methods(), X, label)
        return labels_of(score, self._threshold(), self.classes_, label)

    @where("estimator.predict_proba")
    def predict_proba(self, X: Any) -> np.ndarray:
        """P(class | x), of the classifier."""
        return self.estimator_.predict_proba(X)

    @where("estimator.predict_log_proba")
    def predict_log_proba(self, X: Any) -> np.ndarray:
        """log P(class | x), of the classifier."""
        return self.estimator_.predict_log_proba(X)

    @where("estimator.decision_function")
    def decision_function(self, X: Any) -> np.ndarray:
        """The decision value of the classifier."""
        return self.estimator_.decision_function(X)

    @classmethod
    def examples(cls, rng: np.random.Generator) -> Iterator[tuple[Any, Any, Any]]:
        """Two classes by a logistic regression."""
        labels = np.arange(60) % 2
        X = 2.0 * rng.normal(size=(2, 4))[labels] + rng.normal(size=(60, 4))
        kind: Any = cls
        yield kind(named("LogisticRegression")()), X, labels


def labels_of(score: np.ndarray, bound: float, classes: np.ndarray, positive: Any) -> np.ndarray:
    """The positive label, by default the second, where the score is at least the bound; else the other."""
    second = 1 if positive is None else classes.tolist().index(positive)
    return classes[np.where(score >= bound, second, 1 - second)]


class FixedThresholdClassifier(Threshold):
    """A classifier of two classes with another threshold."""

    threshold: Any = choice("auto", doc="'auto': 0.5 for probabilities, 0 for decisions") | number()
    pos_label: Any = anything(None, doc="the class that the score is for; None for the second")

    def _positive(self):
        return self.pos_label

    def _threshold(self):
        if self.threshold != "auto":
            return self.threshold
        first = next(name for name in self._methods() if hasattr(self.estimator_, name))
        return 0.5 if first == "predict_proba" else 0.0


class TunedThresholdClassifierCV(Threshold):
    """A classifier of two classes with the threshold that has the best score in cross-validation.

    Each split gives a curve of scores over thresholds; their mean, interpolated, has the best threshold at
    its top.
    """

    keeps_zero_weights = True  # splits count all rows
    does_not_apply = {
        **Wrapper.does_not_apply,
        "check_classifiers_train": "decision_function > 0 is not what it predicts by",
    }

    scoring: Any = choice("balanced_accuracy", doc="the score of predicted classes") | anything()
    thresholds: Any = integer(100, at_least=1, doc="how many, or which") | array()
    cv: Any = cv_parameter() | number(above=0, below=1)
    refit: bool = boolean(
        True, doc="fit the classifier to all rows; otherwise to those of the one split"
    )
    n_jobs: int | None = integer(None, doc="processes, through joblib; -1 for all processors")
    random_state: Any = seed(doc="of the split, if cv is a part of the rows")
    store_cv_results: bool = boolean(False, doc="keep cv_results_")

    best_threshold_: float = learned("the threshold")
    best_score_: float = learned("its mean score")
    cv_results_: dict = learned("thresholds and their scores, with store_cv_results")

    def _fit(self, X, y, weight):
        labels = self.classes_[y]
        if isinstance(self.cv, float):
            splitter: Any = StratifiedShuffleSplit(
                1, test_size=self.cv, random_state=self.random_state
            )
        else:
            splitter = check_cv(self.cv, labels, classifier=True)
        splits = list(splitter.split(X, labels))
        if not self.refit and len(splits) > 1:
            what = "When cv has several folds, refit cannot be False."
            raise refusal(ValueError, what, "cv=0.25, or refit=True")
        scorer = check_scoring(self.estimator, self.scoring)
        if not isinstance(scorer, Scorer):
            what = f"scoring={self.scoring!r} is no scorer of predicted classes."
            raise refusal(ValueError, what, "scoring='f1', or make_scorer(...)")
        self._label_ = scorer._pos_label()
        work = [
            (self.estimator, X, labels, weight, pair, scorer, self._methods(), self.thresholds)
            for pair in splits
        ]
        curves = each(_curve, work, self.n_jobs)
        if any(np.isclose(bounds[0], bounds[-1]) for bounds, _ in curves):
            what = (
                "The provided estimator makes constant predictions. Therefore, it is impossible to "
                "optimize the decision threshold."
            )
            raise refusal(ValueError, what, "another estimator")
        bounds = np.asarray(self.thresholds)
        if bounds.ndim == 0:
            ends = [(b.min(), b.max()) for b, _ in curves]
            low, high = min(e[0] for e in ends), max(e[1] for e in ends)
            bounds = np.linspace(low, high, self.thresholds)
        scores = np.mean([np.interp(bounds, *curve) for curve in curves], axis=0)
        best = scores.argmax()
        self.best_threshold_, self.best_score_ = float(bounds[best]), float(scores[best])
        if self.store_cv_results:
            self.cv_results_ = {"thresholds": bounds, "scores": scores}
        rows = np.arange(len(y)) if self.refit else splits[0][0]
        super()._fit(take_rows(X, rows), y[rows], weight[rows])

    def _positive(self):
        return self._label_

    def _threshold(self):
        return self.best_threshold_


def _curve(estimator, X, y, weight, pair, scorer, methods, thresholds):
    """(thresholds, scores) of the test rows of a split."""
    train, test = pair
    model = fit_clone(estimator, take_rows(X, train), y[train], weight[train])
    label = scorer._pos_label()
    score = response(model, methods, take_rows(X, test), label)
    bounds = np.asarray(thresholds)
    if bounds.ndim == 0:
        bounds = np.linspace(score.min(), score.max(), thresholds)
    settings = scorer.settings
    if scorer.takes_weights() and not np.all(weight == 1):
        settings = settings | {"sample_weight": weight[test]}
    predicted = (labels_of(score, bound, model.classes_, label) for bound in bounds)
    scores = [scorer.sign * scorer.metric(y[test], labels, **settings) for labels in predicted]
    return bounds, np.array(scores)
