"""Features that are important to a model."""

import copy
from collections.abc import Callable
from typing import Any, Self

import numpy as np

from models.feature_selection.importances import getter, importances
from models.feature_selection.selector import Selector
from models.foundation import boolean, fit_clone, function, integer, learned, number, part, where
from models.foundation.fields import Parameter
from models.foundation.sklearn_bridge import NotFittedError, is_fitted, known_to_sklearn
from models.trees.tree import DecisionTreeClassifier
from tinygrad_edu.diagnostics.words import refusal

LASSO = 1e-5  # a penalty on |w| makes the useless weights exactly 0


class SelectFromModel(Selector):
    """Keeps the columns whose importance to a model is at least a threshold.

    The importance is |w|, or the norm of the weights for several classes or targets, or that of a tree. The
    threshold "1.25*median" is 1.25 times the median of all importances. By default it is the mean, or 1e-5
    for models with a penalty on |w|.
    """

    estimator: Any = part(doc="the model, which learns importances")
    threshold: Any = number(None) | Parameter(
        None,
        lambda x: isinstance(x, str),
        "such as 'mean' or '1.25*median'",
        "the least importance",
    )
    prefit: bool = boolean(False, doc="the estimator is fitted, and is not fitted again")
    norm_order: float = number(1, doc="p of the norm (Σ |w|^p)^(1/p)")
    max_features: Any = (
        integer(None, at_least=0, doc="keep so many columns at most, or X -> this number")
        | function()
    )
    importance_getter: Any = getter()

    estimator_: Any = learned("the fitted model")
    threshold_: float = learned("the threshold as a number")
    max_features_: int = learned("max_features as a number, if it is given")

    @property
    def several_targets(self):  # type: ignore[override]
        return getattr(self.estimator, "several_targets", True)

    @property
    def requires_fit(self):  # type: ignore[override]
        return not self.prefit

    def _fit(self, X, y=None):
        if self.max_features is not None:
            most: Any = self.max_features
            self.max_features_ = most(X) if callable(most) else most
        self.estimator_ = (
            copy.deepcopy(self._prefitted()) if self.prefit else fit_clone(self.estimator, X, y)
        )
        self.threshold_ = self._threshold(self._sizes())

    def _prefitted(self):
        if not is_fitted(self.estimator):
            what = "When `prefit=True`, `estimator` is expected to be a fitted estimator."
            raise refusal(known_to_sklearn(NotFittedError), what, "estimator.fit(X, y) first")
        return self.estimator

    @where("estimator.partial_fit")
    def partial_fit(self, X: Any, y: Any = None, **params: Any) -> Self:
        """Updates the model with more rows; returns self."""
        self._check_parameters()
        learner = self._copy(with_learned=True)
        if "estimator_" not in vars(learner):
            learner._note_columns(X, y)
            learner.estimator_ = copy.deepcopy(self.estimator)
        learner.estimator_.partial_fit(learner._check(X), y, **params)
        learner.threshold_ = learner._threshold(learner._sizes())
        return self._take_over(learner)

    def _sizes(self):
        """The importance of each column."""
        estimator = vars(self)["estimator_"] if "estimator_" in vars(self) else self._prefitted()
        found = importances(estimator, self.importance_getter)
        return (
            np.abs(found) if found.ndim == 1 else np.linalg.norm(found, axis=0, ord=self.norm_order)
        )

    def _threshold(self, sizes: np.ndarray) -> float:
        chosen = self.threshold
        if chosen is None:
            chosen = LASSO if _is_lasso(self.estimator) else "mean"
        if not isinstance(chosen, str):
            return float(chosen)
        factor, _, name = chosen.rpartition("*")
        averages: dict[str, Callable] = {"mean": np.mean, "median": np.median}
        try:
            return float(factor or 1) * float(averages[name.strip()](sizes))
        except (KeyError, ValueError):
            what = f"Expected threshold='mean' or threshold='median' got {chosen!r}."
            raise refusal(ValueError, what, "threshold='1.25*mean', or a number") from None

    def get_support(self, indices: bool = False) -> np.ndarray:
        """Which columns are kept: a mask, (features,), or with indices=True their numbers."""
        if self.prefit and "estimator_" not in vars(self):
            return np.flatnonzero(self._mask()) if indices else self._mask()
        return super().get_support(indices)

    def _mask(self):
        sizes = self._sizes()
        most = vars(self).get("max_features_", self.max_features)
        if callable(most):
            what = "When `prefit=True` and `max_features` is a callable, call `fit` before `transform`."
            raise refusal(known_to_sklearn(NotFittedError), what, "fit(X) first")
        mask = np.ones(len(sizes), dtype=bool)
        if most is not None:
            mask[np.argsort(-sizes, kind="stable")[most:]] = False
        return mask & (sizes >= self._threshold(sizes))

    @classmethod
    def examples(cls, rng):
        X, y = rng.normal(size=(60, 4)), np.arange(60) % 3
        X[:, :2] += y[:, None]
        yield cls(DecisionTreeClassifier(max_depth=3)), X, y


def _is_lasso(estimator: Any) -> bool:
    """Has it a penalty on |w| alone?"""
    name = type(estimator).__name__
    only = name.startswith(("ElasticNet", "LogisticRegression"))
    ratios = getattr(estimator, "l1_ratio_", getattr(estimator, "l1_ratio", None)) if only else None
    lasso = ratios is not None and bool(np.all(np.isclose(np.asarray(ratios, dtype=float), 1.0)))
    return "Lasso" in name or getattr(estimator, "penalty", None) == "l1" or lasso
