"""
Newton's method
===============

``hessian`` gives the curvature. Newton's method takes six steps where gradient descent is still on
its way.
"""

import matplotlib.pyplot as plt
import numpy as np

from tinygrad_edu import grad, hessian

f = lambda w: (1 - w[0]) ** 2 + 10 * (w[1] - w[0] ** 2) ** 2
steps = {
    "gradient descent": lambda w: 0.008 * grad(f)(w),
    "Newton": lambda w: np.linalg.solve(hessian(f)(w), grad(f)(w)),
}
for label, step in steps.items():
    w = np.array([-1.2, 1.0])
    path = [w := w - step(w) for _ in range(60)]
    plt.semilogy([f(w) + 1e-16 for w in path], label=label)
plt.xlabel("step")
plt.ylabel("Rosenbrock's function")
plt.legend()
plt.show()
