"""
Depth of a tree
===============

A deep tree follows the noise.
"""

import matplotlib.pyplot as plt
import numpy as np

from models import DecisionTreeRegressor

rng = np.random.default_rng(0)
X = np.sort(rng.uniform(0, 6, (100, 1)), axis=0)
y = np.sin(X[:, 0]) + 0.2 * rng.normal(size=100)
plt.plot(X, y, "k.")
for depth in (2, 4, 10):
    plt.step(
        X[:, 0], DecisionTreeRegressor(max_depth=depth).fit(X, y).predict(X), label=f"depth {depth}"
    )
plt.legend()
plt.show()
