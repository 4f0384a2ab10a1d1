"""functional.checkpoint, which recomputes in the backward pass: the same derivatives, with less memory."""

import tracemalloc

import numpy as np
import pytest

from tinygrad_edu import Tensor, checkpoint, grad, hessian, nn, no_grad

X = np.random.default_rng(0).normal(size=(4, 3))


def wavy(x, w=2.0):
    return np.tanh(np.sin(x) * w) * x


def test_derivatives_are_the_same_to_order_three():
    plain, light = (
        (lambda x: wavy(wavy(x)).sum()),
        (lambda x: checkpoint(wavy)(checkpoint(wavy)(x)).sum()),
    )
    assert np.array_equal(light(X), plain(X))
    assert np.allclose(grad(light)(X), grad(plain)(X), rtol=1e-14)
    assert np.allclose(hessian(light)(X[0]), hessian(plain)(X[0]), rtol=1e-12)
    third = lambda f: grad(lambda x: np.trace(hessian(f)(x)))(X[0])
    assert np.allclose(third(light), third(plain), rtol=1e-11)


def test_parameters_that_the_function_uses_get_their_gradients():
    model = nn.Sequential(nn.Linear(3, 5, rng=0), nn.Tanh(), nn.Linear(5, 2, rng=1)).astype(
        np.float64
    )
    gradients = []
    for part in (model, checkpoint(model)):
        for p in model.parameters():
            p.grad = None
        x = Tensor(X, requires_grad=True)
        (part(x) ** 2).sum().backward()
        gradients.append([x.grad, *(p.grad for p in model.parameters())])
    for one, two in zip(*gradients, strict=True):
        assert np.allclose(one, two, rtol=1e-14)


def test_it_is_computed_once_more_for_all_its_inputs():
    calls = []

    def product(x, w, b):
        calls.append(1)
        return x * w + b

    checkpoint(product)(*(Tensor(X, requires_grad=True) for _ in range(3))).sum().backward()
    assert len(calls) == 2


def test_it_needs_less_memory():
    def peak(part):
        x = Tensor(np.ones(50_000), requires_grad=True)
        tracemalloc.start()
        y = x
        for _ in range(10):
            y = part(y)
        held = tracemalloc.get_traced_memory()[0]
        y.sum().backward()
        tracemalloc.stop()
        return held

    def block(x):
        for _ in range(10):
            x = np.tanh(x)
        return x

    assert peak(checkpoint(block)) < 0.15 * peak(block)


def test_what_is_not_recorded_is_left_alone():
    light = checkpoint(wavy)
    assert isinstance(light(X), np.ndarray)
    with no_grad():
        assert not light(Tensor(X, requires_grad=True)).requires_grad
    assert light.__name__ == "wavy"
    assert not light(Tensor(X)).requires_grad


def test_a_function_that_changes_its_mind_is_refused():
    x = Tensor(X, requires_grad=True)
    y = checkpoint(nn.Dropout(0.5, rng=0))(x).sum()
    with pytest.raises(
        RuntimeError, match=r"Dropout\(p=0\.5\) gave another result when it was called again"
    ):
        y.backward()
    assert x.grad is None
