"""Margins and kernels: models that see the rows of X through inner products.

The kernels themselves, k(x, y), are in models/foundation/kernel_functions.py.

kernel_ridge        least squares
features            features whose inner products are nearly a kernel
support_vectors     what support vector machines have in common; their quadratic problems are in `smo`
svc                 classes, with probabilities from `platt`
svr                 numbers
one_class_svm       outliers
linear_svm          without kernels, for many rows; their minima are in `positive_parts`
crammer_singer      the same for all classes at once
"""
