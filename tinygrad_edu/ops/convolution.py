"""Convolution: one small kernel, applied at every place of an image.

    y[n, p, q, o] = Σ over i, j, c of  x[n, p s + i d - before, q s + j d - before, c] · w[i, j, c, o]

with stride s, dilation d and zeros where the index leaves the image. (It is the correlation of signal
processing: the kernel is not flipped.) V. Dumoulin and F. Visin, "A guide to convolution arithmetic
for deep learning", arXiv:1603.07285, draws every case.

Read `unfold` and `plain_conv2d` first: once the image is cut into patches, a convolution is a matrix
product. The rest computes the same, but fast.

y is linear in x and linear in w, so each derivative is linear, too, and the three rows form a closed
family. Each takes two of (x, w, u) and gives the factor of the third in the number <u, conv(x, w)>:

    conv(x, w)           of the shape of u
    conv_input(u, w)     of the shape of x      also known as transposed convolution
    conv_kernel(x, u)    of the shape of w

So the rules of each row are the other two rows, which gives derivatives of every order.

Layouts are channels-last, as in Keras: images (N, H, W, C), kernels (kh, kw, in, out), sequences
(N, T, C) with kernels (k, in, out).
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.diagnostics.words import describe, refusal
from tinygrad_edu.ops.cases import Cases, real
from tinygrad_edu.ops.formulas import documented
from tinygrad_edu.ops.reductions import sum_of_rows
from tinygrad_edu.tensor import Op, Tensor, op

Pair = tuple[int, int]
Padding = str | tuple[Any, ...]


class Windows(NamedTuple):
    """Where a kernel is applied to an image. Every entry is a pair: along the height, along the width."""

    size: Pair
    stride: Pair = (1, 1)
    padding: tuple[Pair, Pair] = ((0, 0), (0, 0))  # zeros before and after
    dilation: Pair = (1, 1)

    @property
    def span(self) -> Pair:
        """Rows and columns from the first to the last tap of a kernel."""
        (kh, kw), (dh, dw) = self.size, self.dilation
        return (kh - 1) * dh + 1, (kw - 1) * dw + 1

    def grid(self, image: tuple[int, ...]) -> Pair:
        """The number of windows that fit: (n + before + after - span) // stride + 1."""
        high, wide = (
            (n + sum(pad) - span) // step + 1
            for n, pad, span, step in zip(image, self.padding, self.span, self.stride, strict=True)
        )
        return high, wide

    def taps(self) -> Iterator[Pair]:
        return ((i, j) for i in range(self.size[0]) for j in range(self.size[1]))


def padded(x: np.ndarray, padding: Any, fill: float = 0) -> np.ndarray:
    """x with `fill` around the images; a negative padding removes rows or columns."""
    (top, bottom), (left, right) = padding
    if not (top or bottom or left or right):
        return x
    n, high, wide, channels = x.shape
    y = np.full((n, high + top + bottom, wide + left + right, channels), fill, x.dtype)
    y[inside(y, padding)] = x[inside(x, tuple((-before, -after) for before, after in padding))]
    return y


def inside(y: np.ndarray, padding: Any) -> Any:
    """The index of y without its padding."""
    (top, bottom), (left, right) = padding
    return (
        slice(None),
        slice(max(top, 0), y.shape[1] - max(bottom, 0)),
        slice(max(left, 0), y.shape[2] - max(right, 0)),
    )


def slab(x: np.ndarray, tap: Pair, windows: Windows, count: Pair) -> np.ndarray:
    """The inputs of the tap (i, j) in all windows: (N, *count, C), a view of the padded images x."""
    (sh, sw), (dh, dw) = windows.stride, windows.dilation
    i, j = tap[0] * dh, tap[1] * dw
    return x[:, i : i + (count[0] - 1) * sh + 1 : sh, j : j + (count[1] - 1) * sw + 1 : sw]


# --------------------------------------------------------------------------- patches: an adjoint pair


def _unfold(x: np.ndarray, windows: Any = None) -> np.ndarray:
    """The patch under each window: (N, windows along H, along W, kh, kw, C)."""
    count = windows.grid(x.shape[1:3])
    patches = np.empty((len(x), *count, *windows.size, x.shape[3]), x.dtype)
    x = padded(x, windows.padding)
    for i, j in windows.taps():
        patches[:, :, :, i, j] = slab(x, (i, j), windows, count)
    return patches


def _fold(patches: np.ndarray, image: Any = None, windows: Any = None) -> np.ndarray:
    """Patches added up at their places, with overlaps: an image of the given height and width."""
    (n, high, wide), channels = patches.shape[:3], patches.shape[5]
    (top, bottom), (left, right) = windows.padding
    x = np.zeros((n, image[0] + top + bottom, image[1] + left + right, channels), patches.dtype)
    for i, j in windows.taps():
        slab(x, (i, j), windows, (high, wide))[...] += patches[:, :, :, i, j]
    return x[inside(x, windows.padding)]


