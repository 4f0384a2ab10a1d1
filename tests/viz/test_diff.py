"""Graphs held against each other: every number and every shade against the arrays they are about."""

import re

import numpy as np
import pytest

from tinygrad_edu import Tensor, grad, nn, optim
from tinygrad_edu.viz import Graph, changes, gradient_errors, with_gradient

RNG = np.random.default_rng(0)


def network(width=3):
    model = nn.Sequential(nn.Linear(2, width, rng=0), nn.Tanh(), nn.Linear(width, 2, rng=1))
    return model.astype(float)


def loss_of(model):
    return nn.cross_entropy(model(Tensor([[1.0, 2.0], [3.0, 1.0]], name="points")), [0, 1])


def parameters(graph):
    return [node for node in graph.nodes if node.kind == "parameter"]


# ------------------------------------------------------------------------------------ before and after


def test_changes_of_a_step_are_those_of_the_arrays():
    model = network()
    optimizer = optim.SGD(model.parameters(), lr=0.01)
    loss = loss_of(model)
    before = Graph(loss)
    loss.backward()
    old = [(p.data.copy(), p.grad.copy()) for p in model.parameters()]
    optimizer.step()
    optimizer.zero_grad()
    loss = loss_of(model)
    after = Graph(loss)
    loss.backward()
    diff = changes(before, after)
    relative = lambda a, b: np.abs(a - b).max() / max(np.abs(a).max(), np.abs(b).max())
    for node, p, (data, g) in zip(parameters(diff), model.parameters(), old, strict=True):
        np.testing.assert_allclose(
            node.shade, min(max(relative(data, p.data), relative(g, p.grad)), 1), rtol=1e-12
        )
    assert diff.nodes[-1].change == f"was {before.nodes[-1].value}"
    assert diff.nodes[-1].value.words == after.nodes[-1].value.words
    points = next(node for node in diff.nodes if node.title == "points")
    assert (points.change, points.shade) == ("", 0)
    assert after.nodes[-1].change == ""  # the graphs themselves are as they were
    assert f"was {before.nodes[-1].value}" in diff.text()


def test_large_arrays_are_compared_by_the_means_of_blocks():
    x = Tensor(np.ones((32, 32)), requires_grad=True)
    before = Graph(np.sum(x * 2))
    x.data[:16] *= 3
    after = changes(before, Graph(np.sum(x * 2)))
    np.testing.assert_allclose(after.nodes[0].shade, 2 / 3)


def test_shades_become_colors():
    x = Tensor(1.0, requires_grad=True, name="x")
    before = Graph(x * 2)
    x.data[...] = -1.0
    dot = changes(before, Graph(x * 2)).dot
    from tinygrad_edu.viz.render import ORANGE

    assert ORANGE in dot and "was 1" in dot and "was 2" in dot
    assert ORANGE not in before.dot


def test_graphs_of_other_computations_are_refused():
    x = Tensor([1.0, 2.0], requires_grad=True, name="x")
    with pytest.raises(ValueError, match="one has 2 nodes and the other 3"):
        changes(Graph(np.sum(x)), Graph(np.sum(np.tanh(x))))
    with pytest.raises(ValueError, match=r"sin \(2,\) in one is cos \(2,\) in the other"):
        changes(Graph(np.sum(np.sin(x))), Graph(np.sum(np.cos(x))))


def test_what_is_not_finite_is_a_change():
    x = Tensor([1.0, 2.0], requires_grad=True, name="x")
    before = Graph(np.sum(x))
    x.data[0] = np.nan
    diff = changes(before, Graph(np.sum(x)))
    assert [node.shade for node in diff.nodes] == [1, 1]
    assert [node.shade for node in changes(diff, Graph(np.sum(x))).nodes] == [0, 0]


# -------------------------------------------------------------------------------------- ours and theirs


