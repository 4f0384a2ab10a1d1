"""Normalization: fast against plain, and the moments that save work."""

import numpy as np
import pytest

from tinygrad_edu import Tensor
from tinygrad_edu.ops import normalization
from tinygrad_edu.ops.normalization import moments, normalize, plain_normalize

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("cache", [1, 100, 2**18])  # one place or sample at a time, some, all
@pytest.mark.parametrize("centered", [True, False])
@pytest.mark.parametrize(
    "shape", [(1, 7, 3, 1), (5, 3, 2, 3), (6, 1, 1, 4), (1, 5, 2, 2), (3, 1, 2, 3), (1, 64, 2, 1)]
)
def test_the_fast_way_is_the_plain_way(shape, centered, cache, monkeypatch):
    """Values, gradients, and the gradients of a function of the gradients."""
    monkeypatch.setattr(normalization, "CACHE", cache)
    rng = np.random.default_rng(1)
    channels = shape[2] * shape[3]
    arrays = 3 + rng.normal(size=shape), rng.normal(size=channels), rng.normal(size=channels)
    g, h = rng.normal(size=shape), rng.normal(size=shape)
    found = []
    for form in (normalize, plain_normalize):
        x, gamma, beta = tensors = [Tensor(a, requires_grad=True) for a in arrays]
        y = form(x, gamma, beta, eps=0.01, centered=centered)
        y.backward(g, retain_graph=True)
        first = [t.grad for t in tensors]
        for t in tensors:
            t.grad = None
        (y * g * y).sum().backward(create_graph=True)
        slope = x.grad
        for t in tensors:
            t.grad = None
        (slope * slope * h).sum().backward()
        found.append([y.data, *first, *(t.grad for t in tensors)])
    for fast, plain in zip(*found, strict=True):
        assert fast.shape == plain.shape
        assert np.allclose(fast, plain, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("shape", [(1, 7, 3, 1), (5, 3, 2, 3)])
def test_known_moments_save_work_and_change_nothing(shape):
    """Neither the value nor a derivative, of any order: they are no constants."""
    rng = np.random.default_rng(2)
    channels = shape[2] * shape[3]
    arrays = 3 + rng.normal(size=shape), rng.normal(size=channels), rng.normal(size=channels)
    found = []
    for known in (None, moments(arrays[0])):
        x, gamma, beta = tensors = [Tensor(a, requires_grad=True) for a in arrays]
        y = normalize(x, gamma, beta, known=known)
        (y * y).sum().backward(retain_graph=True)
        first = [t.grad for t in tensors]
        for t in tensors:
            t.grad = None
        (y * y * y).sum().backward(create_graph=True)
        slope, x.grad = x.grad, None
        (slope * slope).sum().backward()
        found.append([y.data, *first, x.grad])
    for with_them, without in zip(*found, strict=True):
        assert np.allclose(with_them, without, rtol=1e-12, atol=1e-12)
    wrong = normalize(arrays[0], *arrays[1:], known=moments(2 * arrays[0]))
    assert not np.allclose(wrong, found[0][0])  # they were used


def test_moments_are_means_and_variances():
    x = 5 + RNG.normal(size=(3, 4, 2, 5))
    mean, variance = moments(x)
    assert np.allclose(mean, x.mean((1, 3), keepdims=True), rtol=1e-13)
    assert np.allclose(variance, x.var((1, 3), keepdims=True), rtol=1e-13)


@pytest.mark.parametrize("centered", [True, False])
@pytest.mark.parametrize("shape", [(3, 1, 1, 6), (2, 3, 2, 4), (1, 8, 5, 1)])
@pytest.mark.parametrize(("scale", "dtype"), [(1e13, "f"), (1e25, "f"), (1e37, "f"), (1e200, "d")])
def test_one_group_of_huge_numbers(scale, dtype, shape, centered):
    """Their squares overflow in this precision, and not in that of the plain form."""
    rng = np.random.default_rng(3)
    channels = shape[2] * shape[3]
    x = rng.uniform(-1, 1, size=shape)
    x[-1, :, -1] *= scale
    arrays = [a.astype(dtype) for a in (x, rng.normal(size=channels), rng.normal(size=channels))]
    g = rng.normal(size=shape).astype(dtype)
    found = []
    for form, precision in ((normalize, dtype), (plain_normalize, np.longdouble)):
        tensors = [Tensor(a.astype(precision), requires_grad=True) for a in arrays]
        with np.errstate(over="ignore", invalid="ignore"):
            y = form(*tensors, centered=centered)
            y.backward(g)
        found.append([y.data, *(t.grad for t in tensors)])
    tolerance = 1e-3 if dtype == "f" else 1e-10
    for fast, plain in zip(*found, strict=True):
        largest = np.abs(plain).max(axis=(1, 3), keepdims=True) if plain.ndim == 4 else 1
        assert np.allclose(fast / largest, plain / largest, rtol=tolerance, atol=tolerance)
