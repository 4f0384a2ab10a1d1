"""
Hidden states of a sequence
===========================

A hidden Markov model finds when a series changes its regime.
"""

import matplotlib.pyplot as plt
import numpy as np

from models import GaussianHMM
from tinygrad_edu import viz

rng = np.random.default_rng(0)
state = np.repeat([0, 1, 0, 2, 1], 40)
X = (np.array([0.0, 3.0, -2.0])[state] + 0.7 * rng.normal(size=200))[:, None]
viz.states(GaussianHMM(3, n_iter=50, random_state=0).fit(X), X)
plt.show()
