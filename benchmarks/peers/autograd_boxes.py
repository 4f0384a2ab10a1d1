"""The works in autograd (HIPS), with the Adam of `by_hand`. It has no convolution to train with."""

import autograd
import autograd.numpy as anp
import numpy as np
from autograd.core import make_vjp

import works
from peers import by_hand, formulas


def function(f, arrays):
    """f(arrays) and its gradients."""
    both = autograd.value_and_grad(lambda arrays: f(anp, *arrays))

    def step():
        value, gradients = both(tuple(arrays))
        return value, *gradients

    return step


def tanh(n):
    return function(formulas.tanh, works.vectors(n, 3))


def five(n):
    return function(formulas.five, works.vectors(n, 1))


def training(logits, x, labels, parameters):
    labels = labels.reshape(-1)
    rows = np.arange(labels.size)
    adam = by_hand.Adam(parameters)
    both = autograd.value_and_grad(
        lambda parameters: formulas.cross_entropy(anp, logits(parameters, x), labels, rows)
    )

    def step():
        loss, gradients = both(adam.parameters)
        for mine, g in zip(adam.gradients, gradients, strict=True):
            mine[...] = g
        adam.step()
        return loss

    return step


def mlp(widths, batch):
    return training(lambda p, x: formulas.mlp(anp, p, x), *works.mlp(widths, batch))


def lstm(length):
    return training(lambda p, x: formulas.lstm(anp, p, x), *works.lstm(length))


def gpt(length):
    hidden = np.triu(np.full((length, length), -1e9, np.float32), 1)
    return training(lambda p, x: formulas.gpt(anp, p, x, hidden), *works.gpt(length))


def layer(f, arrays, g):
    """f(arrays), and the gradients of all arrays, given that of the result."""

    def step():
        back, y = make_vjp(lambda arrays: f(anp, *arrays), tuple(arrays))
        return y, *back(g)

    return step


def layer_norm():
    *arrays, g = works.layer_norm()
    return layer(formulas.layer_norm, arrays, g)


def batch_norm():
    *arrays, g = works.batch_norm()
    return layer(formulas.batch_norm, arrays, g)
