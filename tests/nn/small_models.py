"""Models for the tests of modules, of their summaries and of their weights in files."""

import numpy as np
import pytest

from tinygrad_edu import nn


class Block(nn.Module):
    def __init__(self):
        self.lin = nn.Linear(2, 2, rng=0)
        self.scale = nn.Parameter(np.ones(2, np.float32))

    def forward(self, x):
        return self.lin(x) * self.scale


class Everything(nn.Module):
    """Parameters in attributes, lists, tuples and dicts, one of them shared."""

    def __init__(self):
        self.first = nn.Linear(3, 2, rng=0)
        self.blocks = [Block(), Block()]
        self.heads = {"a": nn.Linear(2, 1, rng=1), "b": (nn.Linear(2, 1, bias=False, rng=2),)}
        self.again = self.first
        self.table = np.ones(3)  # a plain array is no parameter

    def forward(self, x):
        x = self.first(x)
        for block in self.blocks:
            x = block(x)
        return self.heads["a"](x) + self.heads["b"][0](x)


def mlp(**kwargs):
    return nn.Sequential(
        nn.Linear(4, 3, rng=0, **kwargs), nn.Tanh(), nn.Linear(3, 2, rng=1, **kwargs)
    )


def refused(model, load, words):
    """The load is refused, in these words, and no weight has changed."""
    before = model.state_dict()
    with pytest.raises(ValueError, match=words) as error:
        load()
    assert all(np.array_equal(model.state_dict()[k], v) for k, v in before.items())
    return str(error.value)
