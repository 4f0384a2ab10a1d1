"""
What a step changed
===================

Values before and after a step of gradient descent, side by side; orange where much has changed.
"""

import matplotlib.pyplot as plt
import numpy as np

from tinygrad_edu import nn, optim, viz

model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1), seed=0)
optimizer = optim.SGD(model.parameters(), lr=0.5)
x, y = np.array([[1.0, -1.0]], np.float32), np.array([[0.5]], np.float32)
loss = nn.mse(model(x), y)
before = viz.Graph(loss, depth=1)
loss.backward()
optimizer.step()
graph = viz.changes(before, viz.Graph(nn.mse(model(x), y), depth=1))
graph.save("graph.png")
plt.figure(figsize=(9, 6))
plt.imshow(plt.imread("graph.png"))
plt.axis("off")
plt.show()
