"""Data augmentation: images shifted, rotated, zoomed, mirrored, with noise. NumPy on whole batches.

A transform is a function (images, rng) -> images. It draws its parameters for every image from the
numpy.random.Generator that it is given, and changes nothing in place. partial sets other strengths:

    slight = partial(rotate, degrees=10)
    loader = Transformed(DataLoader(x, y, shuffle=True, seed=0), augment, slight, seed=1)

images: (N, H, W) or (N, H, W, C), channels last. Integers become float32, floats keep their dtype.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Images = NDArray[Any]


def augment(
    images: ArrayLike,
    rng: np.random.Generator,
    *,
    degrees: float = 25,
    zoom: float = 0.2,
    shift: float = 0.1,
    fill: str = "nearest",
    interpolation: str = "bilinear",
) -> Images:
    """Each image rotated, zoomed and shifted a little, in one resampling.

    An angle from -degrees to degrees (counterclockwise), a scale from 1 - zoom to 1 + zoom (the same for both
    axes), and a shift down and to the right of -shift to shift of the height and the width, fractions of
    pixels included; all uniform. Three resamplings would blur three times, so the matrices are multiplied
    and the pixels are read once.
    """
    images = _as_images(images)
    if not 0 <= zoom < 1:
        raise ValueError(
            f"got a zoom of {zoom}: scales are drawn from 1 - zoom to 1 + zoom and must be above 0, so it is "
            "a number from 0 up to 1, such as 0.2"
        )
    n = len(images)

    def drawn(size: float, *shape: int) -> NDArray[Any]:
        return rng.uniform(-size, size, (n, *shape)) if size else np.zeros((n, *shape))

    angles, scales = np.deg2rad(drawn(degrees)), 1 + drawn(zoom)
    shifts = drawn(shift, 2) * images.shape[1:3]
    cos, sin = np.cos(angles), np.sin(angles)
    # (N, 2, 2) that lead (row, column) of the result back to the image
    rotations = np.stack([np.stack([cos, sin], -1), np.stack([-sin, cos], -1)], -2)
    return affine(images, rotations / scales[:, None, None], shifts, fill, interpolation)


def rotate(
    images: ArrayLike, rng: np.random.Generator, *, degrees: float = 25, **how: Any
) -> Images:
    """Each image rotated about its center by up to `degrees`; fill and interpolation as in `augment`."""
    return augment(images, rng, degrees=degrees, zoom=0, shift=0, **how)


def zoom(images: ArrayLike, rng: np.random.Generator, *, share: float = 0.2, **how: Any) -> Images:
    """Each image scaled about its center by 1 - share to 1 + share."""
    return augment(images, rng, degrees=0, zoom=share, shift=0, **how)


def shift(images: ArrayLike, rng: np.random.Generator, *, share: float = 0.1, **how: Any) -> Images:
    """Each image moved down and right by -share to share of its height and width."""
    return augment(images, rng, degrees=0, zoom=0, shift=share, **how)


def flip(images: ArrayLike, rng: np.random.Generator, *, vertical: bool = False) -> Images:
    """Each image mirrored left to right (or upside down) with probability one half."""
    images = _as_images(images)
    mirrored = images[:, ::-1] if vertical else images[:, :, ::-1]
    chosen = rng.random(len(images)) < 0.5
    return np.where(chosen.reshape(-1, *[1] * (images.ndim - 1)), mirrored, images)


def noise(images: ArrayLike, rng: np.random.Generator, *, std: float = 0.1) -> Images:
    """images + std ε, with ε ~ N(0, 1) for every pixel. std is in the units of the pixels."""
    images = _as_images(images)
    if not std >= 0:
        raise ValueError(f"noise got std={std}: a standard deviation is 0 or more, such as std=0.1")
    return images + images.dtype.type(std) * rng.standard_normal(images.shape).astype(images.dtype)


def normalize(
    images: ArrayLike,
    rng: np.random.Generator | None = None,
    *,
    mean: ArrayLike = 0.0,
    std: ArrayLike = 255.0,
) -> Images:
    """(images - mean) / std, with one number or one per channel; by default from 0..255 to 0..1."""
    images = _as_images(images)
    mean, std = np.asarray(mean, images.dtype), np.asarray(std, images.dtype)
    if not np.all(std > 0):
        raise ValueError(f"normalize got std={std.tolist()}: it divides, so it must be above 0")
    for name, given in (("mean", mean), ("std", std)):
        if given.size > 1 and given.shape != (images.shape[3:] or (1,)):
            raise ValueError(
                f"normalize got {name} of shape {given.shape} for images of shape {images.shape}: pass one "
                "number, or one for each channel of (N, H, W, C)"
            )
    return (images - mean) / std


def affine(
    images: ArrayLike,
    matrices: ArrayLike,
    shifts: ArrayLike,
    fill: str = "nearest",
    interpolation: str = "bilinear",
) -> Images:
    """Pixel p of the result is read at A (p - c - t) + c, with c the center of the image.

    matrices A: (N, 2, 2) and shifts t: (N, 2) in pixels, row before column. A maps the result back to the
    image, so that every pixel of the result gets exactly one value: A = I/2 makes an image twice as large.

    interpolation   "bilinear" weights the four pixels around the place, "nearest" takes the closest one
    fill            for places outside the image: "nearest" repeats the pixel at the edge, "constant" is 0

    scipy.ndimage.affine_transform does the same to one image; its modes are "nearest" and "grid-constant".
    Raises ValueError for anything else, and for shapes that do not fit.
    """
    images = _as_images(images)
    n, height, width = images.shape[:3]
    matrices, shifts = np.asarray(matrices, float), np.asarray(shifts, float)
    if matrices.shape != (n, 2, 2) or shifts.shape != (n, 2):
        raise ValueError(
            f"affine got matrices {matrices.shape} and shifts {shifts.shape} for images {images.shape}: "
            f"{n} images need matrices ({n}, 2, 2) and shifts ({n}, 2)"
        )
    for name, given, known in (
        ("fill", fill, ("nearest", "constant")),
        ("interpolation", interpolation, ("bilinear", "nearest")),
    ):
        if given not in known:
            raise ValueError(f'{name}={given!r}: it is "{known[0]}" or "{known[1]}"')

    # A (p - c - t) + c = A p + b, a sum of a vector for the row and one for the column.
    middle = (np.array([height, width]) - 1) / 2
    b = middle - (matrices @ (middle + shifts)[..., None])[..., 0]
    by_row = matrices[:, :, 0, None] * np.arange(height) + b[:, :, None]  # (N, 2, H)
    by_column = matrices[:, :, 1, None] * np.arange(width)  # (N, 2, W)
    y = by_row[:, 0, :, None] + by_column[:, 0, None, :]  # (N, H, W): where to read, row
    x = by_row[:, 1, :, None] + by_column[:, 1, None, :]  # and column

    # A border one pixel wide holds the fill; places beyond it read the border too.
    mode: Any = {"nearest": "edge", "constant": "constant"}[fill]
    border = [(0, 0), (1, 1), (1, 1)] + [(0, 0)] * (images.ndim - 3)
    rows, columns, channels = height + 2, width + 2, images.shape[3:]
    pixels = np.pad(images, border, mode).reshape(n * rows * columns, *channels)
    y = np.clip(y + 1, 0, rows - 1)
    x = np.clip(x + 1, 0, columns - 1)
    first = np.arange(0, n * rows * columns, rows * columns)[:, None, None]

    def read(places: NDArray[Any]) -> Images:
        return pixels.take(places, axis=0)

    if interpolation == "nearest":
        row, column = np.floor(y + 0.5).astype(np.intp), np.floor(x + 0.5).astype(np.intp)
        return read(first + row * columns + column)
    top, left = np.minimum(y.astype(np.intp), rows - 2), np.minimum(x.astype(np.intp), columns - 2)
    weights = y.shape + (1,) * len(channels)
    down = (y - top).astype(images.dtype).reshape(weights)
    right = (x - left).astype(images.dtype).reshape(weights)
    corner = first + top * columns + left
    upper = read(corner) * (1 - right) + read(corner + 1) * right
    lower = read(corner + columns) * (1 - right) + read(corner + columns + 1) * right
    return upper * (1 - down) + lower * down


def _as_images(images: ArrayLike) -> Images:
    images = np.asarray(images)
    if images.ndim not in (3, 4):
        raise ValueError(
            f"got images of shape {images.shape}: a batch is (N, H, W) or (N, H, W, C); "
            "x[None] makes a batch of one image, x.reshape(-1, 28, 28) makes images of rows"
        )
    return images if images.dtype.kind == "f" else images.astype(np.float32)
