"""Neighbors: answers from the samples that are near.

distances       metrics, and the distance of every pair of rows
brute           the nearest of all rows, by blocks of matrix products
space_tree      KDTree and BallTree: most rows are never looked at
search          `k_nearest` and `within_radius`: the primitives for other chapters, by any of the three
"""
