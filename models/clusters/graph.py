"""Connected components of a graph, without a loop over its nodes.

Source: Y. Zhang, A. Azad, Z. Hu, FastSV: a distributed-memory connected component algorithm with fast
convergence, SIAM PP (2020).
"""

import numpy as np


def components(row: np.ndarray, number: np.ndarray, n: int) -> np.ndarray:
    """For each of n nodes the smallest node that it is connected with.

    row, number   the ends of the edges, each in both directions, in ascending order of row
    """
    parent = np.arange(n)
    if not len(row):
        return parent
    first = np.flatnonzero(np.diff(row, prepend=-1))
    at = row[first]
    while True:
        grandparent = parent[parent]
        least = np.minimum.reduceat(grandparent[number], first)  # among the neighbors of each node
        after = grandparent.copy()  # every node moves up
        np.minimum.at(after, parent[at], least)  # its parent joins the least neighbor
        after[at] = np.minimum(after[at], least)
        if (after == parent).all():
            return parent
        parent = after
