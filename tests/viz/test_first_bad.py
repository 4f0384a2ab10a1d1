"""NaN and infinity: the first node that has one, by name, and the path from there."""

import json

import numpy as np
import pytest

from tests.viz.small_graphs import variable
from tinygrad_edu import nn, ops, viz
from tinygrad_edu.viz.first_bad import first_bad


@pytest.fixture(autouse=True)
def quiet():
    with np.errstate(all="ignore"):
        yield


def found(y):
    """(name of the first, backward?, names of the path, the sentence)"""
    graph = viz.Graph(y)
    bad = first_bad(graph)
    assert bad is not None and bad.words in graph.text()
    known = json.loads(graph.json())["first_bad"]
    assert known["node"] == bad.node and known["path"] == list(bad.path) and bad.path[0] == bad.node
    return graph.names[bad.node], bad.backward, [graph.names[i] for i in bad.path], bad.words


def test_the_operation_that_made_it_and_the_path_to_the_result():
    x = variable([0.0, 1.0], "x")
    name, backward, path, words = found(((x + 1) * np.log(x)).sum())
    assert (name, backward) == ("log #2", False)
    assert path == ["log #2", "multiply #3", "sum #4"]
    assert "-inf in log #2 of x = [0, 1]" in words and "test_first_bad.py" in words


def test_data_that_had_it_before():
    name, _, path, words = found((variable([np.nan, 1.0], "points") * 2).sum())
    assert name == "points" and path == ["points", "multiply #1", "sum #2"]
    assert words.startswith("The first number that is not finite: NaN in points.")


def test_of_two_that_reach_the_result_the_first():
    x = variable(-1.0, "x")
    assert found(np.sqrt(x) + np.log(x))[0] == "sqrt #1"


def test_what_does_not_reach_the_result_is_not_the_first():
    x = variable([1.0, 0.0], "x")
    masked = 1 / (1 / x)  # infinite in between
    assert found(masked.sum() + np.log(x).sum())[2][0] == "log #4"


def test_a_gradient_of_finite_values():
    x = variable([0.0, 4.0], "x")
    name, backward, path, words = found(np.sqrt(x * 1).sum())
    assert (name, backward, path) == ("sqrt #2", True, ["sqrt #2", "multiply #1", "x"])
    assert "its rule gives multiply #1 the gradient [inf, 0.25]" in words


def test_a_gradient_after_a_value_that_did_not_reach_the_result():
    x = variable([0.0, 1.0], "x")
    name, backward, path, words = found((1 / (1 / x)).sum())
    assert (name, backward, path) == ("divide #1", False, ["divide #1", "x"])
    assert "The result is finite, but back through divide #1" in words


def test_a_sum_of_gradients_that_overflows():
    x, most = variable(np.float16(0.5), "x"), np.float16(40000)
    name, backward, path, words = found(x * most + x * most)
    assert (backward, path) == (True, [name, "x"])
    assert "the sum of the gradients of x is inf." in words


def test_all_is_finite():
    graph = viz.Graph((variable([1.0, 2.0], "x") * 2).sum())
    assert first_bad(graph) is None and "first_bad" not in json.loads(graph.json())


def test_a_mask_is_no_accident():
    scores, mask = variable(np.zeros((3, 3)), "scores"), np.tril(np.ones((3, 3), bool))
    assert first_bad(viz.Graph(ops.softmax(np.where(mask, scores, -np.inf)).sum())) is None
    block = nn.TransformerBlock(4, 2, causal=True, rng=0)
    assert first_bad(viz.Graph(block(np.ones((1, 3, 4))).sum())) is None


def test_it_passes_where_nothing_has_a_gradient():
    x = variable([0.0, 1.0], "x")
    name, _, path, words = found(1 / (1 / x))
    assert (name, path) == ("divide #1", ["divide #1"])
    assert words.endswith("After divide #1 all is finite again.")


def test_before_an_operation_that_failed():
    x = variable([[0.0, 1.0]], "x")
    with pytest.raises(ValueError, match="matmul") as caught:
        np.log(x) @ np.ones((3, 3))
    assert first_bad(viz.explain_error(caught.value)).path == (1,)
