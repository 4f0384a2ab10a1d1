"""
k-means
=======

The centers, and the points that are nearest to each.
"""

import matplotlib.pyplot as plt

from models import KMeans
from models.datasets import make_blobs
from tinygrad_edu import viz

X, _ = make_blobs(300, centers=4, random_state=3)
model = KMeans(4, random_state=0).fit(X)
viz.clusters(X, model.cluster_centers_)
plt.show()
