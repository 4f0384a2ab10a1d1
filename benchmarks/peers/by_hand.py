"""The works in NumPy by hand: derivatives on paper, buffers allocated once, `out=` wherever there is one.

No automatic differentiation can be faster in NumPy, except by a better formula.
"""

import numpy as np

import works


class Adam:
    """All parameters in one flat vector, changed in pieces that stay in the cache. Kingma and Ba 2015.

    The moments are kept without the factors 1 - β, which go into the learning rate: m is Σ βᵏ g.
    """

    def __init__(self, arrays, lr=works.ADAM["lr"], piece=32768):
        ends = np.cumsum([0, *[a.size for a in arrays]])
        w, g, m, v = np.zeros((4, ends[-1]), np.float32)
        w[:] = np.concatenate([a.ravel() for a in arrays])
        views = [
            [flat[i:j].reshape(a.shape) for i, j, a in zip(ends, ends[1:], arrays, strict=False)]
            for flat in (w, g)
        ]
        self.parameters, self.gradients = views
        self.lr, self.steps = lr, 0
        scratch = np.empty(piece, np.float32)
        self.pieces = [
            [*(flat[i : i + piece] for flat in (w, g, m, v)), scratch[: w[i : i + piece].size]]
            for i in range(0, w.size, piece)
        ]

    def step(self):
        beta1, beta2 = works.ADAM["beta1"], works.ADAM["beta2"]
        self.steps += 1
        rate = self.lr * (1 - beta1) / (1 - beta1**self.steps)
        root = ((1 - beta2) / (1 - beta2**self.steps)) ** 0.5
        rate, eps = np.float32(-rate / root), np.float32(works.ADAM["eps"] / root)
        beta1, beta2 = np.float32(beta1), np.float32(beta2)
        for w, g, m, v, change in self.pieces:
            np.multiply(m, beta1, out=m)
            np.add(m, g, out=m)
            np.multiply(v, beta2, out=v)
            np.multiply(g, g, out=change)
            np.add(v, change, out=v)
            np.sqrt(v, out=change)
            np.add(change, eps, out=change)
            np.divide(m, change, out=change)
            np.multiply(change, rate, out=change)
            np.add(w, change, out=w)


def tanh(n):
    a, b, c = works.vectors(n, 3)
    y, slope, da, db = np.empty((4, n), np.float32)

    def step():
        np.multiply(a, b, out=y)
        np.add(y, c, out=y)
        np.tanh(y, out=y)
        loss = np.add.reduce(y)
        np.multiply(y, y, out=slope)
        np.subtract(1, slope, out=slope)  # the gradient of a * b + c, and so of c
        np.multiply(slope, b, out=da)
        np.multiply(slope, a, out=db)
        return loss, da, db, slope

    return step


def five(n):
    (x,) = works.vectors(n, 1)
    y, square, g = np.empty((3, n), np.float32)

    def step():
        np.multiply(x, 0.5, out=y)
        np.add(y, 1.0, out=y)
        np.tanh(y, out=y)
        np.multiply(y, y, out=square)
        np.subtract(square, x, out=g)
        loss = np.add.reduce(g)
        np.subtract(1.0, square, out=square)  # dL/dx = 2 y (1 - y²) / 2 - 1
        np.multiply(y, square, out=g)
        np.subtract(g, 1.0, out=g)
        return loss, g

    return step


