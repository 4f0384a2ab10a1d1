"""The page to step through a graph, in a real browser: what it shows is what the Tensors have."""

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tests.viz.pages import pressed
from tests.viz.small_graphs import variable
from tinygrad_edu import Tensor, nn, ops, viz
from tinygrad_edu.nn import Module, Parameter
from tinygrad_edu.viz import page_files, step_page
from tinygrad_edu.viz.nodes import WHOLE, printable


def expression(x=2.0, w=-3.0, b=6.875):
    """y x + y with y = tanh(x w + b): five operations, and paths that meet at x and at y."""
    x, w, b = variable(x, "x"), variable(w, "w"), variable(b, "b")
    y = np.tanh(x * w + b)
    return y * x + y


def network(size=3):
    rng = np.random.default_rng(0)
    model = nn.Sequential(
        nn.Linear(4, size, rng=rng, dtype=float),
        nn.ReLU(),
        nn.Linear(size, 2, rng=rng, dtype=float),
    )
    x = Tensor(rng.normal(size=(5, 4)), name="points")
    return model, nn.cross_entropy(model(x), np.array([0, 1, 1, 0, 1]))


class Cell(Module):
    def __init__(self):
        self.W, self.U = Parameter(np.eye(2) * 0.5), Parameter(np.eye(2) * 0.1)

    def forward(self, x, h):
        return np.tanh(x @ self.W + h @ self.U)


def unrolled(steps):
    cell, h = Cell(), variable(np.ones((1, 2)), "h")
    for _ in range(steps):
        h = cell(Tensor([[1.0, 2.0]], name="x"), h)
    return h.sum()


def recurrent(steps=180, size=16):
    """An LSTM by hand, with an operation for each sign: 18 operations and 9 leaves a step."""
    rng = np.random.default_rng(0)
    W = {k: Parameter(rng.normal(size=(2 * size, size)) / size, name=f"W{k}") for k in "fioc"}
    b = {k: Parameter(np.zeros(size), name=f"b{k}") for k in "fioc"}
    h = c = np.zeros((4, size))
    for x in rng.normal(size=(steps, 4, size)):
        z = np.concatenate([Tensor(x, name="x"), h], axis=1)
        f, i, o = (ops.sigmoid(z @ W[k] + b[k]) for k in "fio")
        c = f * c + i * np.tanh(z @ W["c"] + b["c"])
        h = o * np.tanh(c)
    return (h * h).mean()


class Transformer(Module):
    def __init__(self, blocks=12, size=32):
        self.embed = nn.Embedding(50, size, rng=0)
        self.blocks = [nn.TransformerBlock(size, 4, causal=True, rng=i) for i in range(blocks)]
        self.head = nn.Linear(size, 50, rng=1)

    def forward(self, ids):
        h = self.embed(ids)
        for block in self.blocks:
            h = block(h)
        return self.head(h)


def transformer():
    ids = np.random.default_rng(1).integers(0, 50, (2, 16))
    return nn.cross_entropy(Transformer()(ids), np.roll(ids, -1, 1))


# What the page says, read from its elements.

UNDER = """heading => {
  const headings = [...document.querySelectorAll("#panel section:not(:has(#all)) h3")];
  const h3 = headings.find(h => h.textContent.startsWith(heading));
  const all = [];
  for (let e = h3?.nextElementSibling; e && e.tagName != "H3"; e = e.nextElementSibling)
    all.push(...(e.matches("data") ? [e] : e.querySelectorAll("data")));
  return all.map(e => e.value);
}"""


def numbers_under(page, heading):
    """The exact numbers in the panel, below a heading."""
    return [float(v) for v in page.evaluate(UNDER, heading)]


def choose(page, number):
    page.evaluate(f"choose('n{number}')")


def until(page, expression):
    """Waits until something is true of the page, whose policy forbids Playwright's own way to wait."""
    for _ in range(6000):  # five minutes: only a page that hangs needs them
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{expression} did not become true")


def drawn(page, selector):
    """The text of a part of the picture, a line for each element."""
    lines = "e => [...e.querySelectorAll('text')].map(t => t.textContent).join('\\n')"
    return page.eval_on_selector(selector, lines)


def words(page):
    return page.inner_text("#words")


def label(page, key):
    return page.get_attribute(f"[data-key={key}]", "aria-label")


# ------------------------------------------------------------------------------------------- numbers


def test_numbers_of_an_expression_are_the_tensors(look):
    loss = expression()
    graph = viz.Graph(loss)
    page = look(graph)
    loss.backward(retain_graph=True)
    for node in graph.nodes:
        text = drawn(page, f"[data-key=n{node.number}]").split()
        assert node.value.words in text
        assert text[-1] == node.gradient.words and "∂" in text
        choose(page, node.number)
        assert numbers_under(page, "Value") == [node.value.numbers.item()]
        assert numbers_under(page, "Gradient") == [node.gradient.numbers.item()]
    leaves = {leaf.name: leaf for y in (loss.inputs[0], loss.inputs[1].inputs[0].inputs[0])
              for leaf in y.inputs if isinstance(leaf, Tensor) and leaf.name}  # fmt: skip
    for node in graph.nodes:
        if node.title in leaves:
            choose(page, node.number)
            assert numbers_under(page, "Gradient") == [float(leaves[node.title].grad)]


def test_numbers_of_small_arrays_are_the_tensors(look):
    model, loss = network()
    page = look(viz.Graph(loss))
    loss.backward()
    learned = [n.number for n in viz.Graph(network()[1]).nodes if n.kind == "parameter"]
    for number, parameter in zip(learned, model.parameters(), strict=True):
        choose(page, number)
        n = parameter.size
        assert numbers_under(page, "Value")[:n] == parameter.data.ravel().tolist()
        assert numbers_under(page, "Gradient")[:n] == parameter.grad.ravel().tolist()


def test_of_large_arrays_mean_spread_and_range(look):
    model, loss = network(40)
    page = look(viz.Graph(loss))
    loss.backward()
    choose(page, 1)
    for heading, x in (("Value", model[0].W.data), ("Gradient", model[0].W.grad)):
        assert x.size > WHOLE
        assert numbers_under(page, heading) == [x.mean(), x.std(), x.min(), x.max()]
    assert page.locator("#panel img").count() == 2


