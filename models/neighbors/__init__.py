"""Neighbors: answers from the samples that are near.

distances       metrics, and the distance of every pair of rows
brute           the nearest of all rows, by blocks of matrix products
space_tree      KDTree and BallTree: most rows are never looked at
search          `k_nearest` and `within_radius`: the primitives for other chapters, by any of the three
neighbors       NearestNeighbors; what the estimators have in common
voting          how much each neighbor counts
classification  by a number of neighbors, or by those within a radius
regression      the same for numbers
centroid        by the nearest mean of a class
density         kernel density estimates
outliers        the local outlier factor
graph           the graph of neighbors as a sparse matrix
"""

from models.foundation.contents import contents

__getattr__ = contents(
    __name__,
    {
        "BallTree": "space_tree",
        "KDTree": "space_tree",
        "k_nearest": "search",
        "kneighbors_graph": "graph",
        "pairwise_distances": "distances",
        "radius_neighbors_graph": "graph",
        "within_radius": "search",
    },
    guests=["NeighborhoodComponentsAnalysis"],
)
