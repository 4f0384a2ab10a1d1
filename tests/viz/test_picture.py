"""Pictures that graphviz draws, and what happens if it fails."""

import sys
from xml.etree import ElementTree

import numpy as np
import pytest

from tests.viz.small_graphs import variable
from tinygrad_edu import viz
from tinygrad_edu.nn import Linear, Parameter, Sequential, cross_entropy
from tinygrad_edu.viz import picture, render
from tinygrad_edu.viz.nodes import printable

SVG = "{http://www.w3.org/2000/svg}"


def words(element):
    return ["".join(text.itertext()) for text in element.iter(f"{SVG}text")]


def of_class(svg, name):
    return [g for g in svg.iter(f"{SVG}g") if name in g.get("class", "").split()]


@pytest.mark.usefixtures("need_graphviz")
def test_svg_shows_every_node_edge_and_group(loss):
    graph = viz.Graph(loss)
    svg = ElementTree.fromstring(graph.svg())
    assert svg.tag == f"{SVG}svg"
    assert len(of_class(svg, "node")) == len(graph.nodes) == 6
    assert len(of_class(svg, "edge")) == len(graph.edges) == 5
    assert [words(box) for box in of_class(svg, "module")] == [["Sequential"], ["0: Linear(2, 3)"]]
    for node in graph.nodes:
        (drawn,) = [
            g for g in of_class(svg, node.kind)
            if node.title in words(g) and any(str(node.shape) in word for word in words(g))
        ]  # fmt: skip
        assert node.value.words in words(drawn)


@pytest.mark.usefixtures("need_graphviz")
def test_kinds_have_colors_of_their_own(loss):
    svg = ElementTree.fromstring(viz.Graph(loss).svg())
    fills = {
        kind: of_class(svg, kind)[0].find(f"{SVG}path").get("fill")
        for kind in ("data", "parameter", "operation", "result")
    }
    assert len(set(fills.values())) == 4


@pytest.mark.usefixtures("need_graphviz")
def test_what_is_not_finite_is_red():
    with np.errstate(divide="ignore"):
        svg = ElementTree.fromstring(viz.Graph(np.log(variable(0.0, "x"))).svg())
    red = [t.text for t in svg.iter(f"{SVG}text") if t.get("fill") == render.RED]
    assert red == ["gradient inf", "-inf"]
    assert of_class(svg, "result")[0].find(f"{SVG}path").get("stroke") == render.RED
    assert of_class(svg, "variable")[0].find(f"{SVG}path").get("stroke") != render.RED


@pytest.mark.usefixtures("need_graphviz")
@pytest.mark.parametrize(
    "name",
    [
        '<script>alert("1")</script>',
        "a\nb\tc",
        "\\N \\G \\n &amp; &",
        "größe 重み",
        '"]; evil [label="',
        "]]> --> <!--",
        "\x00\x1b\ud800",
        ">",
    ],
)
def test_names_are_shown_and_not_obeyed(name):
    class Named(Sequential):
        def __repr__(self):
            return name

    loss = Named(lambda x: x * 2)(variable(1.0, name))
    graph = viz.Graph(loss)
    svg = ElementTree.fromstring(graph.svg())
    shown = printable(name)
    assert words(of_class(svg, "variable")[0])[0] == shown
    assert words(of_class(svg, "module")[0]) == ["Named" if "\n" in name else shown]
    assert len(of_class(svg, "node")) == 3
    assert {element.tag for element in svg.iter()} <= {
        SVG + tag for tag in ("svg", "g", "path", "text", "polygon", "polyline", "ellipse")
    }


@pytest.mark.usefixtures("need_graphviz")
def test_svg_can_stand_in_a_page(loss):
    svg = viz.Graph(loss).svg()
    assert svg.startswith('<svg role="img" aria-label="Computation graph of sum"')
    assert "<title>" not in svg
    assert "href" not in svg


def a_program(folder, name, script):
    path = folder / name
    path.write_text(f"#!{sys.executable}\n{script}", encoding="utf-8")
    path.chmod(0o755)


needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="programs are scripts here")


@needs_posix
def test_a_layout_that_hangs_is_given_up(loss, monkeypatch, tmp_path):
    a_program(tmp_path, "dot", "import time; time.sleep(60)")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(picture, "SECONDS", 0.2)
    with pytest.raises(RuntimeError, match=r"not laid it out after 0\.2 s.*as text"):
        viz.Graph(loss).svg()
    assert "not laid it out" in viz.Graph(loss)._repr_mimebundle_()["text/plain"]


@needs_posix
def test_pygraphviz_draws_if_dot_fails(loss, monkeypatch, tmp_path):
    pytest.importorskip("pygraphviz")
    a_program(tmp_path, "dot", "raise SystemExit('dot: assertion failed')")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert len(of_class(ElementTree.fromstring(viz.Graph(loss).svg()), "node")) == 6


@needs_posix
def test_a_graphviz_that_fails_is_quoted(loss, monkeypatch, tmp_path):
    a_program(tmp_path, "dot", "raise SystemExit('dot: assertion failed')")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    with pytest.raises(RuntimeError, match=r"graphviz failed \(dot: assertion failed\)"):
        viz.Graph(loss).svg()


@pytest.mark.usefixtures("need_graphviz")
def test_an_unrolled_network_of_some_hundred_nodes_is_laid_out(monkeypatch):
    """Parameters beside each use: with shared ones this takes longer than anybody waits."""
    monkeypatch.setattr(picture, "SECONDS", 10)
    w, u, b = (Parameter(np.eye(2), name=name) for name in "wub")
    h = variable(np.ones((1, 2)), "h")
    for _ in range(60):
        h = np.tanh(h @ w + np.ones((1, 2)) @ u + b)
    graph = viz.Graph(h.sum(), roll=False)
    # 5 operations a step, 4 leaves beside them; and the first h, and the sum
    assert len(graph.nodes) == 60 * (5 + 4) + 2
    assert graph.svg().count('class="node') == len(graph.nodes)


@pytest.mark.usefixtures("need_graphviz")
def test_no_line_of_a_node_touches_its_border_in_a_browser(visit):
    """Browsers draw letters wider than graphviz takes them for: there is room on both sides."""
    model = Sequential(Linear(8, 4, rng=0), Linear(4, 3, rng=1))
    page = visit(
        viz.Graph(cross_entropy(model(np.ones((9, 8), np.float32)), np.arange(9) % 3)).svg()
    )
    rooms = page.evaluate(
        """[...document.querySelectorAll(".node")].flatMap(node => {
          const frame = node.querySelector("path, polygon").getBBox();
          return [...node.querySelectorAll("text")].map(t => t.getBBox()).map(line =>
            Math.min(line.x - frame.x, frame.x + frame.width - line.x - line.width));
        })"""
    )
    above_and_below = page.evaluate(
        """[...document.querySelectorAll(".node")].map(node => {
          const frame = node.querySelector("path, polygon").getBBox();
          const lines = [...node.querySelectorAll("text")].map(t => t.getBBox());
          return [Math.min(...lines.map(b => b.y)) - frame.y,
                  frame.y + frame.height - Math.max(...lines.map(b => b.y + b.height))];
        })"""
    )
    assert all(abs(above - below) < 3 and above > 1 for above, below in above_and_below)
    assert len(rooms) > 20
    assert min(rooms) > 4, rooms
