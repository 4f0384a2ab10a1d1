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

    And, (nodes,), what becomes known later: `impurity`, and with monotonic constraints the bounds `lower` and
    `upper` of their values.
    """

    lower: np.ndarray
    upper: np.ndarray
    impurity: np.ndarray

    def __init__(self, samples, sizes, columns, weight):
        self.samples, self.sizes, self.columns, self.weight = samples, sizes, columns, weight
        self.number = len(sizes)
        self.starts = np.cumsum(sizes) - sizes
        self.of = np.repeat(np.arange(self.number), sizes)  # the node of each sample
        self.total = sizes.astype(np.float64) if weight is None else self.sum(weight)
        self.mean = self.average(columns)

    def spread(self, per_node):
        """(..., nodes) -> (..., samples): what is given for each node, for each of its samples."""
        return per_node.take(self.of, axis=-1)

    def sum(self, values):
        """(..., samples) -> (..., nodes)"""
        return np.add.reduceat(values, self.starts, axis=-1, dtype=np.float64)

    def average(self, values):
        """The weighted means of each node, (..., samples) -> (..., nodes)."""
        return self.sum(values if self.weight is None else values * self.weight) / self.total

    def part(self, index, sizes):
        """Nodes made of some of these samples, in another order."""
        weight = None if self.weight is None else self.weight[index]
        return Nodes(self.samples[index], sizes, self.columns.take(index, axis=1), weight)

    def only(self, chosen):
        """The chosen ones of these nodes."""
        if chosen.all():
            return self
        part = self.part(np.flatnonzero(chosen[self.of]), self.sizes[chosen])
        part.impurity = self.impurity[chosen]
        part.lower, part.upper = self.lower[chosen], self.upper[chosen]
        return part
