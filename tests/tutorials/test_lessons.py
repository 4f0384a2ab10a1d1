"""The lessons run, what they show is what they would show today, and their exercises are fair.

That they are kept as one clean run is checked by `tools/check_notebooks.py`, with the linters. What single
lessons promise, and what their checks say to wrong answers, is in `test_lesson_*.py`.
"""

from __future__ import annotations

import os
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.tutorials.notebooks import (
    FOLDER,
    LESSONS,
    ROOT,
    code_cells,
    read,
    shown,
    solutions,
    tagged,
    with_checks,
)

every_lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)


def without_keras(lesson: Any) -> Any:
    """The lesson; where there is no Keras, without the cells that need it."""
    if not (find_spec("keras") and find_spec("tensorflow")):
        left_out = tagged(lesson, "keras")
        lesson.cells = [cell for cell in lesson.cells if cell not in left_out]
    return lesson


def needs_matplotlib(lesson: Any) -> None:
    if any("import matplotlib" in cell.source for cell in code_cells(lesson)):
        pytest.importorskip("matplotlib")


def run(lesson: Any, folder: Path) -> Any:
    """A copy of the lesson, run from top to bottom in a fresh kernel, which works in a folder of its own."""
    fresh = nbformat.from_dict(lesson)
    for cell in code_cells(fresh):
        cell.outputs, cell.execution_count = [], None
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    client = NotebookClient(
        fresh,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        # Seconds for the kernel to start, for a cell, and for its last output: no machine is so slow.
        startup_timeout=600,
        timeout=1800,
        iopub_timeout=600,
    )
    client.execute(env={**os.environ, "PYTHONPATH": path})
    return fresh


def test_there_are_five_lessons() -> None:
    assert [path.name[:2] for path in LESSONS] == ["01", "02", "03", "04", "05"]


@every_lesson
def test_a_fresh_run_shows_what_is_committed(path: Path, tmp_path: Path) -> None:
    lesson = without_keras(read(path))
    needs_matplotlib(lesson)
    fresh = run(lesson, tmp_path)  # raises, with the cell and its traceback, if a cell raises
    for kept, new in zip(code_cells(lesson), code_cells(fresh), strict=True):
        if kept in tagged(lesson, "varies"):
            assert bool(shown(kept)) == bool(shown(new)), kept.source
        else:
            assert shown(kept) == shown(new), kept.source
    assert not list(tmp_path.iterdir())  # a lesson leaves nothing behind


@every_lesson
def test_a_lesson_needs_nothing_but_itself(path: Path) -> None:
    lesson = read(path)
    source = "\n".join(cell.source for cell in code_cells(lesson))
    assert not re.search(r"^\s*[!%]", source, re.M), "shell commands and magics"
    assert not re.search(r"np\.random\.(?!default_rng|Generator)", source), "global random state"
    assert str(path.name) in (FOLDER / "README.md").read_text(encoding="utf-8")


def test_links_lead_somewhere() -> None:
    for path in LESSONS:
        lesson = read(path)
        text = "\n".join(cell.source for cell in lesson.cells if cell.cell_type == "markdown")
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
            assert (FOLDER / target).exists(), f"{path.name} links to {target}"


@every_lesson
def test_a_lesson_ends_in_the_comparison_with_keras(path: Path) -> None:
    """But for the first, which is about an engine that Keras has no part of."""
    lesson = read(path)
    cells = code_cells(lesson)
    numbers = [cells.index(cell) for cell in tagged(lesson, "keras")]
    if path == LESSONS[0]:
        assert not numbers
        return
    first_check = next(i for i, cell in enumerate(cells) if cell.id == "check-1")
    assert numbers == list(range(numbers[0], first_check))  # one section, before the exercises
    assert any("pip install -e '.[compare]'" in cell.source for cell in lesson.cells)
    for cell in cells[: numbers[0]]:
        assert not re.search("keras|twins", cell.source), cell.source


@every_lesson
def test_the_exercises_are_unanswered(path: Path) -> None:
    cells = tagged(read(path), "exercise")
    assert len(cells) == 3
    for cell in cells:
        assert shown(cell)["stdout"].startswith("Not answered yet")


@every_lesson
def test_the_solutions_are_right(path: Path, capsys: pytest.CaptureFixture) -> None:
    lesson = read(path)
    needs_matplotlib(lesson)
    names = with_checks(lesson)
    exercises = tagged(lesson, "exercise")
    for solution, exercise in zip(solutions(lesson), exercises, strict=True):
        here, check = dict(names), exercise.source.splitlines()[-1]
        exec(solution, here)
        capsys.readouterr()
        exec(check, here)
        assert capsys.readouterr().out.startswith("Right"), check
