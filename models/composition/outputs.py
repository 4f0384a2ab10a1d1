"""Several targets: a model for each, side by side or in a chain, where each knows the targets before it.

Source: J. Read et al., Classifier chains for multi-label classification (2009).
"""

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from models.foundation import (
    boolean,
    choice,
    fit_clone,
    integer,
    learned,
    part,
    where,
)
from models.foundation.examples import named
from models.foundation.fields import Parameter
from models.foundation.frames import beside, column_names
from models.foundation.parallel import each
from models.foundation.randomness import random_state, seed
from models.foundation.validation import require_same_columns
from models.foundation.wrapper import Wrapper
from models.metrics.reading import array, same_length
from models.metrics.scorers import response
from models.selection.search import cv_parameter
from models.selection.validation import cross_val_predict
from tinygrad_edu.diagnostics.words import refusal


class Outputs(Wrapper):
    """The base: y has several columns. A subclass writes `_fit_columns`."""

    several_targets = True

    estimator: Any = part(needs="fit predict", doc="the model of one target")

    estimators_: list = learned("the fitted models")
    classes_: Any = learned("the classes of each target, for classifiers")

    _fit_columns: ClassVar[Any]

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:  # type: ignore[override]
        """Fits the models and returns self. y: (samples, targets)."""
        more = {} if sample_weight is None else {"sample_weight": sample_weight}
        return super().fit(X, y, **more)

    def _fit_parts(self, X, y, sample_weight=None):
        name = type(self).__name__
        if y is None:
            what = f"{name} requires y to be passed, but the target y is None."
            raise refusal(ValueError, what, "fit(X, y)")
        same_length(X, y, sample_weight)
        y = array(y)
        if "c" in (y.dtype.kind, getattr(getattr(X, "dtype", None), "kind", "")):
            what = f"Complex data not supported by {name}."
            raise refusal(ValueError, what, "the real parts")
        if y.ndim != 2:
            what = (
                "y must have at least two dimensions for multi-output regression but has only one."
            )
            raise refusal(ValueError, what, f"y.reshape(-1, 1), or the estimator without {name}")
        weight = None if sample_weight is None else self._weights(sample_weight, len(y))
        self._note_columns(X, y)
        self._fit_columns(X, y, weight)
        self._note_columns_of(self.estimators_[0])
        if self.kind == "classifier":
            self.classes_ = [model.classes_ for model in self.estimators_]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output, tags.target_tags.single_output = True, False
        return tags

    @classmethod
    def _is_supervised(cls) -> bool:
        return True

    @classmethod
    def examples(cls, rng: np.random.Generator) -> Iterator[tuple[Any, Any, Any]]:
        """Two targets."""
        X = rng.normal(size=(60, 4))
        y = X @ rng.normal(size=(4, 2)) + 0.1 * rng.normal(size=(60, 2))
        kind: Any = cls
        if "Classifier" in cls.__name__:
            yield kind(named("LogisticRegression")()), X, (y > 0).astype(int)
        else:
            yield kind(named("Ridge")()), X, y


class MultiOutput(Outputs):
    """The base of independent models."""

    n_jobs: int | None = integer(None, doc="processes, through joblib; -1 for all processors")

    def _fit_columns(self, X, y, weight):
        work = [(self.estimator, X, column, weight) for column in y.T]
        self.estimators_ = each(fit_clone, work, self.n_jobs)

    def predict(self, X: Any) -> np.ndarray:
        """What each model predicts: (samples, targets)."""
        self._require_fit()
        return np.stack([model.predict(X) for model in self.estimators_], axis=1)


