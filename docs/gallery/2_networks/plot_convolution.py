"""
Edges by convolution
====================

A kernel that subtracts the left from the right answers at vertical edges, and its transpose at
horizontal ones.
"""

import matplotlib.pyplot as plt
import numpy as np

from tinygrad_edu import nn, viz
from tinygrad_edu.data import load_digits

image = load_digits().x[0].reshape(1, 8, 8, 1) / 16
layer = nn.Conv2d(1, 2, 3, padding="same", dtype=np.float64)
edge = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
layer.W.data[..., 0, 0], layer.W.data[..., 0, 1] = edge, edge.T
found = np.abs(layer(image).data)[0]
pictures = np.stack([image[0, ..., 0], found[..., 0] / 4, found[..., 1] / 4])
viz.image_grid(pictures, ["image", "vertical", "horizontal"], columns=3)
plt.show()
