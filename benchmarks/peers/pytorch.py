"""The works in PyTorch: eager, with fused Adam, and through torch.compile. Images are (N, C, H, W) here."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

import works


def leaf(a):
    return torch.tensor(np.ascontiguousarray(a), requires_grad=True)


def function(f, arrays, compiled, g=None):
    """f(arrays), and the gradients of all arrays, given that of the result."""
    leaves = [leaf(a) for a in arrays]
    g = None if g is None else torch.tensor(np.ascontiguousarray(g))
    f = torch.compile(f) if compiled else f

    def step():
        for a in leaves:
            a.grad = None
        y = f(*leaves)
        y.backward(g)
        return y, *[a.grad for a in leaves]

    return step


def tanh(n, compiled=False):
    f = lambda a, b, c: torch.tanh(a * b + c).sum()
    return function(f, works.vectors(n, 3), compiled)


def five(n, compiled=False):
    def f(x):
        y = torch.tanh(x * 0.5 + 1.0)
        return (y * y - x).sum()

    return function(f, works.vectors(n, 1), compiled)


def training(model, x, labels, fused, compiled):
    a = works.ADAM
    settings = {"lr": a["lr"], "betas": (a["beta1"], a["beta2"]), "eps": a["eps"]}
    optimizer = torch.optim.Adam(model.parameters(), fused=fused, **settings)
    loss_of = nn.CrossEntropyLoss()
    x, labels = torch.tensor(x), torch.tensor(labels).flatten()
    forward = torch.compile(model) if compiled else model

    def step():
        loss = loss_of(forward(x).flatten(0, -2), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step


def put(tensor, array):
    with torch.no_grad():
        tensor.copy_(torch.tensor(np.ascontiguousarray(array)))


def put_linear(layer, W, b):
    put(layer.weight, W.T)
    put(layer.bias, b)


def mlp(widths, batch, fused=False, compiled=False):
    x, labels, parameters = works.mlp(widths, batch)
    layers = []
    for i in range(len(widths) - 1):
        layers += [nn.Linear(widths[i], widths[i + 1]), nn.ReLU()]
        put_linear(layers[-2], *parameters[2 * i : 2 * i + 2])
    return training(nn.Sequential(*layers[:-1]), x, labels, fused, compiled)


def lenet(fused=False, compiled=False):
    x, labels, (k1, b1, k2, b2, W, b) = works.lenet()
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(7 * 7 * 32, 10),
    )  # fmt: skip
    for convolution, kernel, bias in ((model[0], k1, b1), (model[3], k2, b2)):
        put(convolution.weight, kernel.transpose(3, 2, 0, 1))
        put(convolution.bias, bias)
    put_linear(model[-1], W.reshape(7, 7, 32, 10).transpose(2, 0, 1, 3).reshape(-1, 10), b)
    return training(model, x.transpose(0, 3, 1, 2).copy(), labels, fused, compiled)


class LSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.head = nn.LSTM(32, 128, batch_first=True), nn.Linear(128, 10)

    def forward(self, x):
        return self.head(self.lstm(x)[0][:, -1])


def lstm(length, fused=False, compiled=False):
    x, labels, (W, U, b, *head) = works.lstm(length)
    model = LSTM()
    order = np.r_[0:256, 256:512]  # i, f, a, o in both
    put(model.lstm.weight_ih_l0, W[:, order].T)
    put(model.lstm.weight_hh_l0, U[:, order].T)
    put(model.lstm.bias_ih_l0, b)
    put(model.lstm.bias_hh_l0, np.zeros_like(b))
    model.lstm.bias_hh_l0.requires_grad_(False)  # two biases would learn twice as fast as one
    put_linear(model.head, *head)
    return training(model, x, labels, fused, compiled)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        size = works.SIZE
        self.norm1, self.norm2 = (nn.LayerNorm(size, eps=works.EPS) for _ in range(2))
        self.qkv, self.output = nn.Linear(size, 3 * size), nn.Linear(size, size)
        self.up, self.down = nn.Linear(size, 4 * size), nn.Linear(4 * size, size)

    def forward(self, x):
        n, steps, size = x.shape
        qkv = self.qkv(self.norm1(x)).reshape(n, steps, 3, works.HEADS, size // works.HEADS)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.output(y.transpose(1, 2).reshape(n, steps, size))
        return x + self.down(functional.gelu(self.up(self.norm2(x)), approximate="tanh"))


class GPT(nn.Module):
    def __init__(self, length):
        super().__init__()
        self.words = nn.Embedding(works.VOCABULARY, works.SIZE)
        self.positions = nn.Parameter(torch.zeros(length, works.SIZE))
        self.blocks = nn.Sequential(*[Block() for _ in range(works.LAYERS)])
        self.norm = nn.LayerNorm(works.SIZE, eps=works.EPS)
        self.head = nn.Linear(works.SIZE, works.VOCABULARY)

    def forward(self, ids):
        return self.head(self.norm(self.blocks(self.words(ids) + self.positions)))


def gpt(length, fused=False, compiled=False):
    ids, following, parameters = works.gpt(length)
    given, model = iter(parameters), GPT(length)
    put(model.words.weight, next(given))
    put(model.positions, next(given))

    def put_norm(norm):
        put(norm.weight, next(given))
        put(norm.bias, next(given))

    for block in model.blocks:
        put_norm(block.norm1)
        qkv = [next(given) for _ in range(6)]
        put_linear(block.qkv, np.concatenate(qkv[::2], axis=1), np.concatenate(qkv[1::2]))
        put_linear(block.output, next(given), next(given))
        put_norm(block.norm2)
        put_linear(block.up, next(given), next(given))
        put_linear(block.down, next(given), next(given))
    put_norm(model.norm)
    put_linear(model.head, next(given), next(given))
    return training(model, ids, following, fused, compiled)


def layer_norm(compiled=False):
    x, scale, shift, g = works.layer_norm()
    f = lambda x, scale, shift: functional.layer_norm(x, scale.shape, scale, shift, works.EPS)
    return function(f, [x, scale, shift], compiled, g)


def batch_norm(compiled=False):
    x, scale, shift, g = works.batch_norm()
    mean, variance = torch.zeros(64), torch.ones(64)

    def f(x, scale, shift):
        return functional.batch_norm(
            x, mean, variance, scale, shift, training=True, momentum=0.01, eps=works.EPS
        )

    arrays = [x.transpose(0, 3, 1, 2), scale, shift]
    return function(f, arrays, compiled, g.transpose(0, 3, 1, 2))


def convolve(x, kernel, g, groups, compiled):
    f = lambda x, w: functional.conv2d(x, w, padding=1, groups=groups)
    arrays = [x.transpose(0, 3, 1, 2), kernel.transpose(3, 2, 0, 1)]
    return function(f, arrays, compiled, g.transpose(0, 3, 1, 2))


def conv(compiled=False):
    return convolve(*works.conv(), 1, compiled)


def depthwise(compiled=False):
    return convolve(*works.depthwise(), 64, compiled)
