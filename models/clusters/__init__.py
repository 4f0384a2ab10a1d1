"""Clusters: groups found without labels.

kmeans          around their means
"""
