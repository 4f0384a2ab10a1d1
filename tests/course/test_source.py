"""The format of a lesson's source, and what is made from it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tinygrad_edu.course import notebooks, source

TEXT = '''# builds: a square
# needs: nothing

# %% [markdown] title
# # Lesson 42: Squares
#
# Text with $x^2$.

# %% imports tags=needed
import numpy as np

# %% picture tags=varies,keras
# alt: A curve
#    that rises.
needs("keras")
np.arange(3)

# %% exercise square_of points=2
def square_of(x):
    """Returns x²."""
    # BEGIN SOLUTION
    return x * x
    # END SOLUTION

# %% [markdown] solution square_of
# Multiply.

# %% check square_of
def check_square_of(square_of):
    assert square_of(3) == 9, "Three times three."

# %% right square_of
square_of = lambda x: x**2

# %% wrong square_of: three: times
square_of = lambda x: 2 * x

# %% exercise numbers points=1
# Two numbers.
# BEGIN SOLUTION
a = 1
b = a + 1
# END SOLUTION

# %% check numbers
def check_numbers(a, b):
    assert a + 1 == b
'''


def read(folder: Path, text: str) -> source.Lesson:
    path = folder / "42_squares.py"
    path.write_text(text, encoding="utf-8")
    return source.read(path)


def test_what_a_source_says(tmp_path: Path) -> None:
    lesson = read(tmp_path, TEXT)
    assert (lesson.number, lesson.title, lesson.points) == (42, "Squares", 3)
    assert (lesson.builds, lesson.needs) == ("a square", "nothing")
    assert lesson.needed == "import numpy as np"
    ids = ["title", "imports", "picture", "exercise-square-of", "exercise-numbers"]
    assert [cell.id for cell in lesson.cells] == ids
    assert lesson.cells[0].text == "# Lesson 42: Squares\n\nText with $x^2$."
    assert lesson.cells[2].alt == "A curve that rises."
    square = lesson.exercises["square_of"]
    assert square.wrong == [("three: times", "square_of = lambda x: 2 * x")]
    assert square.words == "Multiply." and square.asks == ["square_of"]
    assert square.blank == 'def square_of(x):\n    """Returns x²."""\n    ...  # your code'
    assert square.solution.endswith("\n    return x * x")
    assert lesson.exercises["numbers"].blank == "# Two numbers.\na = ...\nb = ..."


def test_the_notebooks(tmp_path: Path) -> None:
    lesson = read(tmp_path, TEXT)
    tutorial = json.loads(notebooks.text_of(notebooks.tutorial(lesson)))
    assert notebooks.text_of(notebooks.tutorial(lesson)) == notebooks.text_of(
        notebooks.tutorial(lesson)
    )
    assert tutorial["nbformat"] == 4 and tutorial["metadata"]["tinygrad_edu"] == {"lesson": 42}
    cells = {cell["id"]: cell for cell in tutorial["cells"]}
    assert cells["picture"]["metadata"]["tags"] == ["varies", "keras", "raises-exception"]
    assert cells["picture"]["metadata"]["mystnb"] == {"image": {"alt": "A curve that rises."}}
    assert cells["picture"]["source"][-1] == "np.arange(3);"  # the picture alone is shown
    assert cells["exercise-numbers"]["source"][-1] == 'check(42, "numbers", a, b)'
    solutions = "".join(cells["solutions"]["source"])
    assert "<summary>Exercise 1</summary>\n\nMultiply.\n\n```python\ndef square_of" in solutions
    key = notebooks.text_of(notebooks.key(lesson))
    assert "return x * x" in key and "BEGIN SOLUTION" not in key
    assert "return x * x" not in notebooks.text_of(notebooks.assignment(lesson))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("# %% imports tags=needed", "# %%", r"42_squares.py:9: a cell needs an id"),
        ("# %% imports tags=needed", "# %% title", "two cells have the id 'title'"),
        ("# %% imports tags=needed", "# %% Imports", "small letters"),
        ("tags=needed", "tags=wanted", "unknown tags"),
        ("tags=needed", "color=red", "unknown settings"),
        ("square_of points=2", "square_of", "points=2"),
        ("    # END SOLUTION", "", "needs # BEGIN SOLUTION and # END"),
        ("# %% check square_of", "# %% check cube", "no exercise 'cube' stands above"),
        ("# %% wrong square_of: three: times", "# %% wrong square_of", "words of its hint"),
        ("def check_numbers(a, b):\n    assert", "assert", "a check is a function"),
        ("# %% check numbers", "# %% hidden numbers", "exercise numbers has no check"),
        ("# Text with", "Text with", 'begins with "# "'),
        ("# %% right square_of", "# %% check square_of", "two cells check"),
        ("exercise numbers points", "exercise square_of points", "have the name 'square_of'"),
        ("# %% [markdown] title", "# %% title", "begins with a markdown cell"),
    ],
)
def test_what_the_format_refuses(old: str, new: str, says: str, tmp_path: Path) -> None:
    assert TEXT.count(old) == 1 or old.startswith(("    # END", "tags"))
    with pytest.raises(ValueError, match=says):
        read(tmp_path, TEXT.replace(old, new, 1))


def test_the_name_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "squares.py"
    path.write_text(TEXT)
    with pytest.raises(ValueError, match="NN_name.py"):
        source.read(path)
    with pytest.raises(ValueError, match="there is no lesson 99"):
        source.lesson(99)


def test_a_bug_to_be_found() -> None:
    given = "    # INSTEAD OF THE BUG\n    return -x\n"
    code = f"def f(x):\n    # BEGIN SOLUTION\n    return x\n{given}    # END SOLUTION"
    exercise = source.Exercise("f", code, 1)
    assert exercise.has_bug and exercise.solution == "def f(x):\n    return x"
    assert exercise.blank == "def f(x):\n    return -x"
