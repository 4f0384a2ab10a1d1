"""A training step of a LeNet-like network, and its layers one by one, float32, beside PyTorch.

python benchmarks/cnn.py [word of a title]        (peer: pip install torch)

The network: 28 x 28 x 1, conv 3x3 of 16, ReLU, pool, conv 3x3 of 32, ReLU, pool, dense to 10; batch 64;
forward, backward and Adam. PyTorch gets its own layout, (N, C, H, W). Layers: forward and backward, with
gradients of images and parameters. Also measured: the peak memory of a process that trains the network.
"""

import timing  # first: it may have to restart Python before NumPy is loaded

import sys

import numpy as np

from tinygrad_edu import Tensor, nn, optim

LIMITS = {"PyTorch eager": 1.4}
BATCH = 64


def ours(x, y):
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding="same", rng=0), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding="same", rng=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(7 * 7 * 32, 10, rng=2),
    )  # fmt: skip
    optimizer = optim.Adam(model.parameters())

    def step():
        loss = nn.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def pytorch(x, y):
    import torch
    from torch import nn as theirs

    model = theirs.Sequential(
        theirs.Conv2d(1, 16, 3, padding=1), theirs.ReLU(), theirs.MaxPool2d(2),
        theirs.Conv2d(16, 32, 3, padding=1), theirs.ReLU(), theirs.MaxPool2d(2),
        theirs.Flatten(), theirs.Linear(7 * 7 * 32, 10),
    )  # fmt: skip
    optimizer = torch.optim.Adam(model.parameters())
    loss_of = theirs.CrossEntropyLoss()
    x, y = torch.tensor(np.moveaxis(x, -1, 1).copy()), torch.tensor(y)

    def step():
        loss = loss_of(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


STEPS = {"tinygrad_edu": ours, "PyTorch eager": pytorch}


def data():
    rng = np.random.default_rng(0)
    return rng.normal(size=(BATCH, 28, 28, 1)).astype(np.float32), rng.integers(0, 10, BATCH)


# title -> shape of x, our layer, PyTorch's
LAYERS = {
    "batch norm, 64 channels": (
        (32, 32, 32, 64), lambda: nn.BatchNorm(64), lambda torch: torch.nn.BatchNorm2d(64)),
    "batch norm, 16 channels": (
        (64, 28, 28, 16), lambda: nn.BatchNorm(16), lambda torch: torch.nn.BatchNorm2d(16)),
    "batch norm, dense, 256": (
        (128, 256), lambda: nn.BatchNorm(256), lambda torch: torch.nn.BatchNorm1d(256)),
    "layer norm, 256": (
        (32, 128, 256), lambda: nn.LayerNorm(256), lambda torch: torch.nn.LayerNorm(256)),
    "group norm, 64 channels in 8": (
        (32, 32, 32, 64), lambda: nn.GroupNorm(8, 64), lambda torch: torch.nn.GroupNorm(8, 64)),
    "rms norm, 256": (
        (32, 128, 256), lambda: nn.RMSNorm(256), lambda torch: torch.nn.RMSNorm(256)),
    "global average, 64 channels": (
        (32, 32, 32, 64), nn.GlobalAvgPool2d, lambda torch: torch.nn.AdaptiveAvgPool2d(1)),
    "upsampling 2 x 2, 16 channels": (
        (32, 16, 16, 64), lambda: nn.UpSampling2d(2), lambda torch: torch.nn.Upsample(scale_factor=2)),
}  # fmt: skip


def our_layer(x, build):
    layer, x = build(), Tensor(x, requires_grad=True)
    g = np.random.default_rng(1).normal(size=layer(x).shape).astype(np.float32)
    learned = [x, *layer.parameters()]

    def step():
        for tensor in learned:
            tensor.grad = None
        layer(x).backward(g)

    return step


def their_layer(x, build):
    import torch

    layer = build(torch)
    x = torch.tensor(np.moveaxis(x, -1, 1).copy() if x.ndim == 4 else x, requires_grad=True)
    g = torch.randn(layer(x).shape)
    learned = [x, *layer.parameters()]

    def step():
        for tensor in learned:
            tensor.grad = None
        layer(x).backward(g)

    return step


def measure(title, builders, limits=None):
    works = {}
    for name, build in builders.items():
        try:
            works[name] = build()
        except ImportError:
            print(f"{name}: not installed, left out")
    best = timing.interleave(works, rounds=40, seconds=0.05, budget=15.0)
    timing.report(title, best, "tinygrad_edu", limits)


def main():
    if sys.argv[1:2] == ["--peak"]:
        timing.tell_peak(lambda: STEPS[sys.argv[2]](*data()))
        return
    asked = sys.argv[1] if len(sys.argv) > 1 else ""
    title = f"training step of a LeNet-like network, batch {BATCH}, float32, Adam"
    if asked in title:
        timing.peaks(title, STEPS)
        x, y = data()
        measure(title, {name: lambda b=build: b(x, y) for name, build in STEPS.items()}, LIMITS)
    for title, (shape, build, theirs) in LAYERS.items():
        if asked in title:
            inputs = np.random.default_rng(0).normal(size=shape).astype(np.float32)
            works = {
                "tinygrad_edu": lambda i=inputs, b=build: our_layer(i, b),
                "PyTorch eager": lambda i=inputs, b=theirs: their_layer(i, b),
            }
            measure(f"{title}, {shape}, forward + backward", works)


if __name__ == "__main__":
    main()
