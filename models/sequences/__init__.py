"""Sequences: models in which a step depends on the one before it.

chain                   sums and maxima over all paths through hidden states: one recursion
lengths                 several sequences below each other in X
hidden_markov           hidden Markov models: expected counts are a gradient
categorical_hmm         whose steps show one of several symbols
gaussian_hmm            whose steps show numbers
conditional_random_field  labels of every step, given its features
kalman_filter           the state is a vector that moves linearly
"""
