"""The cost of recording: forward and backward of np.tanh(a * b + c).sum(), beside other libraries.

python benchmarks/engine.py        (peers: pip install mygrad==2.5.0 torch autograd)
"""

import numpy as np
import timing  # first: it may have to restart Python before NumPy is loaded

from tinygrad_edu import Tensor

LIMITS = {"HIPS autograd": 0.3, "MyGrad, memory guard on": 0.5, "PyTorch eager": 0.8}


def ours(a, b, c):
    a, b, c = (Tensor(v, requires_grad=True) for v in (a, b, c))

    def work():
        a.grad = b.grad = c.grad = None
        np.tanh(a * b + c).sum().backward()

    return work


def mygrad(a, b, c):
    import mygrad as mg

    a, b, c = (mg.tensor(v) for v in (a, b, c))

    def work():
        np.tanh(a * b + c).sum().backward()
        a.null_grad(), b.null_grad(), c.null_grad()

    return work


def pytorch(a, b, c):
    import torch

    a, b, c = (torch.tensor(v, requires_grad=True) for v in (a, b, c))

    def work():
        a.grad = b.grad = c.grad = None
        torch.tanh(a * b + c).sum().backward()

    return work


def hips_autograd(a, b, c):
    import autograd
    import autograd.numpy as anp

    return lambda: autograd.grad(lambda v: anp.tanh(v[0] * v[1] + v[2]).sum())((a, b, c))


def by_hand(a, b, c):
    def work():
        y = np.tanh(a * b + c)
        y.sum()
        g = 1 - y * y
        return g * b, g * a, g.copy()

    return work


def main():
    peers = {
        "tinygrad_edu": ours,
        "NumPy by hand": by_hand,
        "HIPS autograd": hips_autograd,
        "MyGrad, memory guard on": mygrad,
        "PyTorch eager": pytorch,
    }
    for size in (10, 1000):
        numbers = np.random.default_rng(0).normal(size=(3, size))
        works = {}
        for name, build in peers.items():
            try:
                works[name] = build(*numbers)
            except ImportError:
                print(f"{name}: not installed, left out")
        best = timing.interleave(works, rounds=40, seconds=0.02)
        title = f"np.tanh(a * b + c).sum(), forward and backward, {size} elements"
        timing.report(title, best, "tinygrad_edu", LIMITS if size == 10 else None)


if __name__ == "__main__":
    main()
