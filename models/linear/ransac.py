"""Random sample consensus (RANSAC).

Source: M. Fischler, R. Bolles, Random sample consensus: a paradigm for model fitting with applications to
image analysis and automated cartography (1981).
"""

import math
from typing import Any, ClassVar

import numpy as np

from models.foundation import (
    ConvergenceWarning,
    Regressor,
    choice,
    clone,
    function,
    learned,
    nonnegative,
    number,
    part,
    seed,
    takes_weights,
    warn,
)
from models.foundation.randomness import generator
from models.linear.least_squares import LinearRegression
from tinygrad_edu.diagnostics.words import refusal


class RANSACRegressor(Regressor):
    """An estimator fitted to the samples that agree with each other, without outliers.

    Each trial fits `min_samples` random samples. Those whose error is at most residual_threshold are its
    inliers. The trial with the most of these wins, with the best score among equals, and the estimator is
    fitted to its inliers. With a part p of inliers, k trials miss a subset of inliers alone with the
    probability (1 - p^m)^k; it stops where that is 1 - stop_probability. The trials are others than
    scikit-learn's.
    """

    several_targets = True
    twin = ""  # its trials are random
    does_not_apply: ClassVar = {
        "check_sample_weight_equivalence_on_dense_data": "trials draw rows, however often they count",
        "test_weights_are_repetitions": "trials draw rows, however often they count",
    }

    estimator: Any = part(None, needs="fit predict score", doc="None for LinearRegression")
    min_samples: float | None = nonnegative(
        None,
        doc="m, a number, or a part below 1 of all; None for the number of weights of LinearRegression",
    )
    residual_threshold: float | None = nonnegative(
        None, doc="largest error of an inlier; None for the median of |y - median(y)|"
    )
    is_data_valid: Any = function(None, doc="(X, y) of a trial -> may it be used?")
    is_model_valid: Any = function(None, doc="(estimator, X, y) of a trial -> may it be used?")
    max_trials: float = nonnegative(100, doc="largest number of trials")
    max_skips: float = nonnegative(np.inf, doc="stop after more trials that were of no use")
    stop_n_inliers: float = nonnegative(np.inf, doc="stop with so many inliers")
    stop_score: float = number(np.inf, doc="stop with this score on the inliers")
    stop_probability: float = number(0.99, at_least=0, at_most=1, doc="of having met inliers alone")
    loss: Any = choice("absolute_error", "squared_error", doc="the error") | function(
        doc="(y, ŷ) -> errors"
    )
    random_state: Any = seed(doc="draws the trials")

    estimator_: Any = learned("the estimator, fitted to the inliers")
    inlier_mask_: np.ndarray = learned("True for inliers: (samples,)")
    n_trials_: int = learned("number of trials")
    n_skips_no_inliers_: int = learned("trials with fewer inliers than the best before")
    n_skips_invalid_data_: int = learned("trials that is_data_valid refused")
    n_skips_invalid_model_: int = learned("trials that is_model_valid refused")

    def _read(self, X, y, sample_weight, more=False):
        """Keeps rows of weight 0: inlier_mask_ is about all rows."""
        data = super()._read(X, y, None, more)
        data["weight"] = (
            None if sample_weight is None else self._weights(sample_weight, len(data["X"]))
        )
        return data

    def _fit(self, X, y, weight):
        estimator = LinearRegression() if self.estimator is None else clone(self.estimator)
        if weight is not None and not takes_weights(estimator):
            what = f"{type(estimator).__name__} does not support sample_weight."
            raise refusal(
                ValueError, what, "sample_weight=None, or an estimator that takes weights"
            )
        m = self._sample_size(estimator, X)
        bound = self.residual_threshold
        if bound is None:
            bound = np.median(np.abs(y - np.median(y)))
        rng = generator(self.random_state)
        self.n_skips_no_inliers_ = self.n_skips_invalid_data_ = self.n_skips_invalid_model_ = 0
        best: Any = None
        self.n_trials_, trials, most = 0, self.max_trials, (1, -np.inf)
        while self.n_trials_ < trials and self._skips() <= self.max_skips:
            self.n_trials_ += 1
            rows = rng.choice(len(X), size=m, replace=False)
            if self.is_data_valid is not None and not self.is_data_valid(X[rows], y[rows]):
                self.n_skips_invalid_data_ += 1
                continue
            self._fit_rows(estimator, X, y, weight, rows)
            if self.is_model_valid is not None and not self.is_model_valid(
                estimator, X[rows], y[rows]
            ):
                self.n_skips_invalid_model_ += 1
                continue
            inliers = self._errors(y, estimator.predict(X)) <= bound
            count = int(np.count_nonzero(inliers))
            if count < most[0]:
                self.n_skips_no_inliers_ += 1
                continue
            of_inliers = {} if weight is None else {"sample_weight": weight[inliers]}
            reached = (count, estimator.score(X[inliers], y[inliers], **of_inliers))
            if reached < most:
                continue
            best, most = inliers, reached
            trials = min(trials, trials_needed(count / len(X), m, self.stop_probability))
            if count >= self.stop_n_inliers or reached[1] >= self.stop_score:
                break
        self._report(best)
        self._fit_rows(estimator, X, y, weight, np.flatnonzero(best))
        self.estimator_, self.inlier_mask_ = estimator, best

    def _sample_size(self, estimator, X):
        m = self.min_samples
        if m is None:
            if type(estimator).__name__ != "LinearRegression":
                what = "`min_samples` needs to be explicitly set when estimator is not a LinearRegression."
                raise refusal(ValueError, what, f"min_samples={X.shape[1] + 1}")
            m = X.shape[1] + 1
        m = math.ceil(m * len(X)) if 0 < m < 1 else int(m)
        if not 0 < m <= len(X):
            what = f"`min_samples` may not be larger than number of samples: n_samples = {len(X)}, not {m}."
            raise refusal(ValueError, what, "more samples, or a smaller min_samples")
        return m

    def _fit_rows(self, estimator, X, y, weight, rows):
        if weight is None:
            estimator.fit(X[rows], y[rows])
        else:
            estimator.fit(X[rows], y[rows], sample_weight=weight[rows])

    def _errors(self, y, predicted):
        if callable(self.loss):
            return self.loss(y, predicted)
        errors = np.abs(y - predicted) ** (2 if self.loss == "squared_error" else 1)
        return errors if errors.ndim == 1 else errors.sum(axis=1)

    def _skips(self):
        return self.n_skips_no_inliers_ + self.n_skips_invalid_data_ + self.n_skips_invalid_model_

    def _report(self, best):
        """Raises ValueError without any inliers, and warns of many skips."""
        if best is None:
            what = "RANSAC could not find a valid consensus set: no trial had inliers."
            raise refusal(ValueError, what, "a larger residual_threshold, or more max_trials")
        if self._skips() > self.max_skips:
            text = "RANSAC found a valid consensus set but exited early due to skipping more iterations than"
            warn(ConvergenceWarning, f"{text} `max_skips`. Try: a larger max_skips")

    def _predict(self, X):
        return self.estimator_.predict(X)


def trials_needed(part, m, probability):
    """k with (1 - part^m)^k = 1 - probability."""
    clean = part**m
    if clean >= 1 or probability == 0:
        return 0.0
    if clean == 0 or probability == 1:
        return math.inf
    return math.ceil(math.log(1 - probability) / math.log1p(-clean))
