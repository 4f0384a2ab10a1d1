"""A training step (forward, backward, Adam, float32) of two perceptrons, beside PyTorch and Keras,
and the peak memory of the larger perceptron.

python benchmarks/mlp.py        (peers: pip install torch keras tensorflow)
"""

import timing  # first: it may have to restart Python before NumPy is loaded

import itertools
import sys

import numpy as np

from tinygrad_edu import nn, optim

WORKS = {  # widths, batch -> limits
    ((784, 256, 128, 10), 128): {"PyTorch eager": 0.8},
    ((64, 64, 10), 32): {"PyTorch eager": 0.45, "Keras on TensorFlow": 0.15},
}


def ours(widths, x, y):
    layers = []
    for inputs, outputs in itertools.pairwise(widths):
        layers += [nn.Linear(inputs, outputs, rng=0), nn.ReLU()]
    model = nn.Sequential(*layers[:-1])
    optimizer = optim.Adam(model.parameters())

    def step():
        loss = nn.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def pytorch(widths, x, y, fused=False):
    import torch

    layers = []
    for inputs, outputs in itertools.pairwise(widths):
        layers += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1])
    optimizer = torch.optim.Adam(model.parameters(), fused=fused)
    loss_of = torch.nn.CrossEntropyLoss()
    x, y = torch.tensor(x), torch.tensor(y)

    def step():
        loss = loss_of(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def keras(widths, x, y):
    import os

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from keras import Input, Sequential, layers, losses

    model = Sequential([Input((widths[0],))])
    for outputs in widths[1:-1]:
        model.add(layers.Dense(outputs, activation="relu"))
    model.add(layers.Dense(widths[-1]))
    model.compile("adam", losses.SparseCategoricalCrossentropy(from_logits=True))
    return lambda: model.train_on_batch(x, y)


PEERS = {
    "tinygrad_edu": ours,
    "PyTorch eager": pytorch,
    "PyTorch eager, fused Adam": lambda *args: pytorch(*args, fused=True),
    "Keras on TensorFlow": keras,
}


def data(widths, batch):
    rng = np.random.default_rng(0)
    return rng.normal(size=(batch, widths[0])).astype(np.float32), rng.integers(0, 10, batch)


def title_of(widths, batch):
    return f"training step of {'-'.join(map(str, widths))}, batch {batch}, float32, Adam"


def main():
    largest = next(iter(WORKS))
    if sys.argv[1:2] == ["--peak"]:
        timing.tell_peak(lambda: PEERS[sys.argv[2]](largest[0], *data(*largest)))
        return
    timing.peaks(title_of(*largest), PEERS)
    for (widths, batch), limits in WORKS.items():
        x, y = data(widths, batch)
        works = {}
        for name, build in PEERS.items():
            try:
                works[name] = build(widths, x, y)
            except ImportError:
                print(f"{name}: not installed, left out")
        best = timing.interleave(works, rounds=40, seconds=0.05)
        timing.report(title_of(widths, batch), best, "tinygrad_edu", limits)


if __name__ == "__main__":
    main()
