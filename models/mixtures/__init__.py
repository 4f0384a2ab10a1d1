"""Mixtures of Gaussians: a density that is a weighted sum of normal densities.

gaussians           densities and covariances of several Gaussians, of four forms
mixture             what the mixtures have in common: the start, the hidden component, samples
gaussian_mixture    by maximum likelihood
bayesian_mixture    by variational Bayes: components that are not needed get no weight
"""
