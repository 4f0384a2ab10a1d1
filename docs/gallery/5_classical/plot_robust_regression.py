"""
A line that outliers do not move
================================

Least squares follows the outliers. Huber's loss counts large errors linearly.
"""

import matplotlib.pyplot as plt
import numpy as np

from models import HuberRegressor, LinearRegression

rng = np.random.default_rng(0)
X = rng.uniform(0, 10, (60, 1))
y = 2 * X[:, 0] + rng.normal(size=60)
y[X[:, 0] > 9] -= 25
plt.plot(X, y, "k.")
ends = np.array([[0.0], [10.0]])
for model in (LinearRegression(), HuberRegressor()):
    plt.plot(ends, model.fit(X, y).predict(ends), label=type(model).__name__)
plt.legend()
plt.show()
