"""Lessons as tests read them: their cells by tag, their checks, and their folded solutions.

Tags of cells: `varies` (it may print something else in every run), `exercise` (it waits for the reader),
`needed` and `engine` (the checks need what it defines), `keras` (it needs TensorFlow). The cell of a check is
named after it: check-1, check-2, check-3.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tutorials"
LESSONS = sorted(FOLDER.glob("*.ipynb"))


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def numbered(n: int) -> Path:
    """The file of lesson n."""
    (path,) = FOLDER.glob(f"{n:02d}_*.ipynb")
    return path


def code_cells(lesson: Any) -> list[Any]:
    return [cell for cell in lesson.cells if cell.cell_type == "code"]


def tagged(lesson: Any, *tags: str) -> list[Any]:
    """The code cells with one of these tags."""
    return [cell for cell in code_cells(lesson) if {*tags} & {*cell.metadata.get("tags", ())}]


def shown(cell: Any) -> dict[str, str]:
    """What a cell shows, kind by kind. Of a picture it counts that it is there, not every stroke."""
    result: dict[str, str] = {}
    for output in cell.outputs:
        if output.output_type == "stream":
            parts = {output.name: output.text}
        elif output.output_type == "error":
            parts = {"error": output.evalue}
        else:
            parts = {kind: x if kind == "text/plain" else "" for kind, x in output.data.items()}
        for kind, text in parts.items():
            result[kind] = result.get(kind, "") + text
    return result


def with_checks(lesson: Any) -> dict[str, Any]:
    """The names that a reader has when the exercises begin: those of the checks, and what these need."""
    names: dict[str, Any] = {}
    needed = tagged(lesson, "needed", "engine")
    for cell in code_cells(lesson):
        if cell in needed or cell.id.startswith("check-"):
            exec(cell.source, names)
    return names


def solutions(lesson: Any) -> list[str]:
    """The code in the folded answers at the end of the lesson."""
    folded = r"<summary>Exercise \d</summary>.*?```python\n(.*?)```.*?</details>"
    return re.findall(folded, lesson.cells[-1].source, re.S)
