"""The pictures of a graph: graphviz's language, SVG and files; and what happens without graphviz."""

import json
import re
import sys
from xml.etree import ElementTree

import numpy as np
import pytest

from tinygrad_edu import Tensor, viz
from tinygrad_edu.nn import Conv2d, Linear, Parameter, Sequential, cross_entropy
from tinygrad_edu.viz import picture, render
from tinygrad_edu.viz.nodes import printable

SVG = "{http://www.w3.org/2000/svg}"


def variable(data, name=None):
    return Tensor(data, requires_grad=True, name=name)


@pytest.fixture
def loss():
    x = Tensor([[1.0, 2.0]], name="x")
    return Sequential(Linear(2, 3, dtype=float, rng=0))(x).sum()


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


def test_inputs_are_numbered_where_their_order_matters_and_is_not_clear():
    a, b = variable(1.0, "a"), variable(2.0, "b")
    assert re.findall(r'n(\d) -> n2 \[.*headlabel="(\d)"', viz.Graph(a - b).dot) == [
        ("0", "1"),
        ("1", "2"),
    ]
    assert 'label="1"' not in viz.Graph(a + b).dot  # a + b is b + a
    assert 'label="1"' not in viz.Graph(a / 2).dot  # what flows, then what stands beside
    assert 'taillabel="1"' in viz.Graph(2 / a).dot


def test_parameters_stand_beside_their_operation():
    source = viz.Graph(variable(1.0, "x") * Parameter(2.0, name="w")).dot
    row = re.search(r"subgraph cluster_row2 \{(.*?)\}", source, re.DOTALL)[1]
    assert "rank=same" in row
    assert re.findall(r"n\d;", row) == ["n1;", "n2;"]


def test_a_constant_with_two_uses_stands_beside_neither():
    x, two = variable(1.0, "x"), Tensor(2.0)
    assert "cluster_row" not in viz.Graph(x * two + np.exp(x) * two).dot


def test_the_layout_is_bounded(loss):
    source = viz.Graph(loss).dot
    assert "nslimit=" in source
    assert "nslimit1=" in source


@pytest.mark.usefixtures("need_graphviz")
@pytest.mark.parametrize(
    ("ending", "start"), [(".svg", b"<svg"), (".png", b"\x89PNG"), (".pdf", b"%PDF")]
)
def test_save_a_picture(loss, tmp_path, ending, start):
    viz.Graph(loss).save(tmp_path / f"loss{ending}")
    assert (tmp_path / f"loss{ending}").read_bytes().startswith(start)


def test_save_without_a_picture(loss, tmp_path):
    graph = viz.Graph(loss)
    graph.save(str(tmp_path / "loss.DOT"))
    graph.save(tmp_path / "loss.txt")
    assert (tmp_path / "loss.DOT").read_text(encoding="utf-8") == graph.dot
    assert (tmp_path / "loss.txt").read_text(encoding="utf-8") == graph.text() + "\n"


def test_save_refuses_other_endings(loss, tmp_path):
    with pytest.raises(ValueError, match=r"loss\.jpg(.|\n)*\.html, \.svg, \.png, \.pdf, \.dot"):
        viz.Graph(loss).save(tmp_path / "loss.jpg")
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("no_renderer")
def test_without_graphviz_there_is_text_and_one_line(loss, tmp_path):
    graph = viz.Graph(loss)
    with pytest.raises(
        ImportError, match=r"install the program dot \(apt install graphviz"
    ) as missing:
        graph.save(tmp_path / "loss.svg")
    assert not list(tmp_path.iterdir())
    hint = str(missing.value)
    assert "\n" not in hint
    assert "apt install graphviz" in hint
    assert graph._repr_mimebundle_() == {"text/plain": f"{graph.text()}\n\n{hint}"}


@pytest.mark.usefixtures("need_graphviz")
def test_a_notebook_gets_the_picture_and_the_text(loss):
    graph = viz.Graph(loss)
    assert graph._repr_mimebundle_() == {
        "text/plain": graph.text(),
        "image/svg+xml": graph.svg(),
    }


# ---------------------------------------------------------------------------- Mermaid, JSON, files


