"""A graph as text, and in the languages of Mermaid and graphviz."""

import re

import numpy as np
import pytest

from tests.viz.small_graphs import small_network, tanh_of_line, variable
from tinygrad_edu import Tensor, viz
from tinygrad_edu.nn import Module, Parameter
from tinygrad_edu.viz import render


class Cell(Module):
    def __init__(self):
        self.W, self.U = Parameter(np.eye(2) * 0.5), Parameter(np.eye(2) * 0.1)

    def forward(self, x, h):
        return np.tanh(x @ self.W + h @ self.U)


def unrolled(steps):
    cell, h = Cell(), variable(np.ones((1, 2)), "h")
    for _ in range(steps):
        h = cell(Tensor([[1.0, 2.0]], name="x"), h)
    return h.sum()


def test_text_of_five_operations():
    assert viz.Graph(tanh_of_line()).text() == "\n".join(
        [
            "#1 multiply(x, w)   () float64   -6       gradient 0.5045",
            "├─ x                () float64   2        gradient -1.514",
            "└─ w                () float64   -3       gradient 1.009",
            "#2 add(#1, b)       () float64   0.875    gradient 0.5045",
            "└─ b                () float64   6.875    gradient 0.5045",
            "#3 tanh(#2)         () float64   0.7039   gradient 1",
        ]
    )


def test_text_of_a_network_is_a_tree_of_its_modules():
    _, loss = small_network()
    text = viz.Graph(loss).text()
    assert text == str(viz.Graph(loss))
    assert [re.sub(r" {3,}\(.*", "", line) for line in text.splitlines()] == [
        "Sequential",
        "├─ 0: Linear(2, 3)",
        "│  ├─ #1 matmul(points, W)",
        "│  │  ├─ points",
        "│  │  └─ W",
        "│  └─ #2 add(#1, b)",
        "│     └─ b",
        "├─ 1: ReLU()",
        "│  └─ #3 relu(#2)",
        "└─ 2: Linear(3, 2)",
        "   ├─ #4 matmul(#3, W)",
        "   │  └─ W",
        "   └─ #5 add(#4, b)",
        "      └─ b",
        "#6 cross_entropy(#5, labels)",
        "└─ labels",
    ]


def test_names_from_anywhere_stay_on_one_line():
    x = variable(1.0, "a\nb\x00\u202e<i>é")
    assert viz.Graph(-x).text().splitlines()[1].startswith("└─ a\\nb\\x00\\u202e<i>é ")


def test_repeated_modules_are_rolled_up():
    graph = viz.Graph(unrolled(180))
    assert (graph.groups[0].label, graph.groups[0].repeats) == ("Cell() × 180", 180)
    assert [g.outer for g in graph.groups[1:]] == [0] * 180
    assert len(graph.nodes) == 180 * 7 + 2  # all are there
    lines = graph.text().splitlines()
    assert lines[0] == "Cell() × 180" and "└─ … and 179 more like it" in lines
    shown = render.folded(graph)
    assert [(n.title, n.settings) for n in shown.nodes if n.kind == "module"] == [
        ("Cell() × 180", "720 operations, #1 to #720")
    ]
    assert shown.nodes[-2].value is graph.nodes[-2].value  # that of the last step
    inside = viz.Graph(unrolled(180), roll=False)
    assert [g.repeats for g in inside.groups] == [0] * 180


def test_inputs_are_numbered_where_their_order_matters_and_is_not_clear():
    a, b = variable(1.0, "a"), variable(2.0, "b")
    assert re.findall(r'n(\d) -> n2 \[.*headlabel="(\d)"', viz.Graph(a - b).dot) == [
        ("0", "1"),
        ("1", "2"),
    ]
    assert 'label="1"' not in viz.Graph(a + b).dot  # a + b is b + a
    assert 'label="1"' not in viz.Graph(a / 2).dot  # what flows, then what stands beside
    assert 'taillabel="1"' in viz.Graph(2 / a).dot


