"""The gains of all cuts of sorted samples, as running sums.

`gains(search, features, codes, order)` gives the gains of the cuts after each sample, (rows, samples), and
the middle of both sides, or None. features: (rows, 1) or (rows, nodes). order: (rows, samples), the samples
of each node in the order of their codes.
"""

import numpy as np

EPSILON = np.finfo(np.float64).eps
NEVER = np.finfo(np.float64).max / 16  # several of them still add up


def deviations_of(nodes, criterion):
    """w (t - t̄) of the columns that the criterion searches, and t̄ in each node."""
    mean = criterion.searched(nodes.mean)
    deviations = criterion.searched(nodes.columns) - nodes.spread(mean)
    if nodes.weight is not None:
        deviations *= nodes.weight
    return deviations, mean


class Running:
    """The weights on both sides of each cut."""

    def __init__(self, search):
        self.nodes, self.criterion = search.nodes, search.criterion
        if self.nodes.weight is None:
            self.sides = self.sides_of(search, search.count_left)  # the same for all features
        else:
            self.before = self.nodes.spread(np.cumsum(self.nodes.total) - self.nodes.total)

    def sides_of(self, search, left):
        """The weights on the left and the right, what the criterion makes of them, and what is too light."""
        right = self.nodes.spread(self.nodes.total) - left
        least = search.limits.min_weight_leaf
        light = ((left < least) | (right < least)) * NEVER if least else 0.0
        lightest = self.nodes.spread(search.least)
        left, right = np.maximum(left, lightest), np.maximum(right, lightest)
        return left, right, self.criterion.of_sides(left, right), light


class ColumnSums(Running):
    """By S of each column."""

    def __init__(self, search):
        super().__init__(search)
        columns, mean = deviations_of(self.nodes, self.criterion)
        self.mean = self.nodes.spread(mean) if self.criterion.needs_mean else mean
        if self.nodes.weight is not None:
            columns = np.concatenate([self.nodes.weight[None], columns])
        # In a running sum each addition waits for the one before. Two sums together take no longer than one:
        # as the real and the imaginary part of a complex number.
        even = len(columns) // 2 * 2
        self.pairs = columns[0:even:2] + 1j * columns[1:even:2]
        self.odd = columns[even:]

    def gains(self, search, features, codes, order):
        sums = self.running_sums(order)
        weighted = self.nodes.weight is not None
        left, right, sides, light = (
            self.sides_of(search, next(sums) - self.before) if weighted else self.sides
        )
        monotonic = search.limits.monotonic is not None
        sums = [*sums] if monotonic else sums
        gain = self.criterion.gain(sums, self.mean, left, right, sides) - light
        if not monotonic:
            return gain, None
        t = self.nodes.spread(self.nodes.mean[-1])
        low, high = t + sums[-1] / left, t - sums[-1] / right
        middle, breaks = search.middle_of(features, low, high, self.nodes.spread)
        return gain - breaks * NEVER, middle

    def running_sums(self, order):
        """The running sum of each column, (rows, samples)."""
        for pair in self.pairs:
            S = pair.take(order)
            np.cumsum(S, axis=1, out=S)
            yield S.real
            yield S.imag
        for column in self.odd:
            S = column.take(order)
            yield np.cumsum(S, axis=1, out=S)


class Labels:
    """What is known of a classification target before the samples are sorted by a feature.

    own       (samples,): how much the class of each sample weighs in its node
    counts    (nodes, classes): the weight of each class
    """

    def __init__(self, nodes, one_hot):
        label = np.argmax(one_hot, axis=0)
        self.group = nodes.of * len(one_hot) + label  # a class in a node
        groups = nodes.number * len(one_hot)
        weights = np.bincount(self.group, nodes.weight, minlength=groups)
        self.own = weights[self.group]
        self.counts = weights.reshape(nodes.number, -1)
        sorted_groups = np.sort(self.group)
        self.before = (np.cumsum(weights) - weights)[sorted_groups]


class ClassCounts(Running):
    """By the weights of the classes. A cut that moves by one sample changes that of a single class.

    So it suffices to know how much the class of each sample weighs before it. That takes a second sort, by
    class and code, and as long for two classes as for a hundred.
    """

    def __init__(self, search):
        super().__init__(search)
        nodes = self.nodes
        self.targets = [
            Labels(nodes, columns) for columns in self.criterion.by_target(nodes.columns)
        ]
        self.terms = [self.criterion.terms(labels, nodes) for labels in self.targets]

    def gains(self, search, features, codes, order):
        weight = self.nodes.weight
        if weight is None:
            w, (left, _, sides, light) = 1, self.sides
        else:
            w = weight.take(order)
            left, _, sides, light = self.sides_of(search, np.cumsum(w, axis=1) - self.before)
        gain = 0.0
        for labels, terms in zip(self.targets, self.terms, strict=True):
            by_class, _ = search.sorted(codes, labels.group)
            if weight is None:
                count = np.broadcast_to(search.position - labels.before, order.shape)
            else:
                v = weight.take(by_class)
                count = np.cumsum(v, axis=1) - v - labels.before
            row = np.arange(len(order))[:, None] * order.shape[1]  # where it begins in a flat array
            before = np.empty(order.size, count.dtype)
            before[row + by_class] = count
            before = before.take(row + order)
            gain = gain + self.criterion.gain_by_class(before, w, order, left, sides, *terms)
        return gain / len(self.targets) - light, None
