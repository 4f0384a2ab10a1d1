"""Transforms of images against scipy.ndimage, image by image."""

import re
from functools import partial
from typing import Any

import numpy as np
import pytest
import scipy.ndimage

from tinygrad_edu.data.transforms import (
    affine,
    augment,
    flip,
    noise,
    normalize,
    rotate,
    shift,
    zoom,
)

RNG = np.random.default_rng(0)
GRAY = RNG.normal(size=(5, 9, 12))
COLOR = RNG.normal(size=(4, 11, 8, 3))
ORDER = {"nearest": 0, "bilinear": 1}
MODE = {"nearest": "nearest", "constant": "grid-constant"}

both_fills = pytest.mark.parametrize("fill", ["nearest", "constant"])
both_ways = pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
both_kinds = pytest.mark.parametrize("images", [GRAY, COLOR], ids=["gray", "color"])


def by_scipy(
    images: np.ndarray, matrices: Any, shifts: Any, fill: str, interpolation: str
) -> np.ndarray:
    """The definition, A (p - c - t) + c, by SciPy, one channel of one image at a time."""
    if images.ndim == 3:
        return by_scipy(images[..., None], matrices, shifts, fill, interpolation)[..., 0]
    result = np.empty_like(images)
    c = (np.array(images.shape[1:3]) - 1) / 2
    for i, (image, a, t) in enumerate(zip(images, matrices, shifts, strict=True)):
        for channel in range(images.shape[3]):
            result[i, ..., channel] = scipy.ndimage.affine_transform(
                image[..., channel],
                a,
                offset=c - a @ (c + t),
                order=ORDER[interpolation],
                mode=MODE[fill],
            )
    return result


@both_fills
@both_ways
@both_kinds
def test_affine(images: np.ndarray, interpolation: str, fill: str) -> None:
    for strength in (0.1, 1.0, 3.0):  # the last reads far outside
        matrices = np.eye(2) + strength * RNG.normal(size=(len(images), 2, 2))
        shifts = 5 * strength * RNG.normal(size=(len(images), 2))
        np.testing.assert_allclose(
            affine(images, matrices, shifts, fill, interpolation),
            by_scipy(images, matrices, shifts, fill, interpolation),
            rtol=0,
            atol=1e-12,
        )


@both_fills
@both_ways
@both_kinds
def test_augment_is_one_affine_map(images: np.ndarray, interpolation: str, fill: str) -> None:
    result = augment(images, np.random.default_rng(3), fill=fill, interpolation=interpolation)
    rng, n = np.random.default_rng(3), len(images)
    angles, scales = rng.uniform(-25, 25, n), rng.uniform(0.8, 1.2, n)
    shifts = rng.uniform(-0.1, 0.1, (n, 2)) * images.shape[1:3]
    matrices = []
    for angle, scale in zip(np.deg2rad(angles), scales, strict=True):
        # A point of the image goes to s R p; the matrix of the way back is the inverse.
        there = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        matrices.append(np.linalg.inv(there))
    expected = by_scipy(images, matrices, shifts, fill, interpolation)
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-12)


@both_fills
@both_kinds
def test_rotate(images: np.ndarray, fill: str) -> None:
    result = rotate(images, np.random.default_rng(1), degrees=70, fill=fill)
    angles = np.random.default_rng(1).uniform(-70, 70, len(images))
    for image, angle, mine in zip(images, angles, result, strict=True):
        expected = scipy.ndimage.rotate(image, angle, reshape=False, order=1, mode=MODE[fill])
        np.testing.assert_allclose(mine, expected, rtol=0, atol=1e-12)


@both_fills
@both_kinds
def test_shift(images: np.ndarray, fill: str) -> None:
    result = shift(images, np.random.default_rng(1), share=0.3, fill=fill)
    shifts = np.random.default_rng(1).uniform(-0.3, 0.3, (len(images), 2)) * images.shape[1:3]
    for image, by, mine in zip(images, shifts, result, strict=True):
        by = [*by, 0][: image.ndim]
        expected = scipy.ndimage.shift(image, by, order=1, mode=MODE[fill])
        np.testing.assert_allclose(mine, expected, rtol=0, atol=1e-12)


@both_ways
def test_zoom(interpolation: str) -> None:
    result = zoom(GRAY, np.random.default_rng(1), share=0.5, interpolation=interpolation)
    scales = np.random.default_rng(1).uniform(0.5, 1.5, len(GRAY))
    matrices = [np.eye(2) / scale for scale in scales]
    expected = by_scipy(GRAY, matrices, np.zeros((len(GRAY), 2)), "nearest", interpolation)
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-12)


def test_zoom_in_shows_the_middle_larger() -> None:
    ramp = np.broadcast_to(np.arange(9.0), (1, 9, 9))
    twice = affine(ramp, [np.eye(2) / 2], [[0, 0]])
    np.testing.assert_array_equal(twice[0, 0], 2 + np.arange(9) / 2)


def test_whole_pixels_and_right_angles_move_exactly() -> None:
    down = affine(GRAY, np.tile(np.eye(2), (5, 1, 1)), np.full((5, 2), [2, -1]), "constant")
    expected = np.zeros_like(GRAY)
    expected[:, 2:, :-1] = GRAY[:, :-2, 1:]
    np.testing.assert_array_equal(down, expected)
    square = GRAY[:, :, :9]
    quarter = affine(square, np.tile([[0, 1], [-1, 0]], (5, 1, 1)), np.zeros((5, 2)))
    np.testing.assert_array_equal(quarter, np.rot90(square, axes=(1, 2)))


