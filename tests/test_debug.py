"""Where did it go wrong? The first NaN or infinity, and errors on the way back, with the user's line."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, debug, nn
from tinygrad_edu.autodiff import gradients
from tinygrad_edu.diagnostics.words import made_at
from tinygrad_edu.tensor import Op


def leaf(x, **kwargs):
    return Tensor(x, requires_grad=True, **kwargs)


def test_the_first_operation_that_is_not_finite_is_named():
    x = leaf([[1.0, 800.0], [2.0, 3.0]], name="scores")
    with np.errstate(over="ignore"), debug(), pytest.raises(FloatingPointError) as error:
        y = x * 2.0
        z = np.exp(y)
        _ = z.sum()
    text = str(error.value)
    assert text.startswith(
        "exp gave 1 of 4 numbers that are not finite, the first inf at [0, 1], from "
    )
    assert "(2, 2) float64 from 2 to 1600" in text
    assert "test_debug.py" in text and text.endswith("z = np.exp(y)")


def test_on_the_way_back_it_is_named_too():
    x = leaf([4.0, 0.0])
    with np.errstate(all="ignore"), debug():
        y = np.sqrt(x)
        with pytest.raises(FloatingPointError) as error:
            y.sum().backward()
    text = str(error.value)
    assert "came first on the way back through sqrt, to its input 0, Tensor (2,) float64" in text
    assert "y = np.sqrt(x)" in text and "y is from 0 to 2" in text
    assert x.grad is None


def test_inside_a_module_it_has_the_path_of_the_module():
    class Explode(nn.Module):
        def forward(self, x):
            return np.log(x * 0.0)

    model = nn.Sequential(nn.Linear(2, 2, rng=0), nn.Sequential(nn.Tanh(), Explode()))
    with np.errstate(all="ignore"), debug(), pytest.raises(FloatingPointError) as error:
        model(np.ones((1, 2)))
    assert "in layer 1.1, Explode()" in str(error.value) and "np.log(x * 0.0)" in str(error.value)


def test_outside_nothing_is_looked_at():
    with np.errstate(all="ignore"):
        with debug():
            pass
        assert np.isinf(np.log(leaf([0.0]) * 1.0).data).all()
        with pytest.raises(KeyError), debug():
            raise KeyError
        assert np.isinf(np.log(leaf([0.0]) * 1.0).data).all()


def test_an_error_in_a_rule_points_to_the_line_that_made_the_node():
    broken = Op(lambda x: x * 2, lambda g, y, x: g.reshape(7), name="broken")
    x = leaf(np.ones(3), name="weights")
    y = broken(x)  # this line
    with pytest.raises(ValueError, match="cannot reshape") as error:
        (y * 3).sum().backward()
    text = str(error.value)
    assert text.startswith(
        "on the way back through broken, to its input 0, weights (3,) float64, made"
    )
    assert "y = broken(x)  # this line" in text


def test_every_recorded_operation_knows_its_line():
    x = leaf(np.ones((2, 2)))
    by_operator = x @ x
    by_function = np.tanh(x)
    by_method = x.sum(axis=0)
    assert made_at(by_operator).endswith("by_operator = x @ x")
    assert made_at(by_function).endswith("by_function = np.tanh(x)")
    assert made_at(by_method).endswith("by_method = x.sum(axis=0)")
    assert made_at(nn.Linear(2, 2, rng=0)(x)) == " in Linear(2, 2)"
    (g,) = gradients({by_function: Tensor(np.ones((2, 2)))}, [x], create_graph=True)
    assert isinstance(made_at(g), str)
