"""Generalized linear models: a distribution of y whose parameter is a function of a weighted sum.

logistic                classes
poisson                 counts
elastic_net_penalty     a penalty for them that makes weights exactly 0
"""
