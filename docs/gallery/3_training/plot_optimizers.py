"""
A race of optimizers
====================

The same network from the same weights, with five optimizers.
"""

import matplotlib.pyplot as plt

from models.datasets import make_moons
from tinygrad_edu import nn, optim
from tinygrad_edu.training import Trainer

x, y = make_moons(300, noise=0.2, random_state=0)
makers = {
    "SGD": lambda p: optim.SGD(p, lr=0.1),
    "momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9),
    "RMSprop": lambda p: optim.RMSprop(p, lr=0.01),
    "Adam": lambda p: optim.Adam(p, lr=0.01),
    "Lion": lambda p: optim.Lion(p, lr=0.003),
}
for label, maker in makers.items():
    model = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2), seed=0)
    trainer = Trainer(model, nn.cross_entropy, maker(model.parameters()))
    plt.plot(trainer.fit(x, y, epochs=30, seed=0, progress=False)["loss"], label=label)
plt.xlabel("epoch")
plt.ylabel("loss")
plt.legend()
plt.show()
