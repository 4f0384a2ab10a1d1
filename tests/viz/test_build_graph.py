"""What is read from a Tensor: nodes, module calls, what repeats, and the steps of the backward pass."""

import weakref

import numpy as np
import pytest

from tests.viz.small_graphs import small_network, tanh_of_line, variable
from tinygrad_edu import Tensor, no_grad, viz
from tinygrad_edu.nn import (
    LSTM,
    Conv2d,
    Dropout,
    Linear,
    Module,
    Parameter,
    ReLU,
    Sequential,
)
from tinygrad_edu.optim import SGD
from tinygrad_edu.tensor import Op


def titles(graph):
    return [node.title for node in graph.nodes]


def by_title(graph, title):
    (node,) = [node for node in graph.nodes if node.title == title]
    return node


def test_nodes_edges_and_groups_of_a_network():
    _, loss = small_network()
    graph = viz.Graph(loss)
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
        tensors[y.order] = y
        waiting += [x for x in y.inputs if isinstance(x, Tensor)]
    operations = [tensors[born] for born in sorted(tensors) if tensors[born].op]
    nodes = [node for node in viz.Graph(loss).nodes if node.inputs]
    assert len(nodes) == len(operations) == 6
    for node, y in zip(nodes, operations, strict=True):
        assert (node.title, node.shape, node.dtype) == (y.op.name, y.shape, str(y.dtype))
        if y.size == 1:
            assert node.value.words == f"{y.item():.4g}"
        else:
            words = [y.data.mean(), y.data.std(), y.data.min(), y.data.max()]
            assert node.value.words == "{:.3g} ± {:.3g} [{:.3g}, {:.3g}]".format(*words)


def test_a_single_leaf():
    x = variable(3.0, "x")
    graph = viz.Graph(x)
    reason = "gradient not computed: call backward() on a loss made from it"
    assert (graph.text(), graph.edges) == (f"x   () float64   3\n{reason}", [])
    (x * x).backward()
    assert viz.Graph(x).text() == "x   () float64   3   gradient 6"
    assert viz.Graph(x).no_gradient == ""


def test_plain_numbers_and_arrays_are_constants():
    x = variable([1.0, 2.0], "x")
    graph = viz.Graph((2 * x + np.array([10.0, 20.0])).sum(axis=0))
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
    graph = viz.Graph(x * x + w * w)
    assert titles(graph) == ["x", "multiply", "w", "w", "multiply", "add"]
    assert graph.edges == [(0, 1), (0, 1), (2, 4), (3, 4), (1, 5), (4, 5)]


def test_a_variable_used_all_over_the_place_is_drawn_beside_each_use():
    x = variable(2.0, "x")
    y = x
    for _ in range(9):
        y = y * x
    assert titles(viz.Graph(y)).count("x") == 10


class Outer(Module):
    """Calls its inner module twice, with an operation between the calls."""

    def __init__(self):
        self.parts = {"turn": Linear(2, 2)}

    def forward(self, x):
        turn = self.parts["turn"]
        return turn(turn(x) * 2)


def test_each_call_of_a_module_is_a_group():
    graph = viz.Graph(Outer()(Tensor(np.ones((1, 2), np.float32), name="x")).sum())
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

    graph = viz.Graph(Shift()(variable(1.0, "fed in")))
    assert by_title(graph, "made inside").group == 0
    assert by_title(graph, "fed in").group is None


def test_what_one_module_makes_for_another_stands_between_them():
    class Source(Module):
        def forward(self, x):
            return Tensor(x, name="made")

    class Use(Module):
        def forward(self, x):
            return x * variable(2.0)

    graph = viz.Graph(Sequential(Source(), Use())(1.0))
    assert graph.groups[by_title(graph, "made").group].label == "Sequential"


def test_a_graph_of_a_million_billion_paths_is_read_once():
    y = variable(1.0, "x")
    for _ in range(50):
        y = y * y
    graph = viz.Graph(y)
    assert (len(graph.nodes), len(graph.edges)) == (51, 100)


