"""Clusters: groups found without labels.

kmeans          around their means
dbscan          regions of high density
hdbscan         the same at all densities at once
condensed_tree  the hierarchy of hdbscan
graph           connected components
near            the parameters of those that look for near rows
"""
