"""The works in DeZero, with its own Adam. Images are (N, C, H, W) here; it has no layer norm."""

import numpy as np

for removed in ("int", "float"):  # names that it uses, and that NumPy 1.24 has removed
    if removed not in vars(np):
        setattr(np, removed, {"int": int, "float": float}[removed])

import dezero  # noqa: E402
import dezero.functions as F  # noqa: E402
import dezero.optimizers  # noqa: E402

import works  # noqa: E402


def function(f, arrays, g=None):
    """f(arrays), and the gradients of all arrays, given that of the result."""
    leaves = [dezero.Variable(a) for a in arrays]

    def step():
        for leaf in leaves:
            leaf.cleargrad()
        y = f(*leaves)
        if g is not None:
            y.grad = dezero.Variable(g)
        y.backward()
        return y.data, *[leaf.grad.data for leaf in leaves]

    return step


def tanh(n):
    return function(lambda a, b, c: F.sum(F.tanh(a * b + c)), works.vectors(n, 3))


def five(n):
    def f(x):
        y = F.tanh(x * np.float32(0.5) + np.float32(1.0))
        return F.sum(y * y - x)

    return function(f, works.vectors(n, 1))


class Network(dezero.Model):
    """Parameters in the order of `works`, and a function of them."""

    def __init__(self, parameters, logits):
        super().__init__()
        self.logits, self.count = logits, len(parameters)
        for i, a in enumerate(parameters):
            setattr(self, f"p{i}", dezero.Parameter(np.ascontiguousarray(a)))

    def forward(self, x):
        return self.logits([getattr(self, f"p{i}") for i in range(self.count)], x)


def training(logits, x, labels, parameters):
    a = works.ADAM
    model = Network(parameters, logits)
    optimizer = dezero.optimizers.Adam(a["lr"], a["beta1"], a["beta2"], a["eps"]).setup(model)

    def step():
        loss = F.softmax_cross_entropy(model(x), labels)
        model.cleargrads()
        loss.backward()
        optimizer.update()
        return loss.data

    return step


def mlp(widths, batch):
    def logits(parameters, x):
        last = len(parameters) // 2 - 1
        for i in range(last + 1):
            x = F.linear(x, parameters[2 * i], parameters[2 * i + 1])
            x = F.relu(x) if i < last else x
        return x

    return training(logits, *works.mlp(widths, batch))


def lenet():
    x, labels, (k1, b1, k2, b2, W, b) = works.lenet()
    k1, k2 = (k.transpose(3, 2, 0, 1) for k in (k1, k2))
    W = W.reshape(7, 7, 32, 10).transpose(2, 0, 1, 3).reshape(-1, 10)

    def logits(parameters, x):
        for kernel, bias in (parameters[:2], parameters[2:4]):
            x = F.pooling(F.relu(F.conv2d(x, kernel, bias, 1, 1)), 2, 2)
        return F.linear(F.reshape(x, (len(x), -1)), parameters[4], parameters[5])

    return training(logits, x.transpose(0, 3, 1, 2).copy(), labels, [k1, b1, k2, b2, W, b])


def lstm(length):
    def logits(parameters, x):
        W, U, b, head_W, head_b = parameters
        h = c = None
        for t in range(length):
            z = F.linear(x[:, t], W, b)
            z = z if h is None else z + F.matmul(h, U)
            i, f, a, o = (z[:, k : k + 128] for k in (0, 128, 256, 384))
            new = F.sigmoid(i) * F.tanh(a)
            c = new if c is None else F.sigmoid(f) * c + new
            h = F.sigmoid(o) * F.tanh(c)
        return F.linear(h, head_W, head_b)

    return training(logits, *works.lstm(length))


def batch_norm():
    x, scale, shift, g = works.batch_norm()
    mean, variance = np.zeros(64, np.float32), np.ones(64, np.float32)

    def f(x, scale, shift):
        return F.batch_nrom(x, scale, shift, mean, variance, 0.99, works.EPS)

    # its batch norm is over rows: channels last
    rows = [a.reshape(-1, 64) for a in (x, g)]
    return function(f, [rows[0], scale, shift], rows[1])


def conv():
    x, kernel, g = works.conv()
    f = lambda x, w: F.conv2d(x, w, None, 1, 1)
    arrays = [x.transpose(0, 3, 1, 2).copy(), kernel.transpose(3, 2, 0, 1).copy()]
    return function(f, arrays, g.transpose(0, 3, 1, 2))
