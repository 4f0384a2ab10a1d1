"""A graph as JSON: all that is known of it."""

import json
import re

import numpy as np

from tests.viz.small_graphs import variable
from tinygrad_edu import Tensor, viz
from tinygrad_edu.nn import Parameter


def test_json_has_all_that_is_known(tmp_path):
    x = variable(np.array([0.1, np.inf], np.float32), "x")
    graph = viz.Graph((x * 2).sum())
    graph.save(tmp_path / "graph.json")
    known = json.loads((tmp_path / "graph.json").read_text(encoding="utf-8"))
    assert [(n["kind"], n["title"], n.get("inputs", [])) for n in known["nodes"]] == [
        (n.kind, n.title, list(n.inputs)) for n in graph.nodes
    ]
    first = known["arrays"][known["nodes"][0]["value"]]
    assert (first["numbers"], first["dtype"], first["shape"]) == ([0.1, "inf"], "float32", [2])
    short = json.loads(viz.Graph(Tensor(np.float32([0.1, 0.2]), name="x")).json())
    assert short["arrays"][0]["numbers"] == [0.1, 0.2]  # and not 0.10000000149
    assert [(s["node"], s["i"], s["source"]) for s in known["steps"]] == [
        (s.node, s.i, s.source) for s in graph.steps
    ]
    row = known["rows"][known["nodes"][2]["row"]]
    assert row["title"] == "multiply:  y = x w" and ["∂L/∂x", "g * w"] in row["lines"]
    assert known["lines"][known["nodes"][2]["line"]].endswith("graph = viz.Graph((x * 2).sum())")


def test_json_has_heat_maps_of_large_arrays():
    x = np.linspace(-1, 3, 256).reshape(16, 16)
    known = json.loads(viz.Graph(Tensor(x, name="x")).json())
    array = known["arrays"][0]
    cells = np.array([int(c, 16) for c in re.findall("..", array["heat"])]).reshape(16, 16)
    shown = array["heat_low"] + cells / 254 * (array["heat_high"] - array["heat_low"])
    np.testing.assert_allclose(shown, x, atol=4 / 254 / 2 + 1e-3)


def test_all_uses_of_a_shared_parameter_are_listed():
    w = Parameter(3.0, name="w")
    loss = np.tanh(w * 2) + w * w
    known = json.loads(viz.Graph(loss).json())
    nodes = known["nodes"]
    shared = [n for n in nodes if n["title"] == "w"]
    assert len(shared) == 3
    for n in shared:
        assert [nodes[i]["title"] for i in n["uses"]] == ["multiply", "multiply"]
        assert len(set(n["uses"])) == 2
    assert all("uses" not in n for n in nodes if n["title"] != "w")
    assert [n.get("order") for n in nodes if n.get("order")] == [1, 2, 3, 4]
