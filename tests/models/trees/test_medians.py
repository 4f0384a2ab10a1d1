"""Medians of groups and of all cuts, against NumPy's and against weighted repetitions."""

from types import SimpleNamespace

import numpy as np
import pytest

from models.trees.criteria import AbsoluteError
from models.trees.growing import Limits
from models.trees.medians import AbsoluteErrors, medians
from models.trees.nodes import Nodes

RNG = np.random.default_rng(0)


def test_the_median_of_each_group():
    group = RNG.integers(0, 5, 60)
    y, weight = RNG.integers(0, 9, 60).astype(float), RNG.integers(1, 4, 60)
    median, error = medians(y, group, weight.astype(float), 7)
    for k in range(5):
        inside = np.repeat(y[group == k], weight[group == k])
        assert median[k] == np.median(inside)
        assert error[k] == pytest.approx(abs(inside - np.median(inside)).sum())
    assert error[5:].tolist() == [0, 0]  # nobody is there


@pytest.mark.parametrize("weighted", [False, True])
def test_both_sides_of_every_cut(weighted):
    sizes = np.array([1, 13, 2, 30, 7])
    n = sizes.sum()
    y = RNG.integers(0, 12, (2, n)).astype(float)  # many are equal
    weight = RNG.integers(1, 4, n).astype(float) if weighted else None
    nodes = Nodes(np.arange(n), sizes, y, weight, np.zeros(5, int), np.zeros(5), np.zeros(5))
    _, nodes.impurity = AbsoluteError(2).describe(nodes)
    position = np.arange(n)
    search = SimpleNamespace(
        nodes=nodes, criterion=AbsoluteError(2), limits=Limits(1), position=position,
        count_left=position - nodes.spread(nodes.starts) + 1, least=np.ones(5),
    )  # fmt: skip
    order = np.stack([
        np.concatenate([s + RNG.permutation(k) for s, k in zip(nodes.starts, sizes, strict=True)])
        for _ in range(3)
    ])  # fmt: skip
    gains, _ = AbsoluteErrors(search).gains(search, None, None, order)
    times = np.ones(n, int) if weight is None else weight.astype(int)

    def error(rows):
        inside = np.repeat(y[:, rows], times[rows], axis=1)
        return sum(abs(t - np.median(t)).sum() for t in inside) / 2 if inside.size else 0.0

    for row, line in zip(order, gains, strict=True):
        for start, size in zip(nodes.starts, sizes, strict=True):
            node = row[start : start + size]
            expected = [error(node) - error(node[:i]) - error(node[i:]) for i in range(1, size + 1)]
            np.testing.assert_allclose(line[start : start + size], expected, atol=1e-9)
