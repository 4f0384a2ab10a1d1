"""
A tree, and a forest
====================

The mean of many trees has a smoother boundary.
"""

import matplotlib.pyplot as plt

from models import DecisionTreeClassifier, RandomForestClassifier
from models.datasets import make_moons
from tinygrad_edu import viz

X, y = make_moons(300, noise=0.3, random_state=0)
figure, axes = plt.subplots(1, 2, figsize=(9, 4))
for ax, model in zip(axes, (DecisionTreeClassifier(), RandomForestClassifier(40)), strict=True):
    model.set_params(random_state=0).fit(X, y)
    viz.decision_boundary(model.predict_proba, X, y, ax=ax, resolution=100)
    ax.set_title(type(model).__name__)
plt.show()
