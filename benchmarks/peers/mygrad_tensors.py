"""The works in MyGrad, its memory guard on, with the Adam of `by_hand`. Images are (N, C, H, W) here."""

import mygrad as mg
import numpy as np
from mygrad.nnet.layers import batchnorm, conv_nd, max_pool
from mygrad.nnet.losses import softmax_crossentropy

import works
from peers import by_hand, formulas


def function(f, arrays, g=None):
    """f(arrays), and the gradients of all arrays, given that of the result."""
    leaves = [mg.tensor(a) for a in arrays]

    def step():
        y = f(*leaves)
        y.backward(g)
        result = y.data, *[leaf.grad for leaf in leaves]
        for leaf in leaves:
            leaf.null_grad()
        return result

    return step


def tanh(n):
    return function(lambda *arrays: formulas.tanh(mg, *arrays), works.vectors(n, 3))


def five(n):
    return function(lambda x: formulas.five(mg, x), works.vectors(n, 1))


def training(logits, x, labels, parameters):
    labels = labels.reshape(-1)
    adam = by_hand.Adam(parameters)
    leaves = [mg.tensor(a, copy=False) for a in adam.parameters]

    def step():
        found = logits(leaves, x)
        loss = softmax_crossentropy(mg.reshape(found, (-1, found.shape[-1])), labels)
        loss.backward()
        for mine, leaf in zip(adam.gradients, leaves, strict=True):
            mine[...] = leaf.grad
            leaf.null_grad()
        adam.step()
        return loss.data

    return step


def mlp(widths, batch):
    return training(lambda p, x: formulas.mlp(mg, p, x), *works.mlp(widths, batch))


def lenet():
    x, labels, (k1, b1, k2, b2, W, b) = works.lenet()
    x = x.transpose(0, 3, 1, 2).copy()
    k1, k2 = (k.transpose(3, 2, 0, 1) for k in (k1, k2))
    W = W.reshape(7, 7, 32, 10).transpose(2, 0, 1, 3).reshape(-1, 10)

    def logits(parameters, x):
        for kernel, bias in (parameters[:2], parameters[2:4]):
            bias = mg.reshape(bias, (1, -1, 1, 1))
            x = mg.maximum(conv_nd(x, kernel, stride=1, padding=1) + bias, 0)
            x = max_pool(x, (2, 2), 2)
        return mg.matmul(mg.reshape(x, (len(x), -1)), parameters[4]) + parameters[5]

    return training(logits, x, labels, [k1, b1, k2, b2, W, b])


def lstm(length):
    return training(
        lambda p, x: formulas.lstm(mg, p, mg.tensor(x, constant=True)), *works.lstm(length)
    )


def gpt(length):
    hidden = np.triu(np.full((length, length), -1e9, np.float32), 1)
    return training(lambda p, x: formulas.gpt(mg, p, x, hidden), *works.gpt(length))


def layer_norm():
    *arrays, g = works.layer_norm()
    return function(lambda *arrays: formulas.layer_norm(mg, *arrays), arrays, g)


def batch_norm():
    x, scale, shift, g = works.batch_norm()
    f = lambda x, scale, shift: batchnorm(x, gamma=scale, beta=shift, eps=works.EPS)
    return function(f, [x.transpose(0, 3, 1, 2).copy(), scale, shift], g.transpose(0, 3, 1, 2))


def conv():
    x, kernel, g = works.conv()
    f = lambda x, w: conv_nd(x, w, stride=1, padding=1)
    arrays = [x.transpose(0, 3, 1, 2).copy(), kernel.transpose(3, 2, 0, 1).copy()]
    return function(f, arrays, g.transpose(0, 3, 1, 2))
