"""The template of every estimator: `fit` around `_fit`, and checked input for all other methods.

    fit:  check the parameters → read X, y and weights → `_fit` on an unfitted copy → take over the result

`_fit` assigns what it learns, as in `self.coef_ = ...`. It works on an unfitted copy with the same
parameters, and the estimator takes over the result only if no error occurred. So an error leaves an
earlier fit unchanged, and a second fit does not depend on the first. Names of learned attributes end in an
underscore, including private ones.
"""

import inspect
from collections.abc import Iterator
from typing import Any, ClassVar, Self

import numpy as np

from models.foundation import frames, sklearn_bridge, targets, validation
from models.foundation.facts import Facts
from models.foundation.fields import learned
from models.foundation.parametrized import Parametrized
from models.foundation.sklearn_bridge import is_learned
from tinygrad_edu.diagnostics.frame_rows import warn_of_other_order
from tinygrad_edu.diagnostics.words import refusal


class Estimator(Parametrized, Facts):
    """The base of every estimator. A subclass declares its parameters and writes `_fit`.

    `_fit(self, X, y, weight)` has only the arguments that it needs. Without `y` the estimator ignores
    targets, with `y=None` they are optional, and without `weight` its `fit` has no sample_weight. X is a
    finite float64 array, weight is all ones if no weights were given, and rows of weight 0 are left out,
    unless the fact `keeps_zero_weights` is true.
    """

    _fit: ClassVar[Any]
    _fit_takes: ClassVar[tuple[str, ...]] = ()
    _y_is_optional: ClassVar[bool] = False

    n_features_in_: int = learned("number of columns of X")
    feature_names_in_: np.ndarray = learned("names of the columns, if X was a data frame")

    def __init_subclass__(cls, **settings: Any) -> None:
        super().__init_subclass__(**settings)
        if "_fit" in vars(cls):
            takes = inspect.signature(cls._fit).parameters
            cls._fit_takes = tuple(takes)[1:]
            cls._y_is_optional = "y" in takes and takes["y"].default is None
            if not {*cls._fit_takes} <= {"X", "y", "weight"}:
                what = f"{cls.__name__}._fit has the arguments {', '.join(cls._fit_takes)}."
                raise refusal(TypeError, what, "_fit(self, X, y, weight), or some of these")
            if cls.fit in (Estimator.fit, _fit_without_weights):  # not a fit of its own
                weighted = "weight" in cls._fit_takes
                cls.fit = Estimator.fit if weighted else _fit_without_weights  # type: ignore

    @classmethod
    def _is_supervised(cls) -> bool:
        """Is y required?"""
        return "y" in cls._fit_takes and not cls._y_is_optional

    # ---- fit -----------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Learns from X and returns self.

        X               (samples, features): an array, a list of lists, a data frame
        y               (samples,): the targets; ignored if the estimator needs none
        sample_weight   (samples,): how many times each row counts; or one number for all rows

        Raises ValueError or TypeError for bad parameters or data, and then keeps what an earlier fit learned.
        """
        self._check_parameters()
        learner = self._copy(with_learned=getattr(self, "warm_start", False))
        learner._learn(X, y, sample_weight)
        return self._take_over(learner)

    def _learn(self, X: Any, y: Any, sample_weight: Any) -> None:
        """Reads the data and passes to `_fit` what it needs."""
        data = self._read(X, y, sample_weight)
        self._fit(**{name: data[name] for name in self._fit_takes})

    def _read(self, X: Any, y: Any, sample_weight: Any, more: bool = False) -> dict[str, Any]:
        """X, y and weight, checked. Stores the columns of X; with `more` they must be the same as before."""
        warn_of_other_order(X, y)
        known = more and "n_features_in_" in vars(self)
        X = self._check(X) if known else self._note_columns(X, y)
        samples = frames.samples(X)
        weight = targets.weights(sample_weight, samples, self)
        if "y" not in self._fit_takes or (y is None and self._y_is_optional):
            y = None
        else:
            y = self._read_targets(y, samples)
        if not self.keeps_zero_weights and not weight.all():
            present = weight > 0
            X, weight = frames.take_rows(X, present), weight[present]
            y = None if y is None else y[present]
        return {"X": X, "y": y, "weight": weight}

    def _note_columns(self, X: Any, y: Any) -> Any:
        names = frames.column_names(X)
        self.__dict__.pop("feature_names_in_", None)
        if names is not None:
            self.feature_names_in_ = names
        X = self._read_table(X, y)
        if len(getattr(X, "shape", ())) == 2:
            self.n_features_in_ = int(X.shape[1])
        return X

    def _read_table(self, X: Any, y: Any = None) -> Any:
        """X as the estimator reads it: finite numbers, unless Facts say otherwise."""
        if self.reads == "anything":
            return X
        found = validation.table(X, self, y)
        if self.reads == "categories":
            validation.require_no_infinity(found, self, source=X)
        else:
            validation.require_finite(found, "X", self, source=X)
            if self.nonnegative_X:
                validation.require_nonnegative(found, self, source=X)
        return found

    def _read_targets(self, y: Any, samples: int) -> np.ndarray:
        """y in the form that `_fit` receives."""
        return targets.target(y, samples, self)

    # ---- after fit -----------------------------------------------------------------------------

    def _check(self, X: Any) -> Any:
        """X for a method of a fitted estimator, checked: the columns of fit, finite numbers."""
        if self.requires_fit:
            self._require_fit()
        if not sklearn_bridge.is_fitted(self) or self.reads == "anything":
            return self._read_table(X)
        names = vars(self).get("feature_names_in_")
        validation.require_same_columns(frames.column_names(X), names, self)
        found = self._read_table(X)
        validation.require_same_width(found, self)
        return found

    def _require_fit(self) -> None:
        if not sklearn_bridge.is_fitted(self):
            raise sklearn_bridge.not_fitted(self)

    def _weights(self, sample_weight: Any, samples: int) -> np.ndarray:
        return targets.weights(sample_weight, samples, self)

    # ---- copies --------------------------------------------------------------------------------

    def _copy(self, with_learned: bool) -> Self:
        """An estimator with the same parameters and settings, fitted or unfitted."""
        other = object.__new__(type(self))
        kept = {n: x for n, x in vars(self).items() if with_learned or not is_learned(n)}
        other.__dict__.update(kept)
        return other

    def _take_over(self, learner: Self) -> Self:
        """Replaces the learned attributes of this estimator with those of the learner; returns self."""
        kept = {name: x for name, x in vars(self).items() if not is_learned(name)}
        self.__dict__ = kept | {name: x for name, x in vars(learner).items() if is_learned(name)}
        return self

    # ---- for scikit-learn and the tests ----------------------------------------------------------

    def __sklearn_tags__(self) -> Any:
        return sklearn_bridge.tags(self)

    def get_metadata_routing(self) -> Any:
        """Tells scikit-learn's metadata routing which methods request which arguments."""
        return sklearn_bridge.metadata_request(self)

    def set_fit_request(self, **wanted: Any) -> Self:
        """Requests arguments of `fit` from scikit-learn's metadata routing, as `sample_weight=True`."""
        return sklearn_bridge.request_metadata(self, "fit", wanted)

    def set_score_request(self, **wanted: Any) -> Self:
        """Requests arguments of `score` from scikit-learn's metadata routing, as `sample_weight=True`."""
        return sklearn_bridge.request_metadata(self, "score", wanted)

    def set_predict_request(self, **wanted: Any) -> Self:
        """Requests arguments of `predict` from scikit-learn's metadata routing, as `return_std=True`."""
        return sklearn_bridge.request_metadata(self, "predict", wanted)

    def set_transform_request(self, **wanted: Any) -> Self:
        """Requests arguments of `transform` from scikit-learn's metadata routing."""
        return sklearn_bridge.request_metadata(self, "transform", wanted)

    @classmethod
    def examples(cls, rng: np.random.Generator) -> Iterator[tuple[Any, Any, Any]]:
        """Small problems (estimator, X, y) for the tests; a subclass may define its own."""
        from models.foundation.examples import examples_of_kind

        yield from examples_of_kind(cls, rng)


def _fit_without_weights(self: Any, X: Any, y: Any = None) -> Any:
    """Learns from X and returns self.

    X   (samples, features): an array, a list of lists, a data frame
    y   (samples,): the targets; ignored if the estimator needs none

    Raises ValueError or TypeError for bad parameters or data, and then keeps what an earlier fit learned.
    """
    return Estimator.fit(self, X, y)


_fit_without_weights.__name__ = "fit"
