"""Every example of the gallery runs, is short, and draws."""

import ast
import contextlib
import io
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "docs" / "gallery"
EXAMPLES = sorted(FOLDER.rglob("plot_*.py"))
NAMES = [f"{path.parent.name[2:]}-{path.stem[5:]}" for path in EXAMPLES]


@pytest.fixture(scope="module")
def plt():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("agg")
    return pyplot


@pytest.mark.parametrize("path", EXAMPLES, ids=NAMES)
@pytest.mark.filterwarnings("ignore:FigureCanvasAgg is non-interactive")
def test_it_runs_and_draws(path, plt, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if path.parent.name == "4_graphs" and path.stem != "plot_why":
        pytest.importorskip("pygraphviz")
    text = path.read_text("utf-8")
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(text, path.name, "exec"), {"__name__": "__main__"})
        axes = [ax for number in plt.get_fignums() for ax in plt.figure(number).axes]
        assert any(ax.has_data() or ax.patches or ax.texts for ax in axes)
    finally:
        plt.close("all")


@pytest.mark.parametrize("path", EXAMPLES, ids=NAMES)
def test_it_is_short_and_says_what_it_shows(path):
    text = path.read_text("utf-8")
    title, line, _, words = ast.get_docstring(ast.parse(text)).split("\n", 3)
    assert set(line) == {"="} and len(line) == len(title) <= 60 and words.endswith(".")
    code = [row for row in text.split('"""', 2)[2].splitlines() if row.strip()]
    assert 5 <= len(code) <= 30


def test_there_are_forty():
    assert len(EXAMPLES) >= 40 and len({path.parent for path in EXAMPLES}) == 9
