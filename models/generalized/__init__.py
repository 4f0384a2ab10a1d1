"""Generalized linear models: a distribution of y whose parameter is a function of a weighted sum.

logistic                classes
bayesian_logistic       two classes, with a distribution of the weights
poisson                 counts
elastic_net_penalty     a penalty for them that makes weights exactly 0
"""
