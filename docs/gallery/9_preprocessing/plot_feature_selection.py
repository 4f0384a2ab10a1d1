"""
Columns that matter
===================

Scores of ten columns, of which three were used to make the target.
"""

import matplotlib.pyplot as plt
import numpy as np

from models import SelectKBest
from models.feature_selection import f_regression

rng = np.random.default_rng(0)
X = rng.normal(size=(200, 10))
y = X[:, 1] - 2 * X[:, 4] + X[:, 7] + rng.normal(size=200)
model = SelectKBest(f_regression, k=3).fit(X, y)
plt.bar(range(10), model.scores_, color=np.where(model.get_support(), "C1", "lightgray"))
plt.xlabel("column")
plt.ylabel("F statistic (orange: kept)")
plt.show()
