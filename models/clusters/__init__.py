"""Clusters: groups found without labels.

kmeans          around their means
dbscan          regions of high density
hdbscan         the same at all densities at once
condensed_tree  the hierarchy of hdbscan
optics          an order of the rows in which clusters are valleys
mean_shift      places of the highest density
xi              the valleys between steep slopes
graph           connected components
near            the parameters of those that look for near rows
"""

from models.foundation.contents import contents

__getattr__ = contents(
    __name__, {"estimate_bandwidth": "mean_shift", "get_bin_seeds": "mean_shift"}
)
