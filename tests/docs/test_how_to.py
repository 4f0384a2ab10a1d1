"""The how-to guides are true: the Python of each runs from top to bottom."""

import contextlib
import io
import re
from pathlib import Path

import pytest

from tinygrad_edu.tensor import ROWS

FOLDER = Path(__file__).parents[2] / "docs" / "how_to"
GUIDES = sorted(path for path in FOLDER.glob("*.md") if path.name != "index.md")
NEEDS = {
    "plotting": ("matplotlib",),
    "data_frames": ("pandas",),
    "from_keras": ("keras", "tensorflow"),
    "from_scikit_learn": ("sklearn",),
    "several_processes": ("mpi4py",),
}


def blocks(path):
    return re.findall(r"^```python\n(.*?)^```", path.read_text("utf-8"), re.DOTALL | re.MULTILINE)


@pytest.fixture(autouse=True)
def the_table_as_it_was():
    """A guide may add rows to the derivative table, also in place of the package's own."""
    before = dict(ROWS)
    yield
    ROWS.clear()
    ROWS.update(before)


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.stem)
def test_every_block_runs_after_the_ones_before_it(path, tmp_path, monkeypatch):
    for library in NEEDS.get(path.stem, ()):
        pytest.importorskip(library)
    monkeypatch.chdir(tmp_path)
    world: dict = {"__name__": path.stem}
    with contextlib.redirect_stdout(io.StringIO()):
        for block in blocks(path):
            exec(compile(block, path.name, "exec"), world)


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.stem)
def test_it_is_a_guide(path):
    text = path.read_text("utf-8")
    assert text.startswith("# ") and 30 <= len(text.splitlines()) <= 110
    assert blocks(path)


def test_there_are_guides():
    assert len(GUIDES) >= 16
