"""What objects show, and pages about errors and changes, in a real browser: no name can run a script."""

import re

import numpy as np

from models import KMeans
from tinygrad_edu import Tensor, nn
from tinygrad_edu.training import History
from tinygrad_edu.viz import Graph, changes, explain_error, notebook
from tinygrad_edu.viz.step_page import step_page

EVIL = '<img src=x onerror="window.hit=1"><script>window.hit=2</script>\n\'"&重'


def leaf(x, name=None):
    return Tensor(x, requires_grad=True, name=name)


def evil_things():
    class Evil(nn.Sequential):
        pass

    Evil.__name__ = EVIL
    model = Evil(nn.Linear(1, 1))
    vars(model)[EVIL] = {EVIL: nn.Linear(1, 1)}
    model[0].W.name = EVIL
    history = History()
    for loss in (1.0, 2.0):
        history.add({EVIL: loss, f"val_{EVIL}": loss})
    estimator = KMeans(init=EVIL)
    vars(estimator)[EVIL + "_"] = EVIL
    return [leaf([1.0], EVIL), np.tanh(leaf([1.0], EVIL)), model, history, estimator]


def test_no_name_can_run_a_script(visit):
    pages = [notebook.view(thing) for thing in evil_things()]
    page = visit(f'<!doctype html><meta charset="utf-8">{"<hr>".join(pages)}')
    page.wait_for_timeout(200)
    assert page.evaluate("window.hit") is None
    assert page.evaluate("document.querySelectorAll('script, img').length") == 0
    assert page.inner_text("body").count("<script>window.hit=2</script>") >= 5


def test_the_page_of_what_failed_tells_the_error(visit):
    x = leaf(np.ones((2, 3)), EVIL)
    try:
        np.tanh(x) @ np.ones((4, 2))
    except ValueError as error:
        graph = explain_error(error)
    page = visit(step_page(graph))
    page.wait_for_selector("body[data-ready]")
    page.evaluate(f"choose('n{graph.nodes[-1].number}')")
    told = page.inner_text("#panel")
    assert "ValueError: matmul(" in told and "must be equal" in told
    assert page.evaluate("window.hit") is None
    stroke = page.evaluate("getComputedStyle(document.querySelector('.failed rect')).stroke")
    assert stroke == "rgb(208, 58, 43)"


def test_the_page_of_changes_has_its_shades(visit):
    x = leaf(1.0, "x")
    before = Graph(x * 2 + np.sin(leaf(3.0, "still")))
    x.data[...] = 2.0
    graph = changes(before, Graph(x * 2 + np.sin(leaf(3.0, "still"))))
    page = visit(step_page(graph))
    page.wait_for_selector("body[data-ready]")
    fills = {}
    for node in graph.nodes:
        rect = f"document.querySelector('[data-key=n{node.number}] rect')"
        fills[node.title] = page.evaluate(f"{rect}?.style.fill ?? ''")
    assert "color-mix" in fills["x"] and re.search(r"\b30%", fills["x"])  # half of 60 %
    assert fills["still"] == ""
    page.evaluate(f"choose('n{graph.nodes[-1].number}')")
    assert f"was {before.nodes[-1].value}" in page.inner_text("#panel")