class MultiOutputRegressor(MultiOutput):
    """A regressor for each column of y."""

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R², the mean over the targets."""
        from models.metrics.regression import r2_score

        return r2_score(y, self.predict(X), sample_weight=sample_weight)


class MultiOutputClassifier(MultiOutput):
    """A classifier for each column of y."""

    does_not_apply = {
        **Wrapper.does_not_apply,
        "check_classifiers_*": "y must have several columns, and these checks pass one",
        "check_methods_sample_order_invariance": "predict_proba returns a table for each target",
    }

    @where("estimator.predict_proba")
    def predict_proba(self, X: Any) -> list[np.ndarray]:
        """P(class | x) of each target: a list of (samples, classes)."""
        self._require_fit()
        return [model.predict_proba(X) for model in self.estimators_]

    def score(self, X: Any, y: Any) -> float:
        """The fraction of rows whose targets are all right."""
        return float(np.mean(np.all(array(y) == self.predict(X), axis=1)))


def _is_order(x: Any) -> bool:
    return (
        x is None
        or (isinstance(x, str) and x == "random")
        or isinstance(x, (list, tuple, np.ndarray))
    )


def _as_array(X: Any) -> Any:
    return X.tocsr() if hasattr(X, "tocsr") else np.asarray(X)


class Chain(Outputs):
    """The base: model j also gets the targets of the models before it, true ones in fit, its own after it."""

    order: Any = Parameter(
        None,
        _is_order,
        "a list of column numbers, 'random' or None",
        "of the chain; None: 0, 1, 2, ...",
    )
    cv: Any = cv_parameter()
    random_state: Any = seed()
    verbose: bool = boolean(False, doc="accepted, prints nothing")

    order_: Any = learned("the columns of y in the order of the chain")

    def _fit_columns(self, X, y, weight):
        targets = y.shape[1]
        order = range(targets) if self.order is None else self.order
        if isinstance(order, str):
            order = random_state(self.random_state).permutation(targets)
        self.order_ = np.array(order)
        if sorted(self.order_.tolist()) != list(range(targets)):
            what = f"invalid order {self.order!r}: it must have each of the {targets} columns of y once."
            raise refusal(ValueError, what, f"order={list(range(targets))}")
        X, self.estimators_ = _as_array(X), []
        for number, column in enumerate(self.order_):
            target = y[:, column]
            self.estimators_.append(fit_clone(self.estimator, X, target, weight))
            if number == targets - 1:
                break
            known = target
            if self.cv is not None:
                found = cross_val_predict(
                    self.estimator, X, target, cv=self.cv, method=self._passed_on()
                )
                known = found[:, 1] if found.ndim == 2 else found
            X = beside([X, known[:, None]])

    def _passed_on(self):
        return "predict"

    def _answers(self, X, method):
        self._require_fit()
        names = vars(self).get("feature_names_in_")
        require_same_columns(column_names(X), names, self)
        X = _as_array(X)
        found = np.empty(
            (X.shape[0], len(self.estimators_)), dtype=object if method == "predict" else float
        )
        for column, model in zip(self.order_, self.estimators_, strict=True):
            found[:, column] = response(model, method, X)
            X = beside([X, response(model, self._passed_on(), X)[:, None]])
        return np.array(found.tolist()).reshape(found.shape)

    def predict(self, X: Any) -> np.ndarray:
        """What the models of the chain predict: (samples, targets)."""
        return self._answers(X, "predict")


class RegressorChain(Chain):
    """Regressors of the columns of y in a chain: each also gets the targets before its own."""

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R², the mean over the targets."""
        from models.metrics.regression import r2_score

        return r2_score(y, self.predict(X), sample_weight=sample_weight)


class ClassifierChain(Chain):
    """Classifiers of the columns of y in a chain: each also gets the labels before its own."""

    chain_method: Any = choice(
        "predict", "predict_proba", "predict_log_proba", "decision_function",
        doc="what the next models get of those before",
    )  # fmt: skip

    does_not_apply = {
        **Wrapper.does_not_apply,
        "check_*": "needs labels of 0 and 1, in several columns",
    }

    def _passed_on(self):
        return self.chain_method

    @where("estimator.predict_proba")
    def predict_proba(self, X: Any) -> np.ndarray:
        """P(label is there) of each target: (samples, targets)."""
        return self._answers(X, "predict_proba")

    @where("estimator.decision_function")
    def decision_function(self, X: Any) -> np.ndarray:
        """The decision value of each target: (samples, targets)."""
        return self._answers(X, "decision_function")

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The fraction of rows whose targets are all right."""
        from models.metrics.confusion import accuracy_score

        return accuracy_score(y, self.predict(X), sample_weight=sample_weight)
