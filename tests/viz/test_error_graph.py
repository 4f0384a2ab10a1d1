"""The graph up to what failed: its last node is that operation, and the error stands beside it."""

import json
import os
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from tinygrad_edu import Tensor, debug, nn, op
from tinygrad_edu.viz import explain_error

ROOT = Path(__file__).parents[2]
POINTS = Tensor([[1.0, 2.0], [3.0, 1.0]], name="points")


def caught(function):
    try:
        function()
    except Exception as error:
        return error
    raise AssertionError("it did not fail")


def told(function):
    """(title of what failed, titles of what it was given, the graph)"""
    error = caught(function)
    graph = explain_error(error)
    last = graph.nodes[-1]
    assert last.kind == "failed" and [n.kind for n in graph.nodes].count("failed") == 1
    assert last.change == f"{type(error).__name__}: {error}"
    text = graph.text()
    assert text.endswith(last.change) and "failed" in text
    return last.title, [graph.nodes[i].title for i in last.inputs], graph


def weights(*shape):
    return Tensor(np.ones(shape), requires_grad=True, name="W")


def test_an_operation_that_numpy_refuses():
    h = lambda: np.tanh(POINTS @ weights(2, 3))
    title, inputs, graph = told(lambda: h() @ weights(4, 2))
    assert (title, inputs) == ("matmul", ["tanh", "W"])
    assert [n.title for n in graph.nodes] == ["points", "W", "matmul", "tanh", "W", "matmul"]
    assert graph.nodes[3].shape == (2, 3) and graph.nodes[4].shape == (4, 2)


def test_a_layer_that_refuses_its_input():
    model = nn.Sequential(nn.Linear(2, 3, rng=0), nn.ReLU(), nn.Linear(4, 2, rng=1))
    title, inputs, graph = told(lambda: model(POINTS))
    assert (title, inputs) == ("Linear(4, 2)", ["relu"])
    assert [g.label for g in graph.groups] == ["Sequential", "0: Linear(2, 3)", "1: ReLU()"]
    assert graph.nodes[-1].group == 0


def test_an_operation_inside_of_a_layer():
    class Wrong(nn.Module):
        def __init__(self):
            self.W = nn.Parameter(np.ones((3, 2)))

        def forward(self, x):
            return np.tanh(x) @ self.W

    title, inputs, graph = told(lambda: nn.Sequential(Wrong())(weights(2, 2)))
    assert (title, inputs) == ("matmul", ["tanh", "W"])
    assert [g.label for g in graph.groups] == ["Sequential", "0: Wrong()"]
    assert graph.nodes[-1].group == graph.nodes[1].group == 1


@pytest.mark.parametrize("labels", [[0, 1, 2], [0, 7]])
def test_a_loss_that_refuses_its_labels(labels):
    model = nn.Sequential(nn.Linear(2, 2, rng=0))
    title, inputs, _ = told(lambda: nn.cross_entropy(model(POINTS), labels))
    assert (title, inputs) == ("cross_entropy", ["add", "array"])


@pytest.mark.parametrize(
    ("layer", "x"), [(nn.MaxPool2d(2), (2, 3)), (nn.LSTM(4, 2), (2, 3)), (nn.BatchNorm(3), (2, 2))]
)
def test_a_check_is_a_part_of_its_layer(layer, x):
    title, inputs, _ = told(lambda: layer(weights(*x)))
    assert (title, inputs) == (repr(layer), ["W"])


@pytest.mark.parametrize(
    "loss", [nn.mse, nn.binary_cross_entropy, nn.hinge, nn.focal_cross_entropy]
)
def test_a_check_is_a_part_of_its_loss(loss):
    title, inputs, _ = told(lambda: loss(weights(4, 1) * 2, np.full(4, 7)))
    assert (title, inputs) == (loss.__name__, ["multiply", "array"])


def test_a_step_of_the_way_back():
    bad = op(lambda x: x * 2, lambda g, y, x: g[:, :1] @ np.ones((5, 5)), name="bad")
    title, inputs, graph = told(lambda: bad(weights(4, 2) * 2).sum().backward())
    assert (title, inputs) == ("bad", ["multiply"])
    assert "on the way back" in graph.nodes[-1].change


def test_a_number_that_is_not_finite():
    def fails():
        with debug():
            np.log(weights(2, 2) - 1.5)

    with np.errstate(invalid="ignore"):
        assert told(fails)[:2] == ("log", ["subtract"])


def test_inputs_of_every_kind():
    ragged = lambda: np.concatenate([weights(2, 2), weights(3)])
    title, inputs, _ = told(ragged)
    assert title == "concatenate" and inputs == ["W", "W"]
    title, _, _ = told(lambda: weights(2, 2)[[[1], [2, 3]]])
    assert title == "getitem"


