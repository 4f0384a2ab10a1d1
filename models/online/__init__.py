"""Online learning: linear models that learn from one sample after the other.

losses      of one sample, with their slopes
descent     a step for each sample, and the rounds over all samples
sgd         stochastic gradient descent, with many losses
one_class   the same for one class, to find outliers
perceptron  a step for each mistake
passive     the smallest step that mends a mistake
"""
