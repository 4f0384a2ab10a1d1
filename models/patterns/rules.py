"""Association rules: who buys A often buys B as well.

Source: R. Agrawal, T. Imielinski, A. Swami, Mining association rules between sets of items in large
databases, SIGMOD (1993); for lift and conviction S. Brin, R. Motwani, J. Ullman, S. Tsur, Dynamic itemset
counting and implication rules for market basket data, SIGMOD (1997).
"""

from itertools import combinations
from typing import NamedTuple

from models.patterns.baskets import Itemsets
from tinygrad_edu.diagnostics.words import refusal

MEASURES = ("support", "confidence", "lift", "leverage", "conviction")


class Rule(NamedTuple):
    """A => B."""

    antecedent: frozenset  # A
    consequent: frozenset  # B
    support: float  # P(A and B), as a fraction of the baskets
    confidence: float  # P(B | A)
    lift: float  # P(B | A) / P(B): 1 if A says nothing about B
    leverage: float  # P(A and B) - P(A) P(B)
    conviction: float  # P(not B) / P(not B | A); infinite if the rule has no exception


def association_rules(
    itemsets: Itemsets, metric: str = "confidence", min_threshold: float = 0.8
) -> list[Rule]:
    """The rules A => B, A and B frequent, with at least this confidence (or another of MEASURES), best first.

    itemsets: what `apriori` or `fp_growth` has found, with all sizes. Raises ValueError for another measure,
    or if a part of a set is missing.
    """
    if metric not in MEASURES:
        what = f"metric={metric!r} is none of {', '.join(MEASURES)}."
        raise refusal(ValueError, what, 'metric="confidence"')
    if not hasattr(itemsets, "items"):
        what = f"itemsets is a {type(itemsets).__name__}, not a dict: set of items -> support."
        raise refusal(TypeError, what, "association_rules(apriori(baskets, 0.1))")
    rules = []
    for items, both in itemsets.items():
        for size in range(1, len(items)):
            for part in map(frozenset, combinations(items, size)):
                rest = items - part
                for needed in (part, rest):
                    if needed not in itemsets:
                        what = f"itemsets has {set(items)}, and not its part {set(needed)}."
                        raise refusal(ValueError, what, "all that apriori(baskets) returns")
                a, b = itemsets[part], itemsets[rest]
                conviction = (1 - b) / (1 - both / a) if both < a else float("inf")
                measures = both, both / a, both / a / b, both - a * b, conviction
                rules.append(Rule(part, rest, *measures))
    good = [rule for rule in rules if getattr(rule, metric) >= min_threshold]
    return sorted(good, key=lambda rule: getattr(rule, metric), reverse=True)