def test_a_deep_graph_is_read_without_recursion():
    y = variable(0.5, "x")
    for _ in range(20_000):
        y = -y
    graph = viz.Graph(y, limit=30_000, roll=False)
    assert len(graph.nodes) == 20_001
    assert len(graph.text().splitlines()) == 20_001
    assert viz.Graph(y, limit=30_000).text().splitlines()[::3] == [
        "negative × 20,000",
        "└─ … and 19,999 more like it",
    ]


def test_too_many_nodes_are_refused():
    y = variable(0.5, "x")
    for _ in range(5_000):
        y = -y
    with pytest.raises(
        ValueError, match=r"more than 5,000 nodes(.|\n)*depth=1(.|\n)*limit="
    ) as refused:
        viz.Graph(y)
    assert "smaller part" in str(refused.value) and "test_build_graph.py:" in str(refused.value)
    assert len(viz.Graph(y.inputs[0]).nodes) == 5_000  # one less is drawn


def test_a_freed_graph_says_so():
    loss = tanh_of_line()
    drawn = viz.Graph(loss)
    before = drawn.text()
    loss.backward()
    with pytest.warns(
        UserWarning, match=r"freed this graph(.|\n)*retain_graph=True(.|\n)*at test_b"
    ):
        freed = viz.Graph(loss)
    assert [node.kind for node in freed.nodes] == ["freed"]
    first, box = freed.text().splitlines()
    assert first.startswith("backward() has freed this graph") and "retain_graph=True" in first
    assert box == "#1 freed operations   () float64   0.7039"
    assert drawn.text() == before  # what was read before stays


def test_a_graph_that_is_freed_in_part():
    x = variable(2.0, "x")
    y = x * x
    y.backward()
    with pytest.warns(UserWarning, match="has freed this graph"):
        graph = viz.Graph(y * x)
    assert [node.kind for node in graph.nodes] == ["freed", "variable", "result"]
    assert "has freed" in graph.note
    assert graph.text().splitlines()[1:3] == [
        "#1 freed operations   () float64   4",
        "#2 multiply(#1, x)    () float64   8",
    ]


def test_retained_graph_is_drawn():
    loss = tanh_of_line()
    loss.backward(retain_graph=True)
    assert len(viz.Graph(loss).nodes) == 6
    assert viz.Graph(loss).note == ""


def test_nothing_recorded_says_so():
    with no_grad():
        y = tanh_of_line()
    assert "No operation was recorded" in viz.Graph(y).text()


def test_parameters_changed_later_do_not_change_the_graph():
    model, loss = small_network()
    graph = viz.Graph(loss)
    before = graph.text()
    for parameter in model.parameters():
        parameter.data[...] = 7
    assert graph.text() == before


def test_graph_of_a_gradient():
    x = variable(3.0, "x")
    (x * x * x).backward(create_graph=True)
    assert viz.Graph(x.grad).nodes[-1].value.words == "27"


def test_settings_show_what_an_index_is():
    x = variable(np.arange(6.0).reshape(2, 3), "x")
    taken = x[np.array([0, 1]), np.array([2, 2])].sum()
    graph = viz.Graph(taken)
    assert by_title(graph, "getitem").settings == "[array (2,), array (2,)]"
    assert "float32" in by_title(viz.Graph(x.astype(np.float32)), "astype").settings


def test_dropout_mask_is_a_constant_in_its_box():
    model = Sequential(Dropout(0.5, rng=0))
    graph = viz.Graph(model(variable(np.ones((2, 8)), "x")))
    mask = by_title(graph, "array")
    assert (mask.kind, graph.groups[mask.group].label) == ("constant", "0: Dropout(p=0.5)")


