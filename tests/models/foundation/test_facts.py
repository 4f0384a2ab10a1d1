"""What an estimator says of itself: which common checks do not apply to it, and why."""

import numpy as np
import pytest

from models import Ridge
from models.foundation import Density
from tinygrad_edu.twins import estimator_table


class Sequence(Density):
    """A density whose rows depend on each other."""

    does_not_apply = {"check_methods_subset_invariance": "a row depends on the rows before it"}

    def _fit(self, X):
        self.mean_ = X.mean(axis=0)

    def _score_samples(self, X):
        return -np.cumsum(((X - self.mean_) ** 2).sum(axis=1))


class Honest(Sequence):
    does_not_apply = {
        **Sequence.does_not_apply,
        "check_methods_sample_order_invariance": "a row depends on the rows before it",
    }


class Lists(Sequence):
    does_not_apply = {
        "check_*": "X is a list of sequences",
        "test_bad_weights": "it has no weights",
    }


def test_reasons_are_found_by_name_or_pattern():
    assert Ridge.reason_against("check_methods_subset_invariance") is None
    reason = Sequence.reason_against("check_methods_subset_invariance")
    assert reason == "a row depends on the rows before it"
    assert Sequence.reason_against("check_methods_sample_order_invariance") is None
    assert Lists.reason_against("check_anything") == "X is a list of sequences"
    assert Lists.reason_against("test_bad_weights") and not Lists.reason_against("test_other")
    everything = type("Everything", (Lists,), {"does_not_apply": {"*": "another contract"}})
    assert everything.reason_against("test_other") == "another contract"


def test_the_table_counts_what_applies():
    pytest.importorskip("sklearn")
    passed, total = estimator_table._checks(Sequence())
    assert passed == total - 1 > 30  # the order of the rows is not in its list
    assert estimator_table._checks(Honest()) == (passed, passed)
    assert estimator_table._checks(Lists()) == (0, 0)
    assert estimator_table.Entry(Lists, checks=(0, 0)).cells()[3] == ""
