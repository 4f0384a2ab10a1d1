"""Writes an assignment: the learner's notebook, and for the teacher the key and the hidden tests."""

from __future__ import annotations

import os
from pathlib import Path

from tinygrad_edu.course import notebooks, source
from tinygrad_edu.files import write_text

LEARNER = """# Lesson {number}: {title}

Open `{stem}.ipynb` in Jupyter or in your editor, with a Python that has `tinygrad-edu`
(`pip install 'tinygrad-edu[course,viz]'`). Replace each `...` with your answer and run the cell; its
last line says whether the answer is right, or gives a hint. Keep that line, as it tells which exercise you
answer. Save the notebook and hand it in. There are {exercises} exercises, for {points} points.
"""

TEACHER = """# Lesson {number}: {title}. For the teacher

`{stem}_key.ipynb` has the answers. `{stem}_hidden_tests.py` tries each answer on cases that are not in the
notebook: change them as you like. When a notebook comes back:

    tinygrad-edu check their.ipynb --hidden {stem}_hidden_tests.py

`{stem}_nbgrader.ipynb` is the same assignment as a source notebook for `nbgrader generate_assignment`.

Give this folder to nobody. The checks, these tests and the solutions are also part of the package, where a
determined learner finds them: for an examination, change the exercises.
"""


def assign(number: int, out: str) -> list[Path]:
    """Writes the two folders into `out`, which must be new or empty. Returns the files.

    Raises ValueError if there is no such lesson, FileExistsError for a folder with something in it.
    """
    lesson = source.lesson(number)
    folder = Path(out)
    if folder.exists() and (not folder.is_dir() or os.listdir(folder)):
        raise FileExistsError(f"{out} is not empty. Choose a new folder")
    stem = lesson.path.stem
    words = {
        "number": lesson.number, "title": lesson.title, "stem": stem,
        "exercises": len(lesson.exercises), "points": lesson.points,
    }  # fmt: skip
    files = {
        folder / "learner" / f"{stem}.ipynb": notebooks.text_of(notebooks.assignment(lesson)),
        folder / "learner" / "README.md": LEARNER.format(**words),
        folder / "teacher" / f"{stem}_key.ipynb": notebooks.text_of(notebooks.key(lesson)),
        folder / "teacher" / f"{stem}_nbgrader.ipynb": notebooks.text_of(
            notebooks.for_nbgrader(lesson)
        ),
        folder / "teacher" / f"{stem}_hidden_tests.py": hidden_tests(lesson),
        folder / "teacher" / "README.md": TEACHER.format(**words),
    }
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(str(path), text)
    return list(files)


def hidden_tests(lesson: source.Lesson) -> str:
    """The hidden checks of a lesson in its own format; where there is none, the one that learners see."""
    head = f"# Hidden tests of lesson {lesson.number}. Each function asserts; its message is the hint.\n"
    cells = [f"# %% hidden {x.name}\n{x.hidden or x.check}\n" for x in lesson.exercises.values()]
    return "\n\n".join([head, *cells])
