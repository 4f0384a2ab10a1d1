"""
Tangents
========

``value_and_grad`` gives the value and the slope: a tangent at each point.
"""

import matplotlib.pyplot as plt
import numpy as np

from tinygrad_edu import value_and_grad

f = lambda x: np.sin(x) + 0.1 * x**2
x = np.linspace(-4, 4, 200)
plt.plot(x, f(x), "k")
for point in np.linspace(-3, 3, 7):
    value, slope = value_and_grad(f)(point)
    near = np.array([-0.7, 0.7])
    plt.plot(point + near, value + slope * near, "C1")
    plt.plot(point, value, "C1o")
plt.title("sin x + x² / 10, with tangents")
plt.show()