def test_heat_maps_have_the_colors_of_their_blocks(look):
    x = np.zeros((20, 20))
    x[:10], x[10:, :10] = 4.0, -2.0
    x[19, 19] = np.nan
    page = look(viz.Graph((variable(x, "x") * 1.0).sum()))
    found = page.evaluate("heat(valueOf(NODES[0]))")
    colors = found["colors"]
    assert (found["width"], found["height"], len(colors)) == (16, 16, 256)
    assert colors[0] == [224, 123, 57, 1]  # orange, as far from 0 as anything
    assert colors[12 * 16][:3] == [59, 130, 196]
    assert colors[12 * 16][3] == pytest.approx(0.5, abs=0.01)
    assert colors[12 * 16 + 12][3] == pytest.approx(0, abs=0.01)
    assert colors[15 * 16 + 15][:3] == [224, 49, 49]


def test_what_is_not_finite_is_red_and_in_words(look):
    with np.errstate(divide="ignore"):
        graph = viz.Graph(np.log(variable([0.0, 1.0], "x")).sum())
    page = look(graph)
    assert "wrong" in page.get_attribute("[data-key=n1]", "class")
    choose(page, 1)
    assert page.locator("#panel data.bad").all_inner_texts() == ["-inf", "inf"][:1]
    cell = "getComputedStyle(document.querySelector('#panel td:has(data.bad)')).backgroundColor"
    assert page.evaluate(cell) == "rgba(224, 49, 49, 0.45)"


# --------------------------------------------------------------------------------------------- steps


def test_a_step_for_each_operation_and_for_each_edge_back(look):
    graph = viz.Graph(expression())
    page = look(graph)
    told = []
    for _ in range(5 + 1 + len(graph.steps)):
        pressed(page, "ArrowRight")
        told.append(words(page))
    assert told[:2] == [
        "1 of 15: multiply #1 of x = 2, w = -3 gives -6",
        "2 of 15: add #2 of multiply #1 = -6, b = 6.875 gives 0.875",
    ]
    assert (
        told[5]
        == "6 of 15: The backward pass begins: the gradient of add #5 with respect to itself is 1"
    )
    assert (
        told[8]
        == "9 of 15: Backward from multiply #4 to tanh #3: 1 × 2 = 2. tanh #3.grad: 1 + 2 = 3"
    )
    assert told[-2] == (
        "14 of 15: Backward from multiply #1 to x: 1.514 × -3 = -4.541. "
        "x.grad: 0.7039 + -4.541 = -3.837"
    )
    pressed(page, "ArrowRight")
    assert words(page) == told[-1]  # there is no more
    back = []
    for _ in range(15):
        back.append(words(page))
        pressed(page, "ArrowLeft")
    assert back == told[::-1]
    assert words(page) == "Before the first step: only the inputs are known"


def test_each_edge_back_shows_upstream_local_contribution_and_sum(look):
    graph = viz.Graph(expression())
    page = look(graph)
    pressed(page, "ArrowRight", 6)
    for step in graph.steps:
        pressed(page, "ArrowRight")
        shown = page.eval_on_selector_all(".sum data", "all => all.map(e => Number(e.value))")
        upstream = graph.nodes[step.node].gradient.numbers.item()
        c, after = step.contribution.numbers.item(), step.after.numbers.item()
        expected = [upstream, step.local.numbers.item(), c]
        expected += [step.before.numbers.item(), c, after] if step.before else [after]
        assert shown == expected
        now = page.evaluate("[...document.querySelectorAll('.node.now')].map(e => e.dataset.key)")
        assert sorted(now) == sorted({f"n{step.node}", f"n{step.source}"})
        assert page.locator(".edge.now").count() == 1
        assert label(page, f"n{step.source}").endswith(f"gradient {after:.4g}")


def test_values_and_gradients_appear_when_their_turn_comes(look):
    page = look(viz.Graph(expression()))
    pressed(page, "Home")
    assert label(page, "n2") == "operation multiply #1, not computed yet"
    assert label(page, "n0") == "variable x, value 2"
    choose(page, 2)
    assert "not computed yet" in page.inner_text("#panel")
    pressed(page, "ArrowRight")
    assert label(page, "n2") == "operation multiply #1, value -6"
    assert "no contribution yet" in page.inner_text("#panel")
    pressed(page, "End")
    assert label(page, "n2") == "operation multiply #1, value -6, gradient 1.514"


def test_one_key_leads_through_the_whole_pass_of_a_network(look):
    _, loss = network()
    graph = viz.Graph(loss)
    page = look(graph, height=420)  # not all of it is to be seen at once
    page.evaluate("zoom(2)")
    seen = set()
    while True:
        pressed(page, "ArrowRight")
        if words(page) in seen:
            break
        seen.add(words(page))
        box = page.locator(".node.now").first.bounding_box()
        stage = page.locator("#canvas").bounding_box()
        assert stage["y"] <= box["y"] and box["y"] + box["height"] <= stage["y"] + stage["height"]
    assert len(seen) == 6 + 1 + len(graph.steps)
    learned = [n for n in graph.nodes if n.kind == "parameter"]
    assert all("gradient" in label(page, f"n{n.number}") for n in learned)


def test_the_whole_graph_comes_back_with_escape(look):
    page = look(viz.Graph(expression()))
    before = drawn(page, "#world")
    pressed(page, "ArrowRight", 3)
    assert drawn(page, "#world") != before
    pressed(page, "Escape")
    assert drawn(page, "#world") == before
    assert page.locator(".node.now, .edge.now").count() == 0


