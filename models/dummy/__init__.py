"""Dummies: predictions that do not depend on X. A model that is not better has learned nothing from it.

classifier   the most frequent class, or random ones
regressor    the mean, the median or a constant
"""

from models.dummy.classifier import DummyClassifier
from models.dummy.regressor import DummyRegressor

__all__ = ["DummyClassifier", "DummyRegressor"]
