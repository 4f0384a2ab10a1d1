"""
A grid of parameters
====================

Cross-validated accuracy for each pair of C and gamma.
"""

import matplotlib.pyplot as plt

from models import SVC, GridSearchCV
from models.datasets import make_moons

X, y = make_moons(150, noise=0.25, random_state=0)
grid = {"C": [0.1, 1, 10, 100], "gamma": [0.1, 1, 10, 100]}
search = GridSearchCV(SVC(), grid, cv=3).fit(X, y)
plt.imshow(search.cv_results_["mean_test_score"].reshape(4, 4), cmap="viridis")
plt.xticks(range(4), grid["gamma"])
plt.yticks(range(4), grid["C"])
plt.xlabel("gamma")
plt.ylabel("C")
plt.colorbar(label="accuracy")
plt.title(f"best: {search.best_params_}")
plt.show()
