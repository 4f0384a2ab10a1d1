"""
The graph of a network
======================

One node for each layer, by ``depth=1``.
"""

import matplotlib.pyplot as plt
import numpy as np

from tinygrad_edu import nn, viz

model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3), seed=0)
x = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
graph = viz.Graph(nn.cross_entropy(model(x), np.array([0, 1, 2, 0, 1])), depth=1)
graph.save("graph.png")
plt.figure(figsize=(9, 5))
plt.imshow(plt.imread("graph.png"))
plt.axis("off")
plt.show()
