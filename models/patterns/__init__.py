"""Patterns: what occurs together.

apriori     frequent sets of items, by size
fp_growth   the same sets, from a tree of the baskets
rules       what a set of items says about others
baskets     the items of each basket
"""

from models.patterns.apriori import apriori
from models.patterns.fp_growth import fp_growth
from models.patterns.rules import Rule, association_rules

__all__ = ["Rule", "apriori", "association_rules", "fp_growth"]
