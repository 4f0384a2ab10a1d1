"""B-splines of features: a linear model of them is a smooth curve made of polynomials.

Sources: C. de Boor, A Practical Guide to Splines (revised ed., 2001), chapters IX and X; T. Hastie,
R. Tibshirani, J. Friedman, The Elements of Statistical Learning (2nd ed., 2009), appendix of chapter 5.
"""

from typing import Any

import numpy as np

from models.foundation import Transformer, array, boolean, choice, integer, learned
from models.foundation.weighted_quantiles import weighted_quantiles
from tinygrad_edu.diagnostics.words import refusal


class SplineTransformer(Transformer):
    """Each feature as the values of B-splines: bumps of polynomials that meet at knots, and whose sum is 1.

    The splines of degree p on the knots t follow from those of degree p - 1 (Cox and de Boor):

        B_i0(x) = 1 if t_i ≤ x < t_(i+1), otherwise 0
        B_ip(x) =   B_i,p-1(x)   (x - t_i)       / (t_(i+p) - t_i)
                  + B_i+1,p-1(x) (t_(i+p+1) - x) / (t_(i+p+1) - t_(i+1))

    A fraction with the denominator 0 counts as 0, so a constant column becomes zeros if the degree is at
    least 1. Before and after the knots of the data there are `degree` more. Of one value only degree + 1
    splines are not 0, and only these are computed.

    Outside of the knots x̂ is the nearest knot: "constant" is B(x̂), "linear" B(x̂) + (x - x̂) B'(x̂). "continue"
    continues the polynomials, "periodic" repeats the knots, and "error" raises an error. Values that are
    too large for float64 raise an error too.

    Weights change the knots: "uniform" leaves out rows of weight 0. "quantile" with weights takes the first
    value at which the sum of the weights reaches the fraction; without, it interpolates.

    Different from scikit-learn: there are no `bsplines_` (the knots are `knots_`) and no sparse output. For x
    outside of the knots, "constant" of degree 0, "linear" of degree 0 or 1 with several features, and both
    where knots coincide at an end follow these formulas, with the sum 1; scikit-learn's sum differs there.
    """

    n_knots: int = integer(5, at_least=2, doc="number of knots, unless `knots` is an array")
    degree: int = integer(3, at_least=0, doc="degree p of the polynomials")
    knots: Any = choice("uniform", "quantile") | array(
        doc="equal distances, or equal numbers of rows; or the knots: (n_knots, features)"
    )
    extrapolation: str = choice(
        "constant", "error", "linear", "continue", "periodic", doc="for x outside of the knots"
    )
    include_bias: bool = boolean(True, doc="keep the last spline, 1 minus the others")
    order: Any = choice("C", "F", doc="memory order of the new columns")
    handle_missing: str = choice("error", "zeros", doc="NaN is an error, or all its splines are 0")
    sparse_output: bool = choice(False, doc="the result is always dense")

    knots_: np.ndarray = learned("t, with those before and after: (n_knots + 2 degree, features)")
    n_features_out_: int = learned("number of new columns")

    @property
    def allow_nan(self):
        return self.handle_missing == "zeros"

    def _read(self, X, y, sample_weight, more=False):
        data = super()._read(X, y, sample_weight, more)
        return data if sample_weight is not None else data | {"weight": None}

    def _fit(self, X, weight):
        if len(X) < 2:
            what = (
                f"Found array with {len(X)} sample(s) (shape={X.shape}) while a minimum of 2 is required "
                "by SplineTransformer."
            )
            raise refusal(ValueError, what, "at least two rows")
        if self.allow_nan:
            X = np.where(np.isnan(X).all(axis=0), 0, X)  # any knots: no value is known
        inner = self._inner_knots(X, weight)
        p, periodic = self.degree, self.extrapolation == "periodic"
        if periodic and len(inner) <= p:
            what = f"Periodic splines require degree < n_knots. Got n_knots={len(inner)} and degree={p}."
            raise refusal(ValueError, what, f"n_knots={p + 1}")
        with np.errstate(over="ignore", invalid="ignore"):
            if periodic:
                period = inner[-1] - inner[0]
                before, after = inner[-p - 1 : -1] - period, inner[1 : p + 1] + period
            else:
                steps = np.arange(1, p + 1)[:, None]
                before = inner[0] - steps[::-1] * (inner[1] - inner[0])
                after = inner[-1] + steps * (inner[-1] - inner[-2])
        self.knots_ = np.concatenate([before, inner, after])
        if not np.isfinite(self.knots_).all():
            what = "the knots are too large for float64."
            raise refusal(ValueError, what, "StandardScaler first")
        self.n_features_out_ = X.shape[1] * (self._splines() - (not self.include_bias))

    def _inner_knots(self, X, weight):
        if not isinstance(self.knots, str):
            return _checked_knots(self.knots, X.shape[1])
        fractions = np.linspace(0, 1, self.n_knots)
        if self.knots == "uniform":
            low, high = np.nanmin(X, axis=0), np.nanmax(X, axis=0)
            with np.errstate(over="ignore", invalid="ignore"):
                return np.linspace(low, high, self.n_knots)
        if weight is None:
            return np.nanquantile(X, fractions, axis=0)
        return np.stack([weighted_quantiles(x, weight, fractions) for x in X.T], axis=1)

    def _splines(self):
        """Number of splines of a feature; periodic ones that are whole periods apart are one."""
        repeated = self.degree if self.extrapolation == "periodic" else 0
        return len(self.knots_) - self.degree - 1 - repeated

    def _transform(self, X):
        try:
            with np.errstate(over="raise", under="ignore"):
                first, values = self._extrapolated(X)
        except FloatingPointError as error:
            what = "a spline is too large for float64 so far outside of the knots."
            raise refusal(ValueError, what, "extrapolation='constant'") from error
        n, d = X.shape
        splines = self._splines()
        found = np.zeros((n, d * splines), order=self.order)
        rows, start = np.arange(n)[:, None], splines * np.arange(d)
        missing = np.isnan(X)
        for i, B in enumerate(values):
            B[missing] = 0
            found[rows, start + (first + i) % splines] += B
        if self.include_bias:
            return found
        kept = np.arange(d * splines) % splines < splines - 1
        return np.asarray(found[:, kept], order=self.order)

    def _names_out(self, names):
        splines = self._splines() - (not self.include_bias)
        return [f"{name}_sp_{i}" for name in names for i in range(splines)]

    def _extrapolated(self, X):
        """Number of the first spline that is not 0, (samples, features), and the values from there on."""
        p = self.degree
        low, high = self.knots_[p], self.knots_[-p - 1]
        if self.extrapolation == "continue":
            return self._nonzero(X)
        if self.extrapolation == "periodic":
            period = high - low
            return self._nonzero(low + (X - low) % np.where(period > 0, period, 1))
        outside = np.less(X, low) | np.greater(X, high)
        if self.extrapolation == "error" and outside.any():
            row, column = np.argwhere(outside)[0]
            what = (
                "`X` contains values beyond the limits of the knots. The first is "
                f"{X[row, column]} in row {row}, column {column}."
            )
            raise refusal(ValueError, what, "extrapolation='constant'")
        nearest = np.clip(X, low, high)
        first, values = self._nonzero(nearest)
        if self.extrapolation == "linear" and p > 0 and outside.any():
            _, slopes = self._nonzero(nearest, derivative=True)
            values = [B + (X - nearest) * slope for B, slope in zip(values, slopes, strict=True)]
        return first, values

    def _nonzero(self, x, derivative=False):
        """Of x in t_j ≤ x < t_(j+1): j - p, and the values or derivatives of B_(j-p)p, ..., B_jp."""
        t, p = self.knots_, self.degree
        inner = t[p + 1 : len(t) - p - 1]
        j = p + np.stack(
            [np.searchsorted(*pair, side="right") for pair in zip(inner.T, x.T, strict=True)],
            axis=1,
        )
        near = {i: np.take_along_axis(t, j + i, axis=0) for i in range(1 - p, p + 1)}
        values = [np.ones_like(x)]
        for q in range(1, p + 1):
            higher = [np.zeros_like(x) for _ in range(q + 1)]
            for i, B in enumerate(values):  # B_(j-q+1+i),q-1
                left, right = near[i + 1 - q], near[i + 1]
                share = np.divide(B, right - left, out=np.zeros_like(x), where=right > left)
                last = derivative and q == p  # B' = p (B_i,p-1 / ... - B_i+1,p-1 / ...)
                higher[i] += share * (-p if last else right - x)
                higher[i + 1] += share * (p if last else x - left)
            values = higher
        return j - p, values


def _checked_knots(knots, features):
    found = np.asarray(knots, dtype=np.float64)
    hint = f"knots of shape (n_knots, {features}), each column in ascending order"
    if found.ndim != 2 or found.shape[1] != features:
        what = f"knots.shape[1] == n_features is violated: knots.shape is {found.shape}."
        raise refusal(ValueError, what, hint)
    if len(found) < 2:
        raise refusal(ValueError, "Number of knots, knots.shape[0], must be >= 2.", hint)
    if not (np.diff(found, axis=0) > 0).all():
        raise refusal(ValueError, "knots must be sorted without duplicates.", hint)
    return found
