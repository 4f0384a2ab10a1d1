"""
Margins of a support vector machine
===================================

The boundary, the margins at ±1, and the support vectors in circles.
"""

import matplotlib.pyplot as plt

from models import SVC
from models.datasets import make_moons
from tinygrad_edu import viz

X, y = make_moons(120, noise=0.2, random_state=0)
viz.margins(SVC(kernel="rbf", C=1.0).fit(X, y), X, y)
plt.show()
