"""The page about a profile: what it shows, for everyone, without a network."""

import re

import numpy as np
import pytest

from tests.viz.pages import violations
from tinygrad_edu import nn, optim, profile, profiling
from tinygrad_edu.profiling import BETWEEN, Limits, Row
from tinygrad_edu.viz.profile_page import _fitting, boxes, flame_graph, roofline

SCREENS = [(1280, 900), (390, 844)]
DRAWN = re.compile(r'<svg x="([\d.]+)%" y="(\d+)" width="([\d.]+)%" height="26"><title>([^:<]*): ')


@pytest.fixture(scope="module")
def measured():
    """A training step of a network with a module inside a module."""
    model = nn.Sequential(
        nn.Linear(6, 32, rng=0), nn.Residual(nn.Sequential(nn.Linear(32, 32, rng=1), nn.Tanh()))
    )
    optimizer = optim.Adam(model.parameters())
    x = np.random.default_rng(0).normal(size=(64, 6)).astype(np.float32)
    with profile() as p:
        for _ in range(3):
            optimizer.zero_grad()
            (model(x) ** 2).mean().backward()
            optimizer.step()
    return p


@pytest.fixture(scope="module")
def text(measured, tmp_path_factory):
    path = tmp_path_factory.mktemp("profile") / "profile.html"
    measured.save(path)
    return path.read_text("utf-8")


def test_it_is_one_file_without_script_and_network(text):
    assert "<script" not in text and "http" not in text and "url(" not in text
    assert "$" not in text  # every part of the template is filled
    assert text.count('<table class="layers">') == 3


def test_it_has_every_row_and_escapes_them(measured, text):
    for what in ("operation", "module", "line"):
        for row in measured.by(what).rows:
            assert f">{row.name.replace('&', '&amp;')}</td>" in text or "<" in row.name
    with profile() as p:
        np.tanh(nn.Parameter([1.0])) < 5  # noqa: B015  <b>
    assert "&lt;b&gt;" in p.by("line")._repr_html_() and "<b>" not in p.by("line")._repr_html_()


def test_boxes_hold_what_is_inside(measured):
    def check(box):
        parts = box.inside.values()
        if parts:
            assert box.seconds == pytest.approx(sum(part.seconds for part in parts))
        for part in parts:
            check(part)

    everything = boxes(measured)
    check(everything)
    assert everything.seconds == pytest.approx(measured.total)
    assert {name for name, _ in everything.inside} >= {"Sequential", "optimizer.step", BETWEEN}
    inner = everything.inside["Sequential", "module"].inside
    assert ("0", "module") in inner and ("1", "module") in inner
    assert {kind for _, kind in inner["0", "module"].inside} == {"forward", "backward"}


def test_a_box_lies_below_and_within_what_called_it(measured):
    found = DRAWN.findall(flame_graph(measured))
    drawn = [(float(x), int(y), float(w), name) for x, y, w, name in found]
    assert drawn[0] == (0.0, 0, 100.0, "everything")
    for x, y, w, _ in drawn[1:]:
        assert any(a - 0.01 <= x and x + w <= a + b + 0.01 for a, above, b, _ in drawn
                   if above == y - 26)  # fmt: skip
        beside = [(a, b) for a, other, b, _ in drawn if other == y and (a, b) != (x, w)]
        assert all(a + b <= x + 0.01 or x + w <= a + 0.01 for a, b in beside)


def test_labels_fit_their_boxes():
    assert _fitting("matmul", 60) == "matmul"
    assert _fitting("attention_weights", 70) == "attenti…"
    assert _fitting("attention_weights", 30) == ""


def test_a_dot_is_where_its_numbers_are():
    """Half of the limit in GFLOP/s, at the intensity of the ridge: right below the corner."""
    row = Row("matmul", "forward", 1.0, 1.0, 1, 10**9, 5 * 10**9, 5.0, 1.0, 50.0)
    svg = roofline([row], {"float32": Limits(10.0, 1.0)})
    x, y = map(float, re.search(r'cx="([\d.]+)" cy="([\d.]+)"', svg).groups())
    corner = re.search(r'points="\S+ ([\d.]+),([\d.]+) ', svg).groups()
    assert x == pytest.approx(float(corner[0]))
    ticks = dict(re.findall(r'y="([\d.]+)" text-anchor="end">([\d.]+)<', svg))
    places = {float(value): float(at) - 5 for at, value in ticks.items()}
    decade = places[1.0] - places[10.0]
    assert places[10.0] == pytest.approx(float(corner[1]), abs=0.2)
    assert y == pytest.approx(places[1.0] - decade * np.log10(5), abs=0.2)


def test_a_profile_of_nothing_has_a_page(tmp_path):
    with profile() as p:
        pass
    p.save(tmp_path / "empty.html")
    text = (tmp_path / "empty.html").read_text("utf-8")
    assert "No operation with arithmetic was measured." in text


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS, ids=str)
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(visit, text, screen, scheme):
    page = visit(text, width=screen[0], height=screen[1], scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= screen[0]
    assert violations(page) == []


# axe does not look at the words of pictures
CONTRAST = """() => {
  const rgb = color => color.match(/[\\d.]+/g).slice(0, 3).map(Number);
  const light = c => rgb(c).map(v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((s, v, i) => s + v * [.2126, .7152, .0722][i], 0);
  const ratio = (a, b) => ([a, b] = [light(a), light(b)].sort((x, y) => y - x), (a + .05) / (b + .05));
  const card = getComputedStyle(document.querySelector("section")).backgroundColor;
  return [...document.querySelectorAll(".flame text, .roofline text")].map(text => {
    const box = text.parentElement.querySelector(":scope > rect, :scope > circle");
    const back = box && text.parentElement.matches(".flame svg, g") ? getComputedStyle(box).fill : card;
    return [text.textContent, ratio(getComputedStyle(text).fill, back)];
  });
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_in_pictures_have_contrast(visit, text, scheme):
    found = visit(text, scheme=scheme).evaluate(CONTRAST)
    assert len(found) > 15
    assert [pair for pair in found if pair[1] < 4.5] == []


def test_the_limits_of_the_page_are_those_of_the_machine(text):
    assert f"float32: {profiling.limits('float32').gflops:.3g} GFLOP/s" in text
