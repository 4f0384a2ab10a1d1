"""Linear models: a weighted sum of the features.

least_squares   the smallest squared errors
ridge           and a penalty on large weights
"""