def test_what_a_module_was_given_is_its_input():
    model = Sequential(Linear(2, 3, rng=0), Linear(3, 1, rng=1))
    for x in (np.ones((4, 2)), Tensor(np.ones((4, 2)))):
        graph = viz.Graph(model(x))
        assert by_title(graph, "input").kind == "data"
        assert "matmul(input, W)" in graph.text()
    x32 = Tensor(np.ones((4, 2), np.float32), name="points")
    assert by_title(viz.Graph(model(x32)), "points").kind == "data"


def test_every_gradient_and_every_sum_is_that_of_backward():
    model, loss = small_network()
    graph = viz.Graph(loss)
    assert all(p.grad is None for p in model.parameters())  # looking changes nothing
    loss.backward()
    learned = [node for node in graph.nodes if node.kind == "parameter"]
    for node, parameter in zip(learned, model.parameters(), strict=True):
        np.testing.assert_array_equal(node.gradient.numbers, parameter.grad)
    for step in graph.steps:
        upstream = graph.nodes[step.node].gradient.numbers
        if step.local:
            np.testing.assert_array_equal(upstream * step.local.numbers, step.contribution.numbers)
        assert step.source == graph.nodes[step.node].inputs[step.i]


def test_steps_tell_upstream_local_and_the_running_sum():
    x = variable(3.0, "x")
    graph = viz.Graph(x * x + x)
    told = [
        (graph.nodes[s.node].title, s.i, s.local.words, s.contribution.words,
         s.before and s.before.words, s.after.words)
        for s in graph.steps
    ]  # fmt: skip
    assert told == [
        ("add", 0, "1", "1", None, "1"),
        ("add", 1, "1", "1", None, "1"),
        ("multiply", 0, "3", "3", "1", "4"),
        ("multiply", 1, "3", "3", "4", "7"),
    ]
    assert by_title(graph, "x").gradient.words == "7"
    assert by_title(graph, "multiply").rule(1) == ("∂L/∂w", "g * x")


def test_a_parameter_beside_each_use_has_one_gradient():
    w = Parameter(3.0, name="w")
    graph = viz.Graph(w * w)
    assert [(n.title, n.same) for n in graph.nodes] == [("w", 0), ("w", 0), ("multiply", 2)]
    assert [n.gradient.words for n in graph.nodes] == ["6", "6", "1"]


def test_a_node_knows_its_row_and_the_line_that_asked_for_it():
    x = variable(2.0, "x")
    y = np.tanh(x)  # this line
    y.name = "squashed"
    node = viz.Graph(y).nodes[-1]
    assert node.row.title == "tanh:  y = tanh x"
    assert node.rule(0) == ("∂L/∂x", "g * sech2(x)")
    assert node.line.startswith("test_build_graph.py:") and node.line.endswith(
        "y = np.tanh(x)  # this line"
    )
    assert node.name == "squashed"
    assert "#1 squashed = tanh(x)" in viz.Graph(y).text()


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda x: x * 2, "call backward() on a single number, and this has 3 (take .sum()"),
        (lambda x: (x * 1j).sum(), "starts from a real number, and this is complex"),
    ],
)
def test_a_gradient_that_cannot_be_is_a_reason_and_not_0(make, reason):
    graph = viz.Graph(make(variable([1.0, 2.0, 3.0], "x")))
    assert graph.no_gradient.startswith("gradient not computed: ")
    assert reason in graph.no_gradient
    assert graph.text().splitlines()[-1] == graph.no_gradient
    assert [node.gradient for node in graph.nodes if node.gradient] == []
    assert graph.steps == []


def test_what_an_earlier_backward_left_is_shown():
    x = variable([1.0, 2.0], "x")
    y = x * x
    y.backward(np.array([1.0, 1.0]), retain_graph=True)
    assert by_title(viz.Graph(y), "x").gradient.words == "[2, 4]"


def test_a_way_back_that_fails_is_told():
    x = variable(2.0, "x")

    def fails(g, y, x):
        raise ValueError("out of\norder")

    row = Op(lambda x: x * 2, fails, name="odd")
    graph = viz.Graph(row(x))
    assert graph.no_gradient == "gradient not computed: out of"
    assert graph.nodes[-1].value.words == "4"


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


