"""Patterns: what is often together.

itemsets   frequent sets of items by Apriori and FP-growth, and rules between them
"""

from models.patterns.itemsets import apriori, association_rules, fp_growth

__all__ = [
    "apriori",
    "association_rules",
    "fp_growth",
]
