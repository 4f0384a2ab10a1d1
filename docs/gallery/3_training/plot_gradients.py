"""
Gradients by layer
==================

In a deep network of sigmoids, the gradients of the first layers are much smaller than those of the
last.
"""

import matplotlib.pyplot as plt

from models.datasets import make_moons
from tinygrad_edu import nn, optim, viz
from tinygrad_edu.training import Trainer

x, y = make_moons(300, noise=0.2, random_state=0)
layers = [nn.Linear(2, 16), nn.Sigmoid()]
for _ in range(3):
    layers += [nn.Linear(16, 16), nn.Sigmoid()]
model = nn.Sequential(*layers, nn.Linear(16, 2), seed=0)
watch = viz.Watch(model)
trainer = Trainer(model, nn.cross_entropy, optim.Adam(model.parameters()))
trainer.fit(x, y, epochs=5, seed=0, callbacks=[watch], progress=False)
watch.plot()
plt.show()
