"""An estimator that stays as it is when others fit it."""

from typing import Any, Self

from models.foundation.own import BaseEstimator
from models.foundation.sklearn_bridge import NotFittedError, is_fitted, known_to_sklearn
from tinygrad_edu.diagnostics.words import refusal

__all__ = ["FrozenEstimator"]


class FrozenEstimator(BaseEstimator):
    """A fitted estimator whose `fit` does nothing, and whose clone is itself. All else is the estimator's.

        CalibratedClassifierCV(FrozenEstimator(fitted)).fit(X_other, y_other)

    calibrates a classifier with other rows than those it was fitted to.
    """

    def __init__(self, estimator: Any):
        self.estimator = estimator

    def __getattr__(self, name: str) -> Any:
        if name in ("fit_predict", "fit_transform"):
            what = f"{name} is not available for frozen estimators."
            raise refusal(AttributeError, what, name.removeprefix("fit_"))
        if name.startswith("__") or "estimator" not in vars(self):  # as when it is unpickled
            raise AttributeError(name)
        return getattr(self.estimator, name)

    def __getitem__(self, key: Any) -> Any:
        """A step of a pipeline."""
        return self.estimator[key]

    def __sklearn_clone__(self) -> Self:
        return self

    def __sklearn_is_fitted__(self) -> bool:
        inner = self.estimator
        known = hasattr(inner, "__sklearn_is_fitted__")
        return inner.__sklearn_is_fitted__() if known else is_fitted(inner)

    def __sklearn_tags__(self) -> Any:
        return self.estimator.__sklearn_tags__()

    def fit(self, X: Any, y: Any = None, *args: Any, **given: Any) -> Self:
        """Does nothing. Raises NotFittedError if the estimator is not fitted."""
        if not self.__sklearn_is_fitted__():
            what = f"this {type(self.estimator).__name__} is frozen, but not fitted yet."
            raise refusal(
                known_to_sklearn(NotFittedError), what, "FrozenEstimator(model.fit(X, y))"
            )
        return self

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The estimator alone: its own parameters are frozen too."""
        return {"estimator": self.estimator}

    def set_params(self, **params: Any) -> Self:
        """Replaces the estimator. Raises ValueError for its parameters."""
        for name in params:
            if name != "estimator":
                what = (
                    "You cannot set parameters of the inner estimator in a frozen estimator since calling "
                    f"`fit` has no effect: {name}."
                )
                raise refusal(ValueError, what, "frozen.estimator.set_params")
        return super().set_params(**params)
