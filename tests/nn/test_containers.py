"""Modules that arrange: what they make of their layers, shapes, and what they refuse."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, nn, ops

RNG = np.random.default_rng(0)
ABOUT = {"dtype": np.float64, "rng": 0}
X = RNG.normal(size=(2, 3, 4))


def test_sequential_takes_plain_functions_too():
    model = nn.Sequential(nn.Linear(4, 3, rng=0), np.tanh)
    assert np.array_equal(model(X).data, np.tanh(model[0](X).data)) and len(model) == 2


def test_flatten_goes_in_the_order_of_memory():
    x = np.arange(24.0).reshape(2, 3, 4)
    assert np.array_equal(nn.Flatten()(Tensor(x)).data, x.reshape(2, 12))
    assert nn.Flatten()(x.tolist()).shape == (2, 12)


def test_reshape_and_permute():
    assert nn.Reshape(4, 3)(X).shape == (2, 4, 3) and nn.Reshape(-1)(Tensor(X)).shape == (2, 12)
    assert nn.Reshape(2, -1, 3)(np.ones((0, 12))).shape == (0, 2, 2, 3)
    assert np.array_equal(nn.Permute(2, 1)(X), X.transpose(0, 2, 1))
    assert repr(nn.Reshape(2, -1)) == "Reshape(2, -1)" and repr(nn.Permute(2, 1)) == "Permute(2, 1)"


def test_residual_is_its_formula():
    f, projection = nn.Linear(4, 3, **ABOUT), nn.Linear(4, 3, dtype=np.float64, rng=1)
    y = nn.Residual(f, projection)(X)
    assert np.allclose(y.data, f(X).data + projection(X).data, rtol=1e-15)
    assert np.array_equal(nn.Residual(np.tanh)(X), X + np.tanh(X))
    block = nn.Residual(f, projection)
    assert [path for path, _ in block.named_parameters()] == [
        "f.W", "f.b", "projection.W", "projection.b",
    ]  # fmt: skip


def test_concatenate_is_side_by_side():
    block = nn.Concatenate(nn.Tanh(), np.square, nn.Linear(4, 2, **ABOUT))
    y = block(X)
    assert y.shape == (2, 3, 10) and np.array_equal(y.data[..., 4:8], X * X)
    assert nn.Concatenate(np.tanh, np.tanh, axis=1)(X).shape == (2, 6, 4)
    assert [path for path, _ in block.named_parameters()] == ["2.W", "2.b"]


# ----------------------------------------------------------------------- refusals, and their words


@pytest.mark.parametrize("layer", [nn.Tanh, 3, [nn.Tanh()]])
def test_sequential_refuses_what_is_no_layer(layer):
    with pytest.raises(TypeError, match="layer 1 is .* not a module"):
        nn.Sequential(nn.Tanh(), layer)


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (lambda: nn.Reshape(2, -2), ValueError, r"Reshape\(2, -2\): the lengths"),
        (lambda: nn.Reshape(-1, -1), ValueError, "at most one of them -1"),
        (lambda: nn.Reshape((2, 3)), ValueError, r"the lengths(.|\n)*Try: Reshape\(7, 7, 32\)"),
        (lambda: nn.Permute(0, 1), ValueError, r"Permute\(0, 1\): each of the axes 1 to 2, once"),
        (lambda: nn.Permute(1, 1), ValueError, "each of the axes 1 to 2, once"),
        (lambda: nn.Residual(3), TypeError, r"Residual\(f=3\): a Module or a function"),
        (lambda: nn.Residual(np.tanh, 3), TypeError, r"Residual\(projection=3\)"),
        (lambda: nn.Concatenate(np.tanh, 3), TypeError, "layer 1 is 3, which is not a module"),
        (lambda: nn.Concatenate(nn.Tanh), TypeError, "layer 0 is .* not a module"),
        (nn.Concatenate, TypeError, r"Concatenate\(\) of nothing"),
    ],
)  # fmt: skip
def test_what_cannot_be_arranged(make, kind, words):
    with pytest.raises(kind, match=words):
        make()


@pytest.mark.parametrize(
    ("layer", "shape", "words"),
    [
        (nn.Reshape(5, 2), (3, 12), "Reshape(5, 2), got x of shape (3, 12): a sample has 12 numbers"),
        (nn.Reshape(5, -1), (3, 12), "Try: a shape of 12 numbers in all, or Reshape(..., -1)"),
        (nn.Reshape(2), (), "got x of shape ()"),
        (nn.Permute(2, 1), (3, 12), "got x of shape (3, 12): it takes the batch and 2 more axes"),
        (nn.Residual(nn.Linear(4, 1)), (2, 4),
         "f makes (2, 1) of x (2, 4), and x (2, 4) cannot be added to it"),
        (nn.Residual(nn.Linear(4, 1)), (2, 4), "Try: Residual(f, projection), with Linear(4, 1)"),
        (nn.Residual(nn.Conv2d(2, 5, 3, stride=2, padding="same")), (1, 8, 8, 2),
         "with Conv2d(2, 5, 1, stride=2)"),
        (nn.Residual(np.tanh, nn.Linear(4, 1)), (2, 4), "and the projection of x (2, 1) cannot be added"),
        (nn.Concatenate(nn.Conv2d(2, 2, 3), nn.Conv2d(2, 2, 1)), (1, 8, 8, 2),
         "results of (1, 6, 6, 2), (1, 8, 8, 2) do not fit side by side along axis -1"),
    ],
)  # fmt: skip
def test_an_x_that_does_not_fit(layer, shape, words):
    with pytest.raises(ValueError) as caught:
        nn.Sequential(layer)(np.ones(shape, np.float32))
    message = str(caught.value)
    assert message.startswith("layer 0, ") and words in message
    assert "at test_containers.py:" in message and "Try: " in message


def test_a_layer_is_replaced():
    model = nn.Sequential(nn.Linear(2, 3), nn.Tanh())
    model[1] = nn.ReLU()
    assert isinstance(model.layers[1], nn.ReLU)
    with pytest.raises(TypeError):
        model[1] = 3


def test_the_repr_shows_functions_among_the_layers():
    model = nn.Sequential(nn.Linear(2, 3), np.tanh, ops.relu, nn.Residual(np.sin))
    assert repr(model) == (
        "Sequential(\n  0: Linear(2, 3)\n  1: np.tanh\n  2: relu\n  3: Residual(\n    f: np.sin\n  )\n)"
    )
    assert (
        repr(nn.Concatenate(np.cos, lambda x: x).eval())
        == "Concatenate(\n  0: np.cos\n  1: <lambda>\n)"
    )
