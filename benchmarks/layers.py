"""Layers one by one, forward and backward, float32, beside PyTorch.

python benchmarks/layers.py [word of a title]        (peer: pip install torch)

With gradients of inputs and parameters. PyTorch gets images in its own layout, (N, C, H, W).
"""

import timing  # first: it may have to restart Python before NumPy is loaded

import sys

import numpy as np

from tinygrad_edu import Tensor, nn

# title -> shape of x, our layer, PyTorch's
LAYERS = {
    "batch norm, 16 channels": (
        (64, 28, 28, 16), lambda: nn.BatchNorm(16), lambda torch: torch.nn.BatchNorm2d(16)),
    "batch norm, dense, 256": (
        (128, 256), lambda: nn.BatchNorm(256), lambda torch: torch.nn.BatchNorm1d(256)),
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
    return step_of(
        layer, x, np.random.default_rng(1).normal(size=layer(x).shape).astype(np.float32)
    )


def their_layer(x, build):
    import torch

    layer = build(torch)
    x = torch.tensor(np.moveaxis(x, -1, 1).copy() if x.ndim == 4 else x, requires_grad=True)
    return step_of(layer, x, torch.randn(layer(x).shape))


def step_of(layer, x, g):
    """Forward and back; both libraries call this the same."""
    learned = [x, *layer.parameters()]

    def step():
        for tensor in learned:
            tensor.grad = None
        layer(x).backward(g)

    return step


def main():
    asked = sys.argv[1] if len(sys.argv) > 1 else ""
    for title, (shape, build, theirs) in LAYERS.items():
        if asked not in title:
            continue
        x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
        works = {"tinygrad_edu": our_layer(x, build)}
        try:
            works["PyTorch eager"] = their_layer(x, theirs)
        except ImportError:
            print("PyTorch: not installed, left out")
        best = timing.interleave(works, rounds=40, seconds=0.05, budget=15.0)
        timing.report(f"{title}, {shape}, forward + backward", best, "tinygrad_edu")


if __name__ == "__main__":
    main()
