"""Clusters: groups found without labels.

kmeans          around their means
bisecting       the same, by dividing the worst cluster in two
mini_batch      the same, by small random batches
fuzzy           around means to which every point belongs a little
medoids         around points of the data, with any distances
centers         what clusters around centers share
agglomerative   by merging the nearest two
linkage         the trees of merges behind it
affinity_propagation
                around exemplars, which messages between the points choose
spectral        by cutting a graph of similarities
birch           by summing up points that come one after another
coclustering    rows and columns of a table together
"""
