"""The network of three layers and the fifty samples that the tests of training share."""

import numpy as np

from tinygrad_edu import nn, optim
from tinygrad_edu.training import Trainer, accuracy

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 4)).astype(np.float32)
Y = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)


def model(*extra):
    return nn.Sequential(nn.Linear(4, 8, rng=0), nn.Tanh(), *extra, nn.Linear(8, 3, rng=1))


def trainer(network=None, **settings):
    network = network or model()
    optimizer = optim.Adam(network.parameters(), lr=0.05)
    return Trainer(network, nn.cross_entropy, optimizer, metrics=[accuracy], **settings)
