"""
Activations and their slopes
============================

Each activation is a layer; its slope comes from the derivative table.
"""

import matplotlib.pyplot as plt
import numpy as np

from tinygrad_edu import Tensor, nn

x = np.linspace(-4, 4, 201)
figure, axes = plt.subplots(2, 3, figsize=(9, 5), sharex=True)
layers = [nn.ReLU(), nn.LeakyReLU(), nn.ELU(), nn.GELU(), nn.SiLU(), nn.Softplus()]
for ax, layer in zip(axes.flat, layers, strict=True):
    t = Tensor(x, requires_grad=True)
    y = layer(t)
    y.sum().backward()
    ax.plot(x, y.data, label="value")
    ax.plot(x, t.grad, label="slope")
    ax.set_title(repr(layer))
axes[0, 0].legend()
figure.tight_layout()
plt.show()
