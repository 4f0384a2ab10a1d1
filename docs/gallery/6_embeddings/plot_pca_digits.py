"""
Digits in two dimensions: PCA
=============================

The plane that keeps most of the variance.
"""

import matplotlib.pyplot as plt

from tinygrad_edu import viz
from tinygrad_edu.data import load_digits

x, y = load_digits()
viz.embedding(x.reshape(-1, 64)[:600], y[:600])
plt.show()
