"""Small computations that the tests of graphs and of their drawings share."""

import numpy as np

from tinygrad_edu import Tensor
from tinygrad_edu.nn import Linear, ReLU, Sequential, cross_entropy


def variable(data, name=None):
    return Tensor(data, requires_grad=True, name=name)


def tanh_of_line():
    x, w, b = variable(2.0, "x"), variable(-3.0, "w"), variable(6.875, "b")
    return np.tanh(x * w + b)


def small_network():
    """2 - 3 - 2 with simple weights, a batch of two, and its loss."""
    model = Sequential(Linear(2, 3, dtype=float), ReLU(), Linear(3, 2, dtype=float))
    model[0].W.data[...] = [[1, -1, 0], [0, 1, -2]]
    model[2].W.data[...] = [[1, 0], [0, 1], [1, 1]]
    return model, cross_entropy(model(Tensor([[1.0, 2.0], [3.0, 1.0]], name="points")), [0, 1])
