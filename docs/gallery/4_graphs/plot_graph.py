"""
The graph of a computation
==========================

Every operation with its value and its gradient. In a notebook the last line of a cell shows it;
``save`` writes a picture, or a page to step through.
"""

import matplotlib.pyplot as plt
import numpy as np

from tinygrad_edu import Tensor, viz

a = Tensor(2.0, name="a", requires_grad=True)
b = Tensor(-3.0, name="b", requires_grad=True)
graph = viz.Graph(np.tanh(a * b + 1) + a**2)
print(graph)
graph.save("graph.png")
plt.figure(figsize=(9, 5))
plt.imshow(plt.imread("graph.png"))
plt.axis("off")
plt.show()
