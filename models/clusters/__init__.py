"""Clusters: groups found without labels.

kmeans          around their means
mini_batch      the same, by small random batches
centers         what clusters around centers share
agglomerative   by merging the nearest two
linkage         the trees of merges behind it
"""
