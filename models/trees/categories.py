"""Questions about categories: is x in a set of them? Then go left.

Of k categories there are 2ᵏ⁻¹ - 1 ways to divide them. But the categories of a node can be put in an order
in which the best set is a beginning, so that k - 1 cuts of this order suffice: that of the mean target.
For one target and the squared error this is a theorem of W. Fisher, On grouping for maximum homogeneity
(1958); for two classes and every concave impurity, theorem 4.5 of Breiman et al. (1984). The order is exact
for the Poisson deviance as well (P. Chou, Optimal partitioning for classification and regression trees,
1991).

Several classes or targets have no such order. Then that of the means along their first principal component
is used, and the best of its cuts may not be the best set (D. Coppersmith, S. J. Hong, J. Hosking,
Partitioning nominal attributes in decision trees, 1999). The same is true of the means and the absolute
error.
"""

import numpy as np

STEPS = 30  # of the power iteration


def places(codes, missing, nodes):
    """The place of the category of each sample in the order of those of its node: (samples,).

    Of two equal means the lower category comes first. Missing values come last.
    """
    order = np.lexsort((codes, nodes.of))
    code, of, absent = codes[order], nodes.of[order], missing[order]
    begins = (code[1:] != code[:-1]) | (of[1:] != of[:-1])
    begins &= ~(absent[1:] & absent[:-1] & (of[1:] == of[:-1]))  # NaN is not itself
    first = np.concatenate([[0], np.flatnonzero(begins) + 1])  # of each category in a node
    w = np.ones(len(codes)) if nodes.weight is None else nodes.weight[order]
    weight, node = np.add.reduceat(w, first), of[first]
    mean = np.add.reduceat(nodes.columns[:, order] * w, first, axis=1) / weight
    start = np.searchsorted(node, np.arange(nodes.number))
    score = _along_main_axis(mean - nodes.mean[:, node], weight, node, start, nodes.columns.dtype)
    place = np.empty(len(first), np.intp)
    place[np.lexsort((score, absent[first], node))] = np.arange(len(first)) - start[node]
    found = np.empty(len(codes), np.intp)
    found[order] = np.repeat(place, np.diff(np.append(first, len(codes))))
    return found


def _along_main_axis(away, weight, node, start, kind):
    """The means of categories, minus that of their node, along the first principal component of the node.

    away: (columns, categories). It is found by power iteration, from a direction that is random, and always
    the same.
    """
    two_classes = len(away) == 2 and kind.kind == "b"  # their parts are 1 - p and p
    if len(away) == 1 or two_classes:
        return away[-1]
    away = away / (np.abs(away).max() or 1.0)
    axis = np.random.default_rng(0).normal(size=(len(away), 1)).repeat(len(start), axis=1)
    for _ in range(STEPS):
        along = np.einsum("cg,cg->g", away, axis[:, node])
        axis = np.add.reduceat(away * (weight * along), start, axis=1)
        length = np.sqrt((axis * axis).sum(axis=0))
        axis /= np.where(length > 0, length, 1.0)
    return np.einsum("cg,cg->g", away, axis[:, node])


# ---- sets as bits: of the number c, that of byte c // 8 whose value is 2^(c % 8) ---------------------


def bytes_for(categories):
    """How many bytes hold a set of so many categories."""
    return (categories + 7) // 8


def packed(is_in):
    """(nodes, categories) booleans -> (nodes, bytes)"""
    return np.packbits(is_in, axis=1, bitorder="little")


def numbers_in(bits):
    """The numbers in a set of (bytes,)."""
    return np.flatnonzero(np.unpackbits(bits, bitorder="little"))


def contain(bits, at, numbers):
    """Does the set in row `at` of bits contain the number? at, numbers: (samples,)."""
    return (bits[at, numbers >> 3] >> (numbers & 7)) & 1 == 1
