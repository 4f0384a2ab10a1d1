"""Clusters: groups found without labels.

kmeans          around their means
centers         what clusters around centers share
agglomerative   by merging the nearest two
linkage         the trees of merges behind it
"""
