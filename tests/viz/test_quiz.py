"""Predictions on the step page: what can be answered, hints, and the score that programs read."""

import json

import numpy as np
import pytest

from tests.viz.pages import not_finite, pressed
from tests.viz.small_graphs import variable
from tinygrad_edu import viz
from tinygrad_edu.viz.quiz_score import Score, read_score


@pytest.fixture
def ask(look):
    """ask(graph, k): its page with the question about the k-th step."""

    def opened(graph, step=1, **settings):
        page = look(graph, **settings)
        page.evaluate(f"go({step - 1})")
        pressed(page, "p")
        return page

    return opened


def answer(page, text):
    page.fill("#guess", text)
    pressed(page, "Enter")
    return page.inner_text("[role=status]")


def product():
    """y = 3 x + 1 at x = 2."""
    return viz.Graph(variable(2.0, "x") * 3 + 1)


def test_nan_and_infinity_are_answers(ask):
    with np.errstate(all="ignore"):
        graph = viz.Graph(np.log(variable(0.0, "x")) * 0)
    page = ask(graph)
    assert answer(page, "-inf") == "Exactly: it is -inf. 1 of 1 right."
    pressed(page, "ArrowRight")
    assert answer(page, "0") == "You answered 0: it is nan. 1 of 2 right."


def test_signs_of_what_is_not_finite(ask):
    page = ask(not_finite(), 3)  # a sum of four numbers
    assert answer(page, "-∞").startswith("Exactly: it is -inf")


def test_an_answer_is_measured_by_the_number_itself(ask):
    x = variable(1.0, "x")
    graph = viz.Graph(x - np.float64(1 - 3e-9))
    page = ask(graph)
    words = page.inner_text("#panel")
    assert "0.999999997" in words  # four digits would not do
    assert answer(page, "0").startswith("You answered 0, off by 3e-9")
    page.evaluate("go(0)")
    pressed(page, "ArrowRight")
    assert answer(page, "3.01e-9").startswith("Right: it is 3e-9")


def test_hints_come_before_the_answer(ask):
    page = ask(product())
    shown = lambda: page.inner_text("#panel section")
    assert "between" not in shown()
    page.click("#panel >> text=hint")
    assert "multiply: y = x w, with x = 2, 3 = 3" in " ".join(shown().split())
    assert page.evaluate("document.activeElement.id") == "guess"
    page.click("#panel >> text=hint")
    assert "It is between 1 and 10." in shown()
    assert page.locator("#panel button >> text=hint").count() == 0
    assert answer(page, "6") == "Exactly: it is 6. 1 of 1 right, with 2 hints."
    pressed(page, "ArrowRight")
    assert "between" not in shown()  # a new question, new hints


def test_every_question_has_hints_that_do_not_tell(ask):
    page = ask(not_finite())
    told = page.evaluate("FRAMES.map(f => { const q = question(f); return [q.hints, q.words]; })")
    assert all(hints and all(hint.strip() for hint in hints) for hints, _ in told)


def test_the_score_is_read_by_programs(ask):
    graph = product()
    page = ask(graph)
    answer(page, "6")
    pressed(page, "ArrowRight")
    answer(page, "8")
    page.evaluate("go(1)")
    pressed(page, "ArrowRight")
    answer(page, "7")  # the first answer counts
    known = json.loads(page.get_attribute("body", "data-score"))
    code = page.inner_text("#panel code")
    assert known == {"right": 1, "asked": 2, "hints": 0, "steps": 5, "code": code}
    assert read_score(code, graph) == Score(1, 2, 0, 5)
    assert "Score: 1 of 2 right, 0 hints." in page.inner_text("#panel")
    page.click("#panel >> text=copy my score")


def test_a_page_around_it_hears_of_the_score(visit):
    frame = product().html().replace("&", "&amp;").replace('"', "&quot;")
    listen = "window.heard = []; addEventListener('message', e => window.heard.push(e.data));"
    page = visit(
        f'<script>{listen}</script><iframe width="900" height="700" srcdoc="{frame}"></iframe>'
    )
    inner = page.frame_locator("iframe")
    inner.locator("body[data-ready]").wait_for()
    inner.locator("#predict").click()
    inner.locator("#guess").fill("6")
    inner.locator("#guess").press("Enter")
    inner.locator("[role=status]").wait_for()
    page.wait_for_function("window.heard.length")
    (heard,) = page.evaluate("window.heard")
    assert (heard["tinygrad_edu"], heard["right"], heard["asked"]) == ("score", 1, 1)
    assert read_score(heard["code"]).right == 1


CODE = "TG-3-4-1-15-0a1b2c3d-78781e83"


def test_a_code_is_read():
    assert read_score(f" {CODE}\n") == Score(right=3, asked=4, hints=1, steps=15)
    assert str(read_score(CODE)) == "3 of 4 right with 1 hints, of 15 steps in all"


@pytest.mark.parametrize("code", ["", "TG-4-4-1-15-0a1b2c3d-78781e83", CODE[:-1], "TG-1", None, 3])
def test_what_is_no_code(code):
    with pytest.raises(ValueError, match="is no score of a step page"):
        read_score(code)


def test_the_code_of_another_graph():
    with pytest.raises(ValueError, match="belongs to another graph"):
        read_score(CODE, product())


def test_the_same_model_with_other_data_is_the_same_graph():
    make = lambda x: viz.Graph((variable(x, "x") * 2).sum())
    known = [json.loads(make(x).json())["id"] for x in ([1.0, 2.0], [5.0, 6.0], [1.0, 2.0, 3.0])]
    assert known[0] == known[1] != known[2]
