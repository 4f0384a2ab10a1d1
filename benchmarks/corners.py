"""Normalization, softmax, embedding, dropout and long elementwise chains beside PyTorch, float32.

python benchmarks/corners.py [word of a title]        (peer: pip install torch)

Forward and backward of each, with a given gradient. PyTorch gets its own layout, (N, C, H, W), of images.
The chain on a million numbers is also compared with NumPy by hand, which allocates nothing.
"""

import timing  # first: it may have to restart Python before NumPy is loaded

import sys

import numpy as np

from tinygrad_edu import Tensor, nn, ops

RNG = np.random.default_rng(0)


def normal(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def there_and_back(f, *arrays):
    """A step of ours: y = f(*arrays) and the gradients of all arrays."""
    inputs = [Tensor(x, requires_grad=True) for x in arrays]
    g = normal(*f(*inputs).shape)

    def step():
        for x in inputs:
            x.grad = None
        f(*inputs).backward(g)

    return step


def pytorch_there_and_back(f, *arrays):
    import torch

    inputs = [torch.tensor(x, requires_grad=True) for x in arrays]
    g = torch.randn(f(*inputs).shape)

    def step():
        for x in inputs:
            x.grad = None
        f(*inputs).backward(g)

    return step


def channels_first(x):
    return np.ascontiguousarray(np.moveaxis(x, -1, 1))


def layer(ours, theirs, shape):
    """Builders of a step of a layer of ours, and of torch.nn's. The layers' own gradients count, too."""

    def pytorch():
        import torch

        return pytorch_there_and_back(theirs(torch.nn), channels_first(normal(*shape)))

    return {
        "tinygrad_edu": lambda: there_and_back(ours(), normal(*shape)),
        "PyTorch eager": pytorch,
    }


def function(ours, theirs, *shapes):
    """Builders of a step of a function of arrays."""

    def pytorch():
        import torch

        return pytorch_there_and_back(theirs(torch), *(normal(*s) for s in shapes))

    return {
        "tinygrad_edu": lambda: there_and_back(ours, *(normal(*s) for s in shapes)),
        "PyTorch eager": pytorch,
    }


def embedding(vocab, size, *shape):
    ids = np.random.default_rng(1).integers(0, vocab, shape)

    def pytorch():
        import torch

        places = torch.tensor(ids)
        find = torch.nn.functional.embedding
        return pytorch_there_and_back(lambda W: find(places, W), normal(vocab, size))

    return {
        "tinygrad_edu": lambda: there_and_back(lambda W: ops.lookup(W, ids), normal(vocab, size)),
        "PyTorch eager": pytorch,
    }


def chain(a, b, c):
    """Five elementwise operations."""
    return np.exp(-np.square(np.tanh(a * b + c)))


def torch_chain(torch):
    return lambda a, b, c: torch.exp(-torch.square(torch.tanh(a * b + c)))


def chain_by_hand():
    a, b, c, g = (normal(10**6) for _ in range(4))
    t, y, da, db, dc = (np.empty_like(a) for _ in range(5))

    def step():
        np.multiply(a, b, out=t)
        np.add(t, c, out=t)
        np.tanh(t, out=t)
        np.multiply(t, t, out=y)
        np.negative(y, out=dc)
        np.exp(dc, out=dc)
        dc[...] *= g  # dL/d(-t²)
        dc[...] *= t
        dc[...] *= -2
        np.subtract(1, y, out=y)
        dc[...] *= y
        np.multiply(dc, b, out=da)
        np.multiply(dc, a, out=db)

    return step


WORKS = {
    "layer norm (2048, 128)": layer(
        lambda: nn.LayerNorm(128), lambda nn: nn.LayerNorm(128), (2048, 128)),
    "layer norm (8192, 512)": layer(
        lambda: nn.LayerNorm(512), lambda nn: nn.LayerNorm(512), (8192, 512)),
    "RMS norm (2048, 128)": layer(
        lambda: nn.RMSNorm(128), lambda nn: nn.RMSNorm(128), (2048, 128)),
    "group norm, 8 groups (32, 32, 32, 64)": layer(
        lambda: nn.GroupNorm(8, 64), lambda nn: nn.GroupNorm(8, 64), (32, 32, 32, 64)),
    "instance norm (32, 32, 32, 64)": layer(
        lambda: nn.InstanceNorm(64), lambda nn: nn.InstanceNorm2d(64, affine=True), (32, 32, 32, 64)),
    "batch norm (32, 32, 32, 64)": layer(
        lambda: nn.BatchNorm(64), lambda nn: nn.BatchNorm2d(64), (32, 32, 32, 64)),
    "batch norm (64, 28, 28, 16)": layer(
        lambda: nn.BatchNorm(16), lambda nn: nn.BatchNorm2d(16), (64, 28, 28, 16)),
    "batch norm, dense (128, 256)": layer(
        lambda: nn.BatchNorm(256), lambda nn: nn.BatchNorm1d(256), (128, 256)),
    "softmax (1000, 1000)": function(
        ops.softmax, lambda torch: lambda x: torch.softmax(x, -1), (1000, 1000)),
    "log-softmax (1000, 1000)": function(
        ops.log_softmax, lambda torch: lambda x: torch.log_softmax(x, -1), (1000, 1000)),
    "embedding of 100, (16, 128) ids": embedding(100, 128, 16, 128),
    "embedding of 1,000, (16, 128) ids": embedding(1000, 128, 16, 128),
    "embedding of 20,000, (16, 128) ids": embedding(20_000, 128, 16, 128),
    "dropout (1000, 1000)": layer(
        lambda: nn.Dropout(0.5), lambda nn: nn.Dropout(0.5), (1000, 1000)),
    "five elementwise, 1,000,000": {
        **function(chain, torch_chain, *[(10**6,)] * 3), "NumPy by hand": chain_by_hand},
}  # fmt: skip
LIMITS = {"layer norm": 2.0, "batch norm": 1.0}  # ours / PyTorch


def main():
    asked = sys.argv[1] if len(sys.argv) > 1 else ""
    for title, builders in WORKS.items():
        if asked not in title:
            continue
        works = {}
        for name, build in builders.items():
            try:
                works[name] = build()
            except ImportError:
                print(f"{name}: not installed, left out")
        best = timing.interleave(works, rounds=30, seconds=0.02, budget=2.0)
        limits = [limit for words, limit in LIMITS.items() if title.startswith(words)]
        limits = {"PyTorch eager": limits[0]} if limits else {"NumPy by hand": 1.9}
        timing.report(f"{title}, forward + backward", best, "tinygrad_edu", limits)


if __name__ == "__main__":
    main()
