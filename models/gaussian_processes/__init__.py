"""Gaussian processes: distributions of functions (Rasmussen and Williams 2006).

kernels          covariance functions, and expressions of them
regression       numbers as a function of x, with error bars
classification   classes, by Laplace's method
sparse           numbers, from many samples by few inducing points
"""