def test_each_call_of_a_module_with_nothing_in_between_is_a_group():
    graph = viz.Graph(unrolled(3), roll=False)
    assert [g.label for g in graph.groups] == ["Cell()", "Cell(), call 2", "Cell(), call 3"]


def test_repeated_steps_without_a_module_are_rolled_up():
    w, h = Parameter(np.eye(2), name="w"), variable(np.ones((1, 2)), "h")
    for _ in range(20):
        h = np.tanh(h @ w)
    graph = viz.Graph(h.sum())
    assert [g.label for g in graph.groups][:3] == ["step × 20", "step 1", "step 2"]
    assert by_title(graph, "h").group is None  # what is fed into the steps stays outside
    assert {n.group for n in graph.nodes if n.title == "w"} == set(range(1, 21))


def test_what_every_step_takes_a_part_of_is_drawn_in_every_step():
    x, h = variable(np.ones((20, 2)), "x"), np.zeros(2)
    for t in range(20):
        h = np.tanh(x[t] + h)
    graph = viz.Graph(h.sum())
    drawn = [n.group for n in graph.nodes if n.title == "x"]
    steps = [i for i, g in enumerate(graph.groups) if g.label.startswith("step ") and not g.repeats]
    assert [group for group in drawn if group is not None] == steps


def test_a_few_repetitions_are_left_alone():
    x = variable(2.0, "x")
    assert viz.Graph(x * x * x * x * x * x).groups == []


def test_modules_deeper_than_depth_are_one_node_each():
    _, loss = small_network()
    graph = viz.Graph(loss, depth=1)
    assert [(n.kind, n.title, n.inputs, n.settings) for n in graph.nodes] == [
        ("data", "points", (), ""),
        ("module", "0: Linear(2, 3)", (0,), "2 operations, 9 parameters"),
        ("module", "1: ReLU()", (1,), "1 operation"),
        ("module", "2: Linear(3, 2)", (2,), "2 operations, 8 parameters"),
        ("constant", "labels", (), ""),
        ("result", "cross_entropy", (3, 4), ""),
    ]
    full = viz.Graph(loss)
    assert [n.gradient.words for n in graph.nodes if n.gradient] == [
        full.nodes[i].gradient.words for i in (4, 5, 9, 11)
    ]
    assert [(s.node, s.source) for s in graph.steps] == [(5, 3), (3, 2), (2, 1)]
    whole = viz.Graph(loss, depth=0)
    assert [n.title for n in whole.nodes] == ["points", "Sequential", "labels", "cross_entropy"]
    with pytest.raises(ValueError, match=r"depth=-1\): how many modules deep"):
        viz.Graph(loss, depth=-1)


def test_depth_makes_room_for_what_is_too_much():
    loss = unrolled(1000)
    with pytest.raises(ValueError, match="more than 5,000 nodes"):
        viz.Graph(loss)
    assert len(viz.Graph(loss, depth=0).nodes) == 2002  # h, x once a call, the calls, the sum


def test_a_snapshot_keeps_its_numbers():
    x = variable([1.0, 2.0], "x")
    graph = viz.Graph((x * x).sum())
    x.data[...] = 7
    assert by_title(graph, "x").value.numbers.tolist() == [1, 2]


def test_settings_in_a_tuple_are_shown_as_they_were_written():
    model = Sequential(Conv2d(1, 2, (3, 2), stride=2, rng=0))
    graph = viz.Graph(model(np.ones((1, 8, 8, 1), np.float32)))
    (conv,) = (node for node in graph.nodes if node.title.startswith("conv"))
    assert conv.settings == "size=(3, 2), stride=(2, 2)"
    assert "Windows" not in graph.text()


def frozen(module):
    for parameter in module.parameters():
        parameter.requires_grad = False
    return module


