"""The step page for everyone: contrast, keyboard, screen readers, telephones, print."""

import numpy as np
import pytest

from tests.viz.pages import failed, not_finite, pressed, violations
from tests.viz.small_graphs import small_network, tanh_of_line, variable
from tinygrad_edu import nn, viz
from tinygrad_edu.optim import Adam
from tinygrad_edu.training import Trainer
from tinygrad_edu.viz.report_page import write_page

SCREENS = [(1280, 900), (390, 844)]
SIDES = (
    "e => (({ left, top, right, bottom }) => [left, top, right, bottom])(e.getBoundingClientRect())"
)


def network():
    return viz.Graph(small_network()[1])


def focused(page):
    """The key of the node, or the id, tag and text of what has the focus."""
    return page.evaluate("(e => e.dataset.key ?? (e.id || e.tagName))(document.activeElement)")


STATES = {
    "at first": [],
    "in the forward pass": ["ArrowRight", "ArrowRight"],
    "in the backward pass": ["End", "ArrowLeft"],
    "a question": ["p"],
    "help": ["?"],
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS, ids=str)
@pytest.mark.parametrize("make", [lambda: viz.Graph(tanh_of_line()), network, failed, not_finite],
                         ids=["small", "network", "error", "nan"])  # fmt: skip
def test_axe_finds_nothing(look, make, screen, scheme):
    page = look(make(), width=screen[0], height=screen[1], scheme=scheme)
    for name, keys in STATES.items():
        for key in keys:
            pressed(page, key)
        assert violations(page) == [], name
        pressed(page, "Escape")
        if name == "a question":
            page.evaluate("if (isOn('predict')) predict()")


def test_axe_finds_nothing_in_closed_modules_and_details(look):
    page = look(network())
    page.click("#close")
    page.click("[data-key=g0]")
    assert violations(page) == []
    page.click("#open")
    page.evaluate("choose('n2')")
    assert violations(page) == []


def test_axe_finds_nothing_after_the_sheet_of_a_telephone_is_closed(look):
    x, w = variable([1.0, 2.0, 3.0], "x"), variable(np.full((3, 2), 0.3), "W")
    np.tanh(x @ w).sum().backward(create_graph=True)
    page = look(
        viz.Graph((x.grad * x.grad).sum()), width=390, height=844
    )  # a gradient of a gradient
    for key in page.evaluate("[...drawn.keys()]"):
        page.evaluate(f"choose('{key}')")
        pressed(page, "Escape")
    assert violations(page) == []


def test_a_screen_reader_hears_all_that_is_written_on_a_node(look):
    page = look(network())
    nodes = "[...document.querySelectorAll('.node')]"
    for expand in (True, False):
        page.evaluate("expandAll()" if expand else "collapseAll()")
        shapes = page.evaluate(f"{nodes}.map(e => /[(][\\d, ]*[)]/.exec(e.textContent)?.[0] ?? '')")
        names = page.evaluate(f"{nodes}.map(e => e.ariaLabel)")
        assert any(shapes)
        assert all(shape in name for shape, name in zip(shapes, names, strict=True)), names


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS, ids=str)
def test_axe_finds_nothing_in_the_report_of_a_training(visit, tmp_path, screen, scheme):
    pytest.importorskip("matplotlib")
    x, y = np.random.default_rng(0).random((40, 64)).astype(np.float32), np.arange(40) % 10
    model = nn.Sequential(nn.Linear(64, 8, rng=0), nn.ReLU(), nn.Linear(8, 10, rng=1))
    trainer = Trainer(model, nn.cross_entropy, Adam(model.parameters()))
    trainer.fit(x, y, epochs=1, progress=False)
    write_page(tmp_path / "report.html", trainer, x, y, trained=40, seconds=0.1)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    page = visit(text, width=screen[0], height=screen[1], scheme=scheme)
    assert violations(page) == []


