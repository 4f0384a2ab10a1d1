"""
Straight and curved boundaries
==============================

Equal covariances give straight boundaries, different ones give curves.
"""

import matplotlib.pyplot as plt

from models import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from models.datasets import make_blobs
from tinygrad_edu import viz

X, y = make_blobs(240, centers=3, cluster_std=[0.6, 1.2, 2.0], random_state=2)
figure, axes = plt.subplots(1, 2, figsize=(9, 4))
for ax, kind in zip(axes, (LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis), strict=True):
    viz.decision_boundary(kind().fit(X, y).predict, X, y, ax=ax)
    ax.set_title(kind.__name__)
plt.show()
