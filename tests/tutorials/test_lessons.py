"""The notebooks are what their sources say, and a fresh run shows what is committed.

That they are kept as one clean run is checked by `tools/check_notebooks.py`, with the linters. Whether the
exercises are fair is tested in tests/course.
"""

from __future__ import annotations

import ast
import re
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.tutorials.notebooks import (
    FOLDER,
    LESSONS,
    ROOT,
    code_cells,
    numbered,
    read,
    shown,
    tagged,
)
from tinygrad_edu.course import notebooks, source

sys.path.insert(0, str(ROOT / "tools"))
import make_lessons

every_lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)


def source_of(path: Path) -> source.Lesson:
    return source.read(source.FOLDER / f"{path.stem}.py")


def missing_libraries() -> list[str]:
    needed = {"keras": ("keras", "tensorflow")}
    return [x for x in source.LIBRARIES if not all(map(find_spec, needed.get(x, (x,))))]


def test_each_source_has_its_notebook() -> None:
    assert [path.stem for path in LESSONS] == [path.stem for path in source.lessons()]


def test_the_page_lists_each_lesson() -> None:
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert page == make_lessons.with_table(page)
    for path in LESSONS:
        assert f"]({path.name})" in page


@every_lesson
def test_a_notebook_is_what_its_source_says(path: Path) -> None:
    kept, made = read(path), make_lessons.rendered(source_of(path))
    assert [cell.source for cell in kept.cells] == [cell.source for cell in made.cells]
    assert [cell.id for cell in kept.cells] == [cell.id for cell in made.cells]
    assert [cell.metadata for cell in kept.cells] == [cell.metadata for cell in made.cells]


@every_lesson
def test_a_fresh_run_shows_what_is_committed(path: Path, tmp_path: Path) -> None:
    lesson = read(path)
    if "matplotlib" in missing_libraries():
        pytest.skip("matplotlib draws the pictures of most lessons")
    fresh = make_lessons.execute(make_lessons.rendered(source_of(path)), tmp_path)
    left_out = [cell.id for cell in tagged(lesson, *missing_libraries())]
    for kept, new in zip(code_cells(lesson), code_cells(fresh), strict=True):
        if kept.id in left_out:
            assert "pip install" in shown(new)["error"]  # and the lesson goes on
        elif kept in tagged(lesson, "varies"):
            assert bool(shown(kept)) == bool(shown(new)), kept.source
        else:
            assert shown(kept) == shown(new), kept.source
    assert not list(tmp_path.iterdir())  # a lesson leaves nothing behind


@every_lesson
def test_a_lesson_needs_nothing_but_itself(path: Path) -> None:
    text = "\n".join(cell.source for cell in code_cells(read(path)))
    assert not re.search(r"^\s*[!%]", text, re.M), "shell commands and magics"
    assert not re.search(r"np\.random\.(?!default_rng|Generator)", text), "global random state"


@every_lesson
def test_optional_libraries_are_asked_for(path: Path) -> None:
    """A cell with a library's tag begins with `needs`; other cells do without the library."""
    lesson = read(path)
    for library in ("keras", "sklearn", "torch", "pandas"):
        cells = tagged(lesson, library)
        for cell in cells:
            assert cell.source.startswith(f'needs("{library}")'), cell.source
        for cell in code_cells(lesson):
            if cell not in cells:
                assert not re.search(rf"^\s*(import|from) {library}\b", cell.source, re.M), (
                    cell.source
                )


@every_lesson
def test_pictures_are_described(path: Path) -> None:
    for cell in code_cells(read(path)):
        for output in cell.outputs:
            for kind in {"image/png"} & {*output.get("data", ())}:
                assert output.metadata[kind]["alt"], f"{cell.id} needs a first line `# alt: ...`"


@every_lesson
def test_the_exercises_are_unanswered(path: Path) -> None:
    cells = tagged(read(path), "exercise")
    assert 3 <= len(cells) <= 10
    for cell, exercise in zip(cells, source_of(path).exercises.values(), strict=True):
        said = shown(cell)["stdout"]
        if exercise.has_bug:
            assert not said.startswith("Right"), "the bug is not found"
        else:
            assert said.startswith("Not answered yet")


@every_lesson
def test_the_solutions_are_folded_at_the_end(path: Path) -> None:
    last = read(path).cells[-1].source
    for exercise in source_of(path).exercises.values():
        assert exercise.solution in last
    for cell in code_cells(read(path)):
        assert source.BEGIN not in cell.source


def test_links_lead_somewhere() -> None:
    for path in LESSONS:
        lesson = read(path)
        text = "\n".join(cell.source for cell in lesson.cells if cell.cell_type == "markdown")
        for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)(?:#\S*)?\)", text):
            assert (FOLDER / target).exists(), f"{path.name} links to {target}"


def test_no_solution_gets_into_an_assignment() -> None:
    for path in source.lessons():
        lesson = source.read(path)
        text = notebooks.text_of(notebooks.assignment(lesson))
        assert source.BEGIN not in text and "## Solutions" not in text
        assert len(notebooks.key(lesson)["cells"]) == len(lesson.cells)


# ---- what single lessons promise ----


def imported(text: str) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


def test_the_engine_of_lesson_1_is_short_and_made_from_nothing() -> None:
    (engine,) = (cell for cell in code_cells(read(numbered(1))) if cell.id == "engine")
    lines = [line.strip() for line in engine.source.splitlines()]
    assert len([line for line in lines if line and not line.startswith("#")]) <= 60
    assert imported(engine.source) == {"itertools", "math"}


def test_what_the_closing_tables_name_is_there() -> None:
    text = "\n".join(cell.source for cell in read(numbered(1)).cells)
    code = (ROOT / "tinygrad_edu" / "autodiff.py").read_text(encoding="utf-8")
    found = {x.name: x for x in ast.parse(code).body if isinstance(x, ast.FunctionDef)}
    assert "| `history` and `walk_back`, in [`tinygrad_edu/autodiff.py`]" in text
    assert "history" in found and "walk_back" in found
    assert "| `grads[x] + gx`, in `_walk` |" in text
    assert "grads[x] + gx" in ast.unparse(found["_walk"])

    text = "\n".join(cell.source for cell in read(numbered(11)).cells)
    code = (ROOT / "tinygrad_edu" / "ops" / "convolution.py").read_text(encoding="utf-8")
    for name in ("_unfold", "_fold", "plain_conv2d"):
        assert f"`{name}`" in text and f"def {name}(" in code
