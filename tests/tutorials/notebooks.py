"""Lessons as tests read them: their cells by tag, and what the cells show."""

from __future__ import annotations

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
