"""Finding one's way in the page of a graph: search, minimap, walking, columns, numbers, all in a browser."""

import numpy as np
import pytest

from tests.viz.pages import pressed
from tests.viz.small_graphs import variable
from tests.viz.test_step_page import network, recurrent, transformer, words
from tinygrad_edu import Tensor, nn, viz

SIZES = [(1280, 900), (390, 844)]


def keys(page, selector):
    return page.eval_on_selector_all(selector, "all => all.map(e => e.dataset.key)")


def type_search(page, text):
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.type(text)


IN_SIGHT = """key => {
  const boxOf = selector => document.querySelector(selector).getBoundingClientRect();
  const [node, stage] = [boxOf(`[data-key=${key}]`), boxOf("#canvas")];
  return node.left >= stage.left - 1 && node.top >= stage.top - 1
    && node.right <= stage.right + 1 && node.bottom <= stage.bottom + 1;
}"""


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_search_goes_from_match_to_match_into_folded_blocks(look, width, height):
    page = look(viz.Graph(transformer()), width=width, height=height)
    before = page.locator(".node").count()
    type_search(page, "gelu")
    assert page.inner_text("#found") == "12"
    assert page.locator(".node").count() == before  # they are all in the folded block
    assert page.locator(".node.found").count() == 1
    pressed(page, "Enter", 2)
    assert page.inner_text("#found") == "2 of 12"
    assert page.inner_text("#panel h2").startswith("gelu_tanh #")
    chosen = page.evaluate("state.chosen")
    assert chosen[0] == "n" and page.evaluate(IN_SIGHT, chosen)
    assert page.evaluate("NODES[Number(state.chosen.slice(1))].title") == "gelu_tanh"
    pressed(page, "Shift+Enter")
    assert page.inner_text("#found") == "1 of 12"
    pressed(page, "Escape")
    assert page.locator(".node.pale, .node.found").count() == 0
    assert page.evaluate("document.activeElement.id") != "search"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("points", ["points"]),
        ("relu", ["relu"]),  # the operation, and its module
        ("#4", ["matmul"]),
        ("#44", []),
        ("matmul", ["matmul", "matmul"]),
        ("2: linear", ["W", "add", "b", "matmul"]),
        ("2: linear parameter", ["W", "b"]),
        ("(5, 4)", ["points"]),
        ("MATMUL #1", ["matmul"]),
        ("no such thing", []),
    ],
)
def test_search_knows_names_operations_numbers_modules_and_shapes(look, text, found):
    page = look(viz.Graph(network()[1]))
    assert sorted(page.evaluate("t => find(t).map(i => NODES[i].title)", text)) == found


def test_search_makes_pale_what_does_not_match(look):
    page = look(viz.Graph(network()[1]))
    type_search(page, "relu")
    assert page.locator(".node.found").count() == 1
    assert page.locator(".node.pale").count() == page.locator(".node").count() - 1
    page.keyboard.type("x")
    assert page.inner_text("#found") == "none"
    pressed(page, "Escape")
    type_search(page, "p?+ ")  # keys of the page are letters here
    assert page.input_value("#search") == "p?+ "
    assert page.get_attribute("#predict", "aria-pressed") == "false"


def test_walking_along_the_edges(look):
    page = look(viz.Graph(network()[1]))
    titles = []

    def walk(key):
        pressed(page, key)
        titles.append(page.inner_text("#panel h2"))
        chosen = page.evaluate("state.chosen")
        assert page.evaluate("document.activeElement.dataset.key") == chosen
        assert page.evaluate(IN_SIGHT, chosen)

    for key in [
        "ArrowUp",
        "ArrowUp",
        "Shift+ArrowRight",
        "Shift+ArrowLeft",
        "ArrowUp",
        "ArrowDown",
    ]:
        walk(key)
    assert titles == ["add #5", "matmul #4", "b", "matmul #4", "relu #3", "matmul #4"]
    for _ in range(3):
        walk("ArrowDown")
    assert titles[-1] == "cross_entropy #6"  # and no further
    pressed(page, "ArrowRight")  # the arrows to the right and left still step
    assert words(page).startswith("1 of ")


def test_walking_in_a_step_begins_at_its_node(look):
    page = look(viz.Graph(network()[1]))
    pressed(page, "ArrowRight", 3)
    assert "relu #3" in words(page)
    pressed(page, "ArrowUp")
    assert page.evaluate("NODES[Number(state.chosen.slice(1))].order") == 2


def test_keys_are_in_the_help(look):
    page = look(viz.Graph(network()[1]))
    pressed(page, "?")
    told = page.inner_text("#keys")
    for part in ("/", "↑ ↓", "Shift+← →", "z"):
        assert part in told
    assert "search" in told and "walk" in told and "zoom to the node" in told


def test_zoom_to_the_chosen_node(look):
    page = look(viz.Graph(recurrent(6)))
    page.evaluate("choose('n' + RESULT.i)")
    before = page.evaluate("view.k")
    pressed(page, "z")
    assert page.evaluate("view.k") > before
    assert page.evaluate(IN_SIGHT, page.evaluate("'n' + RESULT.i"))
    assert page.evaluate(IN_SIGHT, page.evaluate("'n' + RESULT.inputs[0]"))


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_minimap_shows_and_moves_what_is_seen(look, width, height):
    page = look(viz.Graph(network()[1]), width=width, height=height)
    page.evaluate("fit(true)")
    assert page.locator("#minimap").is_hidden()  # all of the graph is in sight
    page.evaluate("zoom(3)")
    assert page.locator("#minimap").is_visible()
    box = page.locator("#minimap").bounding_box()
    for x, y in ((0.5, 0.1), (0.5, 0.9)):
        page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
        middle = page.evaluate("(canvas.clientHeight / 2 - view.y) / view.k")
        low, high = page.evaluate("[bounds.top, bounds.bottom]")
        assert (middle - low) / (high - low) == pytest.approx(y, abs=0.12)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.up()
    middle = page.evaluate("(canvas.clientHeight / 2 - view.y) / view.k")
    assert middle == pytest.approx(page.evaluate("(bounds.top + bounds.bottom) / 2"), rel=0.05)
    window = page.evaluate("frameSeen.getBBox().width * view.k")
    assert window == pytest.approx(page.evaluate("canvas.clientWidth"), rel=0.01)


