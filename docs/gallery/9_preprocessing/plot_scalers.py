"""
Three scalers
=============

The same two columns, scaled by the mean, by the range, and by the median.
"""

import matplotlib.pyplot as plt
import numpy as np

from models import MinMaxScaler, RobustScaler, StandardScaler

rng = np.random.default_rng(0)
X = np.column_stack([rng.normal(5, 2, 200), rng.exponential(3, 200)])
figure, axes = plt.subplots(1, 3, figsize=(10, 3.3))
for ax, scaler in zip(axes, (StandardScaler(), MinMaxScaler(), RobustScaler()), strict=True):
    ax.scatter(*scaler.fit_transform(X).T, s=6)
    ax.set_title(type(scaler).__name__)
plt.tight_layout()
plt.show()
