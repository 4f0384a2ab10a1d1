"""Conformal intervals: they contain the target with a given probability, whatever the model.

Source: V. Vovk, A. Gammerman, G. Shafer, Algorithmic Learning in a Random World (2005); J. Lei et al.,
Distribution-free predictive inference for regression (2018), algorithm 2 and theorem 2.
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from models.foundation import Regressor, fit_clone, learned, number, part
from models.foundation.examples import named, numbers
from models.foundation.frames import take_rows
from models.foundation.randomness import draws
from models.foundation.wrapper import Wrapper
from models.selection.shuffles import train_test_split
from tinygrad_edu.diagnostics.words import refusal


class ConformalRegressor(Regressor):
    """A regressor with intervals ŷ ± q, which contain y with a chosen probability, or a little more.

    The estimator is fitted to a part of the rows. Of its errors |y - ŷ| for the n other rows, q is the
    ⌈(n + 1) level⌉-th smallest. If these rows and a new one are exchangeable, as independent draws of one
    distribution are, every rank of the new error is equally likely, so that

        level ≤ P(|y - ŷ| ≤ q) ≤ level + 1 / (n + 1),

    the second if no errors are equal. With too few rows q is infinite.
    """

    reads = "anything"  # the estimator reads it
    does_not_apply = {
        **Wrapper.does_not_apply,
        "check_sample_weight_equivalence_on_dense_data": "which rows calibrate it is drawn from all rows",
    }
    twin = ""

    estimator: Any = part(needs="fit predict", doc="the model that predicts ŷ")
    confidence_level: float = number(0.9, above=0, below=1, doc="the probability to contain y")
    calibration_size: float = number(0.25, above=0, below=1, doc="part of the rows that give q")
    random_state: Any = draws(doc="chooses these rows")

    estimator_: Any = learned("the fitted estimator")
    errors_: np.ndarray = learned("errors |y - ŷ| of the rows that it was not fitted to, in order")
    quantile_: float = learned("q, half the width of the intervals")

    def _fit(self, X, y, weight):
        if len(y) < 2:
            what = f"n_samples={len(y)}: a row to fit and a row to calibrate are needed."
            raise refusal(ValueError, what, "more rows")
        fitted, others = train_test_split(
            np.arange(len(y)), test_size=self.calibration_size, random_state=self.random_state
        )
        self.estimator_ = fit_clone(self.estimator, take_rows(X, fitted), y[fitted], weight[fitted])
        predicted = np.asarray(self.estimator_.predict(take_rows(X, others)))
        self.errors_ = np.sort(np.abs(y[others] - predicted))
        self.quantile_ = quantile_of(self.errors_, self.confidence_level)

    def _predict(self, X):
        return self.estimator_.predict(X)

    def predict_interval(self, X: Any, confidence_level: float | None = None) -> np.ndarray:
        """The lower and upper ends ŷ - q and ŷ + q for each row of X: (samples, 2)."""
        middle = self.predict(X)
        q = self.quantile_
        if confidence_level is not None:
            q = quantile_of(self.errors_, confidence_level)
        return np.stack([middle - q, middle + q], axis=1)

    @classmethod
    def examples(cls, rng: np.random.Generator) -> Iterator[tuple[Any, Any, Any]]:
        """Intervals of a linear model."""
        ridge = named("Ridge")
        X = rng.normal(size=(60, 4))
        kind: Any = cls
        yield kind(ridge(), random_state=0), X, numbers(X, rng, ridge)


def quantile_of(errors: np.ndarray, level: float) -> float:
    """The ⌈(n + 1) level⌉-th smallest of n errors; infinite if there are too few."""
    rank = math.ceil((len(errors) + 1) * level)
    return float(errors[rank - 1]) if rank <= len(errors) else math.inf
