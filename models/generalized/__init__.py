"""Generalized linear models: a distribution of y whose parameter is a function of a weighted sum.

exponential_family      their common form: everything from the log-partition
poisson, overdispersed  counts, with the variance of Poisson's distribution or more
binomial                successes of several trials
gamma                   positive numbers
tweedie                 numbers whose variance is a power of the mean
logistic                classes
logistic_cv             the same, with the strength of its penalty chosen by cross-validation
bayesian_logistic       two classes, with a distribution of the weights
ordinal                 classes in an order
cox, times              how long until an event
elastic_net_penalty     a penalty for them that makes weights exactly 0
"""