def test_frozen_layers_before_the_first_trained_one_stay_layers():
    layers = frozen(Linear(2, 3, rng=0)), ReLU(), Linear(3, 1, rng=1)
    signals = Tensor(np.ones((4, 2), np.float32), name="signals")
    model = Sequential(*layers)
    graph = viz.Graph(model(signals).sum())
    assert [(n.kind, n.title, n.settings, n.inputs, n.group) for n in graph.nodes[:4]] == [
        ("data", "signals", "", (), None),
        ("module", "0: Linear(2, 3), frozen", "9 parameters", (0,), 0),
        ("module", "1: ReLU()", "no gradient needed", (1,), 0),
        ("parameter", "W", "", (), 1),
    ]
    first, second = graph.nodes[1:3]
    assert (first.shape, first.dtype, first.value.words) == (
        (4, 3),
        "float32",
        "not kept, as no gradient needs it",
    )
    hidden = np.maximum(signals.data @ layers[0].W.data, 0)
    np.testing.assert_allclose(second.value.numbers, hidden, rtol=1e-6)
    assert first.gradient is None and second.gradient is None
    assert by_title(graph, "matmul").inputs[0] == second.number


def test_a_frozen_layer_between_trained_ones_is_marked():
    model = Sequential(Linear(2, 3, rng=0), frozen(Linear(3, 3, rng=1)), Linear(3, 1, rng=2))
    graph = viz.Graph(model(np.ones((4, 2))).sum())
    assert [group.label for group in graph.groups[1:]] == [
        "0: Linear(2, 3)",
        "1: Linear(3, 3), frozen",
        "2: Linear(3, 1)",
    ]
    learned = [(n.title, n.settings) for n in graph.nodes if n.kind == "parameter"]
    assert learned == [(name, at) for at in ("", "frozen", "") for name in "Wb"]
    assert graph.text().count("W, frozen ") == 1


def test_a_frozen_encoder_is_one_layer():
    class Both(Module):
        def __init__(self):
            self.encoder = frozen(Sequential(Linear(2, 3, rng=0), ReLU()))
            self.head = Linear(3, 1, rng=1)

        def forward(self, x):
            return self.head(self.encoder(x))

    graph = viz.Graph(Both()(Tensor(np.ones((4, 2), np.float32), name="signals")).sum())
    (encoder,) = [n for n in graph.nodes if n.kind == "module"]
    assert encoder.title == "encoder: Sequential, frozen"
    assert [graph.nodes[i].title for i in encoder.inputs] == ["signals"]


def test_a_model_that_is_frozen_as_a_whole_shows_its_layer():
    graph = viz.Graph(frozen(Linear(2, 3))(Tensor(np.ones((1, 2), np.float32), name="signals")))
    assert [n.title for n in graph.nodes] == ["signals", "Linear(2, 3), frozen"]
    assert "No operation was recorded" in graph.note


def test_frozen_layers_keep_no_array_alive():
    layer = frozen(Linear(2, 3, rng=0))
    x = Tensor(np.ones((4, 2), np.float32), name="signals")
    gone, y = weakref.ref(x), layer(x)
    del x
    assert gone() is None
    assert viz.Graph(y).nodes[0].value.words == "not kept, as no gradient needs it"
    assert viz.Graph((y * Parameter(2.0)).sum()).nodes[1].title == "Linear(2, 3), frozen"
    again = frozen(ReLU())
    for _ in range(1_000):  # nor does a long loop keep all of its calls
        y = again(y)
    assert y.scope.followed <= 200


def test_inputs_keep_the_name_that_their_user_gave():
    class Flat(Module):
        def __init__(self):
            self.head = Linear(10, 1, rng=0)

        def forward(self, x):
            return self.head(x.reshape(4, -1))

    signals = Tensor(np.ones((4, 5, 2)), name="signals")  # converted to the model's float32
    assert "matmul(signals, W)" in viz.Graph(Flat()(signals).sum()).text()
    recurrent = viz.Graph(LSTM(2, 3, rng=0)(signals).sum()).text()
    assert "lstm(signals, " in recurrent

    class Part(Flat):
        def forward(self, x):
            return self.head(x[:, 0].reshape(2, -1)[:1].repeat(10, axis=1)[:, :10])

    assert by_title(viz.Graph(Part()(signals).sum()), "from signals").kind == "data"


