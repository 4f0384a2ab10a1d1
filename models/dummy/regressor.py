"""A regressor that does not look at X."""

from typing import Any

import numpy as np

from models.dummy.blind import Blind
from models.foundation import Regressor, array, choice, learned, number
from models.foundation.frames import samples
from models.foundation.weighted_quantiles import weighted_quantiles
from tinygrad_edu.diagnostics.words import refusal


class DummyRegressor(Blind, Regressor):
    """Predicts one number for all rows: the mean or a quantile of y, or a constant.

    With unequal weights a quantile is the least value of y up to which all together have this part of the
    weight; with equal weights it lies between two values, as in np.quantile.
    """

    strategy: str = choice("mean", "median", "quantile", "constant", doc="what is predicted")
    constant: Any = number(None, doc="the number of strategy='constant'; of each target") | array()
    quantile: float | None = number(
        None, at_least=0, at_most=1, doc="the part of y below, of strategy='quantile'"
    )

    constant_: np.ndarray = learned("what is predicted, (1, targets)")
    n_outputs_: int = learned("how many targets there are")

    several_targets = True

    def _fit(self, X, y, weight):
        targets = y.reshape(len(y), -1)
        self.n_outputs_ = targets.shape[1]
        if self.strategy == "mean":
            found = np.average(targets, axis=0, weights=weight)
        elif self.strategy == "constant":
            found = self._given()
        else:
            found = self._quantile(targets, weight)
        self.constant_ = found[None]

    def _quantile(self, targets, weight):
        part = 0.5 if self.strategy == "median" else self.quantile
        if part is None:
            what = (
                "When using strategy='quantile', you have to specify the desired quantile in the range "
                "[0, 1]."
            )
            raise refusal(ValueError, what, "quantile=0.9")
        if (weight == weight[0]).all():
            return np.quantile(targets, part, axis=0)
        return np.array([weighted_quantiles(t, weight, part) for t in targets.T])

    def _given(self):
        if self.constant is None:
            what = "Constant target value has to be specified when the constant strategy is used."
            raise refusal(TypeError, what, "constant=0.0")
        found = np.atleast_1d(np.asarray(self.constant, dtype=np.float64)).ravel()
        if len(found) != self.n_outputs_:
            what = (
                f"Constant target value should have shape ({self.n_outputs_}, 1): it has {len(found)} "
                "numbers."
            )
            raise refusal(ValueError, what, "a number for each target")
        return found

    def _predict(self, X):
        found = np.tile(self.constant_, (samples(X), 1))
        return found[:, 0] if self.n_outputs_ == 1 else found

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """The same number for each row of X; return_std: and zeros, its deviations."""
        found = super().predict(X)
        return (found, np.zeros_like(found)) if return_std else found