def test_steps_are_a_list_for_those_who_read(look):
    page = look(viz.Graph(expression()))
    assert page.get_attribute("#words", "aria-live") == "polite"
    page.click("#all summary")
    items = page.locator("#all ol li")
    items.first.wait_for()  # browsers tell later that it was opened
    assert items.count() == 15
    assert items.nth(0).inner_text() == "multiply #1 of x = 2, w = -3 gives -6"
    items.nth(8).locator("button").click()
    assert words(page).startswith("9 of 15")
    assert (
        page.locator("#all [aria-current=step]")
        .inner_text()
        .startswith("Backward from multiply #4")
    )
    assert page.get_attribute("#at", "aria-valuetext").startswith("9 of 15")
    named = "all => all.every(e => e.textContent.trim() || e.ariaLabel)"
    assert page.eval_on_selector_all("button, .node, .box", named)


def test_the_list_stays_from_step_to_step_and_follows_in_a_long_graph(look):
    y = variable(1.0, "x")
    for _ in range(450):
        y = np.tanh(y)
    page = look(viz.Graph(y, roll=False))
    page.click("#all summary")
    items = page.locator("#all ol li")
    items.first.wait_for()
    page.evaluate("window.kept = document.querySelector('#all li')")
    pressed(page, "ArrowRight", 3)
    assert page.evaluate("kept.isConnected")  # built anew, it would take longer than a frame
    marked = page.locator("#all [aria-current]")
    assert marked.count() == 1 and "tanh #3" in marked.text_content()
    pressed(page, "End")
    assert marked.count() == 1 and "x" in marked.text_content()
    assert items.count() < 450
    first = page.locator("#all ol").get_attribute("start")
    assert items.first.text_content() == page.evaluate(f"sentence(FRAMES[{first} - 1])")
    pressed(page, "Home")
    assert "tanh #1" in items.first.text_content()


def test_the_panel_tells_formula_rule_and_line(look):
    page = look(viz.Graph(expression()))
    choose(page, 2)
    said = page.inner_text("#panel")
    assert "multiply:  y = x w" in said and "g * w" in said and "ops/elementwise.py" in said
    assert "test_step_page.py:" in said and "y = np.tanh(x * w + b)" in said
    assert "() float64" in said
    page.click("#panel .links button >> text=x")
    assert page.inner_text("#panel h2") == "x"


# ---------------------------------------------------------------------------------- buttons, keys, touch


def transform(page):
    return page.get_attribute("#world", "transform")


def test_every_button_does_something(look):
    _, loss = network()
    page = look(viz.Graph(loss))
    last = len(viz.Graph(loss).steps) + 7
    tried = set()

    def click(name):
        tried.add(name)
        page.click(f"#{name}")

    click("first")
    assert words(page).startswith("Before the first step")
    click("next")
    assert words(page).startswith(f"1 of {last}")
    click("last")
    assert words(page).startswith(f"{last} of {last}")
    click("back")
    assert words(page).startswith(f"{last - 1} of {last}")
    click("first")
    click("play")
    assert page.get_attribute("#play", "aria-pressed") == "true"
    until(page, "document.getElementById('words').textContent.startsWith('2 of')")
    click("play")
    assert page.get_attribute("#play", "aria-pressed") == "false"
    click("in")
    larger = transform(page)
    click("out")
    assert transform(page) != larger
    click("fit")
    fitted = transform(page)
    click("in")
    pressed(page, "f")
    assert transform(page) == fitted
    click("close")
    assert page.locator(".box").count() == 0 and page.locator("[data-key=g0]").count() == 1
    click("open")
    assert page.locator(".box").count() == 4
    click("theme")
    assert page.evaluate("document.documentElement.className") == "dark"
    click("predict")
    assert page.get_attribute("#predict", "aria-pressed") == "true"
    click("help")
    assert page.locator("#keys").is_visible()
    page.click("#keys button")
    assert not page.locator("#keys").is_visible()
    everyone = page.evaluate("[...document.querySelectorAll('button[id]')].map(e => e.id)")
    assert set(everyone) == tried


def test_every_key_does_something(look):
    page = look(viz.Graph(expression()))
    before = transform(page)
    pressed(page, "+")
    assert transform(page) != before
    pressed(page, "-")
    pressed(page, "f")
    pressed(page, "?")
    assert page.locator("#keys").is_visible()
    pressed(page, "Escape")
    assert not page.locator("#keys").is_visible()
    until(
        page, "document.activeElement == document.body"
    )  # the focus leaves a closed dialog a frame later
    pressed(page, " ")
    assert page.get_attribute("#play", "aria-pressed") == "true"
    pressed(page, " ")
    assert page.get_attribute("#play", "aria-pressed") == "false"
    pressed(page, "p")
    assert page.locator("#guess").is_visible()


def test_the_slider_goes_anywhere(look):
    page = look(viz.Graph(expression()))
    page.locator("#at").fill("9")
    assert words(page).startswith("9 of 15")


def scale(page):
    return float(transform(page).partition("scale(")[2].rstrip(")"))


def test_wheel_drag_and_pinch(look):
    page = look(viz.Graph(expression()))
    size = scale(page)
    page.mouse.move(300, 300)
    page.mouse.wheel(0, -200)
    until(page, f"view.k > {size}")
    before = page.evaluate("[view.x, view.y]")
    page.mouse.down()
    page.mouse.move(350, 320, steps=4)
    page.mouse.up()
    after = page.evaluate("[view.x, view.y]")
    assert 40 <= after[0] - before[0] <= 50 and 12 <= after[1] - before[1] <= 20
    size = scale(page)
    page.evaluate(
        """() => {
          const send = (type, pointerId, clientX) => canvas.dispatchEvent(
            new PointerEvent(type, { pointerId, clientX, clientY: 300, bubbles: true }));
          send("pointerdown", 7, 200);
          send("pointerdown", 8, 300);
          send("pointermove", 8, 400);
          send("pointerup", 7, 200);
          send("pointerup", 8, 400);
        }"""
    )
    assert scale(page) == pytest.approx(2 * size, rel=1e-3)


def test_nodes_are_opened_by_keyboard(look):
    page = look(viz.Graph(expression()))
    page.focus("[data-key=n3]")
    pressed(page, "Enter")
    assert page.inner_text("#panel h2") == viz.Graph(expression()).names[3]


# --------------------------------------------------------------------------------------------- boxes


