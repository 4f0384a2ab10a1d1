"""Fourier transforms: y_k = Σ_j x_j e^(-2πi jk/n), over one axis or several.

A Fourier transform is a product with a symmetric matrix. So its derivative is the same transform, of g. (In
the convention of `complex.py`: dL = Re Σ g dz.) The rest is bookkeeping. A transform of n points cuts its
input or pads it with zeros, and its derivative does the opposite. Transforms of real signals have only half
of the frequencies, because the other half mirrors them.

Frequencies are complex; `complex.py` says how they may be used on the way to a real loss.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.ops.cases import each, real
from tinygrad_edu.ops.formulas import documented
from tinygrad_edu.ops.indexing import scatter_add
from tinygrad_edu.tensor import ROWS, Op, op


def _fit(g: Any, shape: tuple[int, ...]) -> Any:
    """g cut or padded with zeros to a shape."""
    if g.shape == shape:
        return g
    kept = tuple(slice(min(n, m)) for n, m in zip(g.shape, shape, strict=True))
    g = g[kept]
    return g if g.shape == shape else scatter_add(g, index=kept, shape=shape)


# ----------------------------------------------------------------------------- complex to complex


def _over_one_axis(f: Callable) -> Op:
    def rule(g: Any, y: Any, a: Any, n: Any = None, axis: int = -1, norm: Any = None) -> Any:
        return _fit(f(g, n, axis, norm), a.shape)

    documented(rule, f"{f.__name__}(g)")
    sign = "" if f is np.fft.ifft else "-"
    row = op(
        f, rule,
        formula=f"Σ_j x_j e^({sign}2πi jk/n){' / n' if f is np.fft.ifft else ''}", linear=True,
        cases=each(real, ((5,), {}), ((2, 4), {"n": 3}), ((3, 2), {"n": 5, "axis": 0, "norm": "ortho"}),
                   ((4,), {"norm": "forward"})),
    )  # fmt: skip
    ROWS[f] = row
    return row


def _over_axes(f: Callable) -> Op:
    def rule(g: Any, y: Any, a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
        return _fit(f(g, s, axes, norm), a.shape)

    documented(rule, f"{f.__name__}(g)")
    row = op(
        f, rule,
        formula=f"{'ifft' if f is np.fft.ifftn else 'fft'} over every axis", linear=True,
        owns=("s", "axes"),
        cases=each(real, ((2, 3), {}), ((2, 3, 2), {"axes": (0, -1), "norm": "ortho"}),
                   ((3, 4), {"s": (2, 5), "axes": (0, 1)}), ((2, 3), {"s": (4,), "axes": (1,)})),
    )  # fmt: skip
    ROWS[f] = row
    return row


fft, ifft = _over_one_axis(np.fft.fft), _over_one_axis(np.fft.ifft)
fftn, ifftn = _over_axes(np.fft.fftn), _over_axes(np.fft.ifftn)

# --------------------------------------------------------------------------------------- real signals


def _rfft_rule(g: Any, y: Any, a: Any, n: Any = None, axis: int = -1, norm: Any = None) -> Any:
    """Re fft(g, n), as g has zeros for the frequencies that rfft leaves out"""
    n = a.shape[axis] if n is None else n
    return _fit(np.real(np.fft.fft(g, n, axis, norm)), a.shape)


_TURNED: dict[Any, Any] = {
    None: "forward",
    "backward": "forward",
    "forward": "backward",
    "ortho": "ortho",
}


def _irfft_rule(g: Any, y: Any, a: Any, n: Any = None, axis: int = -1, norm: Any = None) -> Any:
    """conj(rfft(g)), times 2 but for the frequencies 0 and n/2, which have no mirror image"""
    n = y.shape[axis]
    twice = np.full(n // 2 + 1, 2, y.dtype)
    twice[0] = 1
    if n % 2 == 0:
        twice[-1] = 1
    shape = [1] * a.ndim
    shape[axis] = len(twice)
    half = np.conjugate(np.fft.rfft(g, n, axis, _TURNED[norm]))
    return _fit(half * twice.reshape(shape), a.shape)


_half_cases = each(
    real, ((5,), {}), ((4,), {}), ((2, 4), {"n": 3}), ((3, 2), {"n": 6, "axis": 0, "norm": "ortho"}),
    ((4, 2), {"n": 5, "axis": 0, "norm": "forward"}), ((2, 3), {"norm": "backward"}),
)  # fmt: skip
rfft = ROWS[np.fft.rfft] = op(
    np.fft.rfft, _rfft_rule, formula="fft of a real x: the first n // 2 + 1 frequencies",
    linear=True, cases=_half_cases,
)  # fmt: skip
irfft = ROWS[np.fft.irfft] = op(
    np.fft.irfft, _irfft_rule, formula="the real signal of n points with these frequencies",
    linear=True, cases=_half_cases,
)  # fmt: skip


def hfft(a: Any, n: int | None = None, axis: int = -1, norm: Any = None) -> Any:
    """np.fft.hfft: the real frequencies of a symmetric signal, given its first half."""
    return irfft(np.conjugate(a), n=n, axis=axis, norm=_TURNED[norm])


def ihfft(a: Any, n: int | None = None, axis: int = -1, norm: Any = None) -> Any:
    """np.fft.ihfft: the inverse of hfft."""
    return np.conjugate(rfft(a, n=n, axis=axis, norm=_TURNED[norm]))


ROWS[np.fft.hfft] = hfft
ROWS[np.fft.ihfft] = ihfft

# ------------------------------------------------------------------------- two axes, and any number


def _sizes_and_axes(a: Any, s: Any, axes: Any) -> tuple[Sequence, Sequence]:
    """The sizes and axes of rfftn and irfftn; the last axis is the halved one."""
    if axes is None:
        axes = tuple(range(-len(s), 0)) if s is not None else tuple(range(a.ndim))
    if s is None:
        s = (None,) * len(axes)
    elif len(s) != len(axes):
        raise ValueError("Shape and axes have different lengths.")
    return [None if n == -1 else n for n in s], axes


def rfftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    """np.fft.rfftn: rfft over the last of the axes, then fft over the others."""
    s, axes = _sizes_and_axes(a, s, axes)
    y = rfft(a, n=s[-1], axis=axes[-1], norm=norm)
    for n, axis in zip(s[:-1], axes[:-1], strict=True):
        y = fft(y, n=n, axis=axis, norm=norm)
    return y


def irfftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    """np.fft.irfftn: the inverse of rfftn."""
    s, axes = _sizes_and_axes(a, s, axes)
    for n, axis in zip(s[:-1], axes[:-1], strict=True):
        a = ifft(a, n=n, axis=axis, norm=norm)
    return irfft(a, n=s[-1], axis=axes[-1], norm=norm)


def _over_two(over_any: Callable) -> Callable:
    return lambda a, s=None, axes=(-2, -1), norm=None: over_any(a, s=s, axes=axes, norm=norm)


ROWS[np.fft.rfftn], ROWS[np.fft.irfftn] = rfftn, irfftn
ROWS[np.fft.fft2], ROWS[np.fft.ifft2] = _over_two(fftn), _over_two(ifftn)
ROWS[np.fft.rfft2], ROWS[np.fft.irfft2] = _over_two(rfftn), _over_two(irfftn)

# ------------------------------------------------------------------------- where the frequency 0 stands

_shift_cases = each(
    real, ((5,), {}), ((3, 4), {}), ((3, 4), {"axes": 0}), ((3, 4, 2), {"axes": (0, -1)})
)
fftshift = ROWS[np.fft.fftshift] = op(
    np.fft.fftshift, lambda g, y, x, axes=None: np.fft.ifftshift(g, axes),
    formula="frequency 0 moved to the middle", linear=True, owns=("axes",), cases=_shift_cases,
)  # fmt: skip
ifftshift = ROWS[np.fft.ifftshift] = op(
    np.fft.ifftshift, lambda g, y, x, axes=None: np.fft.fftshift(g, axes),
    formula="frequency 0 moved to the front", linear=True, owns=("axes",), cases=_shift_cases,
)  # fmt: skip
