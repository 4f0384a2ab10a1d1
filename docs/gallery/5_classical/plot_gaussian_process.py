"""
A Gaussian process
==================

The mean, and two standard deviations: wide where there are no data.
"""

import matplotlib.pyplot as plt
import numpy as np

from models import GaussianProcessRegressor
from tinygrad_edu import viz

rng = np.random.default_rng(1)
X = np.sort(np.concatenate([rng.uniform(0, 4, 12), rng.uniform(7, 10, 8)]))[:, None]
y = np.sin(X[:, 0]) + 0.05 * rng.normal(size=20)
viz.band(GaussianProcessRegressor(alpha=0.01).fit(X, y), X, y)
plt.show()
