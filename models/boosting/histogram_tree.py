"""Trees on bins: each node sums gradient and curvature in every bin, and tries every cut between bins.

Source: T. Chen, C. Guestrin, XGBoost: a scalable tree boosting system (2016), equations 5 to 7; G. Ke et al.,
LightGBM: a highly efficient gradient boosting decision tree (2017); W. Fisher, On grouping for maximum
homogeneity (1958), for categories.
"""

import heapq
from typing import Any, NamedTuple

import numpy as np

BLOCK = 50_000  # numbers at a time: they stay in the cache
LEAST_CURVATURE = 1e-3  # of a child
LEAST_SUPPORT = 10.0  # rows of a category, fewer of which are no reason for a split
NO_GAIN = -1.0


class Tree(NamedTuple):
    """A grown tree, as arrays over its nodes; 0 is the root. A leaf is its own child."""

    child: np.ndarray  # (nodes, 2): the right one and the left one
    feature: np.ndarray
    goes_left: np.ndarray  # (nodes, bins): does a bin of the feature go left?
    value: np.ndarray
    depth: int

    def apply(self, bins):
        """The leaf of each row of bins (rows, features): all rows go down one level at a time."""
        at = np.zeros(len(bins), dtype=np.intp)
        rows = np.arange(len(bins))
        for _ in range(self.depth):
            left = self.goes_left[at, bins[rows, self.feature[at]]]
            at = self.child[at, left.view(np.uint8)]
        return at


class Sums(NamedTuple):
    """Of some rows: gradient g and curvature h, as g + ih, and their number n. Numbers, or arrays of them.

    n is None if the curvature of each row is 1, because then h is the number.
    """

    gh: Any
    n: Any

    def each(self, change):
        return Sums(change(self.gh), None if self.n is None else change(self.n))

    def at(self, place):
        return self.each(lambda x: x[place])

    def running(self, places=...):
        """Running sums along the last axis, at these places."""
        return self.each(lambda x: np.cumsum(x[places], axis=-1))

    def __sub__(self, other):
        return Sums(self.gh - other.gh, None if self.n is None else self.n - other.n)


class Split(NamedTuple):
    gain: float
    feature: Any
    goes_left: Any  # (bins,)
    left: Any  # Sums


class Node:
    """A node of a growing tree: its rows, and the best split of them."""

    def __init__(self, rows, total, value, depth):
        self.rows, self.total, self.value, self.depth = rows, total, value, depth
        self.bounds: Any = (-np.inf, np.inf)  # of the values of children
        self.groups: Any = None  # the sets of features that may meet
        self.allowed: Any = None  # those of any of these sets
        self.histogram: Any = None
        self.split: Any = None
        self.children: Any = None

    def __lt__(self, other):
        """The order in which nodes are split: the largest gain first."""
        return self.split.gain > other.split.gain


