"""Play: at each point the graph is the one that a fresh computation gives."""

import json

import numpy as np
import pytest

from tests.viz.small_graphs import variable
from tinygrad_edu import Tensor, nn, optim, viz
from tinygrad_edu.nn import Parameter
from tinygrad_edu.viz.play import STEPS, computed


def expression(x=2.0, w=-3.0, b=6.875):
    x, w, b = variable(x, "x"), variable(w, "w"), variable(b, "b")
    y = np.tanh(x * w + b)
    return y * x + y


def played(graph, play=None, rate=None):
    return computed(graph, graph._recording, play, rate)


def numbers(snapshot):
    return None if snapshot is None else snapshot.numbers


def assert_same(one, other):
    """Two graphs have equal values, gradients and steps, to the last digit."""
    assert len(one.nodes) == len(other.nodes) and len(one.steps) == len(other.steps)
    for a, b in zip(one.nodes, other.nodes, strict=True):
        assert (a.title, a.kind, a.value.dtype) == (b.title, b.kind, b.value.dtype)
        np.testing.assert_array_equal(a.value.numbers, b.value.numbers)
        np.testing.assert_array_equal(numbers(a.gradient), numbers(b.gradient))
    for a, b in zip(one.steps, other.steps, strict=True):
        for part in ("contribution", "before", "after", "local"):
            np.testing.assert_array_equal(numbers(getattr(a, part)), numbers(getattr(b, part)))


def test_each_point_is_what_a_fresh_computation_gives():
    graph = viz.Graph(expression())
    play = played(graph, {"x": (-3, 3), "b": (0, 8, 5)})
    x, b = play.sliders
    assert x.points == pytest.approx(np.linspace(-3, 3, 61)) and x.points[x.start] == 2.0
    assert b.points == [0, 2, 4, 6, 6.875, 8] and b.start == 4
    for slider, name in ((x, "x"), (b, "b")):
        assert graph.nodes[slider.node].title == name
        for point, other in zip(slider.points, slider.graphs, strict=True):
            assert_same(other, viz.Graph(expression(**{name: point})))


def network(bias, scale=1.0):
    rng = np.random.default_rng(0)
    model = nn.Sequential(nn.Linear(3, 2, rng=rng), nn.ReLU(), nn.Linear(2, 2, rng=rng))
    model[0].b.data[:] = bias
    model[0].b.name = "bias"
    points = Tensor(rng.normal(size=(4, 3)).astype(np.float32), name="points")
    return model, nn.cross_entropy(model(points) * scale, np.array([0, 1, 1, 0]))


def test_each_number_of_a_small_array_has_a_slider():
    graph = viz.Graph(network([0.5, -0.25])[1])
    first, second = played(graph, {"bias": (-1, 1, 9)}).sliders
    assert (first.place, second.place) == ((0,), (1,))
    for point, other in zip(second.points, second.graphs, strict=True):
        assert_same(other, viz.Graph(network([0.5, point])[1]))


def test_steps_down_are_those_of_sgd():
    graph = viz.Graph(network([0.5, -0.25])[1])
    play = played(graph, rate=0.3)
    assert len(play.descent) == STEPS + 1
    model, loss = network([0.5, -0.25])
    optimizer = optim.SGD(model.parameters(), lr=0.3)
    points = Tensor(np.array(graph.nodes[0].value.numbers), name="points")
    for step in play.descent:
        assert_same(step, viz.Graph(loss))
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        loss = nn.cross_entropy(model(points) * 1.0, np.array([0, 1, 1, 0]))
    losses = [step.nodes[-1].value.numbers.item() for step in play.descent]
    assert losses == sorted(losses, reverse=True)


def test_backward_and_optimizers_do_not_touch_the_recording():
    w = Parameter(np.array(2.0), name="w")
    graph = viz.Graph(loss := np.square(w * 3.0))
    loss.backward()
    w.data[...] = 100.0
    (slider,) = played(graph, {"w": (-1, 1, 3)}).sliders
    assert slider.points == [-1, 0, 1, 2]
    assert [g.nodes[-1].value.numbers.item() for g in slider.graphs] == [9, 0, 9, 36]
    assert [g.nodes[slider.node].gradient.numbers.item() for g in slider.graphs] == [-18, 0, 18, 36]


def test_modules_that_are_one_node_and_float32_are_played():
    rng = np.random.default_rng(1)
    layer = nn.Linear(1, 3, rng=rng)
    tanh = lambda x: np.tanh(layer(Tensor(np.array([[x]], np.float32), name="x"))).sum()
    graph = viz.Graph(tanh(0.5), depth=0)
    (slider,) = played(graph, {"x": (-1, 1, 4)}).sliders
    for point, other in zip(slider.points, slider.graphs, strict=True):
        assert_same(other, viz.Graph(tanh(np.float32(point)), depth=0))


def test_a_plain_condition_is_kept_and_named():
    x = variable(1.0, "x")
    graph = viz.Graph(np.where(np.array(x.data > 0), x, 0.0 * x))
    (slider,) = played(graph, {"x": (-1, 1, 3)}).sliders
    assert [graph.nodes[i].title for i in slider.kept] == ["where"]
    (slider,) = played(viz.Graph(np.maximum(x, 0.0)), {"x": (-1, 1, 3)}).sliders
    assert slider.kept == []


