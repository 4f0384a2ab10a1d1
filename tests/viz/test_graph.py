"""The graph that is read from a Tensor: what is in it, as text and as numbers."""

import re

import numpy as np
import pytest

from tinygrad_edu import Tensor, no_grad, viz
from tinygrad_edu.nn import Dropout, Linear, Module, Parameter, ReLU, Sequential, cross_entropy


def variable(data, name=None):
    return Tensor(data, requires_grad=True, name=name)


def tanh_of_line():
    x, w, b = variable(2.0, "x"), variable(-3.0, "w"), variable(6.875, "b")
    return np.tanh(x * w + b)


def small_network():
    """2 - 3 - 2 with simple weights, a batch of two, and its loss."""
    model = Sequential(Linear(2, 3, dtype=float), ReLU(), Linear(3, 2, dtype=float))
    model[0].W.data[...] = [[1, -1, 0], [0, 1, -2]]
    model[2].W.data[...] = [[1, 0], [0, 1], [1, 1]]
    return model, cross_entropy(model(Tensor([[1.0, 2.0], [3.0, 1.0]], name="points")), [0, 1])


def titles(graph):
    return [node.title for node in graph.nodes]


def by_title(graph, title):
    (node,) = [node for node in graph.nodes if node.title == title]
    return node


def test_text_of_five_operations():
    assert viz.graph(tanh_of_line()).text() == "\n".join(
        [
            "#1 multiply(x, w)   () float64   -6",
            "├─ x                () float64   2",
            "└─ w                () float64   -3",
            "#2 add(#1, b)       () float64   0.875",
            "└─ b                () float64   6.875",
            "#3 tanh(#2)         () float64   0.7039",
        ]
    )


def test_text_of_a_network_is_a_tree_of_its_modules():
    _, loss = small_network()
    text = viz.graph(loss).text()
    assert text == str(viz.graph(loss))
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


def test_nodes_edges_and_groups_of_a_network():
    _, loss = small_network()
    graph = viz.graph(loss)
    assert [(n.kind, n.title, n.shape, n.group) for n in graph.nodes] == [
        ("data", "points", (2, 2), None),  # fed into the network, so outside its box
        ("parameter", "W", (2, 3), 1),
        ("operation", "matmul", (2, 3), 1),
        ("parameter", "b", (3,), 1),
        ("operation", "add", (2, 3), 1),
        ("operation", "relu", (2, 3), 2),
        ("parameter", "W", (3, 2), 3),
        ("operation", "matmul", (2, 2), 3),
        ("parameter", "b", (2,), 3),
        ("operation", "add", (2, 2), 3),
        ("constant", "labels", (2,), None),
        ("result", "cross_entropy", (), None),
    ]
    assert graph.edges == [
        (0, 2), (1, 2), (2, 4), (3, 4), (4, 5), (5, 7), (6, 7), (7, 9), (8, 9), (9, 11), (10, 11),
    ]  # fmt: skip
    assert [(group.label, group.outer) for group in graph.groups] == [
        ("Sequential", None),
        ("0: Linear(2, 3)", 0),
        ("1: ReLU()", 0),
        ("2: Linear(3, 2)", 0),
    ]