def test_a_long_chain_uses_the_width(look):
    h = variable(np.ones((2, 2)), "h")
    for function in (np.tanh, np.sin, np.cos, np.exp, np.arctan, np.sinh) * 5:
        h = function(h) * 0.5
    graph = viz.Graph(h.sum(), roll=False)
    page = look(graph, height=900)
    width, height = page.evaluate("[bounds.right - bounds.left, bounds.bottom - bounds.top]")
    assert 0.5 < width / height < 3
    spots = page.evaluate("[...drawn.values()].map(d => [d.spot.x, d.spot.y, d.spot.w, d.spot.h])")
    for i, (x, y, w, h) in enumerate(spots):  # nothing is upon anything else
        for u, v, wide, high in spots[:i]:
            assert x + w <= u or u + wide <= x or y + h <= v or v + high <= y
    # every line ends where its node begins
    assert page.locator("#world .edge").count() == len(graph.edges)
    narrow = look(graph, width=390, height=844)
    columns = narrow.evaluate("new Set([...drawn.values()].map(d => Math.round(d.spot.x))).size")
    wide, high = narrow.evaluate("[bounds.right - bounds.left, bounds.bottom - bounds.top]")
    assert wide < high and columns  # a telephone shows one column


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("make", [transformer, lambda: recurrent(6)])
def test_to_open_all_never_shows_an_empty_page(look, make, width, height):
    page = look(viz.Graph(make()), width=width, height=height)
    page.click("#open")
    seen = page.evaluate(f"[...drawn.keys()].filter({IN_SIGHT}).length")
    assert seen >= 3
    page.click("#close")
    assert page.evaluate(f"[...drawn.keys()].filter({IN_SIGHT}).length") >= 1


def test_a_repeated_block_opens_in_its_place(look):
    page = look(viz.Graph(transformer()), height=900)
    (folded,) = [k for k in keys(page, ".node.module") if k[0] == "g"]
    page.locator(f"[data-key={folded}]").click()
    before = page.locator(f"[data-key={folded}] rect").nth(1).bounding_box()
    page.locator(f"[data-key={folded}]").click()
    blocks = [k for k in keys(page, ".node.module") if k[0] == "g"]
    assert len(blocks) == 12
    box = page.locator(f"[data-key=b{folded[1:]}] rect").bounding_box()
    assert box["y"] == pytest.approx(before["y"], abs=2)


def test_numbers_are_on_the_nodes(look):
    graph = viz.Graph(network()[1])
    page = look(graph)
    for node in graph.nodes:
        shown = page.locator(f"[data-key=n{node.number}] text").all_text_contents()
        assert (f"#{node.order}" in shown) == bool(node.order)
    assert page.evaluate("NODES.map(n => n.order)") == [n.order for n in graph.nodes]


def test_all_uses_of_a_shared_parameter_are_links(look):
    w, h = nn.Parameter(np.eye(2), name="w"), variable(np.ones((1, 2)), "h")
    for function in (np.tanh, np.sin, np.cos) * 5:
        h = function(h @ w)
    graph = viz.Graph(h.sum(), roll=False)
    page = look(graph)
    first = next(n.number for n in graph.nodes if n.title == "w")
    page.evaluate(f"choose('n{first}')")
    used = page.locator("h3:text-is('Used by') + .links button")
    assert used.count() == 15
    used.last.click()
    assert page.inner_text("#panel h2").startswith("matmul #29")


def test_frozen_layers_and_axes_are_told(look):
    model = nn.Sequential(nn.Linear(2, 3, rng=0), nn.Linear(3, 1, rng=1))
    for parameter in model[0].parameters():
        parameter.requires_grad = False
    x = Tensor(np.ones((4, 2), np.float32), name="signals")
    graph = viz.Graph(model(x).sum(axis=1).mean())
    page = look(graph)
    (frozen,) = [n for n in graph.nodes if n.kind == "module"]
    assert "frozen" in page.locator(f"[data-key=n{frozen.number}]").text_content()
    page.evaluate(f"choose('n{frozen.number}')")
    assert "frozen #1" in page.inner_text("#panel h2")
    (total,) = [n for n in graph.nodes if n.title == "sum"]
    page.evaluate(f"choose('n{total.number}')")
    assert "over axis 1, the columns" in page.inner_text("#panel")


def test_the_first_key_answers_within_a_second_and_a_step_is_quick(look):
    page = look(viz.Graph(recurrent(22)), height=900)
    page.evaluate("expandAll()")
    assert page.evaluate("drawn.size") > 550
    spent = page.evaluate("""() => {
      const times = [];
      for (let i = 0; i < 30; i++) {
        const begin = performance.now();
        forward();
        times.push(performance.now() - begin);
      }
      return times.sort((a, b) => a - b)[15];
    }""")
    assert spent < 100  # 5 on an idle machine: this catches a step that draws everything anew
    painted = page.evaluate("""() => {
      const before = [...drawn.values()].map(d => d.facts.firstChild);
      forward();
      return [...drawn.values()].filter((d, i) => d.facts.firstChild != before[i]).length;
    }""")
    assert painted < 10
