"""
A ROC curve, and calibration
============================

How well scores rank, and whether a probability of 80 % comes true 80 % of the time.
"""

import matplotlib.pyplot as plt
from models.calibration import calibration_curve

from models import GaussianNB, LogisticRegression
from models.datasets import make_classification
from models.metrics import roc_curve

X, y = make_classification(1000, 10, n_redundant=4, random_state=0)
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4))
for model in (LogisticRegression(), GaussianNB()):
    p = model.fit(X[:500], y[:500]).predict_proba(X[500:])[:, 1]
    left.plot(*roc_curve(y[500:], p)[:2], label=type(model).__name__)
    observed, predicted = calibration_curve(y[500:], p, n_bins=8)
    right.plot(predicted, observed, "o-")
left.set_title("ROC curve")
left.legend()
right.plot([0, 1], [0, 1], "k:")
right.set_title("observed by predicted probability")
plt.show()
