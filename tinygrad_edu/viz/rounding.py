"""Why float16 and float32 numbers seem not to add up: what the exact result is, and what it is rounded to."""

from __future__ import annotations

from typing import Any

import numpy as np

MOST = 4096  # numbers of an operation that is computed again
# Operations whose exact results a reader works out in the head.
AGAIN = ("add", "subtract", "multiply", "divide", "sum", "mean", "matmul")


def rounded_sum(before: np.ndarray | None, contribution: np.ndarray, after: np.ndarray) -> str:
    """What is to say of before + contribution = after, or ""."""
    if before is None:
        return ""
    return _said("+", before, contribution, after)


def rounded_product(upstream: np.ndarray, local: np.ndarray, contribution: np.ndarray) -> str:
    """What is to say of upstream × local derivative = contribution, or ""."""
    if upstream.shape != local.shape or local.shape != contribution.shape:
        return ""
    return _said("×", upstream, local, contribution)


def rounded_result(y: Any) -> str:
    """What is to say of the result of an operation, or ""."""
    x = y.data
    if x.dtype not in (np.float16, np.float32) or y.op.name not in AGAIN:
        return ""
    inputs = [np.asarray(getattr(part, "data", part)) for part in y.inputs]
    if sum(part.size for part in inputs) > MOST or any(p.dtype.kind not in "fiu" for p in inputs):
        return ""
    with np.errstate(all="ignore"):
        try:
            exact = y.op.forward(*(part.astype(np.float64) for part in inputs), **y.params)
        except Exception:  # a setting that asks for the old dtype
            return ""
    at = _worst(np.asarray(exact), x)
    if at is None:
        return ""
    return f"{_keeps(x)}: {_where(at)}the exact result {_full(exact[at])} {_becomes(x, at)}."


def _said(sign: str, a: np.ndarray, b: np.ndarray, shown: np.ndarray) -> str:
    if shown.dtype not in (np.float16, np.float32):
        return ""
    with np.errstate(all="ignore"):
        a64, b64 = a.astype(np.float64), b.astype(np.float64)
        exact = a64 + b64 if sign == "+" else a64 * b64
    at = _worst(exact, shown)
    if at is None:
        return ""
    sum_ = f"{_full(a64[at])} {sign} {_full(b64[at])} = {_full(exact[at])}"
    return f"{_keeps(shown)}: {_where(at)}{sum_} {_becomes(shown, at)}."


def _worst(exact: np.ndarray, shown: np.ndarray) -> tuple[int, ...] | None:
    """Where the rounding is largest, if it shows: in the fourth digit, or in a whole number."""
    exact, rounded = np.asarray(exact, np.float64), shown.astype(np.float64)
    if exact.shape != rounded.shape or not exact.size:
        return None
    with np.errstate(all="ignore"):
        off = np.abs(exact - rounded)
        digit = 10.0 ** (np.floor(np.log10(np.abs(exact))) - 3)
        whole = (exact == np.rint(exact)) & (np.abs(exact) < 1e6)
        shows = np.isfinite(exact) & (off > 0) & (whole | (off > 0.5 * digit))
        by = np.where(shows, off / digit, 0)
    if not shows.any():
        return None
    return tuple(map(int, np.unravel_index(int(np.nanargmax(by)), by.shape)))


def _keeps(x: np.ndarray) -> str:
    return f"{x.dtype} keeps about {np.finfo(x.dtype).precision} digits"


def _becomes(x: np.ndarray, at: tuple[int, ...]) -> str:
    if not np.isfinite(x[at]):
        return f"is beyond its largest number, {np.finfo(x.dtype).max:.8g}, and becomes {x[at]}"
    return f"is rounded to {_full(x[at])}"


def _where(at: tuple[int, ...]) -> str:
    return f"at [{', '.join(map(str, at))}] " if at else ""


def _full(x: Any) -> str:
    """A number with as many digits as it takes to see the rounding."""
    return f"{float(x):.8g}"
