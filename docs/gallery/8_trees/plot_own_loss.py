"""
Boosting with a loss of your own
================================

The 10 % and 90 % quantiles, by a loss of one line.
"""

import matplotlib.pyplot as plt
import numpy as np

from models import GradientBoostingRegressor

rng = np.random.default_rng(0)
X = np.sort(rng.uniform(0, 6, (300, 1)), axis=0)
y = np.sin(X[:, 0]) + 0.1 * (1 + X[:, 0]) * rng.normal(size=300)
plt.plot(X, y, "k.", ms=3)
for q in (0.1, 0.9):
    loss = lambda f, y, q=q: np.where(y > f, q * (y - f), (1 - q) * (f - y))
    model = GradientBoostingRegressor(loss=loss, n_estimators=60, random_state=0).fit(X, y)
    plt.plot(X, model.predict(X), label=f"{q:.0%}")
plt.legend()
plt.show()
