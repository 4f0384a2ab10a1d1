"""What the step page explains beside its numbers: symbols, widths of lines, products, and layers' stories."""

import itertools
import re

import numpy as np
import pytest

from tests.viz.small_graphs import variable
from tinygrad_edu import nn, viz


def network():
    rng = np.random.default_rng(0)
    model = nn.Sequential(
        nn.Linear(4, 3, rng=rng, dtype=float), nn.ReLU(), nn.Linear(3, 2, rng=rng, dtype=float)
    )
    x = variable(rng.normal(size=(5, 4)), "points")
    return nn.cross_entropy(model(x), np.array([0, 1, 1, 0, 1]))


def number_of(graph, title, nth=0):
    return [node.number for node in graph.nodes if node.title == title][nth]


def step_to(page, graph, operation, source):
    """Goes to the step back from an operation to a leaf; returns the step."""
    nodes = graph.nodes
    k = next(
        k
        for k, s in enumerate(graph.steps)
        if (nodes[s.node].title, nodes[s.source].title) == (operation, source)
    )
    forwards = sum(not node.leaf for node in nodes) + 1
    page.evaluate(f"go({forwards + k + 1})")
    return graph.steps[k]


# ------------------------------------------------------------------------------------------- symbols


def lit(page):
    return page.eval_on_selector_all(".node.lit", "all => all.map(e => e.dataset.key)")


def test_a_symbol_of_a_formula_lights_its_node(look):
    graph = viz.Graph(variable(2.0, "a") * variable(-3.0, "b"))
    page = look(graph)
    page.evaluate("choose('n2')")
    symbols = page.locator("#panel pre").first.locator(".symbol")
    assert symbols.all_inner_texts() == ["y", "x", "w"]
    for symbol, key in (("y", "n2"), ("x", "n0"), ("w", "n1")):
        symbols.filter(has_text=symbol).hover()
        assert lit(page) == [key]
    page.hover("h1")
    assert lit(page) == []


def test_a_node_lights_its_symbols(look):
    page = look(viz.Graph(variable(2.0, "a") * variable(-3.0, "b")))
    page.evaluate("choose('n2')")
    page.hover("[data-key=n1]")
    assert set(page.locator(".symbol.lit").all_inner_texts()) == {"w"}
    assert page.locator(".links .lit").all_inner_texts() == ["b"]
    page.focus("[data-key=n0]")  # by keyboard as well
    assert set(page.locator(".symbol.lit").all_inner_texts()) == {"x"}


def test_in_a_step_the_numbers_light_too(look):
    graph = viz.Graph(network())
    page = look(graph)
    step_to(page, graph, "matmul", "points")
    page.hover("#panel .sum > div >> nth=0")
    assert lit(page) == [f"n{number_of(graph, 'matmul')}"]  # g is its gradient
    page.hover("#panel .sum > div >> nth=1")
    assert lit(page) == [f"n{number_of(graph, 'W')}"]


def test_a_shape_in_a_formula_is_no_symbol(look):
    page = look(viz.Graph(np.mean(variable([1.0, 2.0], "x"))))
    text = page.evaluate("formula(NODES[1], 'g / x.size, x.T').innerHTML")
    assert re.findall(r">(\w+)</span>", text) == ["g", "x"]


# -------------------------------------------------------------------------------------------- widths


def widths(page):
    get = "[...paths].map(([key, p]) => [key, parseFloat(getComputedStyle(p).strokeWidth)])"
    return dict(page.evaluate(get))


def test_a_line_is_as_wide_as_its_gradient_is_large(look):
    x = variable(1.0, "x")
    page = look(viz.Graph(((x * 1e-3) * 1e-3) * 100.0))
    by_key = widths(page)
    nodes = page.evaluate("NODES.map(n => [n.title, n.i])")
    chain = [i for title, i in nodes if title in ("x", "multiply")]
    assert [by_key[f"n{a}>n{b}"] for a, b in itertools.pairwise(chain)] == (
        pytest.approx([1.0, 1 + 4.5 * 3 / 6, 5.5], abs=0.02)
    )  # gradients of 1e-4, 1e-1 and 100
    assert page.locator("#legend span").all_inner_texts() == ["gradient", "0.0001", "0.1", "100"]


def test_widths_come_with_the_steps(look):
    graph = viz.Graph(variable(2.0, "a") * variable(-3.0, "b"))
    page = look(graph)
    whole = widths(page)
    assert whole["n1>n2"] < whole["n0>n2"]  # 2 and -3
    page.evaluate("go(2)")
    assert set(widths(page).values()) == {1.4}
    page.evaluate("go(3)")
    assert widths(page)["n1>n2"] == 1.4


def test_a_gradient_of_0_is_a_dotted_line(look):
    page = look(viz.Graph(nn.ReLU()(variable(-1.0, "x")) + variable(1.0, "b")))
    zero = page.evaluate("[...paths].filter(([, p]) => p.matches('.zero')).map(([key]) => key)")
    assert zero == ["n0>n1"]


