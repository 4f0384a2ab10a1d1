"""
Which features count
====================

The importance of each feature to a forest; thin lines are the spread between its trees.
"""

import matplotlib.pyplot as plt

from models import RandomForestClassifier
from models.datasets import load_breast_cancer
from tinygrad_edu import viz

data = load_breast_cancer()
model = RandomForestClassifier(40, random_state=0).fit(data.data, data.target)
viz.importances(model, names=data.feature_names, most=10)
plt.show()
