"""The step page of a graph in which something is wrong: an error, NaN, numbers that were changed."""

import numpy as np
import pytest

from tests.viz.pages import failed, not_finite, pressed
from tests.viz.small_graphs import variable
from tinygrad_edu import nn, viz


def classes(page, name):
    """The keys of the nodes of a class."""
    return page.eval_on_selector_all(f".node.{name}", "all => all.map(e => e.dataset.key)")


SEEN = """key => {
  const [node, stage] = [document.querySelector(`[data-key=${key}]`), document.getElementById("canvas")]
    .map(e => e.getBoundingClientRect());
  return node.top >= stage.top && node.bottom <= stage.bottom && node.left >= stage.left &&
    node.right <= stage.right;
}"""


@pytest.mark.parametrize("width", [1280, 390])
def test_an_error_page_opens_with_what_failed(look, width):
    page = look(failed(), width=width, height=844)
    assert page.inner_text("#alert") == "matmul #2 failed: ValueError."
    assert classes(page, "chosen") == ["n3"]
    told = page.inner_text("#panel")
    assert "ValueError: matmul(" in told and "Try: the last axis of x (3)" in told
    assert "np.tanh(variable(" in told  # the user's line
    assert page.evaluate(SEEN, "n3")


def test_axes_that_do_not_fit_are_red(look):
    page = look(failed())
    red = "all => all.map(e => [e.closest('[data-key]')?.dataset.key, e.textContent])"
    assert page.eval_on_selector_all("#canvas .clash", red) == [["n1", "3"], ["n2", "4"]]
    assert page.locator("#panel .clash").all_inner_texts() == ["3", "4"]
    assert page.evaluate("getComputedStyle(document.querySelector('#canvas .clash')).fill") == (
        "rgb(192, 38, 38)"
    )
    assert page.eval_on_selector_all(
        "#canvas [data-key=n1] text", "all => all.at(-1).textContent"
    ) == ("(2, 3)")


def test_nothing_is_said_of_the_shape_of_what_failed(look):
    page = look(failed())
    assert "failed" in page.text_content("[data-key=n3]")
    assert "()" not in page.text_content("[data-key=n3]") + page.inner_text("#panel")
    pressed(page, "End")
    assert page.inner_text("#words").endswith("fails")


def test_a_list_has_no_shape(look):
    with pytest.raises(ValueError, match="inhomogeneous") as caught:
        nn.mse(variable(np.ones((4, 1)), "y"), [[1, 2], [3]])
    page = look(viz.explain_error(caught.value))
    assert page.text_content("[data-key=n1]").split() == ["[[1,", "2],", "[3]]", "list"]


@pytest.mark.parametrize("width", [1280, 390])
def test_the_way_of_the_first_infinity_is_lit(look, width):
    graph = not_finite()
    page = look(graph, width=width, height=844)
    assert page.inner_text("#alert") == "NaN or infinity comes up first in log #1."
    path = [f"n{i}" for i in (1, 3, 4, 8)]
    assert [graph.names[int(key[1:])] for key in path] == [
        "log #1",
        "multiply #2",
        "sum #3",
        "add #6",
    ]
    keys = page.evaluate("[...drawn.keys()]")
    assert set(classes(page, "lost")) == set(keys) - set(path)
    assert classes(page, "chosen") == ["n1"] and page.evaluate(SEEN, "n1")
    assert "-inf in log #1 of x" in page.inner_text("#panel")
    assert page.locator(".edge.lit").count() == 3
    pressed(page, "ArrowRight")  # in a step, the step alone matters
    assert classes(page, "lost") == []
    pressed(page, "Escape")
    assert set(classes(page, "lost")) == set(keys) - set(path)


def test_the_way_back_of_a_gradient(look):
    x = variable([0.0, 4.0], "x")
    page = look(viz.Graph(np.sqrt(x * 1).sum()))
    assert page.inner_text("#alert") == "NaN or infinity comes up first in sqrt #2."
    assert page.locator(".edge.lit").count() == 2
    assert "its rule gives multiply #1 the gradient" in page.inner_text("#panel")


def test_a_module_that_hides_it_is_expanded(look):
    class Wrong(nn.Module):
        def forward(self, x):
            return np.log(x - x)

    with np.errstate(divide="ignore", invalid="ignore"):
        y = variable(np.ones(2), "x")
        for _ in range(15):
            y = nn.Sequential(Wrong(), lambda x: x * 2)(y)
        graph = viz.Graph(y.sum())
    page = look(graph)
    (key,) = classes(page, "chosen")
    assert graph.nodes[int(key[1:])].title == "log"


@pytest.mark.parametrize("width", [1280, 390])
def test_numbers_that_were_changed_are_told_first(look, width):
    x = variable([1.0, 2.0], "x")
    y = (x * x).sum()
    x.data[...] = 5.0
    with pytest.warns(UserWarning, match="was changed after"):
        graph = viz.Graph(y)
    page = look(graph, width=width)
    assert page.locator("#alert").is_visible()
    assert page.inner_text("#alert").startswith("x (2,) float64 was changed after multiply")
    box = page.locator("#alert").bounding_box()
    assert box["y"] < page.locator("#canvas").bounding_box()["y"]


def test_where_nothing_is_wrong_nothing_is_said(look):
    page = look(viz.Graph(variable(2.0, "x") * 3))
    assert not page.locator("#alert").is_visible()
    assert classes(page, "lost") == classes(page, "chosen") == []


def test_rounding_is_told_where_numbers_seem_not_to_add_up(look):
    x = variable(np.float16(1), "x")
    page = look(viz.Graph(x * 2048 + x))
    page.evaluate("choose(units[RESULT.i])")
    assert "the exact result 2049 is rounded to 2048" in page.inner_text("#panel")
    pressed(page, "Escape")
    pressed(page, "End")
    assert "1 + 2048 = 2049 is rounded to 2048" in page.inner_text("#panel")