class Grower:
    """Grows trees on the same bins, by the parameters of a booster.

    bins          (rows, features), bytes, made by the mapper
    categorical   (features,), booleans
    monotonic     (features,): 1 if predictions may not fall where the feature grows, -1 if they may not grow
    groups        sets of features that may meet on the way to a leaf; None for no limit
    """

    def __init__(self, bins, mapper, settings, categorical, monotonic, groups, rng):
        self.columns = np.ascontiguousarray(bins.T)
        self.settings, self.rng, self.l2 = settings, rng, settings.l2_regularization
        self.categorical, self.monotonic, self.groups = categorical, monotonic, groups
        self.bounded = bool(monotonic.any())
        self.n_bins, self.missing = mapper.missing + 1, mapper.missing
        self.has_missing = (self.columns == self.missing).any(axis=1)
        self.ends = mapper.number - 1 + self.has_missing  # number of cuts
        self.no_cut = (np.arange(self.n_bins) >= self.ends[:, None]) | categorical[:, None]
        offset = self.n_bins * np.arange(len(self.columns) + 1)
        small = np.min_scalar_type(offset[-1])
        self.place = bins.astype(small)  # of each number in a flat histogram
        self.place += offset[:-1].astype(small)

    def grow(self, g, h):
        """The Tree of gradients and curvatures, and (number, rows) of its leaves. h=None: 1 in every row."""
        # With 24 bits, sums are nearly always exact, so that equally good splits stay equally good.
        self.h_is_1 = h is None
        self.gh = rounded(g) + 1j * (1.0 if h is None else rounded(h))
        rows = np.arange(len(g))
        histogram = self._histogram(rows)
        total = histogram.at(0).each(np.sum)
        root = Node(rows, total, self._value(total.gh.real, total.gh.imag, (-np.inf, np.inf)), 0)
        root.histogram, root.groups = histogram, self.groups
        if self.groups is not None:
            root.allowed = np.isin(np.arange(len(self.columns)), np.concatenate(self.groups))
        nodes, leaves = [root], 1
        waiting: list[Node] = []
        self._consider(root, waiting)
        while waiting:
            node = heapq.heappop(waiting)
            node.children = self._divide(node)
            nodes += node.children
            leaves += 1
            if leaves == self.settings.max_leaf_nodes:
                break
            self._count(node)
            for child in node.children:
                if child.histogram is not None:
                    self._consider(child, waiting)
        return self._finished(nodes)

    # ---- histograms ------------------------------------------------------------------------------

    def _histogram(self, rows):
        """Sums (features, bins) of some rows. A complex number adds two numbers at once."""
        features = len(self.columns)
        gh = np.zeros(features * self.n_bins, dtype=np.complex128)
        n = np.zeros(len(gh), dtype=np.intp)
        size = max(BLOCK // features, 1)
        for start in range(0, len(rows), size):
            part = rows[start : start + size]
            at = self.place.take(part, axis=0).astype(np.intp).ravel()
            np.add.at(gh, at, np.repeat(self.gh[part], features))
            if not self.h_is_1:
                n += np.bincount(at, minlength=len(n))
        return Sums(gh, None if self.h_is_1 else n).each(lambda x: x.reshape(features, -1))

    def _count(self, node):
        """The histograms of the children that may be split: that of the larger one is a difference."""
        small, large = sorted(node.children, key=lambda child: len(child.rows))
        least = 2 * self.settings.min_samples_leaf
        if len(large.rows) >= least and node.depth + 1 != self.settings.max_depth:
            counted = self._histogram(small.rows)
            small.histogram = counted if len(small.rows) >= least else None
            large.histogram = node.histogram - counted
        node.histogram = None

    # ---- splits ----------------------------------------------------------------------------------

    def _consider(self, node, waiting):
        """Finds the best split of a node, which waits for it if it gains anything."""
        if len(node.rows) < 2 * self.settings.min_samples_leaf:
            return
        node.split = self._best_split(node)
        if node.split.gain > self.settings.min_gain_to_split:
            heapq.heappush(waiting, node)
        else:
            node.histogram = node.split = None

    def _best_split(self, node):
        """The best cut of all features and bins; of equal ones the first."""
        left = node.histogram.running()
        searched = self._searched(node)
        no_cut = self.no_cut if searched.all() else self.no_cut | ~searched[:, None]
        gain = self._gain(node, left, no_cut, self.monotonic[:, None])
        j, b = np.unravel_index(np.argmax(gain), gain.shape)
        best = Split(gain[j, b], j, np.arange(self.n_bins) <= b, left.at((j, b)))
        for j in np.flatnonzero(searched & (self.has_missing | self.categorical)):
            find = self._categories if self.categorical[j] else self._missing_left
            other = find(node, j)
            if (other.gain, -other.feature) > (best.gain, -best.feature):
                best = other
        return best

    def _searched(self, node):
        """Which features are tried: those that the constraints allow, and a random part of them."""
        searched = np.ones(len(self.columns), bool) if node.allowed is None else node.allowed
        part = self.settings.max_features
        if part < 1:
            features = np.flatnonzero(searched)
            searched = np.zeros(len(searched), bool)
            searched[self.rng.permutation(features)[: int(np.ceil(part * len(features)))]] = True
        return searched

    def _value(self, g, h, bounds):
        """-G / (H + λ), within the bounds that monotonic features set."""
        value = -g / (h + (self.l2 + 1e-15))
        return np.clip(value, *bounds) if self.bounded else value

    def _gain(self, node, left, no_cut, monotonic):
        """By how much splits lower the loss, times 2; NO_GAIN where they are not allowed. left: Sums.

        -G value is G² / (H + λ): of the two children minus that of the node, if no bound is in the way.
        """
        G, H = node.total.gh.real, node.total.gh.imag
        g, h = left.gh.real.copy(), left.gh.imag.copy()
        n = h if left.n is None else left.n
        least = self.settings.min_samples_leaf
        bad = n < least
        bad |= n > len(node.rows) - least
        bad |= no_cut
        if left.n is not None:
            bad |= h < LEAST_CURVATURE
            bad |= h > H - LEAST_CURVATURE
        right_g = G - g
        value = self._value(g, h, node.bounds)
        right_value = self._value(right_g, H - h, node.bounds)
        if self.bounded:
            bad |= monotonic * (value - right_value) > 0
        gain = G * node.value - g * value
        gain -= right_g * right_value
        gain[bad] = NO_GAIN
        return gain

    def _missing_left(self, node, j):
        """The best cut of feature j that sends missing values to the left; of equal ones the last."""
        last = self.ends[j]  # the bins of numbers are 0 to last - 1, and a cut is before the last
        left = node.total - node.histogram.running((j, slice(last - 1, 0, -1)))
        gain = self._gain(node, left, False, self.monotonic[j])
        if len(gain) == 0:
            return Split(NO_GAIN, j, None, None)
        best = np.argmax(gain)
        goes_left = np.arange(self.n_bins) < last - 1 - best
        goes_left[self.missing] = True
        return Split(gain[best], j, goes_left, left.at(best))

    def _categories(self, node, j):
        """The best set of categories of feature j: in the order of G / H, a beginning or an end of them.

        Rare categories go right. Missing values are a category.
        """
        bins = np.append(np.arange(self.ends[j] + 1 - self.has_missing[j]), self.missing)
        sums = node.histogram.at((j, bins))
        g, h = sums.gh.real, sums.gh.imag
        order = np.flatnonzero(h * (len(node.rows) / node.total.gh.imag) >= LEAST_SUPPORT)
        order = order[np.argsort((g / (h + LEAST_SUPPORT))[order], kind="stable")]
        best = Split(NO_GAIN, j, None, None)
        half = (len(order) + 1) // 2
        for chosen in (order[:half], order[::-1][: max(half - 1, 0)]) if len(order) > 1 else ():
            left = sums.running(chosen)
            gain = self._gain(node, left, False, 0)
            if len(gain) and gain.max() > best.gain:
                i = np.argmax(gain)
                goes_left = np.zeros(self.n_bins, bool)
                goes_left[bins[chosen[: i + 1]]] = True
                best = Split(gain[i], j, goes_left, left.at(i))
        return best

    # ---- the tree --------------------------------------------------------------------------------

    def _divide(self, node):
        """The two children of a node, left and right."""
        split, total = node.split, node.total
        j, goes_left = split.feature, split.goes_left
        left = goes_left[self.columns[j, node.rows]]
        rows = node.rows[left], node.rows[~left]
        if not self.has_missing[j]:
            goes_left[self.missing] = len(rows[0]) > len(rows[1])
        totals = split.left, total - split.left
        values = [self._value(sums.gh.real, sums.gh.imag, node.bounds) for sums in totals]
        children = []
        for side, sign in enumerate((-1, 1)):
            child = Node(rows[side], totals[side], values[side], node.depth + 1)
            child.bounds, child.allowed = node.bounds, node.allowed
            if self.bounded and self.monotonic[j]:
                low, high = node.bounds
                middle = (values[0] + values[1]) / 2
                below = sign * self.monotonic[j] < 0
                child.bounds = (low, middle) if below else (middle, high)
            if self.groups is not None:
                child.groups = [group for group in node.groups if j in group]
                child.allowed = np.isin(np.arange(len(self.columns)), np.concatenate(child.groups))
            children.append(child)
        return children

    def _finished(self, nodes):
        """The Tree of these nodes, and (number, rows) of its leaves."""
        number = {id(node): i for i, node in enumerate(nodes)}
        pairs = [node.children[::-1] if node.children else (node, node) for node in nodes]
        inner = [node.split if node.children else None for node in nodes]
        nothing = np.zeros(self.n_bins, bool)
        tree = Tree(
            child=np.array([[number[id(node)] for node in pair] for pair in pairs]),
            feature=np.array([split.feature if split else 0 for split in inner]),
            goes_left=np.array([split.goes_left if split else nothing for split in inner]),
            value=np.array([node.value for node in nodes]),
            depth=max(node.depth for node in nodes),
        )
        return tree, [(i, node.rows) for i, node in enumerate(nodes) if not node.children]


def rounded(x: np.ndarray) -> np.ndarray:
    """x with 24 bits, as in float32, but at any scale."""
    scale = 2.0 ** np.ceil(np.log2(np.abs(x).max(initial=0) or 1.0))
    return (x / scale).astype(np.float32).astype(np.float64) * scale