CONTRAST = """() => {
  const parse = color => {
    const c = color.match(/[\\d.]+/g).map(Number);
    const scale = /^color\\(srgb/.test(color) ? 255 : 1;
    return [...c.slice(0, 3).map(v => v * scale), c[3] ?? 1];
  };
  const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3]));
  const light = c => c.map(v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((s, v, i) => s + v * [.2126, .7152, .0722][i], 0);
  const ratio = (a, b) => ([a, b] = [light(a), light(b)].sort((x, y) => y - x), (a + .05) / (b + .05));
  const paper = e => { // what is behind an element of the panel
    const layers = [];
    for (; e; e = e.parentElement) layers.push(parse(getComputedStyle(e).backgroundColor));
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
  };
  const all = [];
  for (const text of document.querySelectorAll("#canvas .node text")) {
    const node = text.closest(".node"), sheets = node.querySelectorAll(":scope > rect");
    const { fill: color } = getComputedStyle(sheets[sheets.length - 1]);
    const fill = over(parse(color), paper(document.getElementById("canvas")));
    for (const part of [text, ...text.querySelectorAll("tspan")])
      all.push([part.textContent, ratio(over(parse(getComputedStyle(part).fill), fill), fill)]);
    if (getComputedStyle(node).opacity != 1) all.push([text.textContent + " is transparent", 0]);
  }
  for (const e of document.querySelectorAll("header *, footer *, #panel *")) {
    const words = [...e.childNodes].some(n => n.nodeType == 3 && n.textContent.trim());
    if (!words || !e.checkVisibility()) continue;
    const back = paper(e);
    all.push([e.textContent.slice(0, 40), ratio(over(parse(getComputedStyle(e).color), back), back)]);
  }
  return all.filter(([, contrast]) => !(contrast >= 4.5));
}"""


def changed():
    x = variable([1.0, 2.0], "x")
    before = viz.Graph((x * 2 + np.sin(variable([3.0, 3.0], "still"))).sum())
    x.data[...] = 2.0, 2.1
    return viz.changes(before, viz.Graph((x * 2 + np.sin(variable([3.0, 3.0], "still"))).sum()))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("make", [network, failed, not_finite, changed])
def test_all_text_has_contrast(look, make, scheme):
    page = look(make(), scheme=scheme)
    for key in ("", "Home", "ArrowRight", "End"):  # nodes not computed yet, and all of them
        if key:
            pressed(page, key)
        for node in page.evaluate("[...drawn.keys()].slice(0, 4)"):
            page.evaluate(f"choose('{node}')")
            assert page.evaluate(CONTRAST) == [], (key, node)


def test_the_dialog_has_a_name(look):
    page = look(network())
    pressed(page, "?")
    assert page.get_by_role("dialog", name="Help").is_visible()


@pytest.mark.parametrize("key", ["Enter", " "])
def test_a_node_is_pressed(look, key):
    page = look(network())
    page.focus("[data-key=n2]")
    pressed(page, key)
    assert page.inner_text("#panel h2") == "matmul #1"
    assert page.get_attribute("#play", "aria-pressed") == "false"
    assert focused(page) == "n2"


def test_modules_tell_whether_they_are_open(look):
    page = look(network())
    assert page.get_attribute("[data-key=b1]", "aria-expanded") == "true"
    page.focus("[data-key=b1]")
    pressed(page, "Enter")
    assert page.get_attribute("[data-key=g1]", "aria-expanded") == "false"
    assert focused(page) == "g1"
    pressed(page, " ", 2)
    assert page.get_attribute("[data-key=b1]", "aria-expanded") == "true"
    assert focused(page) == "b1"
    assert page.locator("[data-key=n2][aria-expanded]").count() == 0


def test_the_tab_key_follows_the_graph(look):
    graph = network()
    page = look(graph)
    page.focus("[data-key]")
    met = []
    while (key := focused(page))[:1] in "nb" and len(met) < 40:
        met.append(key)
        pressed(page, "Tab")
    nodes = [int(key[1:]) for key in met if key[0] == "n"]
    assert nodes == [node.number for node in graph.nodes]
    assert met.index("b0") < met.index("b1") < met.index("n1") < met.index("b2") < met.index("n5")


def test_what_has_the_focus_is_in_sight(look):
    page = look(network(), height=420)
    page.evaluate("zoom(3)")
    page.focus("#help")
    for _ in range(15):
        pressed(page, "Tab")
        key = focused(page)
        if key[:1] != "n" or not key[1:].isdigit():
            continue
        left, top, right, bottom = page.eval_on_selector(f"[data-key={key}]", SIDES)
        stage = page.eval_on_selector("#canvas", SIDES)
        assert left >= stage[0] and top >= stage[1] and right <= stage[2] and bottom <= stage[3], (
            key
        )


