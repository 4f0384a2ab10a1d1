"""Linear models: a weighted sum of the features.

least_squares   least squared errors
ridge           with a penalty on large weights
"""