def test_modules_close_and_open(look):
    _, loss = network()
    page = look(viz.Graph(loss))
    assert page.locator("[data-key=n2]").count() == 1
    page.click("[data-key=b1]", position={"x": 5, "y": 5})
    assert page.locator("[data-key=n2]").count() == 0
    closed = drawn(page, "[data-key=g1]")
    assert "0: Linear(4, 3)" in closed and "2 operations" in closed
    assert "gradient" in label(page, "g1")
    page.click("[data-key=g1]")
    page.click("#panel button >> text=expand")
    assert page.locator("[data-key=n2]").count() == 1


def test_a_closed_module_is_one_step_of_the_way(look):
    _, loss = network()
    page = look(viz.Graph(loss))
    page.click("#close")
    pressed(page, "ArrowRight", 20)
    assert words(page).startswith(
        "4 of 4"
    )  # the model, the loss, its gradient, and what comes back
    assert "gradient" in label(page, "g0")


def test_repetitions_are_rolled_up_until_somebody_opens_them(look):
    page = look(viz.Graph(unrolled(180)))
    assert page.locator(".node").count() == 3
    assert "Cell() × 180" in drawn(page, "[data-key=g0]")
    page.click("[data-key=g0]")
    page.click("[data-key=g0]")
    assert page.locator(".node.module").count() == 180
    page.evaluate("toggle(1)")
    assert page.locator(".node.operation").count() == 4
    page = look(viz.Graph(unrolled(7)))  # also where all could be seen at once
    assert "Cell() × 7" in drawn(page, "[data-key=g0]")


def test_boxes_do_not_overlap_and_lines_go_down(look):
    page = look(
        viz.Graph(nn.cross_entropy(Transformer(blocks=1)(np.array([[1, 2, 3]])), [[2, 3, 4]]))
    )
    page.click("#open")
    spots = page.evaluate("[...spots].map(([k, s]) => [k, s.x, s.y, s.x + s.w, s.y + s.h])")
    nodes = [s[1:] for s in spots if s[0][0] == "n"]
    assert len(nodes) > 50
    for i, (l, t, r, b) in enumerate(nodes):
        for l2, t2, r2, b2 in nodes[:i]:
            assert r <= l2 or r2 <= l or b <= t2 or b2 <= t
    where = {s[0]: s[1:] for s in spots}
    for a, b in page.evaluate("[...lines.values()].map(l => [l.a, l.b])"):
        beside = where[a][2] < where[b][0]  # in a later column
        assert where[a][3] < where[b][1] or beside


# -------------------------------------------------------------------------------------- predictions


def test_predict_asks_before_it_shows(look):
    page = look(viz.Graph(expression()))
    page.click("#predict")
    assert "What is the result?" in page.inner_text("#panel")
    assert label(page, "n2").endswith("not computed yet")
    assert "-6" not in drawn(page, "#world") + page.inner_text("#panel") + words(page)
    page.fill("#guess", "six")
    pressed(page, "Enter")
    assert "That is not a number" in page.inner_text("#panel")
    page.fill("#guess", "-5")
    pressed(page, "Enter")
    assert page.inner_text("[role=status]") == "You answered -5, off by 1: it is -6. 0 of 1 right."
    assert label(page, "n2").endswith("value -6")
    pressed(page, "ArrowRight")
    page.fill("#guess", "0.875")
    pressed(page, "Enter")
    assert page.inner_text("[role=status]") == "Exactly: it is 0.875. 1 of 2 right."
    pressed(page, "ArrowRight")
    page.fill("#guess", "0,704")
    pressed(page, "Enter")
    assert page.inner_text("[role=status]").startswith("Right: it is 0.7039. 2 of 3")
    pressed(page, "ArrowRight")
    pressed(page, "Enter")  # nothing said
    assert page.inner_text("[role=status]") == "It is 1.408."


def test_predict_asks_for_the_sum_where_paths_meet(look):
    page = look(viz.Graph(expression()))
    page.evaluate("go(8)")
    pressed(page, "p")
    assert "tanh #3.grad, after this contribution is accumulated?" in page.inner_text("#panel")
    page.fill("#guess", "3")
    pressed(page, "Enter")
    assert page.inner_text("[role=status]").startswith("Exactly: it is 3")
    pressed(page, "p")
    pressed(page, "ArrowRight")
    assert words(page).startswith("10 of 15")  # it is off again


def value_of(expression):
    """Of a sum of products as a page writes it: "0.5 × (-2) + 1 / 4"."""
    assert set(expression) <= set("0123456789.+-×/() e"), expression
    return eval(expression.replace("×", "*"))


def asked(page):
    """(kind of step, the question, what is true, of what kind that is) of each step."""
    told = (
        "f => { const { words, truth, kind } = question(f); return [f.kind, words, truth, kind]; }"
    )
    return [tuple(each) for each in page.evaluate(f"FRAMES.map({told})")]


def small():
    """Matrices, an axis that is repeated, a sum, a mean, and two ways to x and to b."""
    x, b = variable(np.arange(1.0, 7.0).reshape(2, 3) / 4, "x"), variable([1.0, -2.0], "b")
    w = variable([[0.5, -1.0], [2.0, 0.25], [-0.75, 1.5]], "w")
    h = (x @ w + b) * b
    return (np.tanh(h) - b).sum() + h.mean()


def test_predict_asks_what_can_be_worked_out(look):
    """One entry, with the numbers that make it: they are those of the tensors, and give what is true."""
    graph = viz.Graph(small())
    questions = asked(look(graph))
    entries = [q for q in questions if " at [" in q[1]]
    backward = [q for q in entries if q[0] == "back"]
    assert len(entries) >= 13 and len(backward) >= 8
    steps = [None] * (len(questions) - len(graph.steps)) + graph.steps
    for (kind, words, truth, what), step in zip(questions, steps, strict=True):
        if (kind, words, truth, what) in backward:
            place, worked = re.search(r"at \[(.*?)\]\? There it is (.*) = \?", words).groups()
            assert truth == step.after.numbers[tuple(map(int, place.split(", ")))]
            assert value_of(worked) == pytest.approx(truth, rel=2e-3, abs=2e-3)
    product = next(words for kind, words, *_ in entries if "×" in words and kind == "forward")
    assert "There 1 × (-1) + 1.25 × 0.25 + 1.5 × 1.5" in product


