"""Generalized linear models: a distribution of y whose parameter is a function of a weighted sum.

logistic        classes
poisson         counts
"""
