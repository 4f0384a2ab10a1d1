"""Makes the pictures of the README that need no browser: python tools/make_drawings.py

Each takes a few lines of code. Needs the extra viz; writes into docs/.
"""

import itertools
import os
import sys

import numpy as np
from PIL import Image

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)
sys.dont_write_bytecode = True

from tinygrad_edu import Tensor, nn, optim, viz  # noqa: E402
from tinygrad_edu.data import load_digits  # noqa: E402

DOCS = os.path.join(ROOT, "docs")


def failure(path):
    """A layer that does not fit: the graph up to it, and the error beside it."""
    model = nn.Sequential(nn.Linear(64, 32, rng=0), nn.ReLU(), nn.Linear(64, 10, rng=1))
    images = Tensor(load_digits().x[:8].reshape(-1, 64) / 16, name="images")
    try:
        model(images)
    except ValueError as error:
        viz.explain_error(error).save(path)


def gradient(path):
    """The graph of tanh(x w) x beside the graph of its derivative, made by the same rules."""
    x = Tensor(0.5, requires_grad=True, name="x")
    w = Tensor(-1.5, requires_grad=True, name="w")
    viz.with_gradient(np.tanh(x * w) * x, x).save(path)


def vanishing(path):
    """Eight sigmoid layers: the gradient of each is about ten times smaller than that of the next."""
    sizes = [64] + [32] * 8
    layers = []
    for i, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
        layers += [nn.Linear(inputs, outputs, bias=False, rng=i), nn.Sigmoid()]
    model = nn.Sequential(*layers, nn.Linear(32, 10, bias=False, rng=8))
    optimizer, watch = optim.SGD(model.parameters(), lr=0.1), viz.Watch(model)
    digits, rng = load_digits(), np.random.default_rng(0)
    x = (digits.x.reshape(-1, 64) / 16).astype(np.float32)
    for _ in range(60):
        batch = rng.integers(0, len(x), 64)
        loss = nn.cross_entropy(model(x[batch]), digits.y[batch])
        optimizer.zero_grad()
        loss.backward()
        watch.record()
        optimizer.step()
    watch.histogram().figure.savefig(path, dpi=110)


if __name__ == "__main__":
    os.makedirs(DOCS, exist_ok=True)
    for draw in (failure, gradient, vanishing):
        target = os.path.join(DOCS, f"{draw.__name__}.png")
        draw(target)
        with Image.open(target) as picture:  # 64 colors are enough, and a third of the bytes
            small = picture.convert("RGB").quantize(64)
        small.save(target, optimize=True)
        print(f"{target}: {os.path.getsize(target) / 1000:.0f} kB")
