"""Frequent sets: Apriori and FP-growth find the same, which is what counting all subsets finds."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.patterns import apriori, association_rules, fp_growth
from models.patterns.itemsets import naive_apriori

BASKETS = st.lists(st.sets(st.sampled_from("abcdefg"), max_size=6), min_size=1, max_size=25)


def counted(baskets, least):
    """All subsets of all items, counted."""
    items = sorted(set().union(*baskets))
    subsets = (
        frozenset(c) for k in range(1, len(items) + 1) for c in itertools.combinations(items, k)
    )
    counts = {subset: sum(subset <= basket for basket in baskets) for subset in subsets}
    return {subset: count for subset, count in counts.items() if count >= least}


@settings(max_examples=150, deadline=None)
@given(baskets=BASKETS, least=st.integers(1, 8))
def test_all_count_the_same(baskets, least):
    expected = counted(baskets, least)
    assert naive_apriori(baskets, least) == expected
    if least <= len(baskets):
        for algorithm in (apriori, fp_growth):
            found = algorithm(baskets, min_support=least / len(baskets))
            assert {key: round(x * len(baskets)) for key, x in found.items()} == expected
            short = algorithm(baskets, min_support=least / len(baskets), max_len=2)
            assert short.keys() == {key for key in expected if len(key) <= 2}


def test_tables_and_rules():
    pandas = pytest.importorskip("pandas")
    baskets = [
        ["bread", "milk"],
        ["bread", "butter", "milk"],
        ["butter"],
        ["bread", "butter", "milk"],
    ]
    table = pandas.DataFrame({i: [i in b for b in baskets] for i in ("bread", "milk", "butter")})
    assert apriori(table) == apriori(baskets) == fp_growth(table)
    rules = association_rules(apriori(baskets), min_confidence=0.7)
    best = rules[0]
    assert (best["antecedent"], best["consequent"]) in (
        ({"bread"}, {"milk"}),
        ({"milk"}, {"bread"}),
    )
    assert (
        best["confidence"] == 1 and best["support"] == 0.75 and best["lift"] == pytest.approx(4 / 3)
    )
    assert all(rule["confidence"] >= 0.7 for rule in rules)


@pytest.mark.parametrize(
    "call, kind, message",
    [
        (lambda: apriori([["a"]], 0), ValueError, "min_support=0 must be above 0"),
        (lambda: fp_growth([]), ValueError, "no transactions"),
        (
            lambda: apriori(["ab", "a"]),
            TypeError,
            "a transaction is a list of items, got the text 'ab'",
        ),
        (lambda: association_rules({frozenset("ab"): 0.5}), ValueError, "lack a subset"),
    ],
)
def test_mistakes(call, kind, message):
    with pytest.raises(kind, match=message) as error:
        call()
    assert "Try: " in str(error.value) and "test_itemsets.py" in str(error.value)
