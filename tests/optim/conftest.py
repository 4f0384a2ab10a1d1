"""What several tests of optimizers need."""

import numpy as np
import pytest

from tinygrad_edu import nn


@pytest.fixture
def stepped():
    """A function of a maker of optimizers, arrays, and gradients of each step: the arrays after them."""

    def stepped(make, start, gradients):
        parameters = [nn.Parameter(w.copy()) for w in start]
        optimizer = make(parameters)
        for step in gradients:
            for p, g in zip(parameters, step, strict=True):
                p.grad = g
            optimizer.step()
        return [p.data for p in parameters]

    return stepped


@pytest.fixture
def draw():
    """A function of shapes and a number of steps: arrays, and gradients for each step."""

    def draw(shapes, steps, seed=0):
        rng = np.random.default_rng(seed)
        start = [rng.normal(size=shape) for shape in shapes]
        return start, [[rng.normal(size=shape) for shape in shapes] for _ in range(steps)]

    return draw
