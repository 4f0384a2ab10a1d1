"""
The graph of a gradient
=======================

The backward pass is a computation, too: the second box is dL/dx, and uses numbers of the first.
"""

import matplotlib.pyplot as plt
import numpy as np

from tinygrad_edu import Tensor, viz

x = Tensor(0.5, requires_grad=True, name="x")
graph = viz.with_gradient(np.tanh(x) ** 2, x)
graph.save("graph.png")
plt.figure(figsize=(9, 6))
plt.imshow(plt.imread("graph.png"))
plt.axis("off")
plt.show()
