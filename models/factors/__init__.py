"""Factors: short vectors whose products explain a large, sparse table.

matrix_factorization   a vector for each user and each item
factorization_machine  a vector for each feature
"""
