"""Frequent sets of items by FP-growth.

Source: J. Han, J. Pei, Y. Yin, Mining frequent patterns without candidate generation, SIGMOD (2000).
"""

from collections import defaultdict
from typing import Any

from models.patterns.baskets import Itemsets, frequent_items, least_count, read, require_size


class Node:
    """An item in the tree, with the number of baskets whose way leads through it."""

    def __init__(self, item: Any, parent: Any):
        self.item, self.parent, self.count = item, parent, 0
        self.children: dict[Any, Node] = {}


def fp_growth(baskets: Any, min_support: float = 0.5, *, max_len: int | None = None) -> Itemsets:
    """The sets of items that occur together in at least this fraction of the baskets: set -> fraction.

    The same sets as `apriori` finds, with the same arguments and errors, without candidates. The baskets,
    each with its most frequent items first, share their beginnings in a tree. The ways up from all nodes of
    an item are the baskets with it; the frequent sets among these, and the item, are frequent sets.
    """
    baskets = read(baskets)
    least = least_count(min_support, baskets)
    require_size(max_len)
    rank = {item: i for i, item in enumerate(frequent_items(baskets, least))}
    ways = [(sorted(basket & rank.keys(), key=rank.__getitem__), 1) for basket in baskets]
    found: Itemsets = {}
    _grow(ways, frozenset(), least, len(baskets), max_len, found)
    return dict(sorted(found.items(), key=lambda pair: len(pair[0])))


def _grow(ways, chosen, least, total, max_len, found):
    """Adds every frequent set that consists of `chosen` and items of the ways, a list of (items, count)."""
    if max_len is not None and len(chosen) == max_len:
        return
    for item, nodes in _tree(ways).items():
        count = sum(node.count for node in nodes)
        if count >= least:
            larger = chosen | {item}
            found[larger] = count / total
            before = [(_way_up(node), node.count) for node in nodes]
            _grow(before, larger, least, total, max_len, found)


def _tree(ways):
    """The nodes of each item in the tree of these ways."""
    root, nodes = Node(None, None), defaultdict(list)
    for items, count in ways:
        node = root
        for item in items:
            if item not in node.children:
                node.children[item] = Node(item, node)
                nodes[item].append(node.children[item])
            node = node.children[item]
            node.count += count
    return nodes


def _way_up(node):
    """The items above a node, from the root on."""
    items = []
    while node.parent.parent is not None:
        node = node.parent
        items.append(node.item)
    return items[::-1]
