"""Clusters: groups found without labels.

kmeans          around their means
bisecting       the same, by dividing the worst cluster in two
mini_batch      the same, by small random batches
fuzzy           around means to which every point belongs a little
medoids         around points of the data, with any distances
centers         what clusters around centers share

dbscan          regions of high density
hdbscan         the same at all densities at once
condensed_tree  the hierarchy of hdbscan
optics          an order of the rows in which clusters are valleys
mean_shift      places of the highest density
xi              the valleys between steep slopes
graph           connected components
near            the parameters of those that look for near rows
agglomerative   by merging the nearest two
linkage         the trees of merges behind it
affinity_propagation
                around exemplars, which messages between the points choose
spectral        by cutting a graph of similarities
birch           by summing up points that come one after another
coclustering    rows and columns of a table together
"""

from models.foundation.contents import contents

__getattr__ = contents(
    __name__, {"estimate_bandwidth": "mean_shift", "get_bin_seeds": "mean_shift"}
)
