"""Intervals with a guarantee, around the predictions of any regressor.

Source: V. Vovk, A. Gammerman, G. Shafer, Algorithmic learning in a random world (2005); J. Lei, M. G'Sell, A.
Rinaldo, R. Tibshirani, L. Wasserman, Distribution-free predictive inference for regression, JASA 113 (2018),
section 2.2.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from models.foundation import Regressor, fit_clone, frames, learned, number, part
from models.foundation.examples import named, numbers
from models.foundation.randomness import random_state, seed
from models.foundation.wrapper import Wrapper
from tinygrad_edu.diagnostics.words import refusal


class SplitConformalRegressor(Regressor):
    """A regressor that also predicts intervals [f(x) - q, f(x) + q], which contain y with probability 1 - α.

    A part of the rows, n of them, is not trained on. Of its errors |y - f(x)|, q is the k-th smallest, with
    k = ⌈(n + 1) (1 - α)⌉. The error of a new row is as likely to have one rank among the n + 1 as another. So

        1 - α  ≤  P(f(x) - q ≤ y ≤ f(x) + q)  ≤  1 - α + 1 / (n + 1)

    whatever the regressor and the distribution, if rows are exchangeable (the upper bound: without ties).
    Raises ValueError if n is too small, n < (1 - α) / α.
    """

    reads = "anything"
    checked_with = {"confidence_level": 0.5, "random_state": 0}
    does_not_apply = Wrapper.does_not_apply | {
        "check_sample_weight*": "it takes no weights: rows that weigh more are not exchangeable",
    }

    estimator: Any = part(None, needs="fit predict", doc="f; None for LinearRegression")
    confidence_level: float = number(0.9, above=0, below=1, doc="1 - α")
    calibration_size: float = number(
        0.25, above=0, below=1, doc="the part of the rows that is not trained on"
    )
    random_state: Any = seed(doc="seed or generator for the choice of these rows")

    estimator_: Any = learned("the fitted regressor")
    half_width_: float = learned("q")
    n_calibration_: int = learned("n")

    def _fit(self, X, y):
        order = random_state(self.random_state).permutation(len(y))
        n = int(np.ceil(self.calibration_size * len(y)))
        k = int(np.ceil((n + 1) * self.confidence_level * (1 - 1e-12)))
        if k > n or n == len(y):
            odds = self.confidence_level / (1 - self.confidence_level)
            needed = int(np.ceil(odds * (1 - 1e-12)))
            raise refusal(
                ValueError,
                f"n_samples={len(y)}, of which {n} for calibration, is too few: intervals with "
                f"confidence_level={self.confidence_level} take {needed}, and others to train on.",
                "more rows, a larger calibration_size or a lower confidence_level",
            )
        held, trained = order[:n], order[n:]
        estimator = named("LinearRegression")() if self.estimator is None else self.estimator
        self.estimator_ = fit_clone(estimator, frames.take_rows(X, trained), y[trained])
        errors = np.abs(y[held] - self.estimator_.predict(frames.take_rows(X, held)))
        self.half_width_ = float(np.partition(errors, k - 1)[k - 1])
        self.n_calibration_ = n

    def _predict(self, X):
        return np.asarray(self.estimator_.predict(X))

    def predict_interval(self, X: Any) -> np.ndarray:
        """The ends of the interval of each row, shape (samples, 2)."""
        return self.predict(X)[:, None] + self.half_width_ * np.array([-1.0, 1.0])

    @classmethod
    def examples(cls, rng: np.random.Generator) -> Iterator[tuple[Any, Any, Any]]:
        """A linear model."""
        ridge = named("Ridge")
        X = rng.normal(size=(60, 4))
        kind: Any = cls
        yield kind(ridge(), random_state=0), X, numbers(X, rng, ridge)
