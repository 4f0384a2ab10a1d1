"""The check of the built pages finds what is wrong, and nothing else."""

import pytest
from site_tools.check import faults

GOOD = """<html><head><link rel="stylesheet" href="a.css"><script src="a.js"></script></head><body>
<h1 id="top">A</h1><a href="#top">up</a> <a href="b.html#there">b</a> <a href="https://example.org">out</a>
<img src="a.png" alt="a picture"></body></html>"""


@pytest.fixture
def site(tmp_path):
    (tmp_path / "a.html").write_text(GOOD)
    (tmp_path / "b.html").write_text('<p id="there">b</p>')
    for name in ("a.css", "a.js", "a.png"):
        (tmp_path / name).write_text("")
    return tmp_path


def test_a_good_site_has_no_faults(site):
    assert faults(site) == []


@pytest.mark.parametrize(
    "old, new, fault",
    [
        ('src="a.js"', 'src="https://cdn.example/a.js"', "a.html: loads https://cdn.example/a.js"),
        ('href="a.css"', 'href="//fonts.example/a.css"', "a.html: loads //fonts.example/a.css"),
        ('src="a.png"', 'src="http://example.org/a.png"', "a.html: loads http://example.org/a.png"),
        ("b.html#there", "b.html#here", "a.html: there is no such place: b.html#here"),
        ("b.html#there", "c.html", "a.html: there is no c.html"),
        ('src="a.png"', 'src="c.png"', "a.html: there is no c.png"),
        (' alt="a picture"', "", "a.html: a picture without alternative text: a.png"),
        ("<h1", "<style>@import 'https://x.example/f.css';</style><h1", "a.html: a style loads https://x.example/f.css"),
    ],
)  # fmt: skip
def test_a_fault_is_found(site, old, new, fault):
    assert old in GOOD
    (site / "a.html").write_text(GOOD.replace(old, new))
    assert faults(site) == [fault]


def test_fonts_of_a_style_sheet(site):
    (site / "a.css").write_text("@font-face { src: url(https://fonts.example/f.woff) }")
    assert faults(site) == ["a.css: loads https://fonts.example/f.woff"]