def test_it_is_drawn_in_red_with_the_error_beside_it():
    *_, graph = told(lambda: np.tanh(POINTS) @ weights(4, 2))
    try:
        svg = graph.svg()
    except ImportError:
        pytest.skip("there is no graphviz on this machine")
    root = ElementTree.fromstring(svg)
    ns = "{http://www.w3.org/2000/svg}"
    (failed,) = [g for g in root.iter(f"{ns}g") if g.get("class") == "node failed"]
    words = " ".join("".join(t.itertext()) for t in failed.iter(f"{ns}text"))
    assert words.startswith("matmul #1 ValueError: matmul(x (2, 2) float64, W (4, 2) float64)")
    assert "must be equal" in words
    assert failed.find(f"{ns}path").get("stroke") == "#c02626"
    assert "matmul" in graph.mermaid() and "must be equal" in " ".join(
        graph.mermaid().split("<br>")
    )
    assert "must be equal" in graph.json()


def test_the_last_error_is_found_by_itself(monkeypatch):
    monkeypatch.delattr(sys, "last_value", raising=False)
    with pytest.raises(ValueError, match="no error has been seen yet"):
        explain_error()
    monkeypatch.setattr(sys, "last_value", caught(lambda: POINTS @ weights(4, 2)), raising=False)
    assert explain_error().nodes[-1].title == "matmul"
    try:
        POINTS + weights(3)
    except ValueError:
        assert explain_error().nodes[-1].title == "add"


def test_errors_of_others_have_no_graph():
    for function in (lambda: 1 / 0, lambda: nn.Linear(2), lambda: Tensor("a")):
        with pytest.raises(
            ValueError, match=r"came from nothing that was given a Tensor(.|\n)*Try"
        ):
            explain_error(caught(function))


PATIENT = {
    "timeout": 1800,
    "startup_timeout": 600,
    "iopub_timeout": 600,
}  # seconds of a kernel that hangs


def test_in_the_cell_after_the_red_one():
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    lines = [
        "import numpy as np\nfrom tinygrad_edu import Tensor, viz\n"
        "Tensor(np.ones((2, 3)), requires_grad=True) @ np.ones((2, 3))",
        "viz.explain_error()",
    ]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in lines])
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    client = nbclient.NotebookClient(book, kernel_name="python3", allow_errors=True, **PATIENT)
    client.execute(env={**os.environ, "PYTHONPATH": path})
    assert book.cells[0].outputs[0].output_type == "error"
    (shown,) = book.cells[1].outputs
    assert "failed" in shown.data["text/plain"] and "line 3 of the cell" in shown.data["text/plain"]


# ---------------------------------------------------------------------------- shapes that do not fit


@pytest.mark.parametrize(
    ("function", "axes"),
    [
        (lambda: weights(2, 3) @ weights(4, 2), ((1,), (0,))),
        (lambda: weights(2, 3) @ weights(4), ((1,), (0,))),
        (lambda: weights(5, 2, 3) @ weights(4, 3, 2), ((0,), (0,))),
        (lambda: weights(2, 3) + weights(4, 1), ((0,), (0,))),
        (lambda: weights(1, 3) + weights(5, 2), ((1,), (1,))),
        (lambda: weights(2, 3) * weights(2), ((1,), (0,))),
        (lambda: np.concatenate([weights(2, 3), weights(5, 4)]), ((1,), (1,))),
        (lambda: np.concatenate([weights(2, 3), weights(5, 4)], axis=-1), ((0,), (0,))),
        (lambda: nn.Linear(4, 2)(weights(2, 3)), ((1,),)),
        (lambda: nn.mse(weights(4, 1), np.ones(3)), ((0, 1), (0,))),
        (lambda: weights(2, 3).reshape(4, 2), ((0, 1),)),
        (lambda: weights(2, 3)[5], ((0,),)),
        (
            lambda: nn.cross_entropy(weights(2, 3), [0, 7]),
            (),
        ),  # the labels do not fit, not the shapes
        (lambda: np.linalg.inv(weights(2, 2)), ()),
    ],
)
def test_axes_that_do_not_fit(function, axes):
    graph = explain_error(caught(function))
    assert graph.nodes[-1].clash == axes
    known = json.loads(graph.json())["nodes"][-1]
    assert known.get("clash", []) == [list(own) for own in axes]


def test_they_are_marked_in_the_text():
    *_, graph = told(lambda: POINTS @ weights(4, 2))
    assert "Shapes that do not fit: points (2, *2*) and W (*4*, 2)." in graph.text()


def test_no_shape_is_invented():
    *_, graph = told(lambda: nn.mse(weights(4, 1), [[1, 2], [3]]))
    known = json.loads(graph.json())
    assert "value" not in known["nodes"][-1]  # it made nothing
    assert graph.nodes[1].title == "[[1, 2], [3]]" and graph.nodes[1].value.type == "list"
    assert "<U" not in graph.text()


def test_what_failed_on_the_way_back_keeps_its_value():
    bad = op(lambda x: x * 2, lambda g, y, x: g[:, :1] @ np.ones((5, 5)), name="bad")
    *_, graph = told(lambda: bad(weights(4, 2)).sum().backward())
    assert graph.nodes[-1].shape == (4, 2) and "value" in json.loads(graph.json())["nodes"][-1]


def test_the_whole_error_with_its_notes():
    error = caught(lambda: POINTS @ weights(4, 2))
    error.add_note("in the second epoch")
    change = explain_error(error).nodes[-1].change
    assert change == f"ValueError: {error}\nin the second epoch"