@pytest.mark.parametrize(
    ("index", "shown"),
    [
        (np.s_[:, 0:3], "[:, 0:3]"),
        (np.s_[..., None, 1], "[..., None, 1]"),
        (np.s_[::2, -1], "[::2, -1]"),
        (np.s_[1], "[1]"),
        (np.s_[-1:], "[-1:]"),
    ],
)
def test_an_index_reads_as_it_is_written(index, shown):
    graph = viz.Graph(variable(np.ones((4, 6)), "x")[index].sum())
    assert f"getitem(x, {shown})" in graph.text()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda x: x.sum(axis=1), "over axis 1, the columns"),
        (lambda x: x.sum(axis=-2), "over axis 0, the rows"),
        (lambda x: x.mean(axis=(0, 1)), "over all axes"),
        (lambda x: x[:, :1].sum(axis=1), "over axis 1, the columns"),
        (lambda x: x[:, :1].sum(axis=1, keepdims=True), "over axis 1, the columns"),
        (lambda x: x.mean(), "over all axes"),
        (lambda x: np.cumsum(x, axis=0), "along axis 0, the rows"),
        (lambda x: x.reshape(2, 2, 6).max(axis=2), "over axis 2, the last"),
        (lambda x: x.reshape(2, 2, 6).max(axis=(0, 1)), "over axis 0, the first and axis 1"),
        (lambda x: np.tanh(x), ""),
        (lambda x: np.concatenate([x, x], axis=1), ""),
    ],
)
def test_axes_in_words(make, words):
    assert viz.Graph(make(variable(np.ones((4, 6)), "x"))).nodes[-1].axes == words


def test_axes_are_in_words_in_the_text():
    x = variable(np.ones((4, 6)), "x")
    assert (
        "#1 sum(x, keepdims=True) over axis 1, the columns "
        in viz.Graph(x.sum(axis=1, keepdims=True)).text()
    )


def test_operations_are_numbered():
    _, loss = small_network()
    graph = viz.Graph(loss)
    assert [n.order for n in graph.nodes if not n.leaf] == [1, 2, 3, 4, 5, 6]
    assert {n.order for n in graph.nodes if n.leaf} == {0}


# ------------------------------------------------------------------------- what was changed meanwhile


def changed_note(y, match):
    with pytest.warns(UserWarning, match=match):
        graph = viz.Graph(y)
    assert graph.text().startswith(graph.note) and match in graph.note
    return graph


def test_an_input_changed_in_place():
    x = variable([1.0, 2.0], "x")
    y = (x * x).sum()
    x.data[...] = 5.0
    graph = changed_note(y, "was changed after multiply had used it")
    assert not graph.steps and graph.no_gradient.startswith("gradient not computed")


def test_an_input_that_no_rule_reads():
    b = variable([1.0, 2.0], "b")
    y = (np.ones(2) + b).sum()
    viz.Graph(y)
    b.data += 1e-6
    changed_note(y, "an input of add was changed")


def test_a_step_of_an_optimizer():
    model, loss = small_network()
    loss.backward(retain_graph=True)
    viz.Graph(loss)
    SGD(model.parameters(), lr=0.01).step()
    changed_note(loss, "was changed after")


def test_a_result_that_was_replaced():
    x = variable([1.0, 2.0], "x")
    y = x * 2
    z = y.sum()
    y.data = np.ones(2)
    changed_note(z, "the result of multiply was replaced")


@pytest.mark.parametrize("make", [lambda: Dropout(0.5, rng=0), lambda: Conv2d(3, 2, 3, rng=0)])
def test_nothing_was_changed(make, recwarn):
    viz.Graph(make()(variable(np.ones((2, 4, 4, 3)), "x")).sum())
    assert not [w for w in recwarn if "changed" in str(w.message)]
