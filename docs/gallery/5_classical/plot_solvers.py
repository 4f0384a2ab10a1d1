"""
One loss, three solvers
=======================

A solver is a word: the same logistic regression, minimized in three ways.
"""

import matplotlib.pyplot as plt

from models import LogisticRegression, StandardScaler
from models.datasets import load_breast_cancer

X, y = load_breast_cancer(return_X_y=True)
X = StandardScaler().fit_transform(X)
fits = {s: LogisticRegression(solver=s).fit(X, y).trace_.loss for s in ("lbfgs", "newton", "cg")}
lowest = min(min(losses) for losses in fits.values())
for label, losses in fits.items():
    plt.semilogy([loss - lowest + 1e-12 for loss in losses], "o-", ms=3, label=label)
plt.xlabel("iteration")
plt.ylabel("loss above the lowest")
plt.legend()
plt.show()