def test_without_a_gradient_there_is_no_legend(look):
    page = look(viz.Graph(variable([1.0, 2.0], "x") * 2))
    assert page.locator("#legend").count() == 0


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_below_the_picture_is_cut(look, width):
    page = look(viz.Graph(network()), width=width)
    fits = "all => all.every(e => e.scrollWidth <= e.clientWidth + 2)"
    assert page.eval_on_selector_all("#zoom button, #legend span", fits)
    legend = page.locator("#legend").bounding_box()
    assert legend["x"] >= 0 and legend["x"] + legend["width"] <= width


# --------------------------------------------------------------------------------------------- cells


def value_of(expression):
    assert set(expression) <= set("0123456789.+-×() e"), expression
    return eval(expression.replace("×", "*"))


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("points", lambda g, x, w: g @ w.T),
        ("W", lambda g, x, w: x.T @ g),
    ],
)
def test_a_product_is_opened_cell_by_cell(look, source, value):
    graph = viz.Graph(network())
    page = look(graph)
    step = step_to(page, graph, "matmul", "points" if source == "points" else "W")
    node = graph.nodes[step.node]
    x, w = (graph.nodes[i].value.numbers for i in node.inputs)
    expected = value(node.gradient.numbers, x, w)
    page.click(".cells summary")
    page.locator(".product").wait_for()
    for i, j in np.ndindex(expected.shape):
        place, worked, result = re.match(
            r"\[(.*)\]: (.*) = (\S+)$", page.inner_text(".cells [role=status]")
        ).groups()
        assert place == f"{i}, {j}"
        assert value_of(worked) == pytest.approx(expected[i, j], rel=5e-3, abs=2e-4)
        assert float(result) == pytest.approx(expected[i, j], rel=1e-3)
        terms = worked.count("×")
        assert page.locator(".product td.on").count() == 2 * terms + 1  # a row, a column, a cell
        page.click("[aria-label='Next cell']")
    assert page.inner_text(".cells [role=status]").startswith("[0, 0]")  # it begins again
    page.locator(".product > div:last-of-type td").nth(1).click()
    assert page.inner_text(".cells [role=status]").startswith("[0, 1]")


def test_the_product_stays_open_from_step_to_step(look):
    page = look(viz.Graph(network()))
    page.evaluate("go(1)")
    page.click(".cells summary")
    page.locator(".product").wait_for()
    assert page.inner_text(".product div:last-of-type small") == "result"
    page.evaluate("go(2)")
    assert page.locator(".cells").count() == 0  # an addition
    page.evaluate("go(4)")
    assert page.locator(".product").is_visible()


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_cells_are_played_unless_motion_is_to_be_reduced(look, motion):
    page = look(viz.Graph(network()), motion=motion)
    page.evaluate("go(1)")
    page.click(".cells summary")
    page.locator(".product").wait_for()
    play = page.locator("[aria-label='Play the cells']")
    if motion == "reduce":
        assert play.count() == 0
        return
    play.click()
    for _ in range(600):
        if page.inner_text(".cells [role=status]").startswith("[0, 2]"):
            break
        page.wait_for_timeout(50)
    else:
        raise AssertionError("the cells do not move")


def test_large_products_and_questions_have_no_cells(look):
    x, w = variable(np.ones((20, 20)), "x"), variable(np.ones((20, 20)), "w")
    page = look(viz.Graph((x @ w).sum()))
    page.evaluate("go(1)")
    assert page.locator(".cells").count() == 0
    page = look(viz.Graph(network()))
    page.keyboard.press("p")
    assert page.locator(".cells").count() == 0  # it would give the answer away


# --------------------------------------------------------------------------------------------- story


def test_a_layer_tells_its_story(look):
    graph = viz.Graph(network())
    page = look(graph)
    page.evaluate("toggle(1)")
    page.evaluate("choose('g1')")
    story = page.inner_text(".story")
    assert "The story of 0: Linear(4, 3)" in story
    assert "Forward. matmul #1 of points (5, 4), W (4, 3) gives" in story
    assert "b's gradient is what came back, summed over axis 0: (3,), at most" in story
    W = graph.nodes[number_of(graph, "W")]
    most = np.abs(W.gradient.numbers).max()
    assert (
        "W's gradient is what came in (points), transposed, times what came back: "
        f"(4, 3), at most {most:.3g}." in story
    )
    assert "points' gradient is what came back, times W, transposed: (5, 4)" in story


def test_a_node_has_the_story_of_its_layer_folded_away(look):
    graph = viz.Graph(network())
    page = look(graph)
    page.evaluate(f"choose('n{number_of(graph, 'relu')}')")
    assert page.inner_text(".story") == "The story of 1: ReLU()"
    page.click(".story summary")
    assert "what came back, times the local derivative" in page.inner_text(".story")


def test_large_blocks_have_no_story(look):
    x = variable(1.0, "x")
    block = nn.Sequential(*[np.tanh] * 13)
    page = look(viz.Graph(block(x)))
    assert page.evaluate("GROUPS[0].story") == []
