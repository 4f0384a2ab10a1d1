"""Classical algorithms on scikit-learn's contract: fit, predict, score."""

from models.clusters import KMeans
from models.linear import LinearRegression, LogisticRegression
from models.trees import DecisionTreeClassifier

__all__ = ["DecisionTreeClassifier", "KMeans", "LinearRegression", "LogisticRegression"]
