"""Questions about steps: a number if it can be worked out, else a sign or a shape."""

import numpy as np

from tests.viz.small_graphs import variable
from tinygrad_edu import viz
from tinygrad_edu.viz.questions import ask
from tinygrad_edu.viz.worked import Entries


def asked(loss):
    graph = viz.Graph(loss)
    entries = Entries(graph)
    forward = [ask(entries, node) for node in graph.nodes if not node.leaf]
    return forward, [ask(entries, graph.nodes[s.node], k) for k, s in enumerate(graph.steps)]


def test_single_numbers():
    (product, total), back = asked(variable(2.0, "x") * 3.0 + 1.0)
    assert product == {
        "kind": "number", "words": "What is the result?",
        "hint": "multiply:  y = x w, with x = {v0[0]}, 3 = {v1[0]}",
    }  # fmt: skip
    assert total["given"].startswith(" With all digits: multiply #1 = {v2[0]}")
    assert (
        back[0]["hint"] == "∂L/∂x = g, with upstream gradient = {g4[0]}, local derivative = {l0[0]}"
    )


def test_an_entry_of_an_array_has_its_place():
    (product, _), (_, back) = asked((variable([1.0, 2.0, 3.0], "x") * 2.0).sum())
    assert product["words"] == f"What is the result, at [{product['at']}]? There "
    assert "after" not in back["words"] and back["terms"].startswith("it is {g2[")


def test_what_has_come_before_is_added():
    x = variable([1.0, 2.0], "x")
    _, back = asked((x * x).sum())
    assert back[-1]["words"].startswith(
        "What is x.grad, after this contribution is accumulated, at"
    )
    assert back[-1]["terms"].startswith("it is {b2[")


def test_of_what_is_large_the_sign_or_the_shape():
    (product, total), (first, second, third) = asked(
        (variable(np.ones((20, 30)), "x") @ variable(np.ones((30, 10)), "w")).sum()
    )
    assert [q["kind"] for q in (product, total, first, second)] == [
        "shape",
        "sign",
        "shape",
        "shape",
    ]
    assert "(x has (20, 30), w has (30, 10))" in product["words"]
    assert "the shape of the gradient of w? Answer like 3, 4. (the upstream" in third["words"]
