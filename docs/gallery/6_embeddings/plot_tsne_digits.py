"""
Digits in two dimensions: t-SNE
===============================

Neighbors stay neighbors, so that digits form islands.
"""

import matplotlib.pyplot as plt

from models import TSNE
from models.datasets import load_digits

X, y = load_digits(return_X_y=True)
points = TSNE(max_iter=400, random_state=0).fit_transform(X[:400])
plt.scatter(*points.T, c=y[:400], cmap="tab10", s=12)
plt.colorbar(label="digit")
plt.show()