def test_predict_asks_for_shapes_and_signs_of_what_is_large(look):
    page = look(viz.Graph(network(128)[1]))
    questions = asked(page)
    assert [what for *_, what in questions].count("shape") >= 8
    pressed(page, "p")
    words = page.inner_text("#panel")
    assert (
        "What is the shape of the result?" in words and "points has (5, 4), W has (4, 128)" in words
    )
    assert "(5, 128)" not in drawn(page, "[data-key=n2]")
    page.fill("#guess", "what")
    pressed(page, "Enter")
    assert "That is not a shape" in page.inner_text("[role=status]")
    page.fill("#guess", "4x128")
    pressed(page, "Enter")
    said = "You answered (4, 128): it is (5, 128). 0 of 1 right."
    assert page.inner_text("[role=status]") == said
    page.evaluate("go(5)")
    pressed(page, "ArrowRight")
    assert "Is the result positive, negative or zero?" in page.inner_text("#panel")
    page.fill("#guess", "+")
    pressed(page, "Enter")
    assert page.inner_text("[role=status]") == "Exactly: it is positive. 1 of 2 right."


def test_edges_without_a_product_show_what_their_rule_takes(look):
    """x and g of dL/dw = xᵀ g, with one entry worked out; the axis that is summed over."""
    graph = viz.Graph(small())
    page = look(graph)
    forwards = sum(not node.leaf for node in graph.nodes) + 1

    def shown(operation, source):
        k = next(
            k for k, s in enumerate(graph.steps)
            if (graph.nodes[s.node].title, graph.nodes[s.source].title) == (operation, source)
        )  # fmt: skip
        page.evaluate(f"go({forwards + k + 1})")
        return graph.steps[k], page.inner_text("#panel section")

    step, words = shown("matmul", "w")
    terms = page.eval_on_selector_all(
        ".sum:first-of-type > div", "all => all.map(e => [e.querySelector('small').textContent,"
        "[...e.querySelectorAll('data')].map(d => Number(d.value))])"
    )  # fmt: skip
    operands = {name: np.array(numbers) for name, numbers in terms}
    x, g = operands["x"].reshape(2, 3), operands["g, upstream gradient"].reshape(2, 2)
    np.testing.assert_allclose(x.T @ g, step.contribution.numbers)
    assert "Entry [i, j] is the sum over k of x[k, i] × g[k, j]" in words
    place, worked, result = re.search(r"At \[(.*?)\]: (.*) = (\S+)", words).groups()
    assert value_of(worked) == pytest.approx(float(result), rel=2e-3)
    assert (x.T @ g)[tuple(map(int, place.split(", ")))] == pytest.approx(float(result), rel=2e-3)
    assert "summed over axis 0" in shown("add", "b")[1]
    assert "goes over all axes" in shown("mean", "multiply")[1]


# -------------------------------------------------------------------------------- looks and screens


def test_on_a_telephone_the_status_has_its_end_and_nothing_covers_nodes(look):
    page = look(viz.Graph(network(64)[1]), width=390)
    for _ in range(page.evaluate("state.visible.length")):
        pressed(page, "ArrowRight")
        assert page.evaluate("$('words').scrollHeight <= $('words').clientHeight + 1"), words(page)
        canvas, buttons = (page.locator(f"#{name}").bounding_box() for name in ("canvas", "zoom"))
        assert canvas["y"] + canvas["height"] <= buttons["y"] + 1


def test_on_a_telephone_what_is_said_of_a_guess_is_in_sight(look):
    page = look(viz.Graph(small()), width=390)
    page.evaluate("go(21)")
    pressed(page, "p")
    page.fill("#guess", "1")
    pressed(page, "Enter")
    panel, said = (page.locator(name).bounding_box() for name in ("#panel", "[role=status]"))
    assert said["y"] >= panel["y"]


def test_a_long_vector_is_a_strip_with_its_numbers_folded_away(look):
    page = look(viz.Graph((variable(np.arange(40.0), "x") * 2).sum()))
    pressed(page, "ArrowRight")
    strip = page.locator("#panel .sum img").first
    assert strip.bounding_box()["height"] >= 14
    assert page.locator("#panel .sum table").first.is_hidden()
    assert page.locator("#panel .sum summary").first.inner_text() == "all 40 numbers"
    page.locator("#panel .sum summary").first.click()
    assert page.locator("#panel .sum table").first.is_visible()
    assert page.locator("#panel .sum").bounding_box()["y"] < 300


@pytest.mark.parametrize("width", [1280, 390])
def test_upstream_times_local_is_contribution_in_one_line(look, width):
    page = look(viz.Graph(expression()), width=width)
    page.evaluate("go(14)")
    names = "all => all.map(e => e.textContent)"
    assert page.eval_on_selector_all("#panel .sum small", names) == [
        "upstream gradient", "local derivative", "contribution",
    ]  # fmt: skip
    tops = page.eval_on_selector_all(
        "#panel .sum:has(small) > div", "all => all.map(e => e.getBoundingClientRect().top)"
    )
    assert len(tops) == 3 and len(set(tops)) == 1


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_widths_and_themes(look, width, scheme):
    page = look(viz.Graph(network()[1]), width=width, scheme=scheme)
    pressed(page, "End")
    assert page.evaluate("document.documentElement.className") == (
        "dark" if scheme == "dark" else ""
    )
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == ("rgb(20, 24, 29)" if scheme == "dark" else "rgb(246, 247, 249)")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    for name in ("first", "back", "play", "next", "last", "predict", "theme", "help", "fit", "in"):
        box = page.locator(f"#{name}").bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= width
        assert box["height"] >= 32 and box["y"] + box["height"] <= 800
    stage, panel = (page.locator(f"#{name}").bounding_box() for name in ("stage", "panel"))
    if width == 390:  # a sheet below the graph
        assert panel["y"] >= stage["y"] + stage["height"] - 1 and stage["height"] > 200
    else:
        assert panel["x"] >= stage["x"] + stage["width"] - 1
    before = transform(page)
    page.click("#theme")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != paper
    assert transform(page) == before


