"""Clusters: groups found without labels.

kmeans          around their means
centers         what clusters around centers share
"""
