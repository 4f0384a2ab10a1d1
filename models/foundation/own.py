"""Estimators of your own, written as scikit-learn's documentation shows.

    class Clipper(TransformerMixin, BaseEstimator):
        def __init__(self, bound=1.0):
            self.bound = bound

        def fit(self, X, y=None):
            return self

        def transform(self, X):
            return np.clip(X, -self.bound, self.bound)

    GridSearchCV(make_pipeline(Clipper(), Ridge()), {"clipper__bound": [1.0, 2.0]})

The mixins come first, and BaseEstimator last. A new estimator for this package declares its parameters and
checks its data as `models.foundation` describes; these classes check nothing.
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from models.foundation import frames, sklearn_bridge
from models.foundation.conditional import where
from models.foundation.fields import Parameter
from models.foundation.kinds import r_squared
from models.foundation.parametrized import Parametrized
from models.foundation.transformer import Transformer
from tinygrad_edu.diagnostics.words import refusal


class BaseEstimator(Parametrized):
    """The base: its parameters are the arguments of `__init__`, which stores them under the same names.

    It provides get_params, set_params and the repr, and thereby `clone`.
    """

    _estimator_type: ClassVar[str | None] = None

    def __init_subclass__(cls, **settings: Any) -> None:
        super(Parametrized, cls).__init_subclass__(**settings)  # reads no fields
        arguments = [] if cls.__init__ is object.__init__ else _arguments(cls)
        cls._parameters = {
            p.name: Parameter(p.default, lambda value: True, "anything") for p in arguments
        }

    def __sklearn_tags__(self) -> Any:
        return sklearn_bridge.plain_tags(self._estimator_type, hasattr(self, "transform"))


def _arguments(cls: type) -> list[inspect.Parameter]:
    """The arguments of `__init__` without self and **keywords. Raises RuntimeError for *arguments."""
    init: Any = cls.__init__  # type: ignore[misc]
    found = list(inspect.signature(init).parameters.values())[1:]
    if any(p.kind is p.VAR_POSITIONAL for p in found):
        what = f"{cls.__name__}.__init__ has *{found[0].name}: parameters must have names."
        raise refusal(RuntimeError, what, "a name for each argument of __init__")
    return [p for p in found if p.kind is not p.VAR_KEYWORD]


class ClassifierMixin:
    """A classifier: `score` is the accuracy of `predict`."""

    _estimator_type = "classifier"
    predict: ClassVar[Any]

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The fraction (by weight) of rows whose class is predicted; of several labels, all of them."""
        hit = np.asarray(self.predict(X)) == np.asarray(y)
        return float(np.average(hit.reshape(len(hit), -1).all(axis=1), weights=sample_weight))


