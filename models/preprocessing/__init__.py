"""Preprocessing: features as other models like them.

one_to_one          what the transformers that change each column by itself have in common
standard            mean 0 and variance 1
ranges, quantiles   from 0 to 1; by the largest; by the middle half
rows                rows of length 1; numbers above a threshold
categories          the categories of columns of text or numbers; infrequent ones as a group
one_hot, ordinal    a column, or a number, for each category
kernel_centerer     a kernel of centered features
polynomial          products of features
spline              smooth bumps between knots
"""
