"""Margins and kernels: models that see the rows of X through inner products.

kernel_functions    k(x, y), and what methods with kernels have in common
kernel_ridge        least squares
features            features whose inner products are nearly a kernel
"""
