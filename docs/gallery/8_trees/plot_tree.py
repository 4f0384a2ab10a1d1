"""
A decision tree
===============

Questions, impurities and answers; who answers yes goes left.
"""

import matplotlib.pyplot as plt

from models import DecisionTreeClassifier
from models.datasets import load_iris
from tinygrad_edu import viz

data = load_iris()
model = DecisionTreeClassifier(max_depth=2, random_state=0).fit(data.data, data.target)
plt.figure(figsize=(9, 5))
viz.tree(model, feature_names=data.feature_names, class_names=data.target_names, ax=plt.gca())
plt.show()
