"""Frequent sets: two algorithms and a count of all subsets agree; rules by the definitions."""

from itertools import chain, combinations

import numpy as np
import pytest

from models.patterns import Rule, apriori, association_rules, fp_growth
from models.patterns.apriori import naive_apriori

MARKET = [
    ["bread", "milk"],
    ["bread", "diapers", "beer", "eggs"],
    ["milk", "diapers", "beer", "cola"],
    ["bread", "milk", "diapers", "beer"],
    ["bread", "milk", "diapers", "cola"],
]


def counted(baskets, min_support, max_len=None):
    """Every subset of the items, with the number of baskets that have it."""
    items = sorted({item for basket in baskets for item in basket})
    sizes = range(1, (max_len or len(items)) + 1)
    every = chain.from_iterable(combinations(items, size) for size in sizes)
    share = {frozenset(c): np.mean([{*c} <= {*b} for b in baskets]) for c in every}
    return {c: s for c, s in share.items() if s >= min_support}


def random_baskets(seed):
    rng = np.random.default_rng(seed)
    likely = rng.uniform(0.1, 0.9, size=8)
    return [np.flatnonzero(rng.random(8) < likely).tolist() for _ in range(30)]


@pytest.mark.parametrize("algorithm", [apriori, fp_growth, naive_apriori])
@pytest.mark.parametrize("min_support", [0.1, 0.3, 0.6, 1.0])
@pytest.mark.parametrize("seed", range(5))
def test_every_frequent_set_is_found(algorithm, min_support, seed):
    baskets = random_baskets(seed)
    expected = counted(baskets, min_support)
    found = algorithm(baskets, min_support)
    assert found.keys() == expected.keys()
    for items, share in expected.items():
        assert found[items] == pytest.approx(share, rel=1e-15)


@pytest.mark.parametrize("algorithm", [apriori, fp_growth])
def test_sizes_are_limited_and_ascend(algorithm):
    baskets = random_baskets(0)
    found = algorithm(baskets, 0.1, max_len=3)
    assert found.keys() == counted(baskets, 0.1, 3).keys()
    sizes = [len(items) for items in found]
    assert sizes == sorted(sizes)
    assert algorithm([[], ["a"]], 0.5) == {frozenset("a"): 0.5}
    assert algorithm([[], []], 0.5) == {}
    assert algorithm([["a", "a", "b"]], 1) == {
        frozenset("a"): 1, frozenset("b"): 1, frozenset("ab"): 1,
    }  # fmt: skip


def test_rules_of_a_market():
    rules = association_rules(apriori(MARKET, 0.4), min_threshold=0.7)
    found = {(rule.antecedent, rule.consequent): rule for rule in rules}
    rule = found[frozenset(["diapers"]), frozenset(["beer"])]  # 3 of 4, and beer is in 3 of 5
    expected = Rule(
        rule.antecedent, rule.consequent, 0.6, 0.75, 0.75 / 0.6, 0.6 - 0.8 * 0.6, 0.4 / 0.25
    )
    assert rule[2:] == pytest.approx(expected[2:])
    sure = found[frozenset(["beer"]), frozenset(["diapers"])]
    assert (sure.confidence, sure.conviction) == (1.0, float("inf"))
    confidences = [rule.confidence for rule in rules]
    assert confidences == sorted(confidences, reverse=True) and min(confidences) >= 0.7
    lifted = association_rules(apriori(MARKET, 0.4), metric="lift", min_threshold=1.2)
    assert lifted and all(rule.lift >= 1.2 for rule in lifted)


@pytest.mark.parametrize("algorithm", [apriori, fp_growth])
@pytest.mark.parametrize(
    ("baskets", "settings", "kind", "message"),
    [
        ([], {}, ValueError, "there is no basket"),
        ("bread", {}, TypeError, "baskets is a str, not a list of baskets"),
        (["bread"], {}, TypeError, r"basket 0 is 'bread', not a list of items[\s\S]*\['bread'\]"),
        ([["a"], [["b"]]], {}, TypeError, r"basket 1 has the item \['b'\], a list"),
        ([["a"]], {"min_support": 3}, ValueError, "min_support=3 is no fraction"),
        ([["a"]], {"min_support": 0}, ValueError, "min_support=0 is no fraction"),
        ([["a"]], {"max_len": 0}, ValueError, "max_len=0 leaves no set"),
    ],
)
def test_what_is_wrong_is_said(algorithm, baskets, settings, kind, message):
    with pytest.raises(kind, match=message):
        algorithm(baskets, **settings)


def test_rules_need_a_measure_and_all_parts():
    with pytest.raises(ValueError, match="metric='luck' is none of support, confidence"):
        association_rules(apriori(MARKET), metric="luck")
    with pytest.raises(ValueError, match="and not its part"):
        association_rules({frozenset("ab"): 0.5, frozenset("a"): 0.5})


def test_rules_of_baskets_in_place_of_item_sets():
    with pytest.raises(TypeError, match="itemsets is a list(?s:.*)Try: association_rules"):
        association_rules([["a", "b"]])
