"""A step of each optimizer on the weights of two perceptrons, float32, beside PyTorch's optimizer.

python benchmarks/optimizers.py        (peer: pip install torch)
"""

import timing  # first: it may have to restart Python before NumPy is loaded

import contextlib
import itertools

import numpy as np

from tinygrad_edu import nn, optim

SETTINGS = {"SGD": {"lr": 0.01, "momentum": 0.9}}
NAMES = [
    "SGD", "RMSprop", "Adagrad", "Adadelta", "Adam", "AdamW", "Nadam", "Adamax", "Lion", "LAMB", "Muon",
]  # fmt: skip


def ours(name, shapes):
    rng = np.random.default_rng(0)
    parameters = [nn.Parameter(rng.normal(size=s).astype(np.float32)) for s in shapes]
    for p in parameters:
        p.grad = rng.normal(size=p.shape).astype(np.float32)
    return getattr(optim, name)(parameters, **SETTINGS.get(name, {})).step


def pytorch(name, shapes):
    import torch

    make = getattr(torch.optim, {"Nadam": "NAdam"}.get(name, name))
    matrices = [s for s in shapes if len(s) == 2 or name != "Muon"]  # its Muon takes nothing else
    parameters = [torch.randn(s, requires_grad=True) for s in matrices]
    for p in parameters:
        p.grad = torch.randn(p.shape)
    return make(parameters, **SETTINGS.get(name, {})).step


def main():
    for widths in ((784, 256, 128, 10), (64, 64, 10)):
        shapes = [s for pair in itertools.pairwise(widths) for s in (pair, pair[1:])]
        for name in NAMES:
            works = {"tinygrad_edu": ours(name, shapes)}
            with contextlib.suppress(
                ImportError, AttributeError
            ):  # no PyTorch, or no optimizer of that name
                works["PyTorch"] = pytorch(name, shapes)
            best = timing.interleave(works, rounds=40, seconds=0.01, budget=5.0)
            timing.report(f"{name}, {'-'.join(map(str, widths))}", best, "tinygrad_edu")


if __name__ == "__main__":
    main()
