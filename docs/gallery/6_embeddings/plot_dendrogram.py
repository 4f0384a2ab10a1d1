"""
A hierarchy of clusters
=======================

Each bracket joins two clusters at the height of their distance.
"""

import matplotlib.pyplot as plt

from models import AgglomerativeClustering
from models.datasets import load_iris
from tinygrad_edu import viz

X, _ = load_iris(return_X_y=True)
viz.dendrogram(AgglomerativeClustering(3, compute_distances=True).fit(X[::5]))
plt.show()