def test_every_shape_dtype_and_value_is_the_tensors():
    _, loss = small_network()
    tensors, waiting = {}, [loss]
    while waiting:  # every tensor of the graph, found independently, in the order of birth
        y = waiting.pop()
        tensors[y.born] = y
        waiting += [x for x in y.inputs if isinstance(x, Tensor)]
    operations = [tensors[born] for born in sorted(tensors) if tensors[born].op]
    nodes = [node for node in viz.graph(loss).nodes if node.inputs]
    assert len(nodes) == len(operations) == 6
    for node, y in zip(nodes, operations, strict=True):
        assert (node.title, node.shape, node.dtype) == (y.op.name, y.shape, str(y.dtype))
        if y.size == 1:
            assert node.value == f"{y.item():.4g}"
        else:
            words = [y.data.mean(), y.data.std(), y.data.min(), y.data.max()]
            assert node.value == "{:.3g} ± {:.3g} [{:.3g}, {:.3g}]".format(*words)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.float32(2.5), "2.5"),
        (np.array([1.0, -2.0, 1 / 3]), "[1, -2, 0.3333]"),
        (np.arange(6.0), "2.5 ± 1.71 [0, 5]"),
        (np.zeros((2, 3)), "all 0"),
        (np.array([3, 9, 4, 5, 7]), "from 3 to 9"),
        (np.array([True, False, True, True, True]), "4 of 5 true"),
        (np.zeros((0, 3)), "empty"),
        (np.array([np.nan, 1, 1, np.inf, 1]), "all 1, 2 of 5 not finite"),
        (np.full(7, np.nan), "7 of 7 not finite"),
        # the mean would overflow in half precision
        (np.full((400, 400), 1000, np.float16), "all 1000"),
    ],
)
def test_values_in_words(array, words):
    (node,) = viz.graph(Tensor(array, name="x")).nodes
    assert node.value == words
    assert node.finite == ("finite" not in words)


def test_a_single_leaf():
    graph = viz.graph(variable(3.0, "x"))
    assert (graph.text(), graph.edges) == ("x   () float64   3", [])


def test_plain_numbers_and_arrays_are_constants():
    x = variable([1.0, 2.0], "x")
    graph = viz.graph((2 * x + np.array([10.0, 20.0])).sum(axis=0))
    assert [(n.kind, n.title, n.settings) for n in graph.nodes] == [
        ("constant", "2", ""),
        ("variable", "x", ""),
        ("operation", "multiply", ""),
        ("constant", "array", ""),
        ("operation", "add", ""),
        ("result", "sum", "axis=0"),
    ]


def test_a_variable_is_drawn_once_and_a_parameter_beside_each_use():
    x, w = variable(2.0, "x"), Parameter(3.0, name="w")
    graph = viz.graph(x * x + w * w)
    assert titles(graph) == ["x", "multiply", "w", "w", "multiply", "add"]
    assert graph.edges == [(0, 1), (0, 1), (2, 4), (3, 4), (1, 5), (4, 5)]


def test_a_variable_used_all_over_the_place_is_drawn_beside_each_use():
    x = variable(2.0, "x")
    y = x
    for _ in range(9):
        y = y * x
    assert titles(viz.graph(y)).count("x") == 10


class Outer(Module):
    """Calls its inner module twice, with an operation between the calls."""

    def __init__(self):
        self.parts = {"turn": Linear(2, 2)}

    def forward(self, x):
        turn = self.parts["turn"]
        return turn(turn(x) * 2)


def test_each_call_of_a_module_is_a_group():
    graph = viz.graph(Outer()(Tensor(np.ones((1, 2), np.float32), name="x")).sum())
    assert [(group.label, group.outer) for group in graph.groups] == [
        ("Outer", None),
        ("parts.turn: Linear(2, 2)", 0),
        ("parts.turn: Linear(2, 2), call 2", 0),
    ]
    multiply = by_title(graph, "multiply")
    assert multiply.group == 0
    assert [n.group for n in graph.nodes if n.title == "matmul"] == [1, 2]


def test_what_a_module_makes_stays_inside_it():
    class Shift(Module):
        def forward(self, x):
            return x + Tensor(1.0, name="made inside")

    graph = viz.graph(Shift()(variable(1.0, "fed in")))
    assert by_title(graph, "made inside").group == 0
    assert by_title(graph, "fed in").group is None


def test_what_one_module_makes_for_another_stands_between_them():
    class Source(Module):
        def forward(self, x):
            return Tensor(x, name="made")

    class Use(Module):
        def forward(self, x):
            return x * variable(2.0)

    graph = viz.graph(Sequential(Source(), Use())(1.0))
    assert graph.groups[by_title(graph, "made").group].label == "Sequential"


