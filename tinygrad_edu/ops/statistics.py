"""Statistics of samples: covariance, correlation, and quantiles that ignore nan."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.ops.indexing import apply_along_axis, diag
from tinygrad_edu.ops.linear_algebra import matmul, mT
from tinygrad_edu.ops.reductions import quantile
from tinygrad_edu.ops.shapes import arraylike, composed
from tinygrad_edu.tensor import value


@composed(np.cov)
def cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
) -> Any:
    """np.cov: Σ_k w_k (x_ik - mean x_i) (x_jk - mean x_j) / n, where row i is a variable.

    n is Σ w - ddof; with aweights Σ w - ddof Σ w a / Σ w.
    """
    x = _in_rows(m, rowvar)
    if y is not None:
        x = np.concatenate([x, _in_rows(y, rowvar)], axis=0)
    ddof = int(not bias) if ddof is None else ddof
    a = None if aweights is None else arraylike(aweights).astype(np.float64)
    w = np.ones(x.shape[1]) if fweights is None else np.asarray(value(fweights), float)
    w = w if a is None else w * a
    total = w.sum()
    n = total - (ddof if a is None else ddof * (w * a).sum() / total)
    if value(n) <= 0:
        raise refusal(
            ValueError,
            f"cov: {x.shape[1]} samples leave {value(n):g} degrees of freedom with ddof={ddof}.",
            "more samples, or ddof=0",
        )
    centered = x - matmul(x, w)[:, None] / total
    y = matmul(
        centered * w, np.conjugate(mT(centered)) if centered.dtype.kind == "c" else mT(centered)
    )
    return np.squeeze(y / n)


def _in_rows(x: Any, rowvar: bool) -> Any:
    x = np.atleast_2d(arraylike(x))
    x = x if x.dtype.kind in "fc" else x.astype(np.float64)
    return x if rowvar or x.shape[0] == 1 else mT(x)


@composed(np.corrcoef)
def corrcoef(x: Any, y: Any = None, rowvar: bool = True) -> Any:
    """np.corrcoef: the covariances divided by the products of the standard deviations.

    A correlation that rounding puts outside of -1 to 1 is clipped, as in NumPy.
    """
    c = cov(x, y, rowvar)
    if c.ndim == 0:
        return c / c
    deviation = np.sqrt(diag(c))
    c = c / deviation[:, None] / deviation
    return c - (
        value(c) - np.clip(value(c), -1, 1)
    )  # a shift by a constant: the derivative is that of c


# ----------------------------------------------------------------------------- without what is nan


@composed(np.nanquantile)
def nanquantile(
    a: Any, q: Any, axis: Any = None, *, method: str = "linear", keepdims: bool = False
) -> Any:
    """np.nanquantile: the quantile of the numbers that are not nan; nan where there are none."""
    a = arraylike(a)
    axes = range(a.ndim) if axis is None else np.ravel(axis).tolist()
    gone = sorted(k % a.ndim for k in axes)
    rest = [k for k in range(a.ndim) if k not in gone]
    lines = np.reshape(np.transpose(a, rest + gone), (*(a.shape[k] for k in rest), -1))

    def of_line(x: Any) -> Any:
        known = np.flatnonzero(~np.isnan(value(x)))
        return quantile(x[known] if known.size else x, q, method=method)

    y = apply_along_axis(of_line, -1, lines)
    new = np.ndim(q)
    y = np.moveaxis(y, range(len(rest), len(rest) + new), range(new)) if new else y
    if not keepdims:
        return y
    shape = [1 if k in gone else n for k, n in enumerate(a.shape)]
    return np.reshape(y, (*np.shape(q), *shape))


@composed(np.nanpercentile)
def nanpercentile(
    a: Any, q: Any, axis: Any = None, *, method: str = "linear", keepdims: bool = False
) -> Any:
    """np.nanpercentile: np.nanquantile with q in percent."""
    return nanquantile(a, np.divide(q, 100), axis, method=method, keepdims=keepdims)


@composed(np.nanmedian)
def nanmedian(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """np.nanmedian: the median of the numbers that are not nan."""
    return nanquantile(a, 0.5, axis, keepdims=keepdims)
