"""
A residual block
================

The input takes two ways, and their gradients are added where they part.
"""

import matplotlib.pyplot as plt
import numpy as np

from tinygrad_edu import Tensor, nn, viz

block = nn.Residual(nn.Sequential(nn.Linear(3, 3, rng=0), nn.Tanh()))
x = Tensor(np.ones((1, 3), np.float32), requires_grad=True, name="x")
graph = viz.Graph(block(x).sum())
graph.save("graph.png")
plt.figure(figsize=(9, 6))
plt.imshow(plt.imread("graph.png"))
plt.axis("off")
plt.show()
