"""The best question of each node, for all nodes and several features at once.

The samples of every node are sorted by a feature. Then the left sides of all cuts are running sums. One sort
does it for all nodes: that of the integers

    node · 2ᵃ + rank · 2ᵇ + position

which NumPy sorts several times faster than it finds an order (`argsort`). Their last b bits are the order.

Ties: questions whose gains differ by rounding alone are equally good. Of these the first feature wins, or
with `random_ties` that with the largest of random numbers; and of its cuts the lowest. (scikit-learn visits
the features in random order, and rounding decides.)
"""

from typing import Any, NamedTuple

import numpy as np

from models.trees.running import EPSILON, NEVER, deviations_of
from models.trees.table import CLOSE

ROUNDING = 1e-10  # gains that differ by less than this fraction of the impurity are equal
BLOCK = 2**15  # samples times features that are searched at once: they stay in the cache


class Questions(NamedTuple):
    """A question for each node: does  code[feature] ≤ cut  hold? Then go left."""

    gain: np.ndarray  # -NEVER, or less, if there is no question
    feature: np.ndarray
    cut: np.ndarray
    threshold: np.ndarray
    missing_left: np.ndarray  # do missing values go left?
    middle: np.ndarray  # between the values of both sides
    varies: np.ndarray  # does any of the features vary in the node?
    lot: (
        np.ndarray
    )  # of equally good questions the one with the largest wins; 0 if it is to be the first

    def or_better(self, other, slack):
        """For each node the better question; if they differ by less than slack, by lot."""
        wins = other.gain > self.gain + slack
        wins |= (other.gain >= self.gain - slack) & (other.lot > self.lot)
        chosen = Questions(*(np.where(wins, b, a) for a, b in zip(self, other, strict=True)))
        return chosen._replace(varies=self.varies | other.varies)

    def only(self, chosen):
        """The questions of some nodes."""
        return Questions(*(each[chosen] for each in self))