def test_mermaid_has_every_node_edge_and_box(loss, tmp_path):
    graph = viz.Graph(loss)
    lines = [line.strip() for line in graph.mermaid().splitlines()]
    assert lines[0] == "flowchart TD"
    assert [line for line in lines if "-->" in line] == [f"n{a} --> n{b}" for a, b in graph.edges]
    assert lines.count("end") == sum(line.startswith("subgraph") for line in lines) == 2
    assert any(line.startswith('n2("matmul<br>(1, 3) float64<br>') for line in lines)
    graph.save(tmp_path / "loss.mmd")
    assert (tmp_path / "loss.mmd").read_text(encoding="utf-8") == graph.mermaid() + "\n"


@pytest.mark.parametrize("name", ['"]; click n0 "evil"', "a\nb", "<b>`x`</b>", "#quot;", "end"])
def test_mermaid_keeps_names_in_their_quotes(name):
    (line,) = [
        line for line in viz.Graph(-variable(1.0, name)).mermaid().splitlines() if "([" in line
    ]
    assert re.fullmatch(r'  n0\(\["[^"<>`\n]*<br>[^"<>`]*<br>[^"<>`]*<br>[^"<>`]*"\]\)', line)


def test_json_has_all_that_is_known(tmp_path):
    x = variable(np.array([0.1, np.inf], np.float32), "x")
    graph = viz.Graph((x * 2).sum())
    graph.save(tmp_path / "graph.json")
    known = json.loads((tmp_path / "graph.json").read_text(encoding="utf-8"))
    assert [(n["kind"], n["title"], n.get("inputs", [])) for n in known["nodes"]] == [
        (n.kind, n.title, list(n.inputs)) for n in graph.nodes
    ]
    first = known["arrays"][known["nodes"][0]["value"]]
    assert (first["numbers"], first["dtype"], first["shape"]) == ([0.1, "inf"], "float32", [2])
    short = json.loads(viz.Graph(Tensor(np.float32([0.1, 0.2]), name="x")).json())
    assert short["arrays"][0]["numbers"] == [0.1, 0.2]  # and not 0.10000000149
    assert [(s["node"], s["i"], s["source"]) for s in known["steps"]] == [
        (s.node, s.i, s.source) for s in graph.steps
    ]
    row = known["rows"][known["nodes"][2]["row"]]
    assert row["title"] == "multiply:  y = x w" and ["∂L/∂x", "g * w"] in row["lines"]
    assert known["lines"][known["nodes"][2]["line"]].endswith("graph = viz.Graph((x * 2).sum())")


def test_json_has_heat_maps_of_large_arrays():
    x = np.linspace(-1, 3, 256).reshape(16, 16)
    known = json.loads(viz.Graph(Tensor(x, name="x")).json())
    array = known["arrays"][0]
    cells = np.array([int(c, 16) for c in re.findall("..", array["heat"])]).reshape(16, 16)
    shown = array["heat_low"] + cells / 254 * (array["heat_high"] - array["heat_low"])
    np.testing.assert_allclose(shown, x, atol=4 / 254 / 2 + 1e-3)


def test_a_page_needs_no_graphviz(loss, tmp_path, no_renderer):
    graph = viz.Graph(loss)
    graph.save(tmp_path / "loss.html")
    assert (tmp_path / "loss.html").read_text(encoding="utf-8") == graph.html()
    assert graph.mermaid() and graph.json() and graph.dot


def test_what_repeats_itself_is_one_node_of_the_picture():
    w, h = Parameter(np.eye(2), name="w"), variable(np.ones((1, 2)), "h")
    for _ in range(500):
        h = np.tanh(h @ w)
    lines = viz.Graph(h.sum()).mermaid().splitlines()
    assert lines[1].startswith('  n0(["h<br>(1, 2) float64<br>all 1<br>gradient all ')
    assert lines[2].startswith('  n1("step × 500 (1,000 operations)<br>(1, 2) float64<br>')
    assert lines[3].startswith('  n2("sum<br>') and lines[4:6] == ["  n0 --> n1", "  n1 --> n2"]


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
    assert len(rooms) > 20
    assert min(rooms) > 4, rooms


def test_settings_in_a_tuple_are_shown_as_they_were_written():
    model = Sequential(Conv2d(1, 2, (3, 2), stride=2, rng=0))
    graph = viz.Graph(model(np.ones((1, 8, 8, 1), np.float32)))
    (conv,) = (node for node in graph.nodes if node.title.startswith("conv"))
    assert conv.settings == "size=(3, 2), stride=(2, 2)"
    assert "Windows" not in graph.text()