def test_a_tap_opens_a_sheet(look):
    page = look(viz.Graph(expression()), width=390)
    assert not page.locator("#panel").is_visible()
    page.tap("[data-key=n2]")
    assert page.locator("#panel").is_visible()
    assert page.inner_text("#panel h2") == "multiply #1"


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_motion_is_reduced_for_those_who_ask(look, motion):
    page = look(viz.Graph(expression()), motion=motion)
    pressed(page, "ArrowRight", 8)
    name = page.evaluate("getComputedStyle(document.querySelector('.edge.now')).animationName")
    assert name == ("none" if motion == "reduce" else "flow")


# ------------------------------------------------------------------------------------- what may be odd

ODD = [
    '<script>alert("1")</script>',
    "</script><script>alert(1)</script><!--",
    "a\nb\tc\u2028d\u2029e",
    "größe 重み 🙂",
    "\"'`${alert(1)}",
    "\x00\x1b\ud800\u202e",
    "<img src=x onerror=alert(1)>",
    "{{program}} {{graph}} {{title}}",
    "",
    "x" * 5000,
]


@pytest.mark.parametrize("name", ODD)
def test_names_are_shown_and_not_obeyed(look, name):
    class Named(nn.Sequential):
        def __repr__(self):
            return name

    y = Named(lambda x: x * 2)(variable(1.0, name))
    y.name = name
    page = look(viz.Graph(y))
    assert page.locator("script").count() == 5  # ours
    assert page.locator("img").count() == 0
    assert printable(name or "Tensor", 28) in drawn(page, "[data-key=n0]")
    label = "Named" if "\n" in name else name
    assert drawn(page, ".labels") == "− " + printable(label, 40)
    choose(page, 0)
    pressed(page, "End")
    assert page.evaluate("document.documentElement.scrollWidth") == 1280


def test_without_a_gradient_the_reason_is_shown_and_not_0(look):
    page = look(viz.Graph(variable([1.0, 2.0], "x") * 2))
    reason = "gradient not computed: call backward() on a single number"
    assert reason in words(page) and reason in page.inner_text("#panel")
    choose(page, 0)
    assert numbers_under(page, "Gradient") == []
    assert reason in page.inner_text("#panel")
    pressed(page, "End")
    assert words(page).startswith("1 of 1")  # forwards it can be followed


def test_a_freed_graph_says_so_and_shows_what_is_left(look):
    x = variable(2.0, "x")
    y = x * x
    y.backward()
    with pytest.warns(UserWarning, match="has freed this graph"):
        part, all_of_it = viz.Graph(y * x), viz.Graph(y)
    page = look(part)
    assert words(page).startswith("backward() has freed this graph")
    assert label(page, "n0") == "freed operations #1, value 4"
    page = look(all_of_it)
    assert "freed operations" in drawn(page, "[data-key=n0]")


@pytest.mark.parametrize(
    ("array", "shown"),
    [
        (np.array([1 + 2j, 3.0]), ["(1+2j)", "(3+0j)"]),
        (np.array([True, False]), ["true", "false"]),
        (np.array([[[7]]]), ["7"]),
        (np.array([123456789, -1]), ["123456789", "-1"]),
        (np.zeros((0, 3)), []),
        (np.array([1e-30, 2e20]), ["1e-30", "200000000000000000000"]),
    ],
)
def test_numbers_of_every_kind(look, array, shown):
    page = look(viz.Graph(Tensor(array, name="x")))
    choose(page, 0)
    assert page.evaluate(UNDER, "Value")[: len(shown)] == shown
    assert page.locator("#panel data.bad").count() == 0
    assert array.size or "empty" in page.inner_text("#panel")


def test_a_constant_alone(look):
    page = look(viz.Graph(Tensor([1.0, 2.0], name="x")))
    assert words(page).startswith("No operation was recorded")
    for key in ("ArrowRight", "ArrowLeft", "Home", "End", "p", " ", "f"):
        pressed(page, key)


def test_a_browser_that_cannot_unpack_says_so(visit):
    html = viz.Graph(expression()).html().replace("new DecompressionStream", "new Nothing")
    page = visit(html)
    until(page, "document.body.textContent.trim().startsWith('This page needs')")


# ----------------------------------------------------------------------------------------- the script


def test_no_two_modules_of_the_script_define_the_same_name():
    """They are joined into one script: a function of the same name would silently take its place."""
    folder = Path(step_page.__file__).parent / "page"
    defined = Counter(
        name
        for module in folder.glob("*.js")
        for name in re.findall(
            r"^(?:export )?(?:async )?(?:const|let|function|class) (\w+)", module.read_text(), re.M
        )
    )
    assert len(defined) > 100
    assert [name for name, times in defined.items() if times > 1] == []


def test_the_script_has_all_modules_and_no_comments():
    folder = Path(step_page.__file__).parent / "page"
    script = page_files.program("page/main.js")
    for module in folder.glob("*.js"):
        for start in re.findall(r"^export (\w+ \w+)", module.read_text(), re.M):
            assert f"\n{start}" in script, module.name
    assert "//" not in script.replace("http://", "")
    assert "/*" not in script and "import" not in script and "export" not in script


# --------------------------------------------------------------------------------------- large graphs


def test_pages_are_small():
    assert len(viz.Graph(expression()).html().encode()) <= 40_000
    recurrent_graph = viz.Graph(recurrent())
    assert len(recurrent_graph.nodes) >= 3000
    assert len(recurrent_graph.html().encode()) <= 1_500_000
    for graph in (viz.Graph(transformer()), viz.Graph(network(128)[1])):
        assert len(graph.html().encode()) <= 700_000