class Search:
    """A search for the best questions of some nodes. Subclasses write `of_block`: which cuts are tried."""

    of_block: Any

    def __init__(self, table, criterion, nodes, limits, rng):
        self.table, self.criterion, self.nodes, self.limits = table, criterion, nodes, limits
        self.rng = rng
        self.slack = ROUNDING * nodes.total * nodes.impurity
        # The least weight of a side that is not empty, and what rounding leaves of it in a sum.
        lightest = 1.0 if nodes.weight is None else nodes.weight.min()
        self.least = np.maximum(lightest, 8 * EPSILON * nodes.total)

    def among(self, features):
        """The best question of each node, about features (rows, nodes), or (rows, 1) if they share them."""
        rows = max(1, BLOCK // len(self.nodes.samples))
        lots = np.zeros((len(features), self.nodes.number))
        if (
            self.limits.random_ties
        ):  # drawn here, because the size of a block depends on the samples
            lots = 1 - self.rng.random(lots.shape)  # above 0
        found = None
        for start in range(0, len(features), rows):
            block = slice(start, start + rows)
            for more in self.of_block(features[block], lots[block]):
                found = more if found is None else found.or_better(more, self.slack)
        return found

    def best_row(self, good, lots):
        """For each node the good row with the largest lot, and that; without lots the first good row."""
        row = np.argmax(good * lots if self.limits.random_ties else good, axis=0)
        return row, lots[row, np.arange(lots.shape[1])]

    def varying(self):
        """(features, nodes): does the feature vary in the node?"""
        codes, starts = self.table.codes, self.nodes.starts
        rows = (row[self.nodes.samples] for row in codes)
        return np.stack(
            [np.fmin.reduceat(row, starts) < np.fmax.reduceat(row, starts) for row in rows]
        )

    def middle_of(self, features, low, high, spread):
        """The middle between the values of both sides, and which cuts break a monotonic constraint."""
        sign = self.limits.monotonic[features]
        sign = sign if sign.shape[1] == 1 else spread(sign)
        breaks = (low - high) * sign > 0
        breaks |= np.minimum(low, high) < spread(self.nodes.lower)
        breaks |= np.maximum(low, high) > spread(self.nodes.upper)
        return low / 2 + high / 2, breaks & (sign != 0)


class BestQuestions(Search):
    """Tries every cut between neighboring values."""

    def __init__(self, *known):
        super().__init__(*known)
        nodes, samples = self.nodes, len(self.nodes.samples)
        self.position = np.arange(samples)
        self.position_bits = samples.bit_length()
        self.rank_bits = int(self.table.highest.max() + 1).bit_length()
        self.ends = nodes.starts + nodes.sizes - 1
        self.count_left = self.position - nodes.spread(nodes.starts) + 1
        count_right = nodes.spread(nodes.sizes) - self.count_left
        least = max(1, self.limits.min_samples_leaf)
        self.too_few = (self.count_left < least) | (count_right < least)
        self.running = self.criterion.running(self)

    def of_block(self, features, lots):
        """Yields Questions: the best ones and, if values are missing, the best that send these left."""
        codes = self.table.codes_in(self.nodes, features)
        yield self.best(features, lots, codes)
        if self.table.missing[features].any():
            each = features if features.shape[1] == 1 else self.nodes.spread(features)
            missing = self.table.is_missing(codes, each)
            yield self.best(features, lots, np.where(missing, 0, codes + 1), missing_first=True)

    def sorted(self, codes, group):
        """For each row the positions in ascending order of group and code, and these two as one number."""
        digits = codes + (group << self.rank_bits)
        if int(group.max()).bit_length() + self.rank_bits + self.position_bits > 62:
            order = np.argsort(digits, axis=1, kind="stable")  # millions of samples
            return order, np.take_along_axis(digits, order, axis=1)
        digits <<= self.position_bits
        digits |= self.position
        digits.sort(axis=1)
        order = digits & ((1 << self.position_bits) - 1)
        digits >>= self.position_bits
        return order, digits

    def best(self, features, lots, codes, missing_first=False):
        """For each node the first row, and in it the first cut, with the largest gain but for rounding."""
        nodes = self.nodes
        order, digits = self.sorted(codes, nodes.of)
        varies = (digits[:, nodes.starts] != digits[:, self.ends]).any(axis=0)
        gain, middle = self.running.gains(self, features, codes, order)
        forbidden = digits[:, :-1] == digits[:, 1:]
        forbidden |= self.too_few[:-1]
        gain[:, :-1] -= forbidden * NEVER
        gain[:, -1] = -NEVER
        digits &= (1 << self.rank_bits) - 1
        if missing_first:
            gain -= (digits == 0) * NEVER  # missing | present: the other way round is known
            digits -= 1
        each = features if features.shape[1] == 1 else nodes.spread(features)
        row, lot, at, feature, found, low, high = self.largest(features, lots, order, gain)
        if (found & (high <= low + self.table.dtype(CLOSE))).any():  # rare: then look at all
            values = self.table.values(nodes.samples[order], each)
            gain[:, :-1] -= (values[:, 1:] <= values[:, :-1] + self.table.dtype(CLOSE)) * NEVER
            row, lot, at, feature, found, low, high = self.largest(features, lots, order, gain)
        low, high = low.astype(np.float64), high.astype(np.float64)
        threshold = low / 2 + high / 2  # the sum of two huge values would overflow
        threshold = np.where((low <= threshold) & (threshold < high), threshold, low)
        return Questions(
            gain=gain[row, at],
            feature=feature,
            cut=digits[row, at],
            threshold=np.where(np.isnan(high), np.inf, threshold),  # only missing values go right
            missing_left=np.full(nodes.number, missing_first),
            middle=np.zeros(nodes.number) if middle is None else middle[row, at],
            varies=varies,
            lot=lot,
        )

    def largest(self, features, lots, order, gain):
        """Of the best cut of each node: row, lot, position, feature; is it one?; the values on its sides."""
        nodes = self.nodes
        largest = np.maximum.reduceat(gain, nodes.starts, axis=1)
        enough = largest.max(axis=0) - self.slack
        row, lot = self.best_row(largest >= enough, lots)
        line = gain[0] if len(gain) == 1 else gain[nodes.spread(row), self.position]
        good = np.flatnonzero(line >= nodes.spread(enough))
        at = good[np.searchsorted(good, nodes.starts)]
        feature = features[row, 0 if features.shape[1] == 1 else np.arange(nodes.number)]
        found = line[at] > -NEVER / 2
        after = np.where(found, at + 1, at)
        low, high = (self.table.values(nodes.samples[order[row, i]], feature) for i in (at, after))
        return row, lot, at, feature, found, low, high


class RandomQuestions(Search):
    """Tries one cut for each feature, drawn between its lowest and its highest value in the node.

    Source: P. Geurts, D. Ernst, L. Wehenkel, Extremely randomized trees, Machine Learning 63 (2006).
    """

    def __init__(self, *known):
        super().__init__(*known)
        self.deviations, self.mean = deviations_of(self.nodes, self.criterion)

    def of_block(self, features, lots):
        """Yields Questions: the best of the drawn ones."""
        nodes, limits = self.nodes, self.limits
        values = self.table.codes_in(nodes, features)
        low = np.fmin.reduceat(values, nodes.starts, axis=1)
        high = np.fmax.reduceat(values, nodes.starts, axis=1)
        varies = low + low.dtype.type(CLOSE) < high
        share = self.rng.random(low.shape)
        cut = (low * (1 - share) + high * share).astype(low.dtype)
        cut = np.where(cut < high, np.maximum(cut, low), low)
        missing_left = np.zeros(low.shape, dtype=bool)
        goes_left = values <= nodes.spread(cut)
        if self.table.missing[features].any():
            missing = np.isnan(values)
            some = np.logical_or.reduceat(missing, nodes.starts, axis=1)
            # If all others are equal they go left, so the missing ones do not: that would be no question.
            missing_left = some & varies & (self.rng.random(low.shape) < 0.5)
            varies |= some & np.isfinite(low)
            goes_left |= missing & nodes.spread(missing_left)

        goes_left = goes_left.astype(np.float64)
        count = nodes.sum(goes_left)
        left = count if nodes.weight is None else nodes.sum(goes_left * nodes.weight)
        right = nodes.total - left
        forbidden = ~varies | (count < max(1, limits.min_samples_leaf))
        forbidden |= nodes.sizes - count < max(1, limits.min_samples_leaf)
        forbidden |= (left < limits.min_weight_leaf) | (right < limits.min_weight_leaf)
        left, right = np.maximum(left, self.least), np.maximum(right, self.least)
        gain, low, high = self.criterion.gain_of_sides(self, goes_left, left, right)
        middle = None
        if limits.monotonic is not None:
            middle, breaks = self.middle_of(features, low, high, lambda per_node: per_node)
            forbidden |= breaks
        gain = np.where(forbidden, -NEVER, gain)

        row, lot = self.best_row(gain >= gain.max(axis=0) - self.slack, lots)
        node = np.arange(nodes.number)
        yield Questions(
            gain=gain[row, node],
            feature=features[row, 0 if features.shape[1] == 1 else node],
            cut=cut[row, node],
            threshold=cut[row, node].astype(np.float64),
            missing_left=missing_left[row, node],
            middle=np.zeros(nodes.number) if middle is None else middle[row, node],
            varies=np.asarray(varies.any(axis=0)),
            lot=lot,
        )
