"""Factors: hidden numbers whose products explain ratings, interactions of features, and binary patterns.

matrix_factorization     a rating from factors of the user and of the item
machine                  factorization machines: products of features, whose weights are products of factors
rbm                      a restricted Boltzmann machine
"""
