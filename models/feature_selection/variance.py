"""Features that vary."""

import numpy as np

from models.feature_selection.selector import Selector
from models.foundation import learned, nonnegative
from tinygrad_edu.diagnostics.words import refusal


class VarianceThreshold(Selector):
    """Keeps the columns whose variance is above a threshold. NaN is left out.

    With the threshold 0 these are the columns that are not constant, which is decided without rounding.
    """

    allow_nan = True

    threshold: float = nonnegative(0.0, doc="the largest variance of a column that is left out")

    variances_: np.ndarray = learned("(features,)")

    def _fit(self, X):
        range_ = np.fmax.reduce(X) - np.fmin.reduce(X)
        missing = np.isnan(X) if np.isnan(range_ + X.sum(axis=0)).any() else None
        with np.errstate(all="ignore"):
            if missing is None:
                n, far = len(X), X - X.mean(axis=0)
            else:
                n = len(X) - missing.sum(axis=0)
                far = np.where(missing, 0, X - np.where(missing, 0, X).sum(axis=0) / n)
            self.variances_ = np.einsum("ij,ij->j", far, far) / n
        if self.threshold == 0:
            self.variances_ = np.fmin(self.variances_, range_)
        if not self._mask().any():
            what = f"No feature in X meets the variance threshold {self.threshold:.5f}"
            what += "." if len(X) > 1 else ": X contains only one sample."
            raise refusal(ValueError, what, "a lower threshold, or other columns")

    def _mask(self):
        return self.variances_ > self.threshold
