"""Linear: its formula, its precision, and what it refuses. (Derivatives: test_every_layer.py)"""

import numpy as np
import pytest

from tinygrad_edu import Tensor, nn

RNG = np.random.default_rng(0)
X = RNG.normal(size=(5, 4))


def test_linear_is_its_formula():
    layer = nn.Linear(4, 3, rng=0, dtype=np.float64)
    layer.b.data[...] = [1, 2, 3]
    assert np.array_equal(layer(X).data, X @ layer.W.data + [1, 2, 3])
    batch = RNG.normal(size=(2, 5, 4))
    assert layer(batch).shape == (2, 5, 3)
    assert layer(X[0]).shape == (3,)


@pytest.mark.parametrize("x", [X, X.astype(np.float32), X.astype(int), X.tolist(), Tensor(X)])
def test_a_models_precision_is_its_own(x):
    layer = nn.Linear(4, 3, rng=0)
    y = layer(x)
    assert y.dtype == np.float32
    y.sum().backward()
    assert layer.W.grad.dtype == layer.b.grad.dtype == np.float32


def test_the_same_seed_gives_the_same_weights():
    a, b, c = (nn.Linear(4, 3, rng=seed).W.data for seed in (1, 1, 2))
    assert np.array_equal(a, b) and not np.array_equal(a, c)
    rng = np.random.default_rng(0)
    assert not np.array_equal(nn.Linear(4, 3, rng=rng).W.data, nn.Linear(4, 3, rng=rng).W.data)


# ----------------------------------------------------------------------- refusals, and their words


def test_a_wrong_width_names_the_layer_and_both_shapes():
    layer = nn.Linear(64, 10, rng=0)
    with pytest.raises(
        ValueError, match=r"Linear\(64, 10\) got x of shape \(32, 63\): .* must be 64"
    ):
        layer(np.ones((32, 63)))
    with pytest.raises(ValueError, match=r"Try: Linear\(5, \.\.\.\) here(.*)or x\.T, if samples"):
        layer(np.ones((64, 5)))
    with pytest.raises(ValueError, match=r"Try: Flatten\(\) before this layer"):
        layer(np.ones((5, 8, 8)))
    with pytest.raises(ValueError, match=r"x of shape \(\)"):
        layer(3.0)


@pytest.mark.parametrize("width", [0, -1, 64.0, "3"])
def test_a_width_is_a_whole_number(width):
    with pytest.raises(ValueError, match=f"outputs={width!r}.: a whole number, 1 or more"):
        nn.Linear(2, width)


def test_an_initializer_is_a_function():
    with pytest.raises(TypeError, match=r"init='zeros'\): a function"):
        nn.Linear(2, 3, init="zeros")