# small images with every kind of window: image, then Windows
_GEOMETRIES: list[tuple[Pair, Windows]] = [
    ((3, 4), Windows((2, 2))),
    ((4, 3), Windows((3, 2), padding=((1, 1), (0, 1)))),
    ((5, 4), Windows((2, 3), stride=(2, 1), padding=((0, 1), (1, 1)))),
    (
        (5, 5),
        Windows((2, 1), stride=(3, 2)),
    ),  # a stride larger than the kernel: some cells are in no window
    ((5, 4), Windows((2, 2), dilation=(2, 3))),
    ((4, 5), Windows((3, 2), stride=(2, 3), padding=((2, 1), (1, 0)), dilation=(1, 2))),
    ((2, 2), Windows((2, 1), padding=((3, 0), (1, 2)))),  # more zeros than a kernel is wide
]


def _unfold_cases(rng: np.random.Generator) -> Cases:
    return [((*real(rng, (2, *im, 2)),), {"windows": windows}) for im, windows in _GEOMETRIES]


def _fold_cases(rng: np.random.Generator) -> Cases:
    return [
        (tuple(real(rng, (1, *at.grid(im), *at.size, 2))), {"image": im, "windows": at})
        for im, at in _GEOMETRIES
    ]


unfold_row: Op = op(
    _unfold,
    lambda g, y, x, windows=None: fold_row(g, image=x.shape[1:3], windows=windows),
    name="unfold", formula="the patch of x under each window", linear=True, cases=_unfold_cases,
)  # fmt: skip
fold_row: Op = op(
    _fold,
    lambda g, y, x, image=None, windows=None: unfold_row(g, windows=windows),
    name="fold", formula="patches added up where they came from", linear=True, cases=_fold_cases,
)  # fmt: skip


# ---------------------------------------------------------------------------------- the plain way


def plain_conv2d(
    x: Any, w: Any, stride: Any = 1, padding: Padding = "valid", dilation: Any = 1, groups: int = 1
) -> Any:
    """`conv2d` as in a textbook: every patch is a row, every kernel a column of one matrix product."""
    if groups > 1:
        xs, ws = _split(x, groups), _split(w, groups)
        parts = [plain_conv2d(*xw, stride, padding, dilation) for xw in zip(xs, ws, strict=True)]
        return np.concatenate(parts, axis=-1)
    kh, kw, inputs, outputs = w.shape
    patches = unfold(x, (kh, kw), stride, padding, dilation)
    rows = np.reshape(patches, (*patches.shape[:3], kh * kw * inputs))
    return rows @ np.reshape(w, (kh * kw * inputs, outputs))


def plain_conv_transpose2d(
    x: Any, w: Any, stride: Any = 1, padding: Padding = "valid", dilation: Any = 1
) -> Any:
    """`conv_transpose2d` step by step: every cell of x adds its value times w to the image."""
    image, windows = _before_conv("conv_transpose2d", x, w, stride, padding, dilation)
    kh, kw, outputs, inputs = w.shape
    rows = x @ np.transpose(np.reshape(w, (kh * kw * outputs, inputs)))
    patches = np.reshape(rows, (*x.shape[:3], kh, kw, outputs))
    return fold_row(patches, image=image, windows=windows)


def _split(x: Any, groups: int) -> list:
    size = x.shape[-1] // groups
    return [x[..., i * size : (i + 1) * size] for i in range(groups)]


# ----------------------------------------------------------------------------------- the fast way
#
# The patches never exist all at once. A few images at a time (or a few rows of a large one) are cut into
# columns that fit in the cache, and used up by one matrix product.

CACHE = 2**22  # bytes of columns at a time


