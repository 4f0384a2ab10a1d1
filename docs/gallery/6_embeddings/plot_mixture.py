"""
A mixture of Gaussians
======================

Ellipses at one and two standard deviations.
"""

import matplotlib.pyplot as plt
import numpy as np

from models import GaussianMixture
from models.datasets import make_blobs
from tinygrad_edu import viz

X, _ = make_blobs(300, centers=3, random_state=4)
X = X @ np.array([[1.0, 0.6], [0.0, 0.5]])
viz.mixture(GaussianMixture(3, random_state=0).fit(X), X)
plt.show()
