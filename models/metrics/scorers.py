"""Scorers: functions (estimator, X, y) -> number, greater is better, as searches and validation need them.

A scorer asks the estimator for predictions, probabilities or decision values, and passes them to a metric.
The names of errors begin with `neg_`: they are multiplied by -1.
"""

import functools
import importlib
import inspect
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np

from models.foundation.sklearn_bridge import kind_of
from models.metrics import confusion, curves, precision_recall, probabilities, ranking, regression
from models.metrics.reading import type_of_target
from tinygrad_edu.diagnostics.words import alike, refusal


class Scorer:
    """A metric, with what it is computed from. `make_scorer` makes it."""

    def __init__(self, metric: Callable, sign: int, response: Any, settings: dict[str, Any]):
        self.metric, self.sign, self.response, self.settings = metric, sign, response, settings

    def __call__(
        self, estimator: Any, X: Any, y_true: Any, sample_weight: Any = None, **more: Any
    ) -> Any:
        """The score of a fitted estimator on X and y."""
        return self.of(
            functools.partial(response, estimator), estimator, X, y_true, sample_weight, more
        )

    def of(
        self, ask: Callable, estimator: Any, X: Any, y: Any, weight: Any, more: Any = None
    ) -> Any:
        """The score, from what ask(methods, X, pos_label) says of X."""
        pos_label = None if kind_of(estimator) == "regressor" else self._pos_label()
        if weight is not None:
            more = {**(more or {}), "sample_weight": weight}
        found = ask(self.response, X, pos_label)
        return self.sign * self.metric(y, found, **{**self.settings, **(more or {})})

    def _pos_label(self):
        parameters = inspect.signature(self.metric).parameters
        default = parameters["pos_label"].default if "pos_label" in parameters else None
        return self.settings.get("pos_label", default)

    def takes_weights(self) -> bool:
        """Does the metric have the argument sample_weight?"""
        return "sample_weight" in inspect.signature(self.metric).parameters

    def __repr__(self) -> str:
        sign = "" if self.sign > 0 else ", greater_is_better=False"
        settings = "".join(f", {name}={value}" for name, value in self.settings.items())
        name = getattr(self.metric, "__name__", repr(self.metric))
        return f"make_scorer({name}{sign}, response_method={self.response!r}{settings})"


def response(estimator: Any, methods: Any, X: Any, pos_label: Any = None) -> Any:
    """What the first method that the estimator has says of X; of two classes about the positive one."""
    names = [methods] if isinstance(methods, str) else list(methods)
    name = next((name for name in names if hasattr(estimator, name)), None)
    if name is None:
        what = (
            f"{type(estimator).__name__} has none of the following attributes: {', '.join(names)}."
        )
        raise refusal(AttributeError, what, "a scorer of predictions, such as 'accuracy'")
    found = getattr(estimator, name)(X)
    if kind_of(estimator) != "classifier" or name == "predict":
        return found
    if isinstance(estimator.classes_, list):
        # several labels, with a table of probabilities for each
        return np.stack([p[:, -1] for p in found], axis=1) if isinstance(found, list) else found
    classes = estimator.classes_
    if type_of_target(classes) != "binary":
        return found
    labels = classes.tolist()
    if pos_label is not None and pos_label not in labels:
        what = f"pos_label={pos_label} is not a valid label: It should be one of {labels}."
        raise refusal(ValueError, what, f"make_scorer(..., pos_label={labels[-1]!r})")
    if name == "decision_function":
        is_first = pos_label is not None and pos_label == labels[0] and len(labels) > 1
        return -found if is_first else found
    if found.shape[1] < 2:
        what = f"Got predict_proba of shape {found.shape}, but need classifier with two classes."
        raise refusal(ValueError, what, "a training set with both classes: stratified splits")
    return found[:, labels.index(labels[-1] if pos_label is None else pos_label)]


def make_scorer(
    score_func: Callable,
    *,
    response_method: Any = "predict",
    greater_is_better: bool = True,
    **settings: Any,
) -> Scorer:
    """A scorer from a metric(y, predictions, **settings).

    response_method     "predict", "predict_proba", "decision_function", or several: the first that is there
    greater_is_better   False for an error, which is multiplied by -1
    """
    return Scorer(score_func, 1 if greater_is_better else -1, response_method, settings)


