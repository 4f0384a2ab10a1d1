"""Calibration: scores become probabilities, such that of the rows with p = 0.8 four of five are of the class.

Source: J. Platt, Probabilistic outputs for support vector machines (1999); B. Zadrozny, C. Elkan,
Transforming classifier scores into accurate multiclass probability estimates (2002).
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from models.foundation import Classifier, boolean, choice, fit_clone, integer, learned, part
from models.foundation.examples import named
from models.foundation.frames import take_rows
from models.foundation.isotonic import rising
from models.foundation.meta import takes_weights
from models.foundation.parallel import each
from models.foundation.wrapper import Wrapper
from models.metrics.reading import column, numbers, positive_label, same_length
from models.metrics.scorers import response
from models.selection.search import cv_parameter
from models.selection.splitters import check_cv
from models.selection.validation import cross_val_predict
from tinygrad_edu import hessian, value_and_grad
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.ops import logsumexp, sigmoid, softmax, softplus
from tinygrad_edu.optim.minimize import minimize

SCORES = ("decision_function", "predict_proba")


class Sigmoid:
    """p = 1 / (1 + exp(A f + B)) with the largest likelihood, for Platt's targets."""

    def __init__(self, f: np.ndarray, y: np.ndarray, weight: np.ndarray):
        positive, negative = weight[y > 0].sum(), weight[y <= 0].sum()
        t = np.where(y > 0, (positive + 1) / (positive + 2), 1 / (negative + 2))
        largest = np.abs(f).max()
        self.size = largest if largest >= 30 else 1.0

        def surprise(z):
            η = -(z[0] * (f / self.size) + z[1])
            return (weight * (softplus(η) - t * η)).sum()

        start = np.array([0.0, np.log((negative + 1) / (positive + 1))])
        found = minimize(value_and_grad(surprise), start, "newton", hessian(surprise), tol=1e-8)
        self.A, self.B = found.point[0] / self.size, found.point[1]

    def __call__(self, f: np.ndarray) -> np.ndarray:
        return sigmoid(-(self.A * f + self.B))


class Isotonic:
    """The rising function of f that is nearest to y, linear between the values of fit."""

    def __init__(self, f: np.ndarray, y: np.ndarray, weight: np.ndarray):
        different, place = np.unique(f, return_inverse=True)
        mass = np.bincount(place, weight)
        kept = mass > 0
        self.f = different[kept]
        self.p = rising(np.bincount(place, weight * y)[kept], mass[kept])

    def __call__(self, f: np.ndarray) -> np.ndarray:
        return np.interp(f, self.f, self.p)


class Temperature:
    """p = softmax(β f), with f the scores of all classes or the logarithms of their probabilities.

    β, between e^-10 and e^10, has the largest likelihood. It is where the derivative of the loss is zero: the
    loss is convex in β, so that halving an interval finds it.

    Source: C. Guo, G. Pleiss, Y. Sun, K. Weinberger, On calibration of modern neural networks (2017).
    """

    def __init__(self, f: np.ndarray, y: np.ndarray, weight: np.ndarray):
        """y: the number of the class of each row."""
        rows = np.arange(len(y))

        def surprise(log_beta):
            η = np.exp(log_beta) * f
            return (weight * (logsumexp(η, axis=1) - η[rows, y])).sum() / weight.sum()

        slope = value_and_grad(surprise)
        low, high = -10.0, 10.0
        while low < (middle := (low + high) / 2) < high:
            low, high = (low, middle) if slope(middle)[1] >= 0 else (middle, high)
        self.beta = np.exp(middle)

    def __call__(self, f: np.ndarray) -> np.ndarray:
        return np.asarray(softmax(self.beta * f, axis=1))


def logits(model: Any, scores: np.ndarray) -> np.ndarray:
    """The scores of a model as Temperature needs them, (rows, classes); of probabilities their logarithms.

    For two classes `response` gives the scores of the second, f: then both are (-f, f).
    """
    if scores.ndim == 1 or scores.shape[1] == 1:
        f = scores.reshape(-1, 1)
        if hasattr(model, "decision_function"):
            return np.hstack([-f, f])
        scores = np.hstack([1 - f, f])
    probable = (scores >= 0).all() and (scores <= 1).all() and np.allclose(scores.sum(axis=1), 1)
    return np.log(scores + 1e-12) if probable else scores