class RegressorMixin:
    """A regressor: `score` is R² of `predict`."""

    _estimator_type = "regressor"
    predict: ClassVar[Any]

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R² = 1 - Σ w (y - ŷ)² / Σ w (y - ȳ)², the mean of it over several targets."""
        y = np.asarray(y, dtype=np.float64)
        columns = y.reshape(len(y), -1)
        errors = columns - np.reshape(self.predict(X), columns.shape)
        weight = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight)
        return float(np.mean(r_squared(columns, errors, weight)))


class ClusterMixin:
    """A clusterer, whose `fit` sets `labels_`."""

    _estimator_type = "clusterer"
    fit: ClassVar[Any]
    labels_: Any

    def fit_predict(self, X: Any, y: Any = None, **given: Any) -> Any:
        """Fits, and returns the cluster of each row of X."""
        self.fit(X, **given)
        return self.labels_


class OutlierMixin:
    """An outlier detector."""

    _estimator_type = "outlier_detector"
    fit: ClassVar[Any]

    def fit_predict(self, X: Any, y: Any = None, **given: Any) -> Any:
        """Fits, and returns 1 or, for an outlier, -1 for each row of X."""
        return self.fit(X, **given).predict(X)


class DensityMixin:
    """A distribution of x, with `score_samples`."""

    _estimator_type = "density_estimator"

    def score(self, X: Any, y: Any = None) -> Any:
        """Does nothing: a subclass writes it."""


class MetaEstimatorMixin:
    """An estimator that has another as a parameter."""


class TransformerMixin:
    """A transformer: fit_transform, and set_output if it has get_feature_names_out."""

    fit: ClassVar[Any]
    transform: ClassVar[Any]

    def __init_subclass__(
        cls, auto_wrap_output: tuple[str, ...] | None = ("transform",), **settings: Any
    ) -> None:
        super().__init_subclass__(**settings)
        for name in ("transform", "fit_transform") if auto_wrap_output else ():
            if name in vars(cls):
                setattr(cls, name, _contained(vars(cls)[name]))

    def fit_transform(self, X: Any, y: Any = None, **given: Any) -> Any:
        """Fits, and returns the new columns for each row of X. The other arguments go to `fit`."""
        fitted = self.fit(X, **given) if y is None else self.fit(X, y, **given)
        return fitted.transform(X)

    set_output = where("get_feature_names_out")(Transformer.set_output)


def _contained(method: Callable) -> Callable:
    """The method, which returns the data frame that `set_output` or `set_config` asks for."""

    @functools.wraps(method)
    def wrapped(self: Any, X: Any, *args: Any, **given: Any) -> Any:
        found = method(self, X, *args, **given)
        container = sklearn_bridge.output_container(self)
        if container == "default" or not hasattr(self, "get_feature_names_out"):
            return found
        return frames.as_frame(found, container, self.get_feature_names_out(), like=X)

    return wrapped


class OneToOneFeatureMixin:
    """A transformer with one new column for each column of X, of the same name."""

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """The names of the columns of X. Needs `n_features_in_`, which `validate_data` sets."""
        known: Any = vars(self)
        if input_features is not None:
            return np.asarray(input_features, dtype=object)
        if "feature_names_in_" in known:
            return known["feature_names_in_"]
        if "n_features_in_" not in known:
            name = type(self).__name__
            what = f"{name} has no n_features_in_: it is not fitted, or its fit does not set it."
            kind = sklearn_bridge.known_to_sklearn(sklearn_bridge.NotFittedError)
            raise refusal(
                kind, what, "X = validate_data(self, X) in fit, of models.utils.validation"
            )
        return np.array([f"x{i}" for i in range(known["n_features_in_"])], dtype=object)


class ClassNamePrefixFeaturesOutMixin:
    """A transformer whose new columns are named after its class: pca0, pca1, ... It sets _n_features_out."""

    _n_features_out: Any

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """The names of the new columns."""
        name = type(self).__name__.lower()
        return np.array([f"{name}{i}" for i in range(self._n_features_out)], dtype=object)


def is_classifier(estimator: Any) -> bool:
    """Is it a classifier?"""
    return sklearn_bridge.kind_of(estimator) == "classifier"


def is_regressor(estimator: Any) -> bool:
    """Is it a regressor?"""
    return sklearn_bridge.kind_of(estimator) == "regressor"


def is_clusterer(estimator: Any) -> bool:
    """Is it a clusterer?"""
    return sklearn_bridge.kind_of(estimator) == "clusterer"


def is_outlier_detector(estimator: Any) -> bool:
    """Is it an outlier detector?"""
    return sklearn_bridge.kind_of(estimator) == "outlier_detector"


__all__ = [
    "BaseEstimator",
    "ClassNamePrefixFeaturesOutMixin",
    "ClassifierMixin",
    "ClusterMixin",
    "DensityMixin",
    "MetaEstimatorMixin",
    "OneToOneFeatureMixin",
    "OutlierMixin",
    "RegressorMixin",
    "TransformerMixin",
    "is_classifier",
    "is_clusterer",
    "is_outlier_detector",
    "is_regressor",
]
