"""Convolution and max pooling, forward and backward, float32, beside PyTorch.

python benchmarks/convolution.py [word of a title]        (peer: pip install torch)

PyTorch gets its own layout, (N, C, H, W); both compute gradients of images and kernels. In the
first layer of a network (one channel) the images are data and need none. Also: the peak memory of the first.
"""

import timing  # first: it may have to restart Python before NumPy is loaded

import sys

import numpy as np

from tinygrad_edu import Tensor
from tinygrad_edu.ops import conv2d, max_pool2d

# images, kernel (None: pooling 2 x 2), keywords
WORKS = {
    "conv 3x3, 64 -> 64": ((32, 32, 32, 64), (3, 3, 64, 64), {"padding": "same"}),
    "conv 3x3, 1 -> 16": ((64, 28, 28, 1), (3, 3, 1, 16), {"padding": "same"}),
    "conv 1x1, 64 -> 64": ((32, 32, 32, 64), (1, 1, 64, 64), {}),
    "conv 3x3, stride 2, 64 -> 64": ((32, 32, 32, 64), (3, 3, 64, 64), {"stride": 2}),
    "max pooling 2x2, 16 channels": ((64, 28, 28, 16), None, {}),
    "max pooling 2x2, 64 channels": ((32, 32, 32, 64), None, {}),
}


def ours(image, kernel, settings, x, w):
    inputs = Tensor(x, requires_grad=image[-1] > 1)
    kernels = None if w is None else Tensor(w, requires_grad=True)

    def step(g=None):
        inputs.grad = None
        if w is None:
            y = max_pool2d(inputs, 2)
        else:
            kernels.grad = None
            y = conv2d(inputs, kernels, **settings)
        y.backward(np.ones(y.shape, np.float32) if g is None else g)
        return y

    g = np.random.default_rng(1).normal(size=step().shape).astype(np.float32)
    return lambda: step(g)


def pytorch(image, kernel, settings, x, w):
    import torch
    from torch.nn import functional

    inputs = torch.tensor(np.moveaxis(x, -1, 1).copy(), requires_grad=image[-1] > 1)
    kernels = None
    if w is not None:
        kernels = torch.tensor(np.transpose(w, (3, 2, 0, 1)).copy(), requires_grad=True)
    settings = {**settings, "padding": kernel[0] // 2} if "padding" in settings else settings

    def step(g=None):
        inputs.grad = None
        if w is None:
            y = functional.max_pool2d(inputs, 2)
        else:
            kernels.grad = None
            y = functional.conv2d(inputs, kernels, **settings)
        y.backward(torch.ones_like(y) if g is None else g)
        return y

    g = torch.randn(step().shape)
    return lambda: step(g)


PEERS = {"tinygrad_edu": ours, "PyTorch eager": pytorch}
LIMITED = "conv 3x3, 64 -> 64"
LIMITS = {"PyTorch eager": 1.3}


def built(title, name):
    image, kernel, settings = WORKS[title]
    rng = np.random.default_rng(0)
    x = rng.normal(size=image).astype(np.float32)
    w = None if kernel is None else rng.normal(size=kernel).astype(np.float32)
    return PEERS[name](image, kernel, settings, x, w)


def main():
    if sys.argv[1:2] == ["--peak"]:
        timing.tell_peak(lambda: built(LIMITED, sys.argv[2]))
        return
    asked = sys.argv[1] if len(sys.argv) > 1 else ""
    if asked in LIMITED:
        timing.peaks(LIMITED, PEERS)
    for title, (image, *_) in WORKS.items():
        if asked not in title:
            continue
        works = {}
        for name in PEERS:
            try:
                works[name] = built(title, name)
            except ImportError:
                print(f"{name}: not installed, left out")
        best = timing.interleave(works, rounds=40, seconds=0.05, budget=15.0)
        limits = LIMITS if title == LIMITED else None
        timing.report(
            f"{title}, {image}, float32, forward + backward", best, "tinygrad_edu", limits
        )


if __name__ == "__main__":
    main()