def test_a_graph_of_a_million_billion_paths_is_read_once():
    y = variable(1.0, "x")
    for _ in range(50):
        y = y * y
    graph = viz.graph(y)
    assert (len(graph.nodes), len(graph.edges)) == (51, 100)


def test_a_deep_graph_is_read_without_recursion():
    y = variable(0.5, "x")
    for _ in range(20_000):
        y = -y
    graph = viz.graph(y, limit=30_000)
    assert len(graph.nodes) == 20_001
    assert len(graph.text().splitlines()) == 20_001


def test_too_many_nodes_are_refused():
    y = variable(0.5, "x")
    for _ in range(2_000):
        y = -y
    with pytest.raises(ValueError, match=r"more than 2,000 nodes(.|\n)*limit=") as refused:
        viz.graph(y)
    assert "smaller part" in str(refused.value)
    assert len(viz.graph(y.inputs[0]).nodes) == 2_000  # one less is drawn


def test_a_freed_graph_says_so():
    loss = tanh_of_line()
    drawn = viz.graph(loss)
    before = drawn.text()
    loss.backward()
    freed = viz.graph(loss)
    assert [node.kind for node in freed.nodes] == ["freed"]
    last = freed.text().splitlines()[-1]
    assert last.startswith("backward() has freed this graph")
    assert "retain_graph=True" in last
    assert drawn.text() == before  # what was read before stays


def test_a_graph_that_is_freed_in_part():
    x = variable(2.0, "x")
    y = x * x
    y.backward()
    graph = viz.graph(y * x)
    assert [node.kind for node in graph.nodes] == ["freed", "variable", "result"]
    assert "has freed" in graph.note
    assert graph.text().splitlines()[:2] == [
        "#1 made by freed operations   () float64   4",
        "#2 multiply(#1, x)            () float64   8",
    ]


def test_retained_graph_is_drawn():
    loss = tanh_of_line()
    loss.backward(retain_graph=True)
    assert len(viz.graph(loss).nodes) == 6
    assert viz.graph(loss).note == ""


def test_nothing_recorded_says_so():
    with no_grad():
        y = tanh_of_line()
    assert "No operation was recorded" in viz.graph(y).text()


def test_only_tensors_have_a_graph():
    with pytest.raises(TypeError, match=r"0\.5 is of type float(.|\n)*before \.item\(\)"):
        viz.graph(0.5)


def test_parameters_changed_later_do_not_change_the_graph():
    model, loss = small_network()
    graph = viz.graph(loss)
    before = graph.text()
    for parameter in model.parameters():
        parameter.data[...] = 7
    assert graph.text() == before


def test_graph_of_a_gradient():
    x = variable(3.0, "x")
    (x * x * x).backward(create_graph=True)
    assert viz.graph(x.grad).nodes[-1].value == "27"


def test_names_from_anywhere_stay_on_one_line():
    x = variable(1.0, "a\nb\x00\u202e<i>é")
    assert viz.graph(-x).text().splitlines()[1].startswith("└─ a\\nb\\x00\\u202e<i>é ")


def test_settings_show_what_an_index_is():
    x = variable(np.arange(6.0).reshape(2, 3), "x")
    taken = x[np.array([0, 1]), np.array([2, 2])].sum()
    graph = viz.graph(taken)
    assert by_title(graph, "getitem").settings == "index=(array (2,), array (2,))"
    assert "float32" in by_title(viz.graph(x.astype(np.float32)), "astype").settings


def test_repr_is_short():
    assert repr(viz.graph(tanh_of_line())) == (
        "<graph of tanh: 3 operations, 3 leaves; print it, or .save('graph.svg')>"
    )


def test_dropout_mask_is_a_constant_in_its_box():
    model = Sequential(Dropout(0.5, rng=0))
    graph = viz.graph(model(variable(np.ones((2, 8)), "x")))
    mask = by_title(graph, "array")
    assert (mask.kind, graph.groups[mask.group].label) == ("constant", "0: Dropout(p=0.5)")
