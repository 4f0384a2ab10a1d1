"""
Taylor polynomials
==================

Derivatives of every order at 0, each the gradient of the one before, give the Taylor polynomials.
"""

import math

import matplotlib.pyplot as plt
import numpy as np

from tinygrad_edu import grad

x = np.linspace(-5, 5, 300)
plt.plot(x, np.sin(x), "k", lw=3, label="sin x")
derivative, polynomial = np.sin, np.zeros_like(x)
for order in range(8):
    polynomial = polynomial + float(derivative(0.0)) * x**order / math.factorial(order)
    derivative = grad(derivative)
    if order % 2:
        plt.plot(x, polynomial, label=f"order {order}")
plt.ylim(-2, 2)
plt.legend()
plt.show()