def _turns(n: int, rows: int, bytes_per_row: int) -> Iterator[tuple[slice, slice]]:
    """Parts of the work that fit in the cache: some whole images, or some rows of one image."""
    if n == 0 or rows == 0:
        return
    fit = max(1, CACHE // max(bytes_per_row, 1))
    images, fit = _evenly(n, max(1, fit // rows)), _evenly(rows, min(fit, rows))
    for first in range(0, n, images):
        for top in range(0, rows, fit):
            yield slice(first, min(first + images, n)), slice(top, min(top + fit, rows))


def _evenly(n: int, most: int) -> int:
    """The size of the parts if n is cut into nearly equal parts of at most `most`."""
    parts = -(-n // most)
    return -(-n // parts)


def _columns(x: np.ndarray, windows: Windows, groups: int) -> Iterator[tuple]:
    """Yields part by part: which images, which rows of windows, and their patches as rows of a matrix.

    The patches are (groups, patches, kh kw C/groups), in memory that the next part overwrites.
    """
    (n, *image, channels), (kh, kw) = x.shape, windows.size
    (high, wide), each = windows.grid(tuple(image)), channels // groups
    if windows == Windows((1, 1)):  # of a 1 x 1 kernel the patches are the image itself
        flat = np.reshape(x, (n * high * wide, groups, each)).transpose(1, 0, 2)
        yield slice(None), slice(None), flat
        return
    sh, sw, (dh, dw) = *windows.stride, windows.dilation
    length = kh * kw * each
    whole, memory = None, None
    for images, rows in _turns(n, high, wide * groups * length * x.itemsize):
        if whole != images:
            whole, m = images, images.stop - images.start
            some = padded(x[images], windows.padding)
        r = rows.stop - rows.start
        (s0, s1, s2, s3), top = some.strides, some[:, rows.start * sh :]
        # With many channels copy kh runs of kw C numbers per patch. Otherwise copy the first numbers of all
        # patches, then the second ones, and so on: that makes long runs, too.
        patch = (groups, kh, kw, each), (each * s3, s1 * dh, s2 * dw, s3)
        place = (m, r, wide), (s0, s1 * sh, s2 * sw)
        long_patches = kw * each >= 16
        order = (0, 4, 5, 6, 1, 2, 3) if long_patches else (0, 1, 2, 3, 4, 5, 6)
        shape, strides = (patch[k] + place[k] for k in (0, 1))
        view = np.lib.stride_tricks.as_strided(top, shape, strides).transpose(order)
        if memory is None or memory.shape != view.shape:
            memory = np.empty(view.shape, x.dtype)
        np.copyto(memory, view)
        if long_patches:
            yield images, rows, memory.reshape(groups, m * r * wide, length)
        else:
            yield images, rows, memory.reshape(groups, length, m * r * wide).transpose(0, 2, 1)


def _in_groups(y: np.ndarray, groups: int) -> np.ndarray:
    """(..., C) as (groups, rows, C / groups): a view of a contiguous y, and a copy of any other."""
    return y.reshape(-1, groups, y.shape[-1] // groups).transpose(1, 0, 2)


def _is_depthwise(w: np.ndarray, groups: int) -> bool:
    return groups > 1 and w.shape[2] == 1


def _conv(x: np.ndarray, w: np.ndarray, windows: Any = None, groups: int = 1) -> np.ndarray:
    x, w = _alike(x, w)
    if _is_depthwise(w, groups):
        return _depthwise(x, w, windows)
    y = np.empty((len(x), *windows.grid(x.shape[1:3]), w.shape[3]), x.dtype)
    kernels = _in_groups(w, groups)
    for images, rows, columns in _columns(x, windows, groups):
        np.matmul(columns, kernels, out=_in_groups(y[images, rows], groups))
    return y


def _conv_kernel(x: np.ndarray, g: np.ndarray, windows: Any = None, groups: int = 1) -> np.ndarray:
    x, g = _alike(x, g)
    each, outputs = x.shape[3] // groups, g.shape[3]
    if groups > 1 and each == 1:
        return _depthwise_kernel(x, g, windows)
    dw: Any = np.zeros((groups, math.prod(windows.size) * each, outputs // groups), x.dtype)
    for images, rows, columns in _columns(x, windows, groups):
        dw += np.matmul(columns.transpose(0, 2, 1), _in_groups(g[images, rows], groups))
    return dw.transpose(1, 0, 2).reshape(*windows.size, each, outputs)


def _conv_input(
    g: np.ndarray, w: np.ndarray, image: Any = None, windows: Any = None, groups: int = 1
) -> np.ndarray:
    g, w = _alike(g, w)
    if _is_depthwise(w, groups):
        return _depthwise_input(g, w, image, windows, groups)
    if windows.stride == (1, 1):
        return _conv(g, *_turned(w, windows, groups), groups)
    # Otherwise each cell of g adds its patch: fold(g wᵀ), some rows at a time.
    (kh, kw, each, _), n, wide = w.shape, len(g), g.shape[2]
    (top, bottom), (left, right) = windows.padding
    high = image[0] + top + bottom
    dx = np.zeros((n, high, image[1] + left + right, each * groups), g.dtype)
    kernels = _in_groups(w, groups).transpose(0, 2, 1)
    row_bytes = wide * groups * kh * kw * each * g.itemsize
    for images, rows in _turns(n, g.shape[1], row_bytes):
        part = g[images, rows]
        count = part.shape[1:3]
        patches = np.matmul(_in_groups(part, groups), kernels)
        patches = patches.reshape(groups, len(part), *count, kh, kw, each)
        below = dx[images, rows.start * windows.stride[0] :]
        for i, j in windows.taps():
            to = slab(below, (i, j), windows, count)
            for k in range(groups):
                to[..., k * each : (k + 1) * each] += patches[k, :, :, :, i, j]
    return dx[inside(dx, windows.padding)]


def _turned(w: np.ndarray, windows: Windows, groups: int) -> tuple[np.ndarray, Windows]:
    """With stride 1 the adjoint is a convolution, too: with the kernel rotated by 180 degrees, its inputs
    and outputs exchanged, and enough padding to count every overlap."""
    kh, kw, each, outputs = w.shape
    turned = w[::-1, ::-1].reshape(kh, kw, each, groups, outputs // groups).transpose(0, 1, 4, 3, 2)
    top_bottom, left_right = (
        (span - 1 - before, span - 1 - after)
        for span, (before, after) in zip(windows.span, windows.padding, strict=True)
    )
    kernel = turned.reshape(kh, kw, outputs // groups, groups * each)
    return kernel, windows._replace(padding=(top_bottom, left_right))


def _alike(x: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both arrays in the dtype of their product."""
    dtype = np.result_type(x, w)
    return x.astype(dtype, copy=False), w.astype(dtype, copy=False)


# With one group per channel there are no matrices to multiply, only sums over the taps. With stride 1 the
# places of a row and their channels are one long run of numbers for every tap, which is fast in einsum.


def _runs(x: np.ndarray, windows: Windows, count: Pair) -> np.ndarray:
    """The inputs of each tap, a view: (N, rows, 1, kh, kw, places C), or (N, rows, places, kh, kw, C)."""
    (sh, sw), (dh, dw), (s0, s1, s2, s3) = windows.stride, windows.dilation, x.strides
    shape = (len(x), count[0], *_split_row(windows, count, x.shape[3], windows.size))
    strides = (s0, s1 * sh, s2 * sw, s1 * dh, s2 * dw, s3)
    return np.lib.stride_tricks.as_strided(x, shape, strides)


def _split_row(windows: Windows, count: Pair, channels: int, between: Any = ()) -> tuple[int, ...]:
    """The number of places of a row that are separate, and the length of a run."""
    if windows.stride[1] == 1:
        return (1, *between, count[1] * channels)
    return (count[1], *between, channels)


def _depthwise(x: np.ndarray, w: np.ndarray, windows: Windows) -> np.ndarray:
    outputs, count = w.shape[3], windows.grid(x.shape[1:3])
    y = np.empty((len(x), *count, outputs), x.dtype)
    shape = _split_row(windows, count, outputs, windows.size)
    along = np.broadcast_to(
        np.expand_dims(w[:, :, 0], 2), (*windows.size, shape[-1] // outputs, outputs)
    )
    kernel = np.broadcast_to(along.reshape(*windows.size, -1), shape)
    for images, _ in _turns(len(x), 1, 4 * y[:1].nbytes):
        some = _repeated(padded(x[images], windows.padding), outputs)
        part = y[images].reshape(-1, count[0], *_split_row(windows, count, outputs))
        np.einsum("nrpijc,pijc->nrpc", _runs(some, windows, count), kernel, out=part)
    return y


def _depthwise_kernel(x: np.ndarray, g: np.ndarray, windows: Windows) -> np.ndarray:
    outputs, count = g.shape[3], windows.grid(x.shape[1:3])
    alone, *_, run = shape = _split_row(windows, count, outputs, windows.size)
    dw = np.zeros(shape, x.dtype)
    for images, _ in _turns(len(x), 1, 4 * g[:1].nbytes):
        some = _repeated(padded(x[images], windows.padding), outputs)
        part = g[images].reshape(-1, count[0], alone, run)
        dw += np.einsum("nrpijc,nrpc->pijc", _runs(some, windows, count), part)
    return dw.reshape(alone, *windows.size, -1, outputs).sum(axis=(0, 3))[:, :, None]


def _repeated(x: np.ndarray, outputs: int) -> np.ndarray:
    """x, contiguous, with each channel repeated for each of its outputs."""
    times = outputs // x.shape[3]
    return np.ascontiguousarray(x) if times == 1 else np.repeat(x, times, axis=3)


def _depthwise_input(
    g: np.ndarray, w: np.ndarray, image: Any, windows: Windows, groups: int
) -> np.ndarray:
    n, *count, outputs = g.shape
    if windows.stride == (1, 1):
        dx = _depthwise(g, *_turned(w, windows, outputs))
    else:
        (top, bottom), (left, right) = windows.padding
        dx = np.zeros((n, image[0] + top + bottom, image[1] + left + right, outputs), g.dtype)
        for images, _ in _turns(n, 1, 8 * g[:1].nbytes):
            part, product = g[images], np.empty(g[images].shape, g.dtype)
            for i, j in windows.taps():
                np.multiply(part, w[i, j, 0], out=product)
                to = slab(dx[images], (i, j), windows, (count[0], count[1]))
                to += product
        dx = dx[inside(dx, windows.padding)]
    each = outputs // groups
    return dx if each == 1 else dx.reshape(*dx.shape[:3], groups, each).sum(axis=4)


def _trio(shapes: Any) -> Any:
    """Cases of one row of the family: every geometry, groups, a depth multiplier, and an empty batch."""

    def cases(rng: np.random.Generator) -> Cases:
        settings = [(im, at, 1, 2, 2) for im, at in _GEOMETRIES]
        im, at = _GEOMETRIES[2]
        settings += [(im, at, 2, 4, 2), (im, at, 2, 2, 4), ((3, 3), Windows((2, 2)), 2, 4, 4)]
        settings += [((3, 3), Windows((2, 2)), 2, 2, 2), ((2, 3), Windows((1, 1)), 1, 2, 3)]
        made: Cases = []
        for n, (image, windows, groups, inputs, outputs) in [
            *((1, s) for s in settings), (0, settings[0]),
        ]:  # fmt: skip
            x, w = (n, *image, inputs), (*windows.size, inputs // groups, outputs)
            u = (n, *windows.grid(image), outputs)
            params = {"windows": windows, "groups": groups}
            if shapes == "uw":
                params = {"image": image, **params}
            made.append((tuple(real(rng, *({"x": x, "w": w, "u": u}[k] for k in shapes))), params))
        return made

    return cases


conv: Op = op(
    _conv,
    lambda g, y, x, w, windows=None, groups=1: (
        conv_input(g, w, image=x.shape[1:3], windows=windows, groups=groups)),
    lambda g, y, x, w, windows=None, groups=1: conv_kernel(x, g, windows=windows, groups=groups),
    name="conv", formula="Σ x[p + i, q + j, c] w[i, j, c, o]", linear=True, cases=_trio("xw"),
    multiply_adds=lambda y, x, w, **_: math.prod(y) * math.prod(w[:-1]),
)  # fmt: skip
conv_input: Op = op(
    _conv_input,
    lambda g, y, u, w, image=None, windows=None, groups=1: (
        conv(g, w, windows=windows, groups=groups)),
    lambda g, y, u, w, image=None, windows=None, groups=1: (
        conv_kernel(g, u, windows=windows, groups=groups)),
    name="conv transpose", formula="dL/dx of conv(x, w), u = dL/dy", linear=True, cases=_trio("uw"),
    multiply_adds=lambda y, u, w, **_: math.prod(u) * math.prod(w[:-1]),
)  # fmt: skip
conv_kernel: Op = op(
    _conv_kernel,
    lambda g, y, x, u, windows=None, groups=1: (
        conv_input(u, g, image=x.shape[1:3], windows=windows, groups=groups)),
    lambda g, y, x, u, windows=None, groups=1: conv(x, g, windows=windows, groups=groups),
    name="conv kernel gradient", formula="dL/dw of conv(x, w), u = dL/dy", linear=True, cases=_trio("xu"),
)  # fmt: skip


# ---------------------------------------------------------------- and b, while the result is at hand


def _conv_bias(
    x: np.ndarray, w: np.ndarray, b: np.ndarray, windows: Any = None, groups: int = 1
) -> np.ndarray:
    y = _conv(x, w, windows, groups).astype(np.result_type(x, w, b), copy=False)
    rows = y.reshape(
        -1, y.shape[2] * y.shape[3]
    )  # adding to a long row is faster than adding to each pixel
    rows += np.tile(b, y.shape[2])
    return y


def _bias_cases(rng: np.random.Generator) -> Cases:
    return [((x, w, *real(rng, w.shape[3:])), params) for (x, w), params in _trio("xw")(rng)]


conv_bias: Op = op(
    _conv_bias,
    lambda g, y, x, w, b, windows=None, groups=1: (
        conv_input(g, w, image=x.shape[1:3], windows=windows, groups=groups)),
    lambda g, y, x, w, b, windows=None, groups=1: (
        conv_kernel(x, g, windows=windows, groups=groups)),
    documented(
        lambda g, y, x, w, b, windows=None, groups=1: sum_of_rows(g),
        "Σ g over samples and places",
    ),
    name="conv bias", formula="conv(x, w) + b", cases=_bias_cases,
    multiply_adds=lambda y, x, w, b, **_: math.prod(y) * math.prod(w[:-1]),
)  # fmt: skip


# --------------------------------------------------------------------------- what people call


def unfold(
    x: Any, size: Any, stride: Any = 1, padding: Padding = "valid", dilation: Any = 1
) -> Any:
    """The patch of x (N, H, W, C) under each window: (N, rows, columns of windows, kh, kw, C).

    size, stride, dilation   a number, or a pair (along H, along W)
    padding                  as of `conv2d`
    """
    x = check_images("unfold", x, 4)
    return unfold_row(x, windows=check_windows("unfold", x, size, stride, padding, dilation))


def fold(
    patches: Any, image: Any, stride: Any = 1, padding: Padding = "valid", dilation: Any = 1
) -> Any:
    """Patches (N, rows, columns, kh, kw, C) added up where `unfold` took them from: (N, *image, C).

    image    the height and width, a pair; the other settings are those of `unfold`

    This is the adjoint of `unfold`, <unfold(x), p> = <x, fold(p)>, and not its inverse: a cell in k windows
    is counted k times.
    """
    patches = _array(patches)
    if len(patches.shape) != 6:
        refuse("fold", (patches, "patches"), "patches are (N, rows, columns, kh, kw, C)",
               "patches as unfold gives them")  # fmt: skip
    n, *count, kh, kw, channels = patches.shape
    image = _pair("fold", "image", image)
    blank = np.broadcast_to(np.float32(0), (n, *image, channels))
    windows = check_windows("fold", blank, (kh, kw), stride, padding, dilation)
    if tuple(count) != windows.grid(image):
        refuse("fold", (patches, "patches"),
               f"an image {image} has {windows.grid(image)} windows of {(kh, kw)} with these "
               f"settings, and not {tuple(count)}",
               "the image, stride, padding and dilation that unfold had")  # fmt: skip
    return fold_row(patches, image=image, windows=windows)


def conv2d(
    x: Any, w: Any, stride: Any = 1, padding: Padding = "valid", dilation: Any = 1, groups: int = 1,
    b: Any = None,
) -> Any:  # fmt: skip
    """y[n, p, q, o] = b[o] + Σ x[n, p s + i d, q s + j d, c] w[i, j, c, o] over the kernel (i, j) and c.

    x          (N, H, W, C) images
    w          (kh, kw, C / groups, O) kernels
    stride     step from window to window: a number, or a pair (along H, along W)
    padding    "valid": none, rows = (H - span) // stride + 1;
               "same": zeros so that rows = ⌈H / stride⌉, the odd one at the end;
               p, or (along H, along W), each a number or (before, after): the number of zeros
    dilation   step from tap to tap inside a window; a kernel spans (k - 1) dilation + 1
    groups     number of parts into which channels and outputs are split; each output part sees only its
               own channels. groups = C is the depthwise convolution
    b          (O,), added to each pixel; or None

    Returns (N, rows, columns, O). Raises ValueError if the shapes or settings do not fit.
    """
    x, w = check_images("conv2d", x, 4), _kernel("conv2d", w, 4)
    _fits("conv2d", x, w, groups)
    windows = check_windows("conv2d", x, w.shape[:2], stride, padding, dilation, w)
    if b is None:
        return conv(x, w, windows=windows, groups=groups)
    return conv_bias(x, w, _bias("conv2d", b, w), windows=windows, groups=groups)


def conv1d(
    x: Any, w: Any, stride: int = 1, padding: Padding = "valid", dilation: int = 1, groups: int = 1,
    b: Any = None,
) -> Any:  # fmt: skip
    """`conv2d` along one axis: x (N, T, C), w (k, C / groups, O), y (N, steps, O).

    padding may also be p, (before, after), or "causal": zeros only before the first step, so that y[t]
    depends on nothing later than x[t].
    """
    x, w = check_images("conv1d", x, 3), _kernel("conv1d", w, 3)
    _fits("conv1d", x, w, groups)
    windows = check_windows("conv1d", x, w.shape[:1], stride, padding, dilation, w)
    x, w = np.expand_dims(x, 1), np.expand_dims(w, 0)
    if b is None:
        return np.squeeze(conv(x, w, windows=windows, groups=groups), 1)
    b = _bias("conv1d", b, w)
    return np.squeeze(conv_bias(x, w, b, windows=windows, groups=groups), 1)


def conv_transpose2d(
    x: Any, w: Any, stride: Any = 1, padding: Padding = "valid", dilation: Any = 1, groups: int = 1,
    output_padding: Any = None,
) -> Any:  # fmt: skip
    """The adjoint of `conv2d` in its images: every cell of x adds its value times w to the image.

    x          (N, H, W, C)
    w          (kh, kw, O / groups, C): inputs last, as in Keras: the kernel of the convolution whose
               adjoint this is
    padding    "valid": rows = H stride + max(span - stride, 0); "same": rows = H stride;
               pairs: the rows and columns to cut off the result of "valid",
               rows = (H - 1) stride + span - top - bottom
    output_padding   a number, or a pair, below the stride: which of the images whose convolution is as
               large as x is meant. rows = (H - 1) stride + span - cut + output_padding, where "valid"
               cuts nothing and "same" 2 ⌊span / 2⌋, as in Keras

    Returns (N, rows, columns, O). (Dumoulin and Visin 2016, section 4.)
    """
    x, w = _array(x), _array(w)
    image, windows = _before_conv(
        "conv_transpose2d", x, w, stride, padding, dilation, groups, output_padding
    )
    return conv_input(x, w, image=image, windows=windows, groups=groups)


def conv_transpose1d(
    x: Any, w: Any, stride: int = 1, padding: Padding = "valid", dilation: int = 1, groups: int = 1,
    output_padding: int | None = None,
) -> Any:  # fmt: skip
    """`conv_transpose2d` along one axis: x (N, T, C), w (k, O / groups, C), y (N, steps, O)."""
    image, windows = _before_conv(
        "conv_transpose1d", x, w, stride, padding, dilation, groups, output_padding
    )
    x, w = np.expand_dims(x, 1), np.expand_dims(w, 0)
    y = conv_input(x, w, image=image, windows=windows, groups=groups)
    return np.squeeze(y, 1)


# ------------------------------------------------------------------ what was asked, and if it can be


def _before_conv(
    called: str, x: Any, w: Any, stride: Any, padding: Padding, dilation: Any, groups: int = 1,
    output_padding: Any = None,
) -> tuple[Pair, Windows]:  # fmt: skip
    """The shape of the image whose convolution has the shape of x, and the windows of that convolution."""
    axes = 3 if called.endswith("1d") else 4
    x, w = check_images(called, x, axes), _kernel(called, w, axes, "out, in")
    _fits(called, x, w, 1, inputs=axes - 1)
    if not _whole(groups) or x.shape[-1] % groups:
        refuse(
            called,
            (x, "x"),
            (w, "w"),
            f"groups={groups!r} must divide the channels of x",
            "groups=1",
        )
    flat = axes == 3
    grid, size = x.shape[1:-1], w.shape[: axes - 2]
    step = each_axis(called, "stride", stride, len(grid))
    gap = each_axis(called, "dilation", dilation, len(grid))
    span = [(k - 1) * d + 1 for k, d in zip(size, gap, strict=True)]
    cut: Any
    if isinstance(padding, str):
        _known_padding(called, padding, ("valid", "same"))
        more: Any = 0 if padding == "same" else 1
        image = [n * s + more * max(k - s, 0) for n, s, k in zip(grid, step, span, strict=True)]
    else:
        cut = _sides_of(called, padding, len(grid))
        image = [(n - 1) * s + k - sum(p) for n, s, k, p in zip(grid, step, span, cut, strict=True)]
        if min(image) < 1:
            refuse(called, (x, "x"), f"padding={padding!r} cuts off all that w paints",
                   "less padding")  # fmt: skip
    if output_padding is not None:
        more = np.broadcast_to(output_padding, len(grid)).tolist()
        if isinstance(padding, str):
            cut = [(k // 2, k // 2) if padding == "same" else (0, 0) for k in span]
        image = [
            (n - 1) * s + k - sum(p) + extra
            for n, s, k, p, extra in zip(grid, step, span, cut, more, strict=True)
        ]
    blank = np.broadcast_to(np.float32(0), (len(x), *image, w.shape[-2]))
    windows = check_windows(called, blank, size, stride, padding, dilation)
    if windows.grid((1,) * flat + tuple(image))[2 - len(grid) :] != tuple(grid):
        refuse(called, f"output_padding={output_padding!r}, stride={stride!r}",
               "output_padding is from 0 to stride - 1 along each axis", "output_padding=0")  # fmt: skip
    return ((1,) * flat + tuple(image), windows)


def _array(x: Any) -> Any:
    return x if isinstance(x, Tensor) else np.asarray(x)


def check_images(called: str, x: Any, axes: int) -> Any:
    """x, if it has the number of axes of images (4) or sequences (3)."""
    x = _array(x)
    layout, what = ("(N, T, C)", "sequences") if axes == 3 else ("(N, H, W, C)", "images")
    if len(x.shape) == axes:
        return x
    if len(x.shape) == axes - 1:
        one, without = (what[:-1], layout.replace(", C", ""))
        refuse(called, (x, "x"), f"{what} are {layout}, and x has {axes - 1} axes: is the channel "
               f"axis missing, {without}?",
               f"x[..., None] for {what} of one channel (x[None], if x is one {one} with channels)",
        )  # fmt: skip
    refuse(called, (x, "x"), f"{what} are {layout}, and x has {len(x.shape)} axes",
           f"x.reshape(...) to {layout}")  # fmt: skip


def _kernel(called: str, w: Any, axes: int, channels: str = "in, out") -> Any:
    w = _array(w)
    if len(w.shape) != axes:
        layout = f"(k, {channels})" if axes == 3 else f"(kh, kw, {channels})"
        refuse(called, (w, "w"), f"kernels are {layout}, and w has {len(w.shape)} axes",
               "np.expand_dims for an axis of length 1")  # fmt: skip
    if not all(w.shape[: axes - 2]):
        refuse(called, (w, "w"), "a kernel without a tap", "axes of length 1 at least")
    return w


def _bias(called: str, b: Any, w: Any) -> Any:
    b = _array(b)
    if b.shape != w.shape[-1:]:
        refuse(called, (w, "w"), (b, "b"), f"b is one number for each of the {w.shape[-1]} outputs",
               f"b of shape ({w.shape[-1]},)")  # fmt: skip
    return b


def _fits(called: str, x: Any, w: Any, groups: int, inputs: int = -2) -> None:
    """Do the channels of x and w agree?"""
    axis = inputs % len(w.shape)
    channels, each, outputs = x.shape[-1], w.shape[inputs], w.shape[-1]
    operands = (x, "x"), (w, "w")
    if not _whole(groups):
        refuse(called, *operands, f"groups={groups!r}", "groups=1, or a divisor of the channels")
    if groups > 1 and (channels % groups or outputs % groups):
        refuse(called, *operands,
               f"groups={groups} must divide the channels of x ({channels}) and the outputs of w "
               f"({outputs})",
               f"a divisor of {math.gcd(channels, outputs)}, which is as many as divide both",
        )  # fmt: skip
    if each * groups != channels:
        hint = f"w of shape {(*w.shape[:axis], channels // groups, *w.shape[axis + 1 :])}"
        first = x.shape[1] == each * groups and len(x.shape) > 2
        if first:
            moved = "(0, 2, 3, 1)" if len(x.shape) == 4 else "(0, 2, 1)"
            hint += f"; or np.transpose(x, {moved}), if the channels come first in x"
        elif each == channels and outputs % channels == 0 and groups > 1:
            hint = "groups=1"
        times = f" times groups={groups}" if groups > 1 else ""
        refuse(called, *operands,
               f"x has {channels} channels (its last axis), but w takes {each} (axis {axis}){times}",
               hint)  # fmt: skip


def check_windows(
    called: str, x: Any, size: Any, stride: Any, padding: Padding, dilation: Any, w: Any = None
) -> Windows:
    """The windows for images x, or for sequences as images of one row; raises if they do not fit."""
    flat = len(x.shape) == 3
    image = (1,) * flat + x.shape[1:-1]
    size, stride, dilation = (
        _pair(called, name, given, flat)
        for name, given in (("size", size), ("stride", stride), ("dilation", dilation))
    )
    span = Windows(size, dilation=dilation).span
    words = ("valid", "same", *["causal"] * (called == "conv1d"))
    sides = padding_sides(called, padding, image[flat:], span[flat:], stride[flat:], words)
    pads: Any = ((0, 0),) * flat + sides
    room = tuple(n + sum(p) for n, p in zip(image, pads, strict=True))
    if span[0] > room[0] or span[1] > room[1]:
        spread = (
            f", with dilation {dilation[flat:]} spanning {span[flat:]}," if span != size else ""
        )
        zeros = " with its padding" if any(map(any, pads)) else ""
        refuse(called, (x, "x"), *([(w, "w")] if w is not None else []),
               f"a window of {size[flat:]}{spread} is larger than the {'sequence' if flat else 'image'}"
               f"{zeros}, {room[flat:]}",
               'a smaller window, or padding="same"')  # fmt: skip
    return Windows(size, stride, pads, dilation)


def padding_sides(
    called: str, padding: Padding, image: Sequence[int], span: Sequence[int], stride: Sequence[int],
    words: tuple[str, ...] = ("valid", "same"),
) -> tuple[Pair, ...]:  # fmt: skip
    """Zeros before and after along each axis of an image: as given, or as a word tells."""
    if not isinstance(padding, str):
        return _sides_of(called, padding, len(image))
    _known_padding(called, padding, words)
    if padding == "same":
        return tuple(map(_same_sides, image, span, stride))
    if padding == "causal":
        return ((span[0] - 1, 0),)
    return ((0, 0),) * len(image)


def _same_sides(n: int, span: int, stride: int) -> Pair:
    """Zeros before and after that make ⌈n / stride⌉ windows; an odd number has one more after."""
    zeros = max((-(-n // stride) - 1) * stride + span - n, 0)
    return zeros // 2, zeros - zeros // 2


def _whole(n: Any) -> bool:
    try:
        return not isinstance(n, bool) and operator.index(n) >= 1
    except TypeError:
        return False


def _pair(called: str, name: str, given: Any, flat: bool = False) -> Pair:
    """A number for both axes, or one for each; (1, n) for sequences."""
    numbers = each_axis(called, name, given, 1 if flat else 2)
    return (1,) * flat + numbers  # type: ignore[return-value]


def each_axis(called: str, name: str, given: Any, axes: int) -> tuple[int, ...]:
    """A number for each axis, from those or from one for all."""
    numbers = given if isinstance(given, (tuple, list)) else (given,) * axes
    if len(numbers) != axes or not all(map(_whole, numbers)):
        several = ("", ", or a pair of them", ", or three of them")[axes - 1]
        refuse(
            called, f"{name}={given!r}", f"{name} is a whole number from 1{several}", f"{name}=1"
        )
    return tuple(map(int, numbers))


def check_pairs(called: str, axes: int, given: Any, name: str = "padding") -> tuple[Pair, ...]:
    """(before, after) along each axis, from their shorter forms."""
    return _sides_of(called, given, axes, name, words="")


def _sides_of(
    called: str, padding: Any, axes: int, name: str = "padding", words: str = "a word or "
) -> tuple[Pair, ...]:
    """Zeros before and after along each axis; a single number is meant for both sides."""
    several = axes > 1 and isinstance(padding, (tuple, list))
    try:
        each = list(padding) if several else [padding] * axes
        pairs = [(p, p) if isinstance(p, (int, np.integer)) else p for p in each]
        sides = tuple((operator.index(before), operator.index(after)) for before, after in pairs)
        if len(sides) == axes and min(map(min, sides)) >= 0:
            return sides
    except (TypeError, ValueError):
        pass
    along = ", ".join(f"along {axis}" for axis in "DHW"[3 - axes :])
    wanted = "p or (before, after)" if axes == 1 else f"p or ({along}), each p or (before, after)"
    hint = f'{name}="same"' if words else f"{name}=1"
    refuse(called, f"{name}={padding!r}", f"{name} is {words}{wanted}, none below 0", hint)
    raise AssertionError  # refuse raises


def check_settings(
    called: str, axes: int, size: Any, stride: Any, padding: Padding, dilation: Any = 1,
    words: tuple[str, ...] = ("valid", "same"),
) -> tuple[int, ...]:  # fmt: skip
    """The size along each axis; raises for settings that fit no image, before there is one."""
    kernel = each_axis(called, "size", size, axes)
    for name, given in (("stride", stride), ("dilation", dilation)):
        each_axis(called, name, given, axes)
    if isinstance(padding, str):
        _known_padding(called, padding, words)
    else:
        _sides_of(called, padding, axes)
    return kernel


def _known_padding(called: str, padding: str, words: tuple[str, ...]) -> None:
    if padding not in words:
        refuse(called, f"padding={padding!r}", f"padding is one of {', '.join(words)}",
               'padding="same"')  # fmt: skip


def refuse(called: str, *operands_what_hint: Any) -> None:
    *operands, what, hint = operands_what_hint
    words = ", ".join(x if isinstance(x, str) else describe(*x) for x in operands)
    raise refusal(ValueError, f"{called}({words}): {what}.", hint)
