"""
Finite differences, and where they fail
=======================================

The error of a difference quotient falls with its step, until rounding wins. The derivative from the
rule has none of this.
"""

import matplotlib.pyplot as plt
import numpy as np

from tinygrad_edu import grad

f = lambda x: np.exp(np.sin(x))
exact = grad(f)(1.0)
h = 10.0 ** np.arange(-15, 0.1, 0.25)
forward = (f(1 + h) - f(1.0)) / h
central = (f(1 + h) - f(1 - h)) / (2 * h)
plt.loglog(h, np.abs(forward - exact) + 1e-17, label="(f(x + h) - f(x)) / h")
plt.loglog(h, np.abs(central - exact) + 1e-17, label="(f(x + h) - f(x - h)) / 2h")
plt.xlabel("h")
plt.ylabel("error")
plt.legend()
plt.show()