# ---- names ---------------------------------------------------------------------------------------


def positive_likelihood_ratio(y_true: Any, y_pred: Any) -> float:
    """TPR / FPR; 1 if there is no answer."""
    return confusion.class_likelihood_ratios(y_true, y_pred, replace_undefined_by=1.0)[0]


def negative_likelihood_ratio(y_true: Any, y_pred: Any) -> float:
    """FNR / TNR; 1 if there is no answer."""
    return confusion.class_likelihood_ratios(y_true, y_pred, replace_undefined_by=1.0)[1]


ERRORS = [
    regression.max_error, regression.mean_absolute_error, regression.mean_absolute_percentage_error,
    regression.mean_gamma_deviance, regression.mean_poisson_deviance, regression.mean_squared_error,
    regression.mean_squared_log_error, regression.median_absolute_error, regression.root_mean_squared_error,
    regression.root_mean_squared_log_error, negative_likelihood_ratio,
]  # fmt: skip
SCORES = {
    "accuracy": confusion.accuracy_score,
    "balanced_accuracy": confusion.balanced_accuracy_score,
    "d2_absolute_error_score": regression.d2_absolute_error_score,
    "explained_variance": regression.explained_variance_score,
    "matthews_corrcoef": confusion.matthews_corrcoef,
    "positive_likelihood_ratio": positive_likelihood_ratio,
    "r2": regression.r2_score,
}
SCORERS = {name: make_scorer(metric) for name, metric in SCORES.items()}
SCORERS |= {f"neg_{each.__name__}": make_scorer(each, greater_is_better=False) for each in ERRORS}

for name in ("precision", "recall", "f1", "jaccard"):
    metric = getattr(precision_recall, f"{name}_score")
    SCORERS[name] = make_scorer(metric, average="binary")
    for average in ("macro", "micro", "samples", "weighted"):
        SCORERS[f"{name}_{average}"] = make_scorer(metric, pos_label=None, average=average)

PROBABLE, DECISIONS = "predict_proba", ("decision_function", "predict_proba")
score: Any
for name, score in {
    "average_precision": curves.average_precision_score,
    "roc_auc": curves.roc_auc_score,
    "top_k_accuracy": ranking.top_k_accuracy_score,
}.items():
    SCORERS[name] = make_scorer(score, response_method=DECISIONS)
for name, score in {
    "d2_brier_score": probabilities.d2_brier_score,
    "d2_log_loss_score": probabilities.d2_log_loss_score,
}.items():
    SCORERS[name] = make_scorer(score, response_method=PROBABLE)
for name, score in {
    "neg_brier_score": probabilities.brier_score_loss,
    "neg_log_loss": probabilities.log_loss,
}.items():
    SCORERS[name] = make_scorer(score, greater_is_better=False, response_method=PROBABLE)
for how in ("ovr", "ovo"):
    for ending, average in (("", "macro"), ("_weighted", "weighted")):
        SCORERS[f"roc_auc_{how}{ending}"] = make_scorer(
            curves.roc_auc_score, response_method=PROBABLE, multi_class=how, average=average
        )

OF_CLUSTERS = (
    "adjusted_mutual_info_score", "adjusted_rand_score", "completeness_score", "fowlkes_mallows_score",
    "homogeneity_score", "mutual_info_score", "normalized_mutual_info_score", "rand_score", "v_measure_score",
)  # fmt: skip


# What people call a score -> its name, for errors. An error is negated, so that larger is better.
MEANT = {
    "acc": "accuracy", "auc": "roc_auc", "cross_entropy": "neg_log_loss", "logloss": "neg_log_loss",
    "mae": "neg_mean_absolute_error", "mape": "neg_mean_absolute_percentage_error",
    "mse": "neg_mean_squared_error", "r2_score": "r2", "rmse": "neg_root_mean_squared_error",
}  # fmt: skip


def get_scorer_names() -> list[str]:
    """The names of all scorers, for `scoring=` and get_scorer."""
    return sorted([*SCORERS, *OF_CLUSTERS])


