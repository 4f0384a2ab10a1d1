"""Boosting: trees that follow the gradient of a loss, one after the other.

losses              what a booster makes small, as functions of Tensors
derivatives         their gradient and curvature, by the engine
steps               what all boosters do: targets, the first constant, values of leaves
splitting           rows held out, to know when to stop
booster             what both kinds of boosting share: a constant, and trees in each iteration
bins                features as numbers of bins
columns             parameters about columns: categories, monotonic features, interactions
histogram_tree      trees on bins
gradient_boosting   GradientBoostingRegressor and -Classifier: on exact trees
classifier          classes and probabilities of both kinds of boosting
histogram_boosting  HistGradientBoostingRegressor and -Classifier
distribution_boosting  a mean and a spread
"""
