"""Notebooks made from the source of a lesson: the tutorial, the assignment and its key.

A notebook is a dictionary in nbformat 4.5, so that no library is needed to write or to read one.
"""

from __future__ import annotations

import ast
import json
from typing import Any

from tinygrad_edu.course.source import LIBRARIES, Cell, Exercise, Lesson, function_of

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def tutorial(lesson: Lesson) -> dict[str, Any]:
    """The lesson with blanks, and the solutions folded at its end."""
    cells = [_cell(lesson, cell) for cell in lesson.cells]
    if lesson.exercises:
        cells.append(_markdown("solutions", _solutions(lesson)))
    return _notebook(lesson, cells)


def assignment(lesson: Lesson) -> dict[str, Any]:
    """The lesson with blanks, without solutions."""
    return _notebook(lesson, [_cell(lesson, cell) for cell in lesson.cells])


def key(lesson: Lesson) -> dict[str, Any]:
    """The lesson with the solutions filled in."""
    return _notebook(lesson, [_cell(lesson, cell, answered=True) for cell in lesson.cells])


def for_nbgrader(lesson: Lesson) -> dict[str, Any]:
    """The source version of nbgrader: marks around solutions and hidden tests, tests in locked cells."""
    cells = []
    for cell in lesson.cells:
        cells.append(_cell(lesson, cell))
        if cell.kind == "exercise":
            exercise = lesson.exercises[cell.exercise]
            cells[-1]["source"] = _marked("SOLUTION", exercise.solution)
            cells[-1]["metadata"]["nbgrader"] = _nbgrader(exercise.name, solution=True)
            tests = [f"{exercise.check}\n\n\n{_call(exercise.check)}"]
            if exercise.hidden:
                hidden = f"{exercise.hidden}\n\n\n{_call(exercise.hidden)}"
                tests.append(_marked("HIDDEN TESTS", hidden))
            test = {**cells[-1], "id": f"test-{cell.id}", "source": "\n\n\n".join(tests)}
            test["metadata"] = {
                "nbgrader": {
                    **_nbgrader(f"test-{exercise.name}", solution=False), "points": exercise.points
                }
            }  # fmt: skip
            cells.append(test)
    return _notebook(lesson, cells)


def _marked(what: str, code: str) -> str:
    return f"### BEGIN {what}\n{code}\n### END {what}"


def _call(check: str) -> str:
    f = function_of(check)
    return f"{f.name}({', '.join(argument.arg for argument in f.args.args)})"


def _nbgrader(name: str, solution: bool) -> dict[str, Any]:
    return {
        "schema_version": 3, "grade_id": name, "task": False,
        "solution": solution, "grade": not solution, "locked": not solution,
    }  # fmt: skip


def text_of(notebook: dict[str, Any]) -> str:
    """The notebook as text, the same whenever it is written."""

    def rows(text: str) -> list[str]:
        return text.splitlines(keepends=True)

    cells = [{**cell, "source": rows(cell["source"])} for cell in notebook["cells"]]
    return (
        json.dumps({**notebook, "cells": cells}, indent=1, ensure_ascii=False, sort_keys=True)
        + "\n"
    )


def call_of_check(lesson: Lesson, exercise: Exercise) -> str:
    """The line of a notebook that checks the answer to an exercise."""
    return f'check({lesson.number}, "{exercise.name}", {", ".join(exercise.asks)})'


def _notebook(lesson: Lesson, cells: list[dict[str, Any]]) -> dict[str, Any]:
    metadata = {**METADATA, "tinygrad_edu": {"lesson": lesson.number}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def _cell(lesson: Lesson, cell: Cell, answered: bool = False) -> dict[str, Any]:
    if cell.kind == "markdown":
        return _markdown(cell.id, cell.text)
    text, tags = cell.text, [*cell.tags]
    metadata: dict[str, Any] = {}
    if cell.kind == "exercise":
        exercise = lesson.exercises[cell.exercise]
        answer = exercise.solution if answered else exercise.blank
        inside_a_function = answer.splitlines()[-1].startswith(" ")
        text = answer + ("\n\n\n" if inside_a_function else "\n") + call_of_check(lesson, exercise)
        tags.append("exercise")
        metadata["tinygrad_edu"] = {"exercise": exercise.name, "points": exercise.points}
    if {*tags} & {*LIBRARIES}:
        tags.append("raises-exception")  # without the library, the lesson goes on
    if tags:
        metadata["tags"] = tags
    if cell.alt:
        text = _quiet(text)
        metadata["mystnb"] = {"image": {"alt": cell.alt}}
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": cell.id,
        "metadata": metadata,
        "outputs": [],
        "source": text,
    }


def _quiet(text: str) -> str:
    """The code of a picture, ended by a semicolon, so that the notebook does not show the last value.

    The source has none, because a formatter would take it away.
    """
    last = ast.parse(text).body[-1]
    shows_nothing = ast.unparse(last).startswith(("print(", "plt.show("))
    return text if shows_nothing or not isinstance(last, ast.Expr) else f"{text};"


def _markdown(id: str, text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": id, "metadata": {}, "source": text}


def _solutions(lesson: Lesson) -> str:
    parts = ["## Solutions"]
    for i, exercise in enumerate(lesson.exercises.values(), 1):
        words = [exercise.words] if exercise.words else []
        code = f"```python\n{exercise.solution}\n```"
        parts += [f"<details>\n<summary>Exercise {i}</summary>", *words, code, "</details>"]
    return "\n\n".join(parts)
