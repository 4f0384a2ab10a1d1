"""
Clusters of any shape
=====================

DBSCAN finds regions of high density; gray points are noise.
"""

import matplotlib.pyplot as plt

from models import DBSCAN
from models.datasets import make_moons
from tinygrad_edu import viz

X, _ = make_moons(300, noise=0.09, random_state=0)
viz.clusters(X, DBSCAN(eps=0.15, min_samples=5).fit_predict(X))
plt.show()
