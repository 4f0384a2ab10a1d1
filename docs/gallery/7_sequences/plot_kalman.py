"""
A Kalman filter follows a moving thing
======================================

Noisy measurements of a position, and what the filter makes of them.
"""

import matplotlib.pyplot as plt
import numpy as np

from models import KalmanFilter

rng = np.random.default_rng(0)
position = np.cumsum(0.3 * rng.normal(size=120))
measured = position + rng.normal(size=120)
model = KalmanFilter(n_iter=200).fit(measured[:, None])
means, _ = model.filter(measured[:, None])
plt.plot(measured, "k.", ms=4, label="measured")
plt.plot(position, label="true")
plt.plot(means[:, 0], label="filtered")
plt.legend()
plt.show()