@pytest.mark.parametrize("make", [recurrent, transformer])
def test_large_graphs_are_stepped_through(look, make):
    graph = viz.Graph(make())
    page = look(graph)
    rolled = "step × 179" if make is recurrent else "TransformerBlock × 12"
    assert rolled in drawn(page, "#world")
    pressed(page, "ArrowRight", 8)
    assert words(page).startswith("8 of")
    pressed(page, "End")
    assert page.locator(".node.now").count() >= 1
    pressed(page, "Escape")
    choose(page, graph.nodes[-1].number)
    assert numbers_under(page, "Value") == [
        pytest.approx(float(graph.nodes[-1].value.numbers), rel=1e-6)
    ]


def test_the_more_there_is_the_less_is_kept_of_each(monkeypatch, look):
    graph = viz.Graph(network()[1])
    monkeypatch.setattr(step_page, "LARGE", 10)
    page = look(graph)
    choose(page, graph.nodes[2].number)
    x = graph.nodes[2].value
    assert numbers_under(page, "Value") == [x.mean, x.spread, x.low, x.high]


# ---------------------------------------------------------------------------- errors and changes


def test_the_page_of_what_failed_tells_the_error(look):
    x = variable(np.ones((2, 3)), '<img src=x onerror="window.hit=1">')
    try:
        np.tanh(x) @ np.ones((4, 2))
    except ValueError as error:
        graph = viz.explain_error(error)
    page = look(graph)
    page.evaluate(f"choose('n{graph.nodes[-1].number}')")
    told = page.inner_text("#panel")
    assert "ValueError: matmul(" in told and "must be equal" in told
    for heading in ("Shape", "Value\n", "Gradient", "Formula"):  # it has none
        assert heading not in told
    assert "failed" in drawn(page, f"[data-key=n{graph.nodes[-1].number}]")
    assert page.evaluate("window.hit") is None
    stroke = page.evaluate("getComputedStyle(document.querySelector('.failed rect')).stroke")
    assert stroke == "rgb(208, 58, 43)"


def test_the_page_of_changes_has_its_shades(look):
    x = variable(1.0, "x")
    before = viz.Graph(x * 2 + np.sin(variable(3.0, "still")))
    x.data[...] = 2.0
    graph = viz.changes(before, viz.Graph(x * 2 + np.sin(variable(3.0, "still"))))
    page = look(graph)
    fills = {}
    for node in graph.nodes:
        rect = f"document.querySelector('[data-key=n{node.number}] rect')"
        fills[node.title] = page.evaluate(f"{rect}?.style.fill ?? ''")
    assert "color-mix" in fills["x"] and re.search(r"\b30%", fills["x"])  # half of 60 %
    assert fills["still"] == ""
    page.evaluate(f"choose('n{graph.nodes[-1].number}')")
    assert f"was {before.nodes[-1].value}" in page.inner_text("#panel")


# ---------------------------------------------------------------------------------------------- play


def test_of_a_long_edge_the_end_is_shown_where_the_gradient_arrives(look):
    x = variable(2.0, "x")
    y = first = x * 3.0
    for _ in range(12):
        y = np.tanh(y)
    page = look(viz.Graph(y + first), width=390)
    edge = (
        "FRAMES.findIndex(f => f.kind == 'back' && f.node == RESULT.i && f.source != RESULT.i - 1)"
    )
    page.evaluate(f"go({edge} + 1)")
    page.evaluate("reveal()")
    assert page.evaluate("view.k") >= 0.7  # names have nine pixels
    box, canvas = (page.locator(s).bounding_box() for s in ("[data-key=n2]", "#canvas"))
    assert "now" in page.get_attribute("[data-key=n2]", "class")
    assert canvas["y"] <= box["y"] and box["y"] + box["height"] <= canvas["y"] + canvas["height"]


def test_long_names_are_not_cut_on_a_telephone(look):
    page = look(viz.Graph(variable(np.ones((2, 2)), "a_long_name_" * 20).sum()), width=390)
    page.evaluate("go(FRAMES.length)")
    assert page.evaluate("$('panel').scrollWidth <= $('panel').clientWidth")


@pytest.fixture
def play_with(visit):
    """play_with(graph, play=..., rate=...): its page, ready."""

    def opened(graph, width=1280, **settings):
        page = visit(graph.html(**settings), width=width)
        page.wait_for_selector("body[data-ready]")
        return page

    return opened


def turned(page, name, k):
    page.get_by_label(name, exact=True).fill(str(k))


def assert_shows(page, result):
    """The nodes of the page have the values and gradients of another graph."""
    for node in viz.Graph(result).nodes:
        lines = drawn(page, f"[data-key=n{node.number}]").split("\n")
        shown = [line for line in lines if line[0] != "#"]  # the number of an operation
        value, gradient = (float(text.split()[-1]) for text in shown[1:3])
        assert value == pytest.approx(node.value.numbers.item(), rel=1e-3)
        assert gradient == pytest.approx(node.gradient.numbers.item(), rel=1e-3)
        exact = page.evaluate(f"array(NODES[{node.number}].gradient).numbers[0]")
        assert exact == node.gradient.numbers.item()


def test_a_slider_moves_a_number_and_all_follows(play_with):
    graph = viz.Graph(expression())
    page = play_with(graph, play={"x": (-3, 3, 7), "w": (-4, 4, 9)})
    assert_shows(page, expression())
    for k, x in enumerate(range(-3, 4)):
        turned(page, "x", k)
        assert_shows(page, expression(x=float(x)))
        assert f"= {x}" in page.inner_text("#knobs")
    turned(page, "w", 5)
    assert_shows(page, expression(w=1.0))  # and x is back: one number is moved at a time
    assert page.get_by_label("x", exact=True).input_value() == "5"


