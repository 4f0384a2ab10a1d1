"""
Three quantiles
===============

A quantile regression for 10 %, 50 % and 90 % shows how the spread grows.
"""

import matplotlib.pyplot as plt
import numpy as np

from models import QuantileRegressor

rng = np.random.default_rng(0)
X = np.sort(rng.uniform(0, 10, (200, 1)), axis=0)
y = X[:, 0] + 0.4 * X[:, 0] * rng.normal(size=200)
plt.plot(X, y, "k.", ms=3)
for q in (0.1, 0.5, 0.9):
    plt.plot(X, QuantileRegressor(quantile=q, alpha=0.0).fit(X, y).predict(X), label=f"{q:.0%}")
plt.legend()
plt.show()
