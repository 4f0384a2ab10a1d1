"""
Boosting, round by round
========================

Each tree corrects what those before it left over.
"""

import matplotlib.pyplot as plt
import numpy as np

from models import GradientBoostingRegressor

rng = np.random.default_rng(0)
X = np.sort(rng.uniform(0, 6, (120, 1)), axis=0)
y = np.sin(2 * X[:, 0]) + 0.2 * rng.normal(size=120)
model = GradientBoostingRegressor(n_estimators=60, max_depth=2, random_state=0).fit(X, y)
plt.plot(X, y, "k.")
for n, prediction in enumerate(model.staged_predict(X), 1):
    if n in (1, 5, 60):
        plt.plot(X, prediction, label=f"{n} trees")
plt.legend()
plt.show()