class Perceptron:
    """Dense layers with ReLU between, softmax cross-entropy and Adam, for batches of at most `batch`."""

    def __init__(self, parameters, batch, lr=works.ADAM["lr"]):
        self.adam = Adam(parameters, lr)
        self.W, self.b = self.adam.parameters[::2], self.adam.parameters[1::2]
        self.dW, self.db = self.adam.gradients[::2], self.adam.gradients[1::2]
        widths = [len(self.W[0]), *[len(b) for b in self.b]]
        self.h, self.dh = ([np.empty((batch, n), np.float32) for n in widths] for _ in range(2))
        self.on = [np.empty((batch, n), bool) for n in widths]
        self.column, self.ones = np.empty((batch, 1), np.float32), np.ones(batch, np.float32)
        self.rows = np.arange(batch)
        self.zero, self.infinity = np.float32(0), np.float32(np.inf)

    def cut(self, n):
        """The buffers of a batch of n."""
        return [[a[:n] for a in arrays] for arrays in (self.h, self.dh, self.on)]

    def forward(self, x, h):
        h[0] = x
        last = len(self.W) - 1
        for i, (W, b) in enumerate(zip(self.W, self.b, strict=True)):
            np.dot(h[i], W, out=h[i + 1])
            np.add(h[i + 1], b, out=h[i + 1])
            if i < last:  # in float32 three times as fast as np.maximum(x, 0)
                np.clip(h[i + 1], self.zero, self.infinity, out=h[i + 1])
        return h[-1]

    def step(self, x, labels):
        n = len(x)
        h, dh, on = (self.h, self.dh, self.on) if n == len(self.rows) else self.cut(n)
        column, ones, rows = self.column[:n], self.ones[:n], self.rows[:n]
        z, p = self.forward(x, h), dh[-1]
        np.maximum.reduce(z, axis=1, out=column, keepdims=True)
        np.subtract(z, column, out=z)
        np.exp(z, out=p)
        np.add.reduce(p, axis=1, out=column, keepdims=True)
        np.divide(p, column, out=p)
        loss = (np.log(column).sum() - z[rows, labels].sum()) / n
        p[rows, labels] -= 1  # softmax minus one-hot
        np.multiply(p, np.float32(1 / n), out=p)
        for i in range(len(self.W) - 1, -1, -1):
            np.dot(h[i].T, dh[i + 1], out=self.dW[i])
            np.dot(ones, dh[i + 1], out=self.db[i])  # sums of columns
            if i:
                np.dot(dh[i + 1], self.W[i].T, out=dh[i])
                np.greater(h[i], 0, out=on[i])
                np.multiply(dh[i], on[i], out=dh[i])
        self.adam.step()
        return loss


def mlp(widths, batch):
    x, labels, parameters = works.mlp(widths, batch)
    model = Perceptron(parameters, batch)
    return lambda: model.step(x, labels)


def normalize(x, scale, shift, g, axis):
    """Norms over the rows (axis 1) or the columns (axis 0) of x as a matrix, and back. Sums are products.

    x̂ = (x - μ) / √(σ² + ε), and dx = (s - mean(s) - x̂ mean(s x̂)) / √(σ² + ε) with s = g · scale.
    """
    shape = x.shape
    x, g = x.reshape(-1, shape[-1]), g.reshape(-1, shape[-1])
    normal, y, dx = (np.empty_like(x) for _ in range(3))
    count = x.shape[axis]
    share = np.full(count, 1 / count, np.float32)
    ones = np.ones(len(x), np.float32)

    def mean(a):
        return (a @ share)[:, None] if axis else share @ a

    def step():
        np.subtract(x, mean(x), out=normal)
        np.multiply(normal, normal, out=y)
        slope = 1 / np.sqrt(mean(y) + np.float32(works.EPS))
        np.multiply(normal, slope, out=normal)
        np.multiply(g, normal, out=dx)
        dscale, dshift = ones @ dx, ones @ g
        if axis:
            np.multiply(dx, scale, out=dx)
            along = mean(dx)
            np.multiply(g, scale, out=y)
            level = mean(y)
        else:  # scale is the same down a column
            np.multiply(g, scale, out=y)
            along, level = dscale * scale / np.float32(count), dshift * scale / np.float32(count)
        np.multiply(normal, along, out=dx)
        np.subtract(y, dx, out=dx)
        np.subtract(dx, level, out=dx)
        np.multiply(dx, slope, out=dx)
        np.multiply(normal, scale, out=y)
        np.add(y, shift, out=y)
        return y, dx, dscale, dshift

    return step


def layer_norm():
    return normalize(*works.layer_norm(), axis=1)


def batch_norm():
    return normalize(*works.batch_norm(), axis=0)
