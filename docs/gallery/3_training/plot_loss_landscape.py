"""
The way through the loss landscape
==================================

The loss on the plane that the training moved in most, and the way of the weights on it.
"""

import matplotlib.pyplot as plt

from models.datasets import make_moons
from tinygrad_edu import nn, optim, viz

x, y = make_moons(200, noise=0.2, random_state=0)
model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2), seed=0)
optimizer = optim.SGD(model.parameters(), lr=0.3, momentum=0.8)
path = [viz.flat(model.parameters())]
for _ in range(60):
    optimizer.zero_grad()
    nn.cross_entropy(model(x), y).backward()
    optimizer.step()
    path.append(viz.flat(model.parameters()))
viz.loss_landscape(lambda: nn.cross_entropy(model(x), y), model, path=path)
plt.show()
