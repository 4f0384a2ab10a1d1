"""
A field of gradients
====================

``vmap(grad(f))`` computes the gradient at every point of a grid at once; it is orthogonal to the
contours.
"""

import matplotlib.pyplot as plt
import numpy as np

from tinygrad_edu import grad, vmap

f = lambda p: np.sin(p[0]) * np.cos(p[1])
grid = np.stack(np.meshgrid(np.linspace(-3, 3, 19), np.linspace(-2, 2, 13)), axis=-1)
slopes = vmap(grad(f))(grid.reshape(-1, 2)).reshape(grid.shape)
x, y = grid[..., 0], grid[..., 1]
plt.contourf(x, y, np.sin(x) * np.cos(y), 20, cmap="Blues")
plt.quiver(x, y, slopes[..., 0], slopes[..., 1])
plt.title("gradients of sin x cos y")
plt.show()
