"""Pictures in steps: the page in a real browser, the SVG file, and the picture of matplotlib."""

import html
from xml.etree import ElementTree

import numpy as np
import pytest

from tinygrad_edu.files.look import light_colors
from tinygrad_edu.viz import Frame, Frames, Series
from tinygrad_edu.viz.frames.shapes import Box, Dot, Line, Panel, Text

HOSTILE = "<script>alert('x')</script> & \"quoted\" $a$"


def moving(n=5, width=520, name="", words="number"):
    """A dot that moves to the right, with its number."""
    frames = []
    for i in range(n):
        x = 40 + (width - 80) * i / (n - 1)
        shapes = [
            Line([(20, 100), (width - 20, 100)], "edge"),
            Dot(x, 100, 6, "c0", key="moves"),
            Text(x, 80, str(i), key="said"),
            *[Box(10, 10, 5, 5, "c1", key="only in odd frames")] * (i % 2),
        ]
        frames.append(Frame(f"Step {i}", f"The {words} is {i}.", shapes, (x, 100)))
    return Series(name, width, 200, frames)


def said(page):
    return page.inner_text("#said h2"), page.inner_text("#said p"), page.text_content("#count")


@pytest.mark.parametrize("width, height", [(1280, 900), (390, 844)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_buttons_keys_and_slider_step_through_the_frames(look, width, height, scheme):
    page = look(
        Frames("Moving", "A dot moves.", [moving()]), width=width, height=height, scheme=scheme
    )
    assert said(page) == ("Step 0", "The number is 0.", "1 of 5")
    page.click("#next")
    assert said(page) == ("Step 1", "The number is 1.", "2 of 5")
    page.evaluate("document.activeElement.blur()")
    for key, step in (("ArrowRight", 2), ("End", 4), ("ArrowLeft", 3), ("Home", 0)):
        page.keyboard.press(key)
        assert said(page)[0] == f"Step {step}"
        assert page.text_content("#picture text") == str(step)
        assert page.input_value("#at") == str(step)
    page.focus("#at")
    page.keyboard.press("ArrowRight")  # the slider's own key: one step and not two
    assert said(page)[0] == "Step 1"
    page.click("#last")
    page.keyboard.press("ArrowRight")
    assert said(page)[0] == "Step 4"
    assert page.get_attribute("#next", "aria-disabled") == "true"
    assert page.get_attribute("#picture", "aria-label") == "Step 4. The number is 4."
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == ("rgb(246, 247, 249)" if scheme == "light" else "rgb(20, 24, 29)")


def test_it_plays_to_the_end_and_again(look):
    frames = moving(3)
    page = look(Frames("Moving", "", [frames]))
    page.keyboard.press(" ")
    assert page.get_attribute("#play", "aria-pressed") == "true"
    page.wait_for_selector("#play[aria-pressed=false]")
    assert said(page)[0] == "Step 2"
    page.click("#play")
    assert said(page)[0] == "Step 0"
    page.click("#next")
    assert page.get_attribute("#play", "aria-pressed") == "false"
    assert said(page)[0] == "Step 1"


def test_a_shape_that_stays_is_the_same_element(look):
    page = look(Frames("Moving", "", [moving()]))
    page.evaluate("window.kept = document.querySelector('[data-key=moves]')")
    page.click("#next")
    assert page.evaluate("kept === document.querySelector('[data-key=moves]') && kept.isConnected")
    assert page.locator("#picture rect").count() == 1
    page.click("#next")
    assert page.locator("#picture rect").count() == 0
    order = page.eval_on_selector_all("#picture > *", "all => all.map(e => e.tagName)")
    assert order == ["path", "circle", "text"]
    assert float(page.get_attribute("[data-key=moves]", "cx")) == 260


def test_a_series_is_chosen(look):
    frames = Frames("Moving", "", [moving(name="a"), moving(3, name=HOSTILE)], "sample")
    page = look(frames)
    page.keyboard.press("End")
    page.select_option("select", index=1)
    assert said(page) == ("Step 0", "The number is 0.", "1 of 3")
    options = page.eval_on_selector_all("option", "all => all.map(o => o.textContent)")
    assert [" ".join(o.split()) for o in options] == ["a", HOSTILE]
    assert page.inner_text("#choice span") == "sample"
    assert not look(Frames("Moving", "", [moving()])).is_visible("#choice")


def test_names_are_text(look):
    page = look(Frames(HOSTILE, HOSTILE, [moving(words=HOSTILE)]))
    assert page.inner_text("h1") == HOSTILE
    assert said(page)[1] == f"The {HOSTILE} is 0."
    assert page.locator("script").count() == 5  # those of the page, and its program


def test_a_wide_picture_scrolls_to_what_matters(look):
    page = look(Frames("Moving", "", [moving(width=2000)]), width=390, height=844)
    for step in range(5):
        box = page.locator("[data-key=moves]").bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390, step
        page.keyboard.press("ArrowRight")
    smallest = page.evaluate(
        "Math.min(...[...document.querySelectorAll('#picture text')].map(t => "
        "parseFloat(getComputedStyle(t).fontSize) * t.getScreenCTM().a))"
    )
    assert smallest >= 9


def test_the_theme_can_be_switched(look):
    page = look(Frames("Moving", "", [moving()]), scheme="dark")
    color = "getComputedStyle(document.querySelector('#picture text')).fill"
    assert page.evaluate(color) == "rgb(230, 234, 239)"
    page.click("#theme")
    assert page.evaluate(color) == "rgb(31, 41, 51)"
    page.click("#theme")
    assert page.evaluate(color) == "rgb(230, 234, 239)"


def test_without_scripts_the_page_lists_its_steps():
    page = Frames("Moving", "", [moving(words=HOSTILE)]).html()
    listed = page[page.index("<noscript>") : page.index("</noscript>")]
    assert listed.count("<li>") == 5 and "<script>" not in listed
    assert f"The {html.escape(HOSTILE)} is 3." in listed


def test_an_svg_file_is_xml_with_the_numbers(tmp_path):
    frames = Frames(HOSTILE, "", [moving(words=HOSTILE)])
    frames.save(tmp_path / "frame.svg", 2)
    root = ElementTree.fromstring((tmp_path / "frame.svg").read_text("utf-8"))
    assert root.attrib["viewBox"] == "0 0 520 200"
    assert root.attrib["aria-label"] == f"{HOSTILE}: Step 2. The {HOSTILE} is 2."
    (circle,) = root.iter("{http://www.w3.org/2000/svg}circle")
    assert circle.attrib["cx"] == "260" and circle.attrib["fill"] == "var(--c0)"
    (text,) = root.iter("{http://www.w3.org/2000/svg}text")
    assert text.text == "2"


def test_matplotlib_draws_the_same_shapes(tmp_path):
    pytest.importorskip("matplotlib")
    from matplotlib.colors import to_rgb
    from matplotlib.patches import Circle, FancyBboxPatch

    frames = Frames("Moving", "", [moving(), moving(3, name="other")])
    ax = frames.plot(1)
    (circle,) = [p for p in ax.patches if isinstance(p, Circle)]
    assert circle.center == (150, 100) and circle.get_facecolor()[:3] == to_rgb("#0072b2")
    assert sum(isinstance(p, FancyBboxPatch) for p in ax.patches) == 1
    np.testing.assert_array_equal(ax.get_lines()[0].get_xydata(), [(20, 100), (500, 100)])
    assert [t.get_text() for t in ax.texts] == ["1"]
    assert ax.get_xlim() == (0, 520) and ax.get_ylim() == (200, 0)
    assert frames.plot(-1, series="other", ax=ax) is ax and ax.texts[-1].get_text() == "2"
    for ending in ("png", "pdf"):
        frames.save(tmp_path / f"frame.{ending}", 1)
        assert (tmp_path / f"frame.{ending}").stat().st_size > 1000


def test_a_notebook_shows_the_page():
    shown = Frames("Moving", "", [moving()])._repr_html_()
    assert shown.startswith('<iframe srcdoc="&lt;!DOCTYPE html&gt;') and "noscript" in shown


def test_frames_are_a_sequence():
    frames = Frames("Moving", "", [moving(), moving(3, name="other")])
    assert len(frames) == 5 and frames[-1].title == "Step 4" and [*frames][2].words.endswith("2.")
    assert repr(frames) == "<5 frames of 'Moving'; .save('frames.html') or .plot(step)>"


def test_what_is_refused(tmp_path):
    frames = Frames("Moving", "", [moving(name="a")])
    with pytest.raises(IndexError, match="frame 5 of 5"):
        frames[5]
    with pytest.raises(
        ValueError, match=r"there is no series 'b'; there are 'a'\.[\s\S]*series='a'"
    ):
        frames.svg(0, series="b")
    with pytest.raises(ValueError, match=r"cannot be saved as .*frames\.gif"):
        frames.save(tmp_path / "frames.gif")
    assert not list(tmp_path.iterdir())


def test_a_panel_maps_numbers_to_pixels():
    panel = Panel((10, 20, 100, 50), (0.1, 10), (-1, 1), log=True)
    found = panel.points([0.1, 1, 10], [-1, 0, 1])
    np.testing.assert_allclose(found, [(10, 70), (60, 45), (110, 20)], rtol=1e-12)
    written = [s.words for s in panel.axes("across", "up") if isinstance(s, Text)]
    assert written == ["0.1", "0.3", "1", "3", "10", "-1", "0", "1", "across", "up"]


def test_colors_have_a_light_and_a_dark_form():
    colors = light_colors()
    assert colors["ink"] == "#1f2933" and {f"c{k}" for k in range(10)} <= set(colors)
