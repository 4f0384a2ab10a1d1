"""The steps of a graph as a list of sentences, which a browser shows that runs no script."""

import re

import numpy as np
import pytest

from tests.viz.small_graphs import variable
from tinygrad_edu import Tensor, viz
from tinygrad_edu.viz.steps_in_words import remarks, sentences


@pytest.fixture
def plain(chromium, tmp_path):
    """plain(graph): what its page shows without JavaScript."""
    contexts = []

    def shown(graph, width=1280):
        (tmp_path / "page.html").write_text(graph.html(), encoding="utf-8")
        context = chromium.new_context(
            java_script_enabled=False, viewport={"width": width, "height": 844}
        )
        contexts.append(context)
        page = context.new_page()
        page.goto((tmp_path / "page.html").as_uri())
        return page

    yield shown
    for context in contexts:
        context.close()


def test_sentences():
    x, b = variable(2.0, "x"), variable(1.0, "b")
    assert [*sentences(viz.Graph(x * x + b))] == [
        "multiply #1 of x = 2, x = 2 gives 4",
        "add #2 of multiply #1 = 4, b = 1 gives 5",
        "The backward pass begins: the gradient of add #2 with respect to itself is 1",
        "Backward from add #2 to multiply #1: 1 × 1 = 1. multiply #1.grad = 1",
        "Backward from add #2 to b: 1 × 1 = 1. b.grad = 1",
        "Backward from multiply #1 to x: 1 × 2 = 2. x.grad = 2",
        "Backward from multiply #1 to x: 1 × 2 = 2. x.grad: 2 + 2 = 4",
    ]


@pytest.mark.parametrize("width", [1280, 390])
def test_without_javascript_the_steps_are_a_list(plain, width):
    graph = viz.Graph(np.tanh(variable(0.5, "x") * 2))
    page = plain(graph, width)
    assert page.locator("noscript").count() >= 1
    assert page.locator("li").all_inner_texts() == [*sentences(graph)]
    assert page.locator("h1 >> visible=true").inner_text() == "Computation graph of tanh"
    assert page.locator("button >> visible=true").count() == 0
    assert page.locator("li >> visible=true").count() == len([*sentences(graph)])
    width_of = page.locator("body").bounding_box()["width"]
    assert width_of <= width


def test_what_is_wrong_is_said_before_the_steps(plain):
    with pytest.raises(ValueError, match="matmul") as caught:
        variable(np.ones((2, 3)), "</noscript><b>\ud800") @ np.ones((4, 2))
    page = plain(viz.explain_error(caught.value))
    said = page.locator("p >> visible=true").all_inner_texts()
    assert any("must be equal" in words for words in said)
    assert page.locator("b").count() == 0
    assert page.locator("li").inner_text().endswith("fails")
    with np.errstate(all="ignore"):
        graph = viz.Graph(np.log(variable([0.0, 1.0], "x")).sum())
    assert remarks(graph)[0].startswith("The first number that is not finite: -inf in log #1")


def test_of_a_long_list_the_beginning(plain):
    x = variable(1.0, "x")
    for _ in range(300):
        x = x * 1.0
    page = plain(viz.Graph(x))
    assert page.locator("li").count() == 200
    assert re.search(r"and \d+ more", page.locator("body").inner_text())


def test_a_tensor_alone():
    assert [*sentences(viz.Graph(Tensor([1.0], name="x")))] == []