def test_steps_and_panel_follow_what_is_played(play_with):
    graph = viz.Graph(expression())
    page = play_with(graph, play={"x": (-3, 3, 7)})
    turned(page, "x", 6)
    other = viz.Graph(expression(x=3.0))
    choose(page, 0)
    assert numbers_under(page, "Value") == [3.0]
    assert numbers_under(page, "Gradient") == [other.nodes[0].gradient.numbers.item()]
    page.keyboard.press("Escape")
    page.focus("#next")
    for step in other.steps:
        page.evaluate(f"go({5 + 1 + 1 + other.steps.index(step)})")
        shown = page.eval_on_selector_all(".sum data", "all => all.map(e => Number(e.value))")
        assert shown[:3] == [
            other.nodes[step.node].gradient.numbers.item(),
            step.local.numbers.item(),
            step.contribution.numbers.item(),
        ]
    turned(page, "x", 0)  # the step stays, with other numbers
    assert words(page).startswith("15 of 15")


def test_the_first_number_that_is_not_finite_follows(play_with):
    with np.errstate(all="ignore"):
        page = play_with(viz.Graph(np.log(variable(1.0, "x")) * 2), play={"x": (-1, 1, 3)})
    lost = "[...document.querySelectorAll('.node.lost')].map(e => e.dataset.key)"
    assert page.evaluate(lost) == [] and page.inner_text("#alert") == ""
    turned(page, "x", 1)
    assert page.inner_text("#alert") == "NaN or infinity comes up first in log #1."
    assert page.evaluate(lost) == ["n0", "n2"]
    choose(page, 1)
    assert "-inf in log #1 of x = 0" in page.inner_text("#panel")
    turned(page, "x", 0)
    assert "NaN in log #1 of x = -1" in page.inner_text("#panel")
    turned(page, "x", 2)
    assert page.evaluate(lost) == [] and not page.locator("#alert").is_visible()


def test_a_number_is_dragged_on_its_node(play_with):
    graph = viz.Graph(expression())
    page = play_with(graph, play={"x": (-3, 3, 7)})
    before = transform(page)
    box = page.locator("[data-key=n0]").bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 20 - 12, box["y"] + 20, steps=4)
    page.mouse.up()
    assert_shows(page, expression(x=-2.0))
    assert transform(page) == before  # the picture did not move
    assert page.locator(".chosen").count() == 0  # and it was no click
    page.click("[data-key=n0]")
    assert page.locator(".chosen").count() == 1


def test_the_keys_of_a_slider_are_its_own(play_with):
    page = play_with(viz.Graph(expression()), play={"x": (-3, 3, 7)})
    slider = page.get_by_label("x", exact=True)
    slider.focus()
    pressed(page, "ArrowRight")
    assert slider.get_attribute("aria-valuetext") == "3"
    assert words(page).startswith("Press →")
    pressed(page, "Home")
    assert slider.get_attribute("aria-valuetext") == "-3"


def test_a_curve_shows_the_result_and_its_slope(play_with):
    page = play_with(viz.Graph(np.square(variable(1.0, "x"))), play={"x": (-2, 2, 5)})
    assert page.get_attribute("#knobs svg", "aria-label") == "square #1 over x"
    curve, tangent, dot = (
        page.locator("#knobs svg path").nth(i).get_attribute("d") for i in range(3)
    )
    assert curve == "M0 0L24 22.5L48 30L72 22.5L96 0"
    assert dot.startswith("M72 22.5")
    ends = np.array([point.split() for point in tangent[1:].split("L")], float)
    assert (ends[1, 1] - ends[0, 1]) / (ends[1, 0] - ends[0, 0]) == pytest.approx(
        -2 * 1.0 * (30 / 4) / (96 / 4), abs=0.02
    )


def test_steps_of_gradient_descent(play_with):
    x = 2.0
    page = play_with(viz.Graph(np.square(variable(x, "x"))), rate=0.25, play={"x": (-2, 2, 5)})
    assert "square #1 = 4" in page.inner_text("#knobs")
    page.click("text=one step down")
    for step in range(1, 21):
        x -= 0.25 * 2 * x
        assert_shows(page, np.square(variable(x, "x")))
        assert f"step {step} of 20" in page.inner_text("#knobs")
        if step < 20:
            page.get_by_role("button", name="again", exact=True).click()
    assert page.get_by_role("button", name="again", exact=True).is_disabled()
    page.click("text=start again")
    assert_shows(page, np.square(variable(2.0, "x")))
    page.click("text=one step down")
    turned(page, "x", 0)
    assert_shows(page, np.square(variable(-2.0, "x")))
    assert "one step down" in page.inner_text("#knobs")  # the steps begin anew


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_of_play_is_cut(play_with, width):
    page = play_with(
        viz.Graph(expression()), width=width, play={"x": (-3, 3), "w": (-4, 4)}, rate=0.1
    )
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate("$('knobs').scrollWidth <= $('knobs').clientWidth")
    everything = "all => all.every(e => e.scrollWidth <= e.clientWidth + 2)"
    assert page.eval_on_selector_all("#knobs button, #knobs span", everything)
    assert page.locator("#canvas").bounding_box()["height"] > 200


def test_sliders_leave_a_telephone_room_for_the_graph(play_with):
    x, y = variable(2.0, "x"), variable(0.5, "y")
    for _ in range(40):  # a graph with a minimap
        y = y * x - y
    page = play_with(viz.Graph(y), width=390, play={"x": (-3, 3)}, rate=0.1)
    assert page.locator("#minimap").is_hidden() and page.locator("#legend").is_hidden()
    page.evaluate("go(3)")
    unfolded = page.locator("#canvas").bounding_box()["height"]
    assert unfolded > 180
    page.click("#knobs summary")
    assert page.locator("#knobs input").is_hidden()
    assert page.locator("#canvas").bounding_box()["height"] > unfolded
    page.evaluate("showAll()")
    assert page.locator("#minimap").is_visible() and page.locator("#legend").is_visible()
    # the window that the minimap shows: what is seen of the graph and its border
    shown = "frameSeen.getBBox().y + frameSeen.getBBox().height"
    seen = "Math.min((canvas.clientHeight - view.y) / view.k, bounds.bottom + BORDER)"
    until(page, f"Math.abs({shown} - {seen}) < 1")


def test_without_play_there_are_no_sliders(look):
    page = look(viz.Graph(expression()))
    assert page.locator("#knobs").is_hidden() and page.locator(".knob").count() == 0
