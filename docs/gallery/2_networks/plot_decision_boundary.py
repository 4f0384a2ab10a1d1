"""
The boundary of a small network
===============================

A network of one hidden layer separates two moons.
"""

import matplotlib.pyplot as plt

from models.datasets import make_moons
from tinygrad_edu import nn, optim, viz
from tinygrad_edu.training import Trainer

x, y = make_moons(300, noise=0.2, random_state=0)
model = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2), seed=0)
trainer = Trainer(model, nn.cross_entropy, optim.Adam(model.parameters(), lr=0.03))
trainer.fit(x, y, epochs=40, seed=0, progress=False)
viz.decision_boundary(trainer.predict, x, y)
plt.show()
