"""What the step page is told beforehand."""

import itertools

import numpy as np
import pytest

from tests.viz.pages import failed, not_finite
from tests.viz.small_graphs import small_network, variable
from tinygrad_edu import viz
from tinygrad_edu.nn import Module, Parameter
from tinygrad_edu.viz.page_graph import MANY, closed_at_first, page_graph
from tinygrad_edu.viz.steps_in_words import alert


class Double(Module):
    def __init__(self):
        self.w = Parameter(2.0)

    def forward(self, x):
        return np.tanh(x * self.w) + 1.0


class Deep(Module):
    """Modules in modules, all different."""

    def __init__(self, sizes):
        self.inner = [Deep(sizes[1:]) if sizes[1:] else Double() for _ in range(sizes[0])]

    def forward(self, x):
        for k, inner in enumerate(self.inner):
            x = inner(x) * float(k + 1)
        return x


def test_what_does_not_fit_on_a_screen_is_collapsed_from_the_inside():
    graph = viz.Graph(Deep([3, 3, 5])(variable(1.0, "x")))
    closed = closed_at_first(graph, None)
    names = lambda g: (
        [g] + (names(graph.groups[g].outer) if graph.groups[g].outer is not None else [])
    )
    chains = [names(node.group) if node.group is not None else [] for node in graph.nodes]
    drawn = {
        next((-g - 1 for g in reversed(chain) if g in closed), i) for i, chain in enumerate(chains)
    }
    assert len(closed) > 0 and len(drawn) <= MANY < len(graph.nodes)
    depth = {g: len(names(g)) for g in range(len(graph.groups))}
    assert min(depth[g] for g in closed) > min(depth.values())  # the outer ones are open


def test_small_graphs_are_open_but_for_repetitions():
    assert closed_at_first(viz.Graph(small_network()[1]), None) == []
    block, x = Double(), variable(1.0, "x")
    for _ in range(60):
        x = block(x)
    graph = viz.Graph(x)
    repeated = [g for g, group in enumerate(graph.groups) if group.repeats]
    assert repeated and set(repeated) <= set(closed_at_first(graph, None))
    inside = next(node.number for node in graph.nodes if node.title == "tanh")
    assert not set(repeated) & set(closed_at_first(graph, inside))


@pytest.mark.parametrize(("make", "title", "words"), [
    (failed, "matmul", "matmul #2 failed: ValueError."),
    (not_finite, "log", "NaN or infinity comes up first in log #1."),
])  # fmt: skip
def test_what_is_wrong_is_said_and_shown(make, title, words):
    graph = make()
    assert graph.nodes[page_graph(graph)["culprit"]].title == title
    assert alert(graph) == words


def test_all_is_well():
    graph = viz.Graph(variable(2.0, "x") * 3.0)
    assert page_graph(graph)["culprit"] is None and alert(graph) == ""


def test_decades_are_those_of_all_gradients():
    known = page_graph(viz.Graph(((variable(1.0, "x") * 1e-3) * 1e-3) * 100.0))
    assert known["decades"] == [-4, 2]
    assert page_graph(viz.Graph(variable([1.0, 2.0], "x") * 2))["decades"] is None


def test_names_are_fit_to_be_shown():
    y = variable(2.0, "a\u202eb" * 30) * 3.0
    y.name = "long name of y" * 3
    nodes = page_graph(viz.Graph(y))["nodes"]
    assert nodes[0]["label"].startswith("a\\u202eb") and len(nodes[0]["label"]) <= 28 + 3 * 28
    assert nodes[2]["label"] == "long name o… = multiply" and nodes[2]["called"] == y.name
    assert "\u202e" not in str(nodes)


def test_each_step_is_told():
    known = page_graph(viz.Graph(small_network()[1]))
    told = [
        about["told"]
        for about in itertools.chain(known["nodes"], known["steps"])
        if "told" in about
    ]
    assert len(told) == len(known["steps"]) + sum(node["order"] > 0 for node in known["nodes"])
    assert all(about["said"] and about["ask"]["words"] for about in told)
