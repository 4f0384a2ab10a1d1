"""Sets of items that are often together, as in shopping baskets, and rules between them.

Source: R. Agrawal, R. Srikant, Fast algorithms for mining association rules (1994), for Apriori; J. Han,
J. Pei, Y. Yin, Mining frequent patterns without candidate generation (2000), for FP-growth.
"""

import itertools
import math
from collections import Counter
from collections.abc import Hashable, Iterable
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal

Itemsets = dict[frozenset, float]


def naive_apriori(transactions: list[set], min_count: int) -> dict[frozenset, int]:
    """Apriori in plain Python: {set of items: number of transactions that contain it}.

    A set can only be frequent if all its subsets are. So sets of k + 1 items are made of frequent ones of k.
    """
    items = {frozenset([item]) for transaction in transactions for item in transaction}
    found: dict[frozenset, int] = {}
    candidates = items
    while candidates:
        counts = {c: sum(c <= transaction for transaction in transactions) for c in candidates}
        frequent = {c: count for c, count in counts.items() if count >= min_count}
        found |= frequent
        larger = {a | b for a in frequent for b in frequent if len(a | b) == len(a) + 1}
        candidates = {c for c in larger if all(c - {item} in frequent for item in c)}
    return found


def apriori(
    transactions: Iterable[Iterable[Hashable]], min_support: float = 0.5, max_len: int | None = None
) -> Itemsets:
    """The frequent itemsets: {frozenset of items: part of the transactions that contain all of them}.

    transactions   lists of items; or a data frame of True and False, a column for each item
    min_support    the least part, above 0 and up to 1
    max_len        the most items in a set

    A set of k + 1 items is tried if it is the union of two frequent sets of k that differ in the last item,
    and all its subsets are frequent. The transactions of a set are bits, those of a union the bits of both.
    """
    items, table = _table(transactions)
    n, least = len(table), _least(min_support, len(table))
    bits = np.packbits(table, axis=0).T  # a row of bits for each item
    counts = np.bitwise_count(bits).sum(axis=1, dtype=np.int64)
    level: dict[tuple[int, ...], np.ndarray]
    level = {(i,): bits[i] for i in np.flatnonzero(counts >= least).tolist()}
    found = {key: int(counts[key[0]]) for key in level}
    while level and (max_len is None or len(next(iter(level))) < max_len):
        pairs = [
            (a, b)
            for _, group in itertools.groupby(sorted(level), key=lambda key: key[:-1])
            for a, b in itertools.combinations(group, 2)
            if all((*a[:i], *a[i + 1 :], b[-1]) in level for i in range(len(a) - 1))
        ]
        new = {}
        for a, b in pairs:
            both = level[a] & level[b]
            count = int(np.bitwise_count(both).sum())
            if count >= least:
                new[(*a, b[-1])] = both
                found[(*a, b[-1])] = count
        level = new
    return {frozenset(items[i] for i in key): count / n for key, count in found.items()}


def fp_growth(
    transactions: Iterable[Iterable[Hashable]], min_support: float = 0.5, max_len: int | None = None
) -> Itemsets:
    """The frequent itemsets, as `apriori` finds them, without trying candidates.

    For every item, from the rarest: the sets that contain it, and otherwise only more frequent items, are
    those of the transactions that have the item, reduced to the more frequent ones. Equal reduced
    transactions are counted together, which is what the prefix tree of the source does.
    """
    items, table = _table(transactions)
    n, least = len(table), _least(min_support, len(table))
    baskets = Counter(tuple(np.flatnonzero(row).tolist()) for row in table)
    found: dict[tuple[int, ...], int] = {}
    _grow(baskets, (), least, math.inf if max_len is None else max_len, found)
    return {frozenset(items[i] for i in key): count / n for key, count in found.items()}


def _grow(baskets, ending, least, most, found):
    """Adds the frequent sets that consist of items of the baskets and of `ending`."""
    counts: Counter = Counter()
    for basket, times in baskets.items():
        for item in basket:
            counts[item] += times
    order = sorted((i for i in counts if counts[i] >= least), key=lambda i: (-counts[i], i))
    rank = {item: place for place, item in enumerate(order)}
    conditional: dict[int, Counter] = {item: Counter() for item in order}
    for basket, times in baskets.items():
        kept = sorted((item for item in basket if item in rank), key=rank.__getitem__)
        for place, item in enumerate(kept):
            if place:
                conditional[item][tuple(kept[:place])] += times
    for item in order:
        key = (item, *ending)
        found[key] = counts[item]
        if len(key) < most and conditional[item]:
            _grow(conditional[item], key, least, most, found)


def association_rules(itemsets: Itemsets, min_confidence: float = 0.8) -> list[dict[str, Any]]:
    """Rules "who has the antecedent also has the consequent", the surest first.

    Each has `antecedent`, `consequent`, `support` P(both), `confidence` P(consequent | antecedent), and
    `lift`, confidence / P(consequent).
    """
    rules = []
    for both, support in itemsets.items():
        for size in range(1, len(both)):
            for chosen in itertools.combinations(sorted(both, key=repr), size):
                antecedent = frozenset(chosen)
                consequent = both - antecedent
                if antecedent not in itemsets or consequent not in itemsets:
                    what = f"the itemsets lack a subset of {set(both)}, which is as frequent."
                    raise refusal(ValueError, what, "all that apriori or fp_growth returned")
                confidence = support / itemsets[antecedent]
                if confidence >= min_confidence:
                    rules.append(
                        {
                            "antecedent": antecedent,
                            "consequent": consequent,
                            "support": support,
                            "confidence": confidence,
                            "lift": confidence / itemsets[consequent],
                        }
                    )
    return sorted(rules, key=lambda rule: (-rule["confidence"], -rule["support"]))


def _table(transactions: Any) -> tuple[list[Hashable], np.ndarray]:
    """(items, a row of True and False for each transaction)."""
    if hasattr(transactions, "columns") and hasattr(transactions, "dtypes"):
        table = np.asarray(transactions)
        if not np.isin(table, (0, 1)).all():
            what = "a table of transactions must have True and False, or 1 and 0."
            raise refusal(ValueError, what, "table > 0")
        items = list(transactions.columns)
    else:
        baskets = list(transactions)
        if any(isinstance(basket, str) for basket in baskets):
            what = f"a transaction is a list of items, got the text {baskets[0]!r}."
            raise refusal(TypeError, what, "text.split()")
        items = list(dict.fromkeys(item for basket in baskets for item in basket))
        place = {item: i for i, item in enumerate(items)}
        table = np.zeros((len(baskets), len(items)), dtype=bool)
        for row, basket in zip(table, baskets, strict=True):
            row[[place[item] for item in basket]] = True
    if len(table) == 0:
        raise refusal(ValueError, "there are no transactions.", "a list of lists of items")
    return items, table.astype(bool)


def _least(min_support: float, n: int) -> int:
    """The least number of transactions."""
    if not 0 < min_support <= 1:
        what = f"min_support={min_support!r} must be above 0 and at most 1."
        raise refusal(ValueError, what, "min_support=0.1, for a tenth of the transactions")
    return max(math.ceil(min_support * n - 1e-9), 1)
