"""What `compile` saves: eager and compiled steps beside NumPy by hand, PyTorch and JAX (float32).

    np.tanh(a * b + c).sum() and its gradients; a training step of two perceptrons with Adam

python benchmarks/compiled.py        (peers: pip install torch jax)
"""

import timing  # first: it may have to restart Python before NumPy is loaded

import itertools

import numpy as np

from tinygrad_edu import Tensor, compile, nn, optim, value_and_grad

PERCEPTRONS = [((64, 64, 10), 32), ((784, 256, 128, 10), 128)]


def operations(n):
    a, b, c = np.random.default_rng(0).normal(size=(3, n)).astype(np.float32)
    leaves = [Tensor(x, requires_grad=True) for x in (a, b, c)]

    def eager():
        x, w, offset = leaves
        np.tanh(x * w + offset).sum().backward()
        for leaf in leaves:
            leaf.grad = None

    y, d, da, db = np.empty((4, n), np.float32)

    def by_hand():
        np.multiply(a, b, out=y)
        np.add(y, c, out=y)
        np.tanh(y, out=y)
        loss = np.add.reduce(y)
        np.multiply(y, y, out=d)
        np.subtract(1, d, out=d)
        np.multiply(d, b, out=da)
        np.multiply(d, a, out=db)
        return loss

    compiled = compile(value_and_grad(lambda a, b, c: np.sum(np.tanh(a * b + c)), (0, 1, 2)))
    works = {"compiled": lambda: compiled(a, b, c), "eager": eager, "NumPy by hand": by_hand}
    try:
        import torch

        tensors = [torch.tensor(x, requires_grad=True) for x in (a, b, c)]

        def pytorch():
            x, w, offset = tensors
            torch.tanh(x * w + offset).sum().backward()
            for tensor in tensors:
                tensor.grad = None

        works["PyTorch eager"] = pytorch
    except ImportError:
        pass
    try:
        import jax

        f = jax.jit(jax.value_and_grad(lambda a, b, c: jax.numpy.tanh(a * b + c).sum(), (0, 1, 2)))
        works["JAX jit"] = lambda: jax.block_until_ready(f(a, b, c))
    except ImportError:
        pass
    return works


def perceptron(widths):
    layers = []
    for inputs, outputs in itertools.pairwise(widths):
        layers += [nn.Linear(inputs, outputs, rng=0), nn.ReLU()]
    model = nn.Sequential(*layers[:-1])
    return model, optim.Adam(model.parameters())


def our_step(widths):
    model, optimizer = perceptron(widths)

    def step(x, y):
        optimizer.zero_grad()
        loss = nn.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step


def step_by_hand(widths, batch):
    """The same step in NumPy, with arrays that are allocated once, and our Adam."""
    model, optimizer = perceptron(widths)
    weights, biases = model.parameters()[::2], model.parameters()[1::2]
    h = [np.empty((batch, n), np.float32) for n in widths]
    dh = [np.empty((batch, n), np.float32) for n in widths]
    on = [np.empty((batch, n), bool) for n in widths]
    ones, rows, column = (
        np.ones(batch, np.float32),
        np.arange(batch),
        np.empty((batch, 1), np.float32),
    )
    for p in model.parameters():
        p.grad = np.zeros_like(p.data)
    last = len(weights) - 1

    def step(x, labels):
        h[0] = x
        for i, (w, b) in enumerate(zip(weights, biases, strict=True)):
            np.add(np.dot(h[i], w.data, out=h[i + 1]), b.data, out=h[i + 1])
            if i < last:
                np.maximum(h[i + 1], 0, out=h[i + 1])
        z, p = h[-1], dh[-1]
        np.subtract(z, np.maximum.reduce(z, 1, out=column, keepdims=True), out=z)
        np.divide(np.exp(z, out=p), np.add.reduce(p, 1, out=column, keepdims=True), out=p)
        loss = (np.log(column).sum() - z[rows, labels].sum()) / batch
        p[rows, labels] -= 1
        np.multiply(p, np.float32(1 / batch), out=p)
        for i in range(last, -1, -1):
            np.dot(h[i].T, dh[i + 1], out=weights[i].grad)
            np.dot(ones, dh[i + 1], out=biases[i].grad)
            if i:
                np.dot(dh[i + 1], weights[i].data.T, out=dh[i])
                np.multiply(dh[i], np.greater(h[i], 0, out=on[i]), out=dh[i])
        optimizer.stepped = False  # these gradients are new, though no backward() made them
        optimizer.step()
        return loss

    return step


def steps(widths, batch):
    rng = np.random.default_rng(0)
    x, y = (
        rng.normal(size=(batch, widths[0])).astype(np.float32),
        rng.integers(0, widths[-1], batch),
    )
    compiled, eager, by_hand = (
        compile(our_step(widths)),
        our_step(widths),
        step_by_hand(widths, batch),
    )
    for _ in range(5):  # all three learn the same
        losses = [float(np.asarray(step(x, y).data)) for step in (compiled, eager, by_hand)]
        assert losses[0] == losses[1] and np.isclose(losses[1], losses[2], rtol=1e-4), losses
    works = {"compiled": compiled, "eager": eager, "NumPy by hand": by_hand}
    works = {name: lambda step=step: step(x, y) for name, step in works.items()}
    try:
        import mlp

        works["PyTorch eager"] = mlp.pytorch(widths, x, y)
    except ImportError:
        pass
    return works


if __name__ == "__main__":
    for n in (10, 1_000_000):
        best = timing.interleave(operations(n), seconds=0.02)
        timing.report(f"np.tanh(a * b + c).sum() and back, {n:,} elements", best, "compiled")
    for widths, batch in PERCEPTRONS:
        best = timing.interleave(steps(widths, batch), seconds=0.02)
        timing.report(f"perceptron {widths}, batch {batch}, Adam", best, "compiled")