def test_the_focus_is_not_lost(look):
    page = look(network())
    page.evaluate("choose('n4')")
    page.focus("#panel .links button >> nth=0")  # to another node
    pressed(page, "Enter")
    assert page.inner_text("#panel h2") == "matmul #1"
    assert page.evaluate("document.getElementById('panel').contains(document.activeElement)")
    page.focus("#panel summary")
    pressed(page, "ArrowRight")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    pressed(page, "p")
    assert focused(page) == "guess"
    page.keyboard.type("1")
    pressed(page, "Enter")
    assert focused(page) == "panel"
    page.focus("[data-key=b0]")
    pressed(page, "Enter")
    pressed(page, "Enter", 2)
    assert focused(page) == "b0"


def test_names_are_readable_at_first_sight_on_a_telephone(look):
    graphs = [network(), viz.Graph(tanh_of_line())]
    y = sum((variable(float(k), f"x{k}") * 2 for k in range(30)), start=variable(0.0, "y"))
    wide = np.stack([variable(float(k), f"x{k}") * 2 for k in range(12)]).sum()
    for graph in (*graphs, viz.Graph(y), viz.Graph(wide)):
        page = look(graph, width=390, height=844)
        assert 13 * page.evaluate("view.k") >= 9


@pytest.mark.parametrize("screen", [(390, 844), (390, 640)], ids=str)
def test_the_sheet_does_not_hide_the_tapped_node(look, screen):
    graph = network()
    page = look(graph, width=screen[0], height=screen[1])
    for node in graph.nodes:
        pressed(page, "Escape")
        pressed(page, "f")
        page.tap(f"[data-key=n{node.number}]")
        left, top, right, bottom = page.eval_on_selector(f"[data-key=n{node.number}]", SIDES)
        stage = page.eval_on_selector("#canvas", SIDES)
        assert top >= stage[1] and bottom <= stage[3] and left >= stage[0] and right <= stage[2]


def test_nothing_is_cut_on_a_telephone(look):
    x = variable(np.ones((2, 3)), "a name that is as long as a name can be at all")
    y = np.tanh(x) * variable(np.ones((2, 3)), "another long name for what is multiplied here")
    page = look(viz.Graph(y.sum()), width=390, height=844)
    cut = "e => e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1"
    for _ in range(page.evaluate("state.visible.length")):
        pressed(page, "ArrowRight")
        for name in ("h1", "#about", "#words"):
            assert not page.eval_on_selector(name, cut), name
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_emoji_are_whole(look):
    family = "👨‍👩‍👧‍👦"
    page = look(viz.Graph(variable(1.0, family * 40) * 2))
    shown = page.eval_on_selector("[data-key=n0] text", "e => e.textContent")
    assert shown == family * 27 + "…"


def test_the_picture_is_printed(look):
    page = look(network(), scheme="dark", height=420)
    page.evaluate("zoom(3)")
    page.emulate_media(media="print")
    page.wait_for_selector("#canvas[viewBox]")
    for name in ("footer", "#panel", "#zoom", "#theme", "#search", "#minimap"):
        assert not page.locator(name).is_visible(), name
    left, top, right, bottom = page.eval_on_selector("#canvas", SIDES)
    for key in page.evaluate("[...drawn.keys()]"):
        box = page.eval_on_selector(f"[data-key={key}]", SIDES)
        assert left <= box[0] and top <= box[1] and box[2] <= right and box[3] <= bottom
    assert page.evaluate("getComputedStyle(document.querySelector('.operation rect')).fill") == (
        "rgb(255, 255, 255)"
    )
    page.emulate_media(media="screen")
    page.wait_for_selector("#canvas:not([viewBox])")
    assert page.locator("#panel").is_visible()


def test_motion_is_reduced(look):
    page = look(network(), height=420)
    page.evaluate("zoom(3)")
    pressed(page, "End")
    assert page.evaluate("document.getAnimations().length") == 0


def test_a_shaded_cell_of_a_gradient_is_black_on_its_color(look):
    page = look(network())
    page.evaluate("choose('n1')")
    ink = page.evaluate("getComputedStyle(document.body).color")
    cell = "getComputedStyle(document.querySelector('#panel .grad td data')).color"
    assert page.evaluate(cell) == ink


def test_modules_of_a_transformer_have_names_with_all_that_is_seen(look):
    block = nn.TransformerBlock(4, 2, causal=True, rng=0)
    page = look(viz.Graph(block(variable(np.ones((1, 3, 4)), "x")).sum()))
    assert violations(page) == []
