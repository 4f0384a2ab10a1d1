"""Nodes of a tree beside each other, as segments of arrays.

The samples of a whole level stand in one array, node after node. What a node needs, such as its mean or its
best question, is a reduction over a segment (`np.add.reduceat`), and all nodes of a level take one call.
"""

import numpy as np


class Nodes:
    """Some nodes and their samples.

    samples   numbers of rows of X, node after node
    sizes     (nodes,): how many each node has
    columns   (columns, samples): the targets of these samples, as the criterion reads them
    weight    (samples,), or None if all are 1

    tree      (nodes,): the number of the tree that each belongs to
    lower, upper   (nodes,): bounds of their values, with monotonic constraints
    """

    impurity: np.ndarray  # (nodes,), when the criterion has described them

    def __init__(self, samples, sizes, columns, weight, tree, lower, upper):
        self.tree, self.lower, self.upper = tree, lower, upper
        self.samples, self.sizes, self.columns, self.weight = samples, sizes, columns, weight
        self.number = len(sizes)
        self.starts = np.cumsum(sizes) - sizes
        self.of = np.repeat(np.arange(self.number), sizes)  # the node of each sample
        self.total = sizes.astype(np.float64) if weight is None else self.sum(weight)
        self.mean = self.average(columns)
        if columns.dtype != bool:  # far from 0, a sum loses digits: add the mean of what is left
            self.mean += self.average(columns - self.spread(self.mean))

    def spread(self, per_node):
        """(..., nodes) -> (..., samples): what is given for each node, for each of its samples."""
        return per_node.take(self.of, axis=-1)

    def sum(self, values):
        """(..., samples) -> (..., nodes)"""
        return np.add.reduceat(values, self.starts, axis=-1, dtype=np.float64)

    def average(self, values):
        """The weighted means of each node, (..., samples) -> (..., nodes)."""
        return self.sum(values if self.weight is None else values * self.weight) / self.total

    def vary(self):
        """(nodes,): do the targets differ within the node?"""
        lowest = np.minimum.reduceat(self.columns, self.starts, axis=1)
        return (lowest != np.maximum.reduceat(self.columns, self.starts, axis=1)).any(axis=0)

    def part(self, index, sizes, *known):
        """Nodes made of some of these samples, in another order. known: tree, lower and upper."""
        weight = None if self.weight is None else self.weight[index]
        return Nodes(self.samples[index], sizes, self.columns.take(index, axis=1), weight, *known)

    def only(self, chosen):
        """The chosen ones of these nodes."""
        if chosen.all():
            return self
        index = np.flatnonzero(chosen[self.of])
        known = (each[chosen] for each in (self.sizes, self.tree, self.lower, self.upper))
        part = self.part(index, *known)
        part.impurity = self.impurity[chosen]
        return part
