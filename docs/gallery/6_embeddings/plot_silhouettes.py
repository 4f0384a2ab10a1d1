"""
How well points fit their clusters
==================================

Bars below 0 are points that are nearer to another cluster.
"""

import matplotlib.pyplot as plt

from models import KMeans
from models.datasets import make_blobs
from tinygrad_edu import viz

X, _ = make_blobs(200, centers=3, cluster_std=1.6, random_state=1)
viz.silhouettes(X, KMeans(3, random_state=0).fit_predict(X))
plt.show()