def test_the_page_has_what_changes_and_no_more():
    graph = viz.Graph(expression())
    known = json.loads(graph.json())
    assert "play" not in known
    facts = viz.json_export.as_facts(graph, play=played(graph, {"b": (0, 8, 5)}))
    play = facts["play"]
    (slider,) = play["sliders"]
    titles = {
        graph.nodes[slot // 2].title for slot in slider["slots"] if slot < 16 and not slot % 2
    }
    assert titles == {"b", "add", "tanh", "multiply"}
    values = {
        graph.nodes[slot // 2].number for slot in slider["slots"] if slot < 16 and not slot % 2
    }
    assert not values & {node.number for node in graph.nodes if node.title in ("x", "w")}
    column = slider["slots"].index(2 * graph.nodes[-1].number)
    for point, row in zip(slider["points"], slider["places"], strict=True):
        assert play["arrays"][row[column]] == expression(b=point).item()


def test_pages_with_play_are_small():
    graph = viz.Graph(expression())
    plain, with_play = len(graph.html()), len(graph.html(play={"x": (-3, 3)}, rate=0.1))
    assert with_play - plain < 20_000


# ------------------------------------------------------------------------------------------ refusals


def refused(message, play=None, rate=None, loss=None, kind=ValueError):
    graph = viz.Graph(expression() if loss is None else loss)
    with pytest.raises(kind, match=message) as error:
        graph.html(play=play, rate=rate)
    assert "Try:" in str(error.value)


def test_unknown_leaves_are_refused():
    refused(r"no leaf called 'c'; it has x, w, b", {"c": (0, 1)})
    refused(r"no leaf called 'tanh'", {"tanh": (0, 1)})
    refused(r"play=\['a'\]", ["a"], kind=TypeError)


def test_leaves_of_one_name_are_refused():
    x, other = variable(1.0, "x"), variable(2.0, "x")
    refused("2 leaves of the graph are called 'x'", {"x": (0, 1)}, loss=x * other)


def test_a_leaf_that_is_used_twice_is_one():
    x = Parameter(np.array(3.0), name="x")  # it is drawn beside each use
    assert len(played(viz.Graph(x * x + x), {"x": (0, 1)}).sliders) == 1


def test_large_whole_and_plain_leaves_are_refused():
    rng = np.random.default_rng(0)
    W = variable(rng.normal(size=(4, 5)), "W")
    refused("'W' has 20 numbers", {"W": (0, 1)}, loss=W.sum())
    n = Tensor(3, name="n")
    refused("'n' holds int64", {"n": (0, 5)}, loss=variable(2.0, "x") ** n)
    loss = nn.cross_entropy(variable([[1.0, 2.0]], "scores"), np.array([1]))
    refused("'labels' is a plain array", {"labels": (0, 1)}, loss=loss)


def test_what_goes_through_dropout_is_refused():
    model = nn.Sequential(nn.Dropout(0.5, rng=0))
    x, w = variable([1.0, 2.0], "x"), variable(1.0, "w")
    refused("'x' goes through Dropout.*random", {"x": (0, 1)}, loss=(model(x) * w).sum())
    refused("the loss goes through Dropout", rate=0.1, loss=(model(x) * w).sum())
    assert played(viz.Graph((model(x) * w).sum()), {"w": (0, 1)})  # which does not
    model.eval()
    assert played(viz.Graph((model(x) * w).sum()), {"x": (0, 1)})


@pytest.mark.parametrize(
    "limits", [(1, 1), (3, -3), (0, np.inf), (0, np.nan), 3, (1,), "ab", (0, 1, 1), (0, 1, 9999)]
)
def test_ranges_are_checked(limits):
    refused("the smallest and the largest number", {"x": limits})


@pytest.mark.parametrize("rate", [0, -1, np.nan, np.inf, "fast"])
def test_rates_are_checked(rate):
    refused("a learning rate is above 0", rate=rate)


def test_without_a_gradient_there_is_no_way_down():
    refused(
        "there is no way down: gradient not computed", rate=0.1, loss=variable([1.0, 2.0], "x") * 2
    )


def test_where_it_cannot_be_computed_the_range_is_refused():
    a = variable(1.0, "a")
    matrix = np.stack([np.stack([a, Tensor(2.0)]), np.stack([Tensor(2.0), a])])
    refused(
        "at a = 2 the graph cannot be computed: Singular",
        {"a": (0, 4, 5)},
        loss=np.linalg.inv(matrix).sum(),
    )


def test_freed_large_and_failed_graphs_are_refused():
    loss = expression()
    loss.backward()
    with pytest.warns(UserWarning):
        refused("backward.. has freed this graph", {"x": (0, 1)}, loss=loss)
    y = variable(1.0, "x")
    for _ in range(301):
        y = y + 1.0
    refused("too large to compute it for each point", {"x": (0, 1)}, loss=y)
    with pytest.raises(ValueError) as failed:
        variable([1.0, 2.0], "x") + variable([1.0, 2.0, 3.0], "y")
    with pytest.raises(ValueError, match="an operation of this graph failed"):
        viz.explain_error(failed.value).html(play={"x": (0, 1)})


def test_only_a_page_can_be_played_with(tmp_path):
    graph = viz.Graph(expression())
    with pytest.raises(ValueError, match="are for a page"):
        graph.save(tmp_path / "loss.txt", play={"x": (0, 1)})
    graph.save(tmp_path / "loss.html", play={"x": (0, 1)})
    assert (tmp_path / "loss.html").read_text() == graph.html(play={"x": (0, 1)})