def test_parameters_stand_beside_their_operation():
    source = viz.Graph(variable(1.0, "x") * Parameter(2.0, name="w")).dot
    row = re.search(r"subgraph cluster_row2 \{(.*?)\}", source, re.DOTALL)[1]
    assert "rank=same" in row
    assert re.findall(r"n\d;", row) == ["n1;", "n2;"]


def test_a_constant_with_two_uses_stands_beside_neither():
    x, two = variable(1.0, "x"), Tensor(2.0)
    assert "cluster_row" not in viz.Graph(x * two + np.exp(x) * two).dot


def test_a_long_note_is_whole_and_wrapped():
    source = viz.Graph(variable([1.0, 2.0, 3.0], "x") * 2).dot
    note = re.search(r"label=<(.*)>\]", source)[1]
    lines = re.findall(r">([^<]+)<", note)
    assert " ".join(lines) == viz.Graph(variable([1.0, 2.0, 3.0], "x") * 2).no_gradient
    assert len(lines) > 1 and max(map(len, lines)) <= 56


def test_the_layout_is_bounded(loss):
    source = viz.Graph(loss).dot
    assert "nslimit=" in source
    assert "nslimit1=" in source


def test_mermaid_has_every_node_edge_and_box(loss, tmp_path):
    graph = viz.Graph(loss)
    lines = [line.strip() for line in graph.mermaid().splitlines()]
    assert lines[0] == "flowchart TD"
    assert [line for line in lines if "-->" in line] == [f"n{a} --> n{b}" for a, b in graph.edges]
    assert lines.count("end") == sum(line.startswith("subgraph") for line in lines) == 2
    assert any(line.startswith('n2("matmul #35;1<br>(1, 3) float64<br>') for line in lines)
    graph.save(tmp_path / "loss.mmd")
    assert (tmp_path / "loss.mmd").read_text(encoding="utf-8") == graph.mermaid() + "\n"


@pytest.mark.parametrize("name", ['"]; click n0 "evil"', "a\nb", "<b>`x`</b>", "#quot;", "end"])
def test_mermaid_keeps_names_in_their_quotes(name):
    (line,) = [
        line for line in viz.Graph(-variable(1.0, name)).mermaid().splitlines() if "([" in line
    ]
    assert re.fullmatch(r'  n0\(\["[^"<>`\n]*<br>[^"<>`]*<br>[^"<>`]*<br>[^"<>`]*"\]\)', line)


def test_what_repeats_itself_is_one_node_of_the_picture():
    w, h = Parameter(np.eye(2), name="w"), variable(np.ones((1, 2)), "h")
    for _ in range(500):
        h = np.tanh(h @ w)
    lines = viz.Graph(h.sum()).mermaid().splitlines()
    assert lines[1].startswith('  n0(["h<br>(1, 2) float64<br>all 1<br>gradient all ')
    assert lines[2].startswith(
        '  n1("step × 500 (1,000 operations, #35;1 to #35;1000)<br>(1, 2) float64<br>'
    )
    assert lines[3].startswith('  n2("sum #35;1001 ') and lines[4:6] == [
        "  n0 --> n1",
        "  n1 --> n2",
    ]


def test_numbers_are_on_the_nodes_of_pictures_as_in_the_text():
    _, loss = small_network()
    graph = viz.Graph(loss)
    numbered = [(n.order, n.title) for n in graph.nodes if n.order]
    text, source = graph.text(), graph.dot
    assert all(re.search(rf"#{k} {title}\(", text) for k, title in numbered)
    assert all(
        re.search(rf"<b>{title}</b></font> <font[^>]*>#{k}<", source) for k, title in numbered
    )


def test_numbers_stay_where_blocks_are_folded():
    graph = viz.Graph(unrolled(30))
    last = render.folded(graph).nodes[-1]
    assert (last.title, last.order) == ("sum", 121)
    assert ">#121<" in graph.dot and "#121 sum(" in graph.text()


def test_axes_are_in_words_on_the_nodes_of_pictures():
    x = variable(np.ones((4, 6)), "x")
    source = viz.Graph(x.sum(axis=1, keepdims=True)).dot
    assert ">over axis 1, the columns<" in source and ">(keepdims=True)<" in source
