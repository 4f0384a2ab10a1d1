"""Pooling: the largest number under each window, or the mean.

Layouts and windows are those of `convolution.py`; each channel is pooled by itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.ops.cases import Cases, apart, real
from tinygrad_edu.ops.convolution import (
    Padding,
    Pair,
    Windows,
    check_images,
    check_windows,
    inside,
    padded,
    refuse,
    slab,
    unfold,
)
from tinygrad_edu.ops.reductions import narrow, wide
from tinygrad_edu.tensor import Op, op, value

# ------------------------------------------------------------------------------- sums of windows


def _window_sum(x: np.ndarray, windows: Any = None) -> np.ndarray:
    return _over_windows(np.add, x, windows, 0)


def _over_windows(ufunc: np.ufunc, x: np.ndarray, windows: Windows, neutral: Any) -> np.ndarray:
    """The sum or the largest number of each window, first along H (whole rows at once), then along W."""
    (high, wide), (sh, sw), (kh, kw) = windows.grid(x.shape[1:3]), windows.stride, windows.size
    x = padded(x, windows.padding, neutral)
    y = x[:, : (high - 1) * sh + 1 : sh]
    for i in range(1, kh):
        y = ufunc(y, x[:, i : i + (high - 1) * sh + 1 : sh], out=y if i > 1 else None)
    x, y = y, y[:, :, : (wide - 1) * sw + 1 : sw]
    for j in range(1, kw):
        y = ufunc(y, x[:, :, j : j + (wide - 1) * sw + 1 : sw], out=y if j > 1 else None)
    return y if kh > 1 or kw > 1 else y.copy()


def _window_spread(g: np.ndarray, image: Any = None, windows: Any = None) -> np.ndarray:
    """Each number added to every cell under its window."""
    n, *grid, channels = g.shape
    (top, bottom), (left, right) = windows.padding
    x = np.zeros((n, image[0] + top + bottom, image[1] + left + right, channels), g.dtype)
    for tap in windows.taps():
        to = slab(x, tap, windows, (grid[0], grid[1]))
        to += g
    return x[inside(x, windows.padding)]


_GEOMETRIES: list[tuple[Pair, Windows]] = [
    ((4, 4), Windows((2, 2), (2, 2))),
    ((3, 4), Windows((2, 3))),  # windows that overlap
    (
        (5, 3),
        Windows((2, 1), (3, 2)),
    ),  # a stride larger than the window: some cells are in no window
    ((5, 3), Windows((2, 2), (2, 2), padding=((0, 1), (0, 1)))),
    ((3, 3), Windows((3, 3), (1, 2), padding=((1, 1), (1, 1)))),
    ((2, 3), Windows((1, 1))),
]


def _images(draw: Any) -> Any:
    return lambda rng: [((*draw(rng, (2, *im, 2)),), {"windows": at}) for im, at in _GEOMETRIES]


def _pooled(rng: np.random.Generator) -> Cases:
    return [
        (tuple(real(rng, (2, *at.grid(im), 2))), {"image": im, "windows": at})
        for im, at in _GEOMETRIES
    ]


window_sum: Op = op(
    _window_sum,
    lambda g, y, x, windows=None: window_spread(g, image=x.shape[1:3], windows=windows),
    name="window sum", formula="Σ of x under each window", linear=True, cases=_images(real),
)  # fmt: skip
window_spread: Op = op(
    _window_spread,
    lambda g, y, x, image=None, windows=None: window_sum(g, windows=windows),
    name="window spread", formula="x added under its window", linear=True, cases=_pooled,
)  # fmt: skip


# -------------------------------------------------------------------------- the largest of a window
#
# The place of the largest number does not change with small changes of x. Once it is known, the derivative
# is linear, and so is the derivative of that: an adjoint pair again.


def _max_pool(x: np.ndarray, windows: Any = None) -> np.ndarray:
    lowest = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    return _over_windows(np.maximum, x, windows, lowest)


def winners(x: np.ndarray, y: np.ndarray, windows: Windows) -> np.ndarray:
    """Booleans (taps, N, rows, columns, C): does the tap have the largest number y of its window?"""
    x, grid = padded(x, windows.padding, np.nan), (y.shape[1], y.shape[2])  # NaN equals nothing
    won = np.empty((windows.size[0] * windows.size[1], *y.shape), bool)
    for mask, tap in zip(won, windows.taps(), strict=True):
        np.equal(slab(x, tap, windows, grid), y, out=mask)
    return won


def _shares(g: np.ndarray, won: np.ndarray) -> np.ndarray:
    """g divided by the number of taps that have the largest number."""
    ties = won[0].astype(np.uint8 if len(won) < 256 else np.uint16)
    for mask in won[1:]:
        ties += mask
    return g / ties.astype(g.dtype)


def _max_spread(
    g: np.ndarray, won: np.ndarray, image: Any = None, windows: Any = None
) -> np.ndarray:
    """g at the place of the largest number of each window; equal shares if there are several."""
    n, *grid, channels = g.shape
    (top, bottom), (left, right) = windows.padding
    x = np.zeros((n, image[0] + top + bottom, image[1] + left + right, channels), g.dtype)
    share = _shares(g, won)
    apart = windows.stride[0] >= windows.size[0] and windows.stride[1] >= windows.size[1]
    for mask, tap in zip(won, windows.taps(), strict=True):
        to = slab(x, tap, windows, (grid[0], grid[1]))
        if apart:  # no cell is under two windows: nothing to add up
            np.multiply(share, mask, out=to)
        else:
            to += share * mask
    return x[inside(x, windows.padding)]


def _max_gather(x: np.ndarray, won: np.ndarray, windows: Any = None) -> np.ndarray:
    """x at the place of the largest number of each window; the mean if there are several."""
    x, y = padded(x, windows.padding), np.zeros(won.shape[1:], x.dtype)
    for mask, tap in zip(won, windows.taps(), strict=True):
        y += slab(x, tap, windows, (y.shape[1], y.shape[2])) * mask
    return _shares(y, won)


def _won(spread: bool) -> Any:
    """Cases of the pair, with a tie in them."""

    def cases(rng: np.random.Generator) -> Cases:
        made: Cases = []
        for (x,), params in _images(apart)(rng):
            x[0, 0, :2] = 3.0
            y = _max_pool(x, **params)
            won = winners(x, y, params["windows"])
            if spread:
                made.append(((*real(rng, y.shape), won), {"image": x.shape[1:3], **params}))
            else:
                made.append(((*real(rng, x.shape), won), params))
        return made

    return cases


max_pool: Op = op(
    _max_pool,
    lambda g, y, x, windows=None: max_spread(
        g, winners(value(x), value(y), windows), image=x.shape[1:3], windows=windows),
    name="max pool", formula="the largest x under each window",
    kinks="ties share the gradient equally", cases=_images(apart),
)  # fmt: skip
max_spread: Op = op(
    _max_spread,
    lambda g, y, x, won, image=None, windows=None: max_gather(g, won, windows=windows), None,
    name="max spread", formula="x put where each window has its largest", linear=True,
    cases=_won(spread=True),
)  # fmt: skip
max_gather: Op = op(
    _max_gather,
    lambda g, y, x, won, windows=None: max_spread(
        g, won, image=x.shape[1:3], windows=windows), None,
    name="max gather", formula="x where each window has its largest", linear=True,
    cases=_won(spread=False),
)  # fmt: skip


# --------------------------------------------------------------------------------- what people call


def max_pool2d(x: Any, size: Any, stride: Any = None, padding: Padding = "valid") -> Any:
    """The largest number under each window of x (N, H, W, C), channel by channel: (N, rows, columns, C).

    size       of the windows: a number, or a pair (along H, along W)
    stride     from window to window; the size, if not given, so that windows do not overlap
    padding    as of `conv2d`; padding is never the largest

    If several cells of a window are the largest, they share its gradient equally. (Other frameworks give
    it to the first of them.) Raises ValueError if the windows do not fit.
    """
    x, windows = _asked("max_pool2d", x, size, stride, padding)
    return max_pool(x, windows=windows)


def max_pool1d(x: Any, size: int, stride: int | None = None, padding: Padding = "valid") -> Any:
    """`max_pool2d` along the steps of x (N, T, C)."""
    x, windows = _asked("max_pool1d", x, size, stride, padding)
    return np.squeeze(max_pool(np.expand_dims(x, 1), windows=windows), 1)


def avg_pool2d(x: Any, size: Any, stride: Any = None, padding: Padding = "valid") -> Any:
    """The mean under each window of x (N, H, W, C), channel by channel: (N, rows, columns, C).

    Arguments are those of `max_pool2d`. Padding does not count in the mean.
    """
    x, windows = _asked("avg_pool2d", x, size, stride, padding)
    return _mean_under(x, windows)


def avg_pool1d(x: Any, size: int, stride: int | None = None, padding: Padding = "valid") -> Any:
    """`avg_pool2d` along the steps of x (N, T, C)."""
    x, windows = _asked("avg_pool1d", x, size, stride, padding)
    return np.squeeze(_mean_under(np.expand_dims(x, 1), windows), 1)


def plain_max_pool2d(x: Any, size: Any, stride: Any = None, padding: Padding = "valid") -> Any:
    """`max_pool2d` in one line: cut into patches, take the largest of each. (No padding.)"""
    return np.max(unfold(x, size, size if stride is None else stride, padding), axis=(3, 4))


def plain_avg_pool2d(x: Any, size: Any, stride: Any = None, padding: Padding = "valid") -> Any:
    """`avg_pool2d` in one line: cut into patches, take the mean of each. (No padding.)"""
    return np.mean(unfold(x, size, size if stride is None else stride, padding), axis=(3, 4))


def _mean_under(x: Any, windows: Windows) -> Any:
    numbers = wide(x)
    return narrow(window_sum(numbers, windows=windows) / _cells(numbers, windows), x)


def _cells(x: Any, windows: Windows) -> Any:
    """The number of cells of the image in each window."""
    if not any(map(any, windows.padding)):
        return windows.size[0] * windows.size[1]
    return _window_sum(np.ones((1, *x.shape[1:3], 1), x.dtype), windows)


def _asked(called: str, x: Any, size: Any, stride: Any, padding: Padding) -> tuple[Any, Windows]:
    x = check_images(called, x, 3 if called.endswith("1d") else 4)
    windows = check_windows(called, x, size, size if stride is None else stride, padding, 1)
    for pads, span in zip(windows.padding, windows.size, strict=True):
        if max(pads) >= span:
            refuse(called, f"padding={padding!r}", f"with {max(pads)} cells of padding a window of "
                   f"{span} would see nothing else", "less padding than the window is long",
            )  # fmt: skip
    return x, windows
