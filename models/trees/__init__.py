"""Trees: one question after the other.

tree         DecisionTreeClassifier and -Regressor: CART; the ExtraTree... with random cuts
categories   questions about categories: the order in which the best set is a beginning
criteria     impurity: Gini, entropy, squared and absolute error, Poisson
growing      level by level, all nodes of a level at once
nodes        the samples of the nodes of a level, as segments of arrays
questions    the best question of each node
running      the gains of all cuts, as running sums
medians      the absolute error around the median
table        X as ranks
settings     the parameters of trees and forests
targets      classifiers of several targets
pruning      best-first growth, and cost-complexity pruning
structure    a grown tree, and the ways down it
text         a tree in words
"""

from models.trees.text import export_text, rules

__all__ = ["export_text", "rules"]
