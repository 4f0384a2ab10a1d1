"""Entries that are worked out: what makes them gives what NumPy gives."""

import re

import numpy as np
import pytest

from tests.viz.small_graphs import small_network, variable
from tinygrad_edu import Tensor, viz
from tinygrad_edu.viz.worked import Entries, filled


def small():
    """Matrices, an axis that is repeated, a sum, a mean, and two ways to x and to b."""
    x, b = variable(np.arange(1.0, 7.0).reshape(2, 3) / 4, "x"), variable([1.0, -2.0], "b")
    w = variable([[0.5, -1.0], [2.0, 0.25], [-0.75, 1.5]], "w")
    h = (x @ w + b) * b
    return (np.tanh(h) - b).sum() + h.mean()


def value_of(entries, text):
    """The sum of products that a text is, with the numbers that it names."""
    number = lambda found: f"({entries.array(found[1]).numbers.flat[int(found[2])]!r})"
    numbers = re.sub(r"\{(\w+)\[(\d+)\]\*?\}", number, text).replace("×", "*")
    return eval(numbers.replace("np.float64", ""))


@pytest.mark.parametrize("make", [small, lambda: small_network()[1]])
def test_steps_back_are_worked_out(make):
    entries = Entries(graph := viz.Graph(make()))
    count = 0
    for k, step in enumerate(graph.steps):
        if worked := entries.worked(graph.nodes[step.node], k):
            place, text = worked
            assert value_of(entries, text) == pytest.approx(step.contribution.numbers[place])
            count += 1
    assert count >= 4


def test_a_product_is_a_row_times_a_column():
    entries = Entries(graph := viz.Graph(small()))
    node = next(node for node in graph.nodes if node.title == "matmul")
    place, text = entries.worked(node)
    assert value_of(entries, text) == pytest.approx(node.value.numbers[place])
    (_, left, _), (_, right, _), (_, result, _) = entries.factors(node)
    product = entries.array(left).numbers @ entries.array(right).numbers
    np.testing.assert_allclose(product, entries.array(result).numbers)


def test_of_an_elementwise_operation_the_inputs_are_named():
    x = variable([[1.0, 2.0], [3.0, 4.0]], "x")
    entries = Entries(graph := viz.Graph((x + variable([10.0, 20.0], "{b}")).sum()))
    place, text = entries.worked(graph.nodes[2])
    i, j = place
    assert text == f"x[{i}, {j}] = {{v0[{2 * i + j}]}}, {{{{b}}[{j}] = {{v1[{j}]}}"


def test_what_is_large_single_or_unknown_is_not_worked_out():
    wide = variable(np.ones((2, 9)), "x") @ variable(np.ones((9, 2)), "w")
    entries = Entries(graph := viz.Graph(wide.sum()))
    assert entries.worked(graph.nodes[2]) is None and entries.factors(graph.nodes[2])
    assert entries.worked(graph.nodes[-1]) is None
    brief = Entries(graph, brief=True)
    assert not brief.known("v0") and brief.known("v2") and not brief.factors(graph.nodes[2])
    assert not Entries(viz.Graph(Tensor(np.ones(100), name="x"))).known("v0")


def test_a_sentence_is_filled():
    graph = viz.Graph(variable(2.0, "x") * 3.0)
    assert filled("{{v0} is {v0}, and ∂ {g0}", graph) == "{v0} is 2, and ∂ 3"
