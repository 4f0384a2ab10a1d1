"""
A function and its derivatives
==============================

``grad`` of ``grad`` is the second derivative: the rules differentiate themselves.
"""

import matplotlib.pyplot as plt
import numpy as np

from tinygrad_edu import grad, vmap

x = np.linspace(-4, 4, 200)
f = np.tanh
for label in ("tanh x", "first derivative", "second derivative", "third derivative"):
    plt.plot(x, vmap(f)(x), label=label)
    f = grad(f)
plt.xlabel("x")
plt.legend()
plt.show()
