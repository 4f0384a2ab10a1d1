"""The reference has every public name, once, and every row of the derivative table."""

import importlib

import pytest

pytest.importorskip("site_tools")
from site_tools import lessons, reference

import models
from tinygrad_edu import ops

ROOMS = ("nn", "optim", "training", "data", "viz", "twins")


def things():
    return [reference.get(name) for page in reference.pages() for name in page.names]


@pytest.mark.parametrize(
    "package", ["tinygrad_edu", "models", *(f"tinygrad_edu.{r}" for r in ROOMS)]
)
def test_every_public_name_has_an_entry(package):
    module = importlib.import_module(package)
    there = {id(thing) for thing in things()}
    missing = [
        name
        for name in module.__all__
        if callable(getattr(module, name)) and id(getattr(module, name)) not in there
    ]
    assert missing == []


def test_no_thing_has_two_entries():
    assert len({id(thing) for thing in things()}) == len(things())


def test_every_chapter_of_the_models_has_a_page():
    paths = {page.path for page in reference.pages()}
    assert {f"models/{chapter}" for chapter in models.CHAPTERS} <= paths


def test_every_row_has_an_entry(tmp_path):
    reference.write(tmp_path)
    text = "\n".join(path.read_text("utf-8") for path in (tmp_path / "rows").glob("*.rst"))
    for row in ops.rows():
        if not reference.place(row)[0].startswith("tinygrad_edu/ops/"):
            continue  # another test has added it
        assert f".. py:function:: tinygrad_edu.ops.{reference.entry_of(row)}(" in text
    assert "∂L/∂x = ``g * circle(x)``" in text


def test_the_source_of_a_row_is_where_the_link_leads():
    row = next(row for row in ops.rows() if row.name == "tanh")
    file, line = reference.place(row)
    text = reference.file_of("tinygrad_edu").parents[1].joinpath(file).read_text("utf-8")
    assert text.splitlines()[line - 1].startswith("tanh = row(np.tanh")


def test_links_of_a_lesson_lead_to_source_pages_and_lessons():
    found = lessons.LINK.sub(
        lambda m: lessons.relinked(m, {"02_b.ipynb"}),
        "[`sgd.py`](../tinygrad_edu/optim/sgd.py) [next](02_b.ipynb) [out](https://a.org) ![p](p.png)",
    )
    assert found == (
        '<a href="../_modules/tinygrad_edu/optim/sgd.html"><code>sgd.py</code></a> '
        "[next](02_b.ipynb) [out](https://a.org) ![p](p.png)"
    )