@pytest.mark.parametrize("vertical", [False, True])
@both_kinds
def test_flip(images: np.ndarray, vertical: bool) -> None:
    result = flip(images, np.random.default_rng(5), vertical=vertical)
    chosen = np.random.default_rng(5).random(len(images)) < 0.5
    assert 0 < chosen.sum() < len(images)
    for image, mine, mirrored in zip(images, result, chosen, strict=True):
        expected = (np.flipud if vertical else np.fliplr)(image) if mirrored else image
        np.testing.assert_array_equal(mine, expected)


def test_noise_is_normal_and_as_strong_as_asked() -> None:
    result = noise(np.full((50, 20, 20), 7.0), np.random.default_rng(0), std=0.25)
    expected = 7 + 0.25 * np.random.default_rng(0).standard_normal((50, 20, 20))
    np.testing.assert_allclose(result, expected, rtol=1e-15)


def test_normalize() -> None:
    pixels = RNG.integers(0, 256, (4, 5, 6, 3), np.uint8)
    np.testing.assert_allclose(normalize(pixels), pixels / 255, rtol=1e-7)
    mean, std = [120, 110, 100], [60, 61, 62]
    expected = (pixels - np.array(mean)) / np.array(std)
    np.testing.assert_allclose(normalize(pixels, mean=mean, std=std), expected, atol=1e-6)
    assert normalize(pixels).dtype == np.float32


ALL = [augment, rotate, zoom, shift, flip, noise, normalize]


@pytest.mark.parametrize("function", ALL)
@pytest.mark.parametrize(
    ("given", "back"), [("u1", "f4"), ("i8", "f4"), ("f4", "f4"), ("f8", "f8")]
)
def test_types_and_shapes(function: Any, given: str, back: str) -> None:
    for images in (GRAY, COLOR):
        x = images.astype(given)
        before = x.copy()
        result = function(x, np.random.default_rng(0))
        assert result.dtype == np.dtype(back)
        assert result.shape == x.shape
        np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("function", ALL)
def test_no_images_no_trouble(function: Any) -> None:
    assert function(GRAY[:0], np.random.default_rng(0)).shape == (0, 9, 12)


def test_in_single_precision_the_places_are_still_exact() -> None:
    pixels = RNG.integers(0, 256, (3, 64, 64)).astype(np.float32)
    single = augment(pixels, np.random.default_rng(2))
    double = augment(pixels.astype(float), np.random.default_rng(2))
    np.testing.assert_allclose(single, double, atol=255 * 1e-6)


def test_every_image_gets_parameters_of_its_own() -> None:
    same = np.broadcast_to(GRAY[0], (6, 9, 12))
    for function in (augment, rotate, zoom, shift, noise):
        results = function(same, np.random.default_rng(0))
        assert len({image.tobytes() for image in results}) == 6


# --- refusals ---


@pytest.mark.parametrize("function", [*ALL, partial(affine, matrices=0, shifts=0)])
def test_what_is_no_batch_of_images(function: Any) -> None:
    name = getattr(function, "__name__", "affine")
    arguments = [] if name == "affine" else [np.random.default_rng(0)]
    with pytest.raises(ValueError, match=r"^got images of shape \(10, 784\): a batch is"):
        function(np.zeros((10, 784)), *arguments)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: affine(GRAY, np.eye(2), np.zeros((5, 2))),
            "affine got matrices (2, 2) and shifts (5, 2) for images (5, 9, 12): "
            "5 images need matrices (5, 2, 2) and shifts (5, 2)",
        ),
        (
            lambda: augment(GRAY, np.random.default_rng(0), fill="wrap"),
            'fill=\'wrap\': it is "nearest" or "constant"',
        ),
        (
            lambda: rotate(GRAY, np.random.default_rng(0), interpolation="cubic"),
            'interpolation=\'cubic\': it is "bilinear" or "nearest"',
        ),
        (
            lambda: augment(GRAY, np.random.default_rng(0), zoom=20),
            "got a zoom of 20: scales are drawn from 1 - zoom to 1 + zoom and must be above 0, so it is a "
            "number from 0 up to 1, such as 0.2",
        ),
        (
            lambda: zoom(GRAY, np.random.default_rng(0), share=-0.1),
            "got a zoom of -0.1: scales are drawn from 1 - zoom to 1 + zoom and must be above 0, so it is a "
            "number from 0 up to 1, such as 0.2",
        ),
        (
            lambda: noise(GRAY, np.random.default_rng(0), std=-1),
            "noise got std=-1: a standard deviation is 0 or more, such as std=0.1",
        ),
        (
            lambda: normalize(COLOR, std=[1, 0, 1]),
            "normalize got std=[1.0, 0.0, 1.0]: it divides, so it must be above 0",
        ),
        (
            lambda: normalize(GRAY, mean=[1, 2, 3]),
            "normalize got mean of shape (3,) for images of shape (5, 9, 12): pass one number, or one "
            "for each channel of (N, H, W, C)",
        ),
    ],
)
def test_refusals(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match="^" + re.escape(message) + "$"):
        call()
