"""The same work for many items: in one process or several, with the same answers."""

import sys

import numpy as np
import pytest

from models.foundation.parallel import each, seeds


def drawn(seed, size):
    return np.random.default_rng(seed).normal(size=size)


def test_the_answer_does_not_depend_on_the_number_of_processes():
    pytest.importorskip("joblib")
    items = [(seed, 3) for seed in seeds(np.random.default_rng(0), 5)]
    alone = each(drawn, items)
    for n_jobs in (1, 2, None):
        np.testing.assert_array_equal(each(drawn, items, n_jobs), alone)


def test_seeds_differ_and_follow_the_generator():
    first = seeds(np.random.default_rng(0), 100)
    assert len(set(first)) == 100 and first == seeds(np.random.default_rng(0), 100)


def test_several_processes_need_joblib(monkeypatch):
    monkeypatch.setitem(sys.modules, "joblib", None)
    with pytest.raises(
        ImportError, match=r"n_jobs=2 needs the library joblib(.|\n)*pip install joblib"
    ):
        each(drawn, [(0, 1)], n_jobs=2)
