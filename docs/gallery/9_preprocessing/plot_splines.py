"""
A line on spline features
=========================

Linear regression on a spline basis is a smooth curve.
"""

import matplotlib.pyplot as plt
import numpy as np
from models.pipeline import make_pipeline

from models import Ridge, SplineTransformer

rng = np.random.default_rng(0)
X = np.sort(rng.uniform(0, 10, (100, 1)), axis=0)
y = np.sin(X[:, 0]) + 0.2 * rng.normal(size=100)
model = make_pipeline(SplineTransformer(n_knots=8), Ridge(0.01)).fit(X, y)
plt.plot(X, SplineTransformer(n_knots=8).fit_transform(X) - 2.5, "C7", lw=1)
plt.plot(X, y, "k.")
plt.plot(X, model.predict(X), "C1")
plt.title("data, curve, and below the basis")
plt.show()
