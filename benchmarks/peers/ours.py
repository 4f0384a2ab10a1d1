"""The works in tinygrad_edu, eager and compiled."""

import itertools

import numpy as np

import tinygrad_edu
import works
from peers import NotWritten
from tinygrad_edu import Tensor, nn, ops, optim, value_and_grad


def function(f, arrays, compiled):
    """f of tensors to a number, and its gradients."""
    if compiled:
        replayed = tinygrad_edu.compile(value_and_grad(f, tuple(range(len(arrays)))))

        def step():
            value, gradients = replayed(*arrays)
            return value, *gradients

        return step
    leaves = [Tensor(a, requires_grad=True) for a in arrays]

    def step():
        for leaf in leaves:
            leaf.grad = None
        y = f(*leaves)
        y.backward()
        return y.data, *[leaf.grad for leaf in leaves]

    return step


def tanh(n, compiled=False):
    return function(lambda a, b, c: np.tanh(a * b + c).sum(), works.vectors(n, 3), compiled)


def five(n, compiled=False):
    def f(x):
        y = np.tanh(x * 0.5 + 1.0)
        return (y * y - x).sum()

    return function(f, works.vectors(n, 1), compiled)


def training(model, x, labels, parameters, compiled):
    for mine, given in zip(model.parameters(), parameters, strict=True):
        mine.data[...] = given
    a = works.ADAM
    optimizer = optim.Adam(
        model.parameters(), a["lr"], betas=(a["beta1"], a["beta2"]), eps=a["eps"]
    )
    flat = labels.reshape(-1)

    def one(x):
        logits = model(x)
        if labels.ndim > 1:
            logits = logits.reshape(labels.size, -1)
        loss = nn.cross_entropy(logits, flat)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    replayed = tinygrad_edu.compile(one) if compiled else one
    return lambda: replayed(x).data


def mlp(widths, batch, compiled=False):
    x, labels, parameters = works.mlp(widths, batch)
    layers = []
    for inputs, outputs in itertools.pairwise(widths):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return training(nn.Sequential(*layers[:-1]), x, labels, parameters, compiled)


def lenet(compiled=False):
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding="same"), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding="same"), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(7 * 7 * 32, 10),
    )  # fmt: skip
    return training(model, *works.lenet(), compiled)


def lstm(length, compiled=False):
    model = nn.Sequential(nn.LSTM(32, 128), nn.Linear(128, 10))
    return training(model, *works.lstm(length), compiled)


class GPT(nn.Module):
    """Predicts the next character from those before it. Radford et al. 2019."""

    def __init__(self, length):
        self.words = nn.Embedding(works.VOCABULARY, works.SIZE)
        self.positions = nn.Positions(length, works.SIZE)
        self.blocks = [
            nn.TransformerBlock(works.SIZE, works.HEADS, causal=True) for _ in range(works.LAYERS)
        ]
        self.norm = nn.LayerNorm(works.SIZE)
        self.head = nn.Linear(works.SIZE, works.VOCABULARY)

    def forward(self, ids):
        x = self.positions(self.words(ids))
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


def gpt(length, compiled=False):
    return training(GPT(length), *works.gpt(length), compiled)


def layer(f, arrays, g, compiled):
    """y = f(arrays), and the gradients of all arrays, given that of y."""
    if compiled:
        raise NotWritten("one operation: there is nothing to replay")
    leaves = [Tensor(a, requires_grad=True) for a in arrays]

    def step():
        for leaf in leaves:
            leaf.grad = None
        y = f(*leaves)
        y.backward(g)
        return y.data, *[leaf.grad for leaf in leaves]

    return step


def normalization(module, x, scale, shift, g, compiled):
    if compiled:
        raise NotWritten("one operation: there is nothing to replay")
    module.gamma.data[...], module.beta.data[...] = scale, shift
    leaves = [Tensor(x, requires_grad=True), module.gamma, module.beta]

    def step():
        for leaf in leaves:
            leaf.grad = None
        y = module(leaves[0])
        y.backward(g)
        return y.data, *[leaf.grad for leaf in leaves]

    return step


def layer_norm(compiled=False):
    return normalization(nn.LayerNorm(256, eps=works.EPS), *works.layer_norm(), compiled)


def batch_norm(compiled=False):
    return normalization(nn.BatchNorm(64, eps=works.EPS), *works.batch_norm(), compiled)


def conv(compiled=False):
    x, kernel, g = works.conv()
    return layer(lambda x, w: ops.conv2d(x, w, padding="same"), [x, kernel], g, compiled)


def depthwise(compiled=False):
    x, kernel, g = works.depthwise()
    return layer(lambda x, w: ops.conv2d(x, w, padding="same", groups=64), [x, kernel], g, compiled)
