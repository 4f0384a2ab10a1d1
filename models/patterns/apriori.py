"""Frequent sets of items by Apriori.

Source: R. Agrawal, R. Srikant, Fast algorithms for mining association rules, VLDB (1994), section 2.1.
"""

from itertools import combinations
from typing import Any

import numpy as np

from models.patterns.baskets import Itemsets, frequent_items, least_count, read, require_size


def naive_apriori(baskets, min_support):
    """The algorithm in plain Python: candidates of the next size are unions of frequent sets."""
    frequent: dict = {}
    candidates = {frozenset([item]) for basket in baskets for item in basket}
    while candidates:
        support = {c: sum(c <= set(b) for b in baskets) / len(baskets) for c in candidates}
        found = {c: share for c, share in support.items() if share >= min_support}
        frequent |= found
        unions = {a | b for a in found for b in found if len(a | b) == len(a) + 1}
        candidates = {u for u in unions if all(u - {item} in found for item in u)}
    return frequent


def apriori(baskets: Any, min_support: float = 0.5, *, max_len: int | None = None) -> Itemsets:
    """The sets of items that occur together in at least this fraction of the baskets: set -> fraction.

    baskets   a list of baskets, each a list of items: [["bread", "milk"], ["bread"]]
    max_len   the largest size of a set; None for all

    No set is more frequent than a part of it. So the candidates of size k + 1 are those whose parts of size k
    are all frequent: two sets that differ in the last item only are joined, if the other parts are known too.
    The baskets of a set are the bits of a row: those of a union are the bits that both have.

    Raises ValueError for no basket or a fraction outside (0, 1], TypeError for what is no list of items.
    """
    baskets = read(baskets)
    least = least_count(min_support, baskets)
    require_size(max_len)
    counts = frequent_items(baskets, least)
    items = [*counts]
    number = {item: i for i, item in enumerate(items)}
    occurs = np.zeros((len(items), len(baskets)), dtype=bool)
    for row, basket in enumerate(baskets):
        occurs[[number[item] for item in basket if item in number], row] = True
    bits = np.packbits(occurs, axis=1)
    sets = [(i,) for i in range(len(items))]
    found = {frozenset([item]): n / len(baskets) for item, n in counts.items()}
    while sets and (max_len is None or len(sets[0]) < max_len):
        left, right = _joined(sets)
        together = bits[left] & bits[right]
        count = np.bitwise_count(together).sum(axis=1, dtype=np.intp)
        good = np.flatnonzero(count >= least)
        sets = [(*sets[left[i]], sets[right[i]][-1]) for i in good]
        bits = together[good]
        found |= {
            frozenset(items[i] for i in chosen): int(n) / len(baskets)
            for chosen, n in zip(sets, count[good], strict=True)
        }
    return found


def _joined(sets):
    """The places of the pairs of sets that are candidates together. `sets` is in ascending order."""
    known, size = set(sets), len(sets[0])
    left, right, start = [], [], 0
    for i, chosen in enumerate(sets):
        if chosen[:-1] != sets[start][:-1]:
            start = i
        for j in range(start, i):  # all items but the last are the same
            union = (*sets[j], chosen[-1])
            if size == 1 or all(part in known for part in combinations(union, size)):
                left.append(j)
                right.append(i)
    order = np.lexsort((right, left))
    return np.array(left, dtype=np.intp)[order], np.array(right, dtype=np.intp)[order]
