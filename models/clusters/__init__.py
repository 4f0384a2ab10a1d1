"""Clusters: groups found without labels.

kmeans          around their means
dbscan          regions of high density
graph           connected components
near            the parameters of those that look for near rows
"""