class CalibratedClassifierCV(Classifier):
    """A classifier whose scores become probabilities, by rows that it was not fitted to.

    For each split a clone is fitted to the training rows, and its scores of the test rows are calibrated,
    class against rest. The probabilities are the mean over the splits; with ensemble=False there is one
    classifier, fitted to all rows, and calibrated by the scores of the clones. A classifier that is fitted
    already, FrozenEstimator(classifier), is calibrated by all rows.

    sigmoid       Platt's: for few rows, and scores that are too small on both sides
    isotonic      any rising function: for a thousand rows or more
    temperature   one number for all classes, which changes no prediction
    """

    reads = "anything"  # the classifier reads it
    one_class = False
    keeps_zero_weights = True  # splits count all rows
    does_not_apply = Wrapper.does_not_apply

    estimator: Any = part(None, doc="the classifier; None for LinearSVC")
    method: str = choice("sigmoid", "isotonic", "temperature", doc="the function of the score")
    cv: Any = cv_parameter()
    n_jobs: int | None = integer(None, doc="processes, through joblib; -1 for all processors")
    ensemble: Any = (
        choice("auto", doc="a classifier for each split; 'auto': yes, unless it is frozen")
        | boolean()
    )

    calibrated_classifiers_: list = learned("pairs (classifier, functions of its scores)")

    def _fit(self, X, y, weight):
        labels = self.classes_[y]
        estimator = named("LinearSVC")() if self.estimator is None else self.estimator
        folds = self.cv if isinstance(self.cv, int) else getattr(self.cv, "n_splits", None)
        if folds and np.bincount(y).min() < folds:
            what = (
                f"Requesting {folds}-fold cross-validation but provided less than {folds} examples "
                "for at least one class."
            )
            raise refusal(ValueError, what, "fewer folds: cv=2")
        splitter = check_cv(self.cv, labels, classifier=True)
        frozen = type(estimator).__name__ == "FrozenEstimator"
        if self.ensemble is True or (self.ensemble == "auto" and not frozen):
            work = [
                (estimator, X, labels, weight, pair, self.classes_, self.method)
                for pair in splitter.split(X, labels)
            ]
            self.calibrated_classifiers_ = each(_calibrated, work, self.n_jobs)
            return
        weighted = takes_weights(estimator)
        method = next(name for name in SCORES if hasattr(estimator, name))
        scores = cross_val_predict(
            estimator, X, labels, cv=splitter, method=method, n_jobs=self.n_jobs,
            params={"sample_weight": weight} if weighted else None,
        )  # fmt: skip
        if len(self.classes_) == 2 and scores.ndim == 2:
            scores = scores[:, 1]
        model = fit_clone(estimator, X, labels, weight if weighted else None)
        functions = _functions(model, scores, labels, weight, self.classes_, self.method)
        self.calibrated_classifiers_ = [(model, functions)]

    def _check(self, X):
        self.calibrated_classifiers_  # noqa: B018  (raises NotFittedError before fit)
        return X

    def _predict_proba(self, X):
        return np.mean([self._of_one(X, *pair) for pair in self.calibrated_classifiers_], axis=0)

    def _of_one(self, X, model, functions):
        scores = _columns(response(model, SCORES, X))
        if self.method == "temperature":
            return functions[0](logits(model, scores))
        p = np.zeros((len(scores), len(self.classes_)))
        known = np.searchsorted(self.classes_, model.classes_)
        for k, function, f in zip(known[-len(functions) :], functions, scores.T, strict=True):
            p[:, k] = function(f)
        if len(self.classes_) == 2:
            p[:, 0] = 1 - p[:, 1]
            return p
        total = p.sum(axis=1, keepdims=True)
        return np.where(total == 0, 1 / p.shape[1], p / np.where(total == 0, 1, total))

    @classmethod
    def examples(cls, rng: np.random.Generator) -> Iterator[tuple[Any, Any, Any]]:
        """A linear discriminant, whose probabilities are calibrated."""
        labels = np.arange(60) % 3
        X = 2.0 * rng.normal(size=(3, 4))[labels] + rng.normal(size=(60, 4))
        kind: Any = cls
        yield kind(named("LogisticRegression")(), cv=3), X, labels


def _columns(scores: Any) -> np.ndarray:
    found = np.asarray(scores)
    return found[:, None] if found.ndim == 1 else found


def _calibrated(estimator, X, y, weight, pair, classes, method):
    """(fitted to the training rows, the functions of its scores of the test rows)."""
    train, test = pair
    weighted = weight[train] if takes_weights(estimator) else None
    model = fit_clone(estimator, take_rows(X, train), y[train], weighted)
    scores = response(model, SCORES, take_rows(X, test))
    return model, _functions(model, scores, y[test], weight[test], classes, method)


def _functions(model, scores, y, weight, classes, method):
    """A function for each class of the model, of two only for the second; or one of all scores."""
    if method == "temperature":
        if len(model.classes_) < len(classes):
            what = "a split has no training row of a class, and method='temperature' needs all."
            raise refusal(ValueError, what, "StratifiedKFold, or method='sigmoid'")
        places = np.searchsorted(classes, y)
        return [Temperature(logits(model, np.asarray(scores, float)), places, weight)]
    make = Sigmoid if method == "sigmoid" else Isotonic
    known = model.classes_[-1:] if len(classes) == 2 else model.classes_
    return [
        make(f, (y == label).astype(float), weight)
        for label, f in zip(known, _columns(scores).T, strict=True)
    ]


def calibration_curve(
    y_true: Any, y_prob: Any, *, pos_label: Any = None, n_bins: int = 5, strategy: str = "uniform"
) -> tuple[np.ndarray, np.ndarray]:
    """(fraction of positives, mean probability) of each bin of the probabilities that has rows.

    strategy   "uniform": bins of equal width; "quantile": with equally many rows
    """
    y_true, y_prob = column(y_true, "y_true"), column(numbers(y_prob, "y_prob"), "y_prob")
    same_length(y_true, y_prob)
    if y_prob.min() < 0 or y_prob.max() > 1:
        what = "y_prob has values outside [0, 1]."
        raise refusal(ValueError, what, "predict_proba(X)[:, 1]")
    labels = np.unique(y_true)
    if len(labels) > 2:
        what = f"Only binary classification is supported. Provided labels {labels}."
        raise refusal(ValueError, what, "one class against the rest: y == label")
    positive = y_true == positive_label(pos_label, y_true)
    levels = np.linspace(0, 1, n_bins + 1)
    if strategy not in ("uniform", "quantile"):
        what = f"Invalid entry to 'strategy' input: {strategy!r}."
        raise refusal(ValueError, what, "'uniform' or 'quantile'")
    edges = levels if strategy == "uniform" else np.percentile(y_prob, 100 * levels)
    bins = np.searchsorted(edges[1:-1], y_prob)
    rows = np.bincount(bins, minlength=n_bins)
    kept = rows > 0
    fractions = np.bincount(bins, positive, minlength=n_bins)[kept] / rows[kept]
    return fractions, np.bincount(bins, y_prob, minlength=n_bins)[kept] / rows[kept]
