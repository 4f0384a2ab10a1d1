"""
The path of the lasso
=====================

As the penalty falls, one coefficient after the other leaves 0.
"""

import matplotlib.pyplot as plt

from models import LassoLars
from models.datasets import load_diabetes
from tinygrad_edu import viz

X, y = load_diabetes(return_X_y=True)
names = ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"]
viz.coefficient_path(LassoLars(alpha=0.0).fit(X, y), names=names)
plt.show()