def get_scorer(scoring: Any) -> Any:
    """The scorer of a name; a function is returned as it is."""
    if not isinstance(scoring, str):
        return scoring
    if scoring in OF_CLUSTERS:
        return make_scorer(getattr(importlib.import_module("models.metrics.clusters"), scoring))
    if scoring not in SCORERS:
        what = f"{scoring!r} is not a valid scoring value. get_scorer_names() lists the valid ones."
        meant = MEANT.get(scoring.lower(), f"neg_{scoring}")
        near = [meant] if meant in SCORERS else alike(scoring, get_scorer_names())
        raise refusal(ValueError, what, ", ".join(near) or "accuracy, r2")
    return SCORERS[scoring]


def check_scoring(
    estimator: Any = None, scoring: Any = None, *, allow_none: bool = False, raise_exc: bool = True
) -> Any:
    """The scorer for a name, a scorer, a list or dict of several; None stands for estimator.score."""
    if isinstance(scoring, (list, tuple, set, dict)):
        return SeveralScorers(estimator, scoring, raise_exc)
    if isinstance(scoring, str):
        return get_scorer(scoring)
    if scoring is None:
        if hasattr(estimator, "score"):
            return OwnScore(estimator)
        if allow_none:
            return None
        what = (
            "If no scoring is specified, the estimator passed should have a 'score' method. The estimator "
            f"{estimator!r} does not."
        )
        raise refusal(TypeError, what, "scoring='accuracy', or another name of get_scorer_names()")
    if not callable(scoring):
        what = f"scoring={scoring!r} is neither a name nor a function."
        raise refusal(ValueError, what, "scoring='accuracy', or another name of get_scorer_names()")
    if inspect.isfunction(scoring) and scoring.__module__.startswith("models.metrics."):
        what = f"scoring value {scoring.__name__} looks like it is a metric function rather than a scorer."
        raise refusal(ValueError, what, f"make_scorer({scoring.__name__})")
    return scoring


class OwnScore:
    """The method `score` of the estimator itself."""

    def __init__(self, estimator: Any):
        self.estimator = estimator

    def __call__(self, estimator: Any, *data: Any, **more: Any) -> Any:
        return estimator.score(*data, **more)

    def takes_weights(self) -> bool:
        """Does `score` have the argument sample_weight?"""
        return "sample_weight" in inspect.signature(self.estimator.score).parameters

    def __repr__(self) -> str:
        return f"{type(self.estimator).__name__}.score"


class SeveralScorers:
    """Several scorers, which ask the estimator only once for each kind of prediction: -> name -> score."""

    def __init__(self, estimator: Any, scoring: Any, raise_exc: bool = True):
        names = list(scoring)
        good = names and all(isinstance(name, str) for name in names)
        if not good or len({*names}) < len(names):
            what = (
                f"scoring={scoring!r}: the names of scores must be different strings, at least one."
            )
            raise refusal(ValueError, what, "scoring=['accuracy', 'f1'], or {'name': scorer}")
        pairs = scoring if isinstance(scoring, dict) else {name: name for name in names}
        self.scorers = {name: check_scoring(estimator, each) for name, each in pairs.items()}
        self.raise_exc = raise_exc

    def __call__(
        self, estimator: Any, X: Any, y: Any = None, sample_weight: Any = None
    ) -> dict[str, Any]:
        known: dict[Any, Any] = {}

        def ask(methods, X, pos_label):
            key = methods, pos_label
            if key not in known:
                known[key] = response(estimator, methods, X, pos_label)
            return known[key]

        found = {}
        for name, scorer in self.scorers.items():
            weighted = sample_weight is not None and takes_weights(scorer)
            try:
                if isinstance(scorer, Scorer):
                    weight = sample_weight if weighted else None
                    found[name] = scorer.of(ask, estimator, X, y, weight)
                else:
                    more = {"sample_weight": sample_weight} if weighted else {}
                    found[name] = scorer(estimator, X, *(() if y is None else (y,)), **more)
            except Exception as error:
                if self.raise_exc:
                    raise
                found[name] = words_of(error)
        return found


def words_of(error: Exception) -> str:
    """The kind and the text of an error."""
    return "".join(traceback.format_exception_only(error)).strip()


def takes_weights(scorer: Any) -> bool:
    """Can a scorer weigh the samples?"""
    if hasattr(scorer, "takes_weights"):
        return scorer.takes_weights()
    return "sample_weight" in inspect.signature(scorer).parameters
