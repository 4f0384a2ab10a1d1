"""Baskets: the items that were bought together, the words of a text, the pages of a visit."""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from tinygrad_edu.diagnostics.words import refusal

Itemsets = dict[frozenset, float]


def read(baskets: Any) -> list[frozenset]:
    """Each basket as a set. Raises ValueError for none, and TypeError for what is no basket of items."""
    if isinstance(baskets, (str, bytes, dict)) or not isinstance(baskets, Iterable):
        what = f"baskets is a {type(baskets).__name__}, not a list of baskets."
        raise refusal(TypeError, what, '[["bread", "milk"], ["bread"]]')
    found = []
    for row, basket in enumerate(baskets):
        if isinstance(basket, (str, bytes)) or not isinstance(basket, Iterable):
            what = f"basket {row} is {basket!r}, not a list of items."
            raise refusal(TypeError, what, f"[{basket!r}]")
        items = [*basket]
        for item in items:
            if not isinstance(item, Hashable):
                what = f"basket {row} has the item {item!r}, a {type(item).__name__}."
                raise refusal(TypeError, what, "strings, numbers or tuples as items")
        found.append(frozenset(items))
    if not found:
        raise refusal(ValueError, "there is no basket.", "a list of baskets, each a list of items")
    return found


def least_count(min_support: float, baskets: Sequence[frozenset]) -> float:
    """The number of baskets that a frequent set needs. Raises ValueError unless 0 < min_support ≤ 1."""
    if not 0 < min_support <= 1:
        what = f"min_support={min_support!r} is no fraction of the baskets above 0."
        raise refusal(ValueError, what, "min_support=0.1, for sets in a tenth of all baskets")
    return min_support * len(baskets) * (1 - 1e-12)  # 0.1 · 30 rounds up to more than 3


def frequent_items(baskets: Iterable[frozenset], least: float) -> dict[Any, int]:
    """The number of baskets of each frequent item, the most frequent first."""
    counts = Counter(item for basket in baskets for item in basket)
    return {item: n for item, n in counts.most_common() if n >= least}


def require_size(max_len: int | None) -> None:
    """Raises ValueError unless max_len is None or 1 or more."""
    if max_len is not None and max_len < 1:
        what = f"max_len={max_len!r} leaves no set of items."
        raise refusal(ValueError, what, "max_len=2 for pairs, or None for all sizes")
