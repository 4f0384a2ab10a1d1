"""The absolute error around the median, of nodes and of both sides of every cut.

The median of a growing set is no running sum. All the medians of a row are searched together, bit by bit of
their rank among the targets, in a wavelet matrix: each step partitions the samples by one bit, keeping their
order, and the number of zeros before a place tells where any range of samples goes.

Source: F. Claude, G. Navarro, A. Ordóñez, The wavelet matrix, Information Systems 47 (2015).
"""

from typing import Any

import numpy as np

from models.trees.running import NEVER, Running


def medians(y, group, weight, number):
    """The weighted median of y in each group, and the sum of w |y - median|: (number,) each."""
    order = np.lexsort((y, group))
    y, group = y[order], group[order]
    w = np.ones(len(y)) if weight is None else weight[order]
    total = np.bincount(group, w, minlength=number)
    upto = np.cumsum(w)
    half = np.cumsum(total) - total / 2
    rounding = 1e-12 * total
    first = np.minimum(np.searchsorted(upto, half - rounding), len(y) - 1)
    second = np.minimum(
        np.searchsorted(upto, half + rounding), len(y) - 1
    )  # if a half is reached exactly
    median = y[first] / 2 + y[second] / 2
    return median, np.bincount(group, w * np.abs(y - median[group]), minlength=number)


class AbsoluteErrors(Running):
    """Σ w |y - median| on both sides of each cut."""

    def __init__(self, search):
        super().__init__(search)
        nodes = self.nodes
        self.weight = np.ones(len(nodes.samples)) if nodes.weight is None else nodes.weight
        self.starts = nodes.spread(nodes.starts)
        self.ends = self.starts + nodes.spread(nodes.sizes)
        self.bits = int(nodes.sizes.max() - 1).bit_length()
        self.whole = nodes.spread(nodes.total * nodes.impurity)
        self.ranks = []  # of each target: the place of each sample in its node, by the target
        for y in nodes.columns:
            rank = np.empty(len(y), dtype=np.intp)
            rank[np.lexsort((y, nodes.of))] = search.position - self.starts
            self.ranks.append(rank)

    def gains(self, search, features, codes, order):
        weight = self.weight.take(order)
        upto = _sums_before(weight)
        *_, light = self.sides_of(search, upto[:, 1:] - upto[:, self.starts])
        cut = search.position + 1
        start, end = np.concatenate([self.starts, cut]), np.concatenate([cut, self.ends])
        error: Any = 0.0
        for y, rank in zip(self.nodes.columns, self.ranks, strict=True):
            y, rank = y.take(order), rank.take(order)
            median, both = self.halves(y, rank, weight, start, end)
            error = error + sum(np.split(both, 2, axis=1))
        gain = self.whole - error / len(self.ranks) - light
        if search.limits.monotonic is None:
            return gain, None
        # Where exactly a half lies on either side, the median is between two values.
        median = (median + self.halves(y, rank, weight, start, end, 1)[0]) / 2
        low, high = np.split(median, 2, axis=1)
        middle, breaks = search.middle_of(features, low, high, self.nodes.spread)
        return gain - breaks * NEVER, middle

    def halves(self, y, rank, weight, start, end, side=-1):
        """The median, and the absolute error, of each of some ranges of samples: (rows, ranges) each.

        The ranges go from `start` to before `end`. side: of two medians the lower (-1) or the upper (1).
        """
        rows, samples = y.shape
        first = np.arange(rows)[:, None] * (samples + 1)  # of each row of the sums, in a flat array
        start, end = first + start, first + end

        def between(sums):
            return sums.ravel().take(end) - sums.ravel().take(start)

        total, sum_y = between(_sums_before(weight)), between(_sums_before(weight * y))
        rest = total / 2 + side * 1e-12 * total  # what the samples below the median still may weigh
        below, y_below = (
            np.zeros(total.shape),
            np.zeros(total.shape),
        )  # the sums of those found so far
        for bit in range(self.bits - 1, -1, -1):
            one = (rank >> bit) & 1 == 1
            zeros = _sums_before(~one, np.intp)
            light = between(_sums_before(weight * ~one))  # the weight of those with a 0 in this bit
            up = light < rest  # the median is among those with a 1
            light *= up
            rest -= light
            below += light
            y_below += up * between(_sums_before(weight * y * ~one))
            ones = zeros[:, -1:] - zeros + np.arange(samples + 1)  # place of a 1: behind all zeros
            start, end = (
                first + np.where(up, ones.ravel().take(edge), zeros.ravel().take(edge))
                for edge in (start, end)
            )
            place = np.where(one, ones[:, :-1], zeros[:, :-1])
            y, rank, weight = (_placed(each, place) for each in (y, rank, weight))
        at = np.minimum(start - first, samples - 1)
        median = np.take_along_axis(y, at, axis=1)
        # Σ |y - m| = Σ_above y - m W_above + m W_below - Σ_below y, where the median itself adds nothing
        return median, sum_y - 2 * y_below - median * (total - 2 * below)


def _placed(values, place):
    moved = np.empty_like(values)
    np.put_along_axis(moved, place, values, axis=1)
    return moved


def _sums_before(values, dtype=np.float64):
    """Running sums with a leading 0: (rows, samples + 1)."""
    sums = np.zeros((len(values), values.shape[1] + 1), dtype)
    np.cumsum(values, axis=1, out=sums[:, 1:], dtype=dtype)
    return sums
