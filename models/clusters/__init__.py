"""Clusters: groups found without labels.

kmeans          around their means
dbscan          regions of high density
hdbscan         the same at all densities at once
condensed_tree  the hierarchy of hdbscan
optics          an order of the rows in which clusters are valleys
xi              the valleys between steep slopes
graph           connected components
near            the parameters of those that look for near rows
"""