def test_errors_of_gradients_stand_at_their_parameters():
    model = network()
    loss = loss_of(model)
    exact = Graph(loss)
    loss = loss_of(model)
    loss.backward(retain_graph=True)
    ours = {path: p.grad.copy() for path, p in model.named_parameters()}
    factors = [1, 1 + 1e-9, 1 - 1e-3, np.nan]
    theirs = {p: g * f for (p, g), f in zip(ours.items(), factors, strict=True)}
    for given in (None, ours):
        graph = gradient_errors(loss, model, theirs, given)
        nodes = parameters(graph)
        assert nodes[0].change == "0.W: equal to the last bit" and nodes[0].shade == 0
        assert nodes[1].change == "0.b: error 1.0e-09"
        np.testing.assert_allclose(nodes[1].shade, 7 / 14, atol=1e-6)
        assert nodes[2].change == "2.W: error 1.0e-03"
        assert nodes[2].shade > 0.9 and nodes[3].shade == 1 and "not finite" in nodes[3].change
        assert [n.title for n in graph.nodes] == [n.title for n in exact.nodes]
    assert all(n.change == "" for n in graph.nodes if n.kind != "parameter")
    for path, p in model.named_parameters():
        np.testing.assert_array_equal(p.grad, ours[path])  # nothing was added to them


def test_gradients_of_something_else_are_refused():
    model = network()
    with pytest.raises(ValueError, match=r"no gradient 9.W \(2,\) here(.|\n)*0.W \(2, 3\)"):
        gradient_errors(loss_of(model), model, {"9.W": np.ones(2)})
    with pytest.raises(ValueError, match=r"no gradient 0.W \(3, 2\) here"):
        gradient_errors(loss_of(model), model, {"0.W": np.ones((3, 2))})


# ------------------------------------------------------------------------------- a loss and its gradient


def test_the_graph_of_a_gradient_beside_that_of_its_loss():
    f = lambda x: np.tanh(x * -1.5) * x
    x = Tensor(0.5, requires_grad=True, name="x")
    loss = f(x)
    graph = with_gradient(loss, x)
    assert [g.label for g in graph.groups] == ["the loss", "its gradient"]
    in_box = lambda i: [n.title for n in graph.nodes if n.group == i]
    assert in_box(0) == ["x", "-1.5", "multiply", "tanh", "multiply"]
    assert in_box(1)[0] == "dL/dL" and in_box(1)[-1] == "add"
    last = graph.nodes[-1]
    assert (last.name, last.kind) == ("dL/dx", "result")
    assert last.value.words == f"{grad(f)(0.5):.4g}"
    results = [n.title for n in graph.nodes if n.kind == "result"]
    assert results == ["multiply", "add"]
    crossing = [(a, b) for a, b in graph.edges if graph.nodes[a].group != graph.nodes[b].group]
    assert crossing and all(graph.nodes[a].group == 0 for a, _ in crossing)  # forwards to backwards
    assert x.grad is None
    loss.backward()  # and the graph is still there
    np.testing.assert_allclose(x.grad, grad(f)(0.5))


def test_modules_stay_boxes_within_that_of_the_loss():
    model = network()
    graph = with_gradient(loss_of(model), model[0].W)
    assert [(g.label, g.outer) for g in graph.groups[:4]] == [
        ("the loss", None), ("its gradient", None), ("Sequential", 0), ("0: Linear(2, 3)", 2),
    ]  # fmt: skip
    loss = loss_of(model)
    loss.backward()
    assert graph.nodes[-1].value.numbers is not None
    np.testing.assert_allclose(graph.nodes[-1].value.numbers, model[0].W.grad, rtol=1e-12)
    assert re.search(r"its gradient\n(.|\n)*dL/dW = ", graph.text())


def test_gradients_that_are_not_there():
    x, other = Tensor([1.0, 2.0], requires_grad=True), Tensor(1.0, requires_grad=True, name="other")
    with pytest.raises(ValueError, match="not made from other"):
        with_gradient(np.sum(x), other)
    with pytest.raises(ValueError, match=r"single number, but Tensor \(2,\)"):
        with_gradient(x * 2, x)
    with pytest.raises(TypeError, match="takes Tensors, not 3"):
        with_gradient(3, x)
    graph = with_gradient(np.sum(x), x)  # of a gradient that needs nothing of the way forward
    assert [g.label for g in graph.groups] == ["the loss", "its gradient"]


def test_a_graph_of_a_gradient_links_its_transposes():
    a, w = Tensor(np.ones((4, 3))), Tensor(np.ones((3, 2)), requires_grad=True, name="w")
    graph = with_gradient((a @ w).sum(), w)
    (turned,) = [n for n in graph.nodes if n.title == "transpose"]
    (whole,) = [n for n in graph.nodes if n.leaf and n.shape == (4, 3)]
    assert (turned.shape, turned.inputs, turned.group) == ((3, 4), (whole.number,), 1)
    assert graph.nodes[-1].inputs[0] == turned.number
    assert not [n for n in graph.nodes if n.leaf and n.shape == (3, 4)]
