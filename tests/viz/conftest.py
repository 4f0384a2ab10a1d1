"""What the tests of drawings share."""

import sys

import pytest

from tinygrad_edu import Tensor
from tinygrad_edu.nn import Linear, Sequential
from tinygrad_edu.viz import picture


@pytest.fixture
def loss():
    x = Tensor([[1.0, 2.0]], name="x")
    return Sequential(Linear(2, 3, dtype=float, rng=0))(x).sum()


@pytest.fixture
def look(visit):
    """look(graph, width=...): the page about it, ready."""

    def opened(graph, **settings):
        page = visit(graph.html(), **settings)
        page.wait_for_selector("body[data-ready]")
        return page

    return opened


@pytest.fixture
def need_graphviz():
    try:
        picture.draw("digraph {a}", "svg")
    except ImportError:
        pytest.skip("there is no graphviz on this machine")


@pytest.fixture
def no_renderer(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "pygraphviz", None)


@pytest.fixture(autouse=True)
def no_pyplot(monkeypatch):
    """As in a program that does not use pyplot, whatever other tests have loaded."""
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
