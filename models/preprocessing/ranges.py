"""Scaling of features to a range: of all values, of absolute values, or of the middle half."""

from typing import Any

import numpy as np

from models.foundation import array, boolean, learned
from models.foundation.incremental import Incremental
from models.foundation.normal import normal_quantile
from models.preprocessing.one_to_one import Scaler
from models.preprocessing.quantiles import Sorted
from tinygrad_edu.diagnostics.words import refusal


class MinMaxScaler(Incremental, Scaler):
    """z = a + (x - min) / (max - min) · (b - a), so that the values of `fit` fill the range from a to b.

    A constant column becomes a. Different from scikit-learn: a range below 2e-15 is scaled as well.
    """

    feature_range: Any = array((0, 1), doc="a and b")
    clip: bool = boolean(False, doc="values outside of the range become a or b")

    data_min_: np.ndarray = learned("(features,)")
    data_max_: np.ndarray = learned("(features,)")
    data_range_: np.ndarray = learned("max - min: (features,)")
    scale_: np.ndarray = learned("(b - a) / (max - min): (features,)")
    min_: np.ndarray = learned("z of x = 0: (features,)")
    n_samples_seen_: int = learned("number of rows")

    def _partial_fit(self, X):
        low, high = self._range()
        least, most = np.fmin.reduce(X), np.fmax.reduce(X)  # these leave out NaN
        seen = vars(self).get("n_samples_seen_", 0)
        self.data_min_ = np.fmin(self.data_min_, least) if seen else least
        self.data_max_ = np.fmax(self.data_max_, most) if seen else most
        self.n_samples_seen_ = seen + len(X)
        self.data_range_ = self.data_max_ - self.data_min_
        self.scale_ = (high - low) / without_zeros(self.data_range_)
        self.min_ = low - self.data_min_ * self.scale_

    def _range(self):
        found = np.asarray(self.feature_range, dtype=np.float64)
        if found.shape != (2,) or not found[0] < found[1]:
            what = "Minimum of desired feature range must be smaller than maximum. "
            what += f"Got feature_range={self.feature_range!r}."
            raise refusal(ValueError, what, "feature_range=(0, 1)")
        return found

    def _transform(self, X):
        Z = X * self.scale_
        Z += self.min_
        return np.clip(Z, *self._range(), out=Z) if self.clip else Z

    def _inverse_transform(self, Z):
        X = Z - self.min_
        X /= self.scale_
        return X


class MaxAbsScaler(Incremental, Scaler):
    """z = x / max |x|, which keeps zeros. Columns of zeros stay so.

    Different from scikit-learn: a column whose max |x| is below 2e-15 is scaled as well.
    """

    clip: bool = boolean(False, doc="values outside of -1 to 1 become -1 or 1")

    max_abs_: np.ndarray = learned("max |x|: (features,)")
    scale_: np.ndarray = learned("divisors: max |x|, or 1 for a column of zeros")
    n_samples_seen_: int = learned("number of rows")

    def _partial_fit(self, X):
        most = np.fmax(np.abs(np.fmin.reduce(X)), np.abs(np.fmax.reduce(X)))
        seen = vars(self).get("n_samples_seen_", 0)
        self.max_abs_ = np.fmax(self.max_abs_, most) if seen else most
        self.n_samples_seen_ = seen + len(X)
        self.scale_ = without_zeros(self.max_abs_)

    def _transform(self, X):
        Z = X / self.scale_
        return np.clip(Z, -1, 1, out=Z) if self.clip else Z

    def _inverse_transform(self, Z):
        return Z * self.scale_


class RobustScaler(Scaler):
    """z = (x - median) / (q₃ - q₁): quantiles, which a few outliers do not change.

    Where q₃ = q₁, z = x - median. Different from scikit-learn: a difference below 2e-15 is scaled as well.
    """

    with_centering: bool = boolean(True, doc="subtract the median")
    with_scaling: bool = boolean(True, doc="divide by q₃ - q₁")
    quantile_range: Any = array((25.0, 75.0), doc="the percentages of q₁ and q₃")
    unit_variance: bool = boolean(
        False, doc="multiply so that a normally distributed feature gets the variance 1"
    )

    center_: Any = learned("the medians, (features,); None without centering")
    scale_: Any = learned("divisors, (features,); None without scaling")

    def _fit(self, X):
        percent = np.asarray(self.quantile_range, dtype=np.float64)
        if percent.shape != (2,) or not 0 <= percent[0] <= percent[1] <= 100:
            what = f"Invalid quantile range: {self.quantile_range!r}."
            raise refusal(ValueError, what, "quantile_range=(25.0, 75.0)")
        ordered = Sorted(X)
        self.center_ = ordered.median() if self.with_centering else None
        self.scale_ = None
        if self.with_scaling:
            first, third = ordered.quantiles(percent / 100)
            self.scale_ = without_zeros(third - first)
            if self.unit_variance:
                low, high = normal_quantile(percent / 100)
                self.scale_ /= high - low

    def _transform(self, X):
        Z = X - self.center_ if self.with_centering else X.copy()
        if self.with_scaling:
            Z /= self.scale_
        return Z

    def _inverse_transform(self, Z):
        X = Z * self.scale_ if self.with_scaling else Z.copy()
        if self.with_centering:
            X += self.center_
        return X


def without_zeros(scale):
    """The divisors, with 1 for 0."""
    return np.where(scale == 0, 1.0, scale)
