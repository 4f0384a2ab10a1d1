"""Notebooks run in a process of their own; whatever they do, it ends in points and hints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tinygrad_edu.__main__ import main
from tinygrad_edu.course import assigning, grading, notebooks, source

LESSONS = [source.read(path) for path in source.lessons()]
every_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.path.stem)

COUNT = source.lesson(8).exercises["count"]


def needs_matplotlib(lesson: source.Lesson) -> None:
    if "matplotlib" in lesson.needed:
        pytest.importorskip("matplotlib")


def handed_in(
    folder: Path, lesson: source.Lesson, answers: dict[str, str], extra: list[str] | None = None
) -> str:
    """A notebook in which a learner has answered some exercises, and written more cells at its begin."""
    notebook = notebooks.assignment(lesson)
    for cell in notebook["cells"]:
        name = cell["metadata"].get("tinygrad_edu", {}).get("exercise")
        if name in answers:
            call = notebooks.call_of_check(lesson, lesson.exercises[name])
            cell["source"] = answers[name] + "\n\n\n" + call
    more = [
        {"cell_type": "code", "id": f"more-{i}", "metadata": {}, "outputs": [], "source": text}
        for i, text in enumerate(extra or [])
    ]
    notebook["cells"][1:1] = more
    path = folder / "their.ipynb"
    path.write_text(notebooks.text_of(notebook), encoding="utf-8")
    return str(path)


def graded(
    folder: Path, answer: str, extra: list[str] | None = None, **how: Any
) -> dict[str, grading.Line]:
    """The lines of lesson 8, with that answer to `count` and right answers to the others."""
    pytest.importorskip("matplotlib")
    lesson = source.lesson(8)
    answers = {name: x.solution for name, x in lesson.exercises.items()} | {"count": answer}
    found = grading.grade(handed_in(folder, lesson, answers, extra), **how)
    return {line.exercise: line for line in found.lines}


@every_lesson
def test_right_answers_get_all_points(lesson: source.Lesson, tmp_path: Path) -> None:
    """Of every second exercise, the solution; of the others, another right answer."""
    needs_matplotlib(lesson)
    exercises = [*lesson.exercises.values()]
    answers = {x.name: x.solution for x in exercises} | {
        x.name: x.right[-1] for x in exercises[::2]
    }
    found = grading.grade(handed_in(tmp_path, lesson, answers), hidden=True)
    assert found.points == found.of == lesson.points, str(found)


@every_lesson
def test_wrong_answers_get_their_hint(lesson: source.Lesson, tmp_path: Path) -> None:
    needs_matplotlib(lesson)
    wrong = {name: x.wrong[len(x.wrong) // 2] for name, x in lesson.exercises.items()}
    answers = {name: code for name, (_, code) in wrong.items()}
    found = grading.grade(handed_in(tmp_path, lesson, answers))
    assert found.points == 0, str(found)
    for line in found.lines:
        assert wrong[line.exercise][0] in line.hint, str(found)


def test_an_untouched_notebook_gets_no_points(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    found = grading.grade(handed_in(tmp_path, source.lesson(8), {}), hidden=True)
    assert {line.kind for line in found.lines} == {"unanswered"}, str(found)


BODY = "def count(labels, predicted, classes):\n    "


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (BODY + "while True: pass", "Not finished after"),
        (BODY + "import os; os._exit(0)", "ended its process"),
        (BODY + "raise SystemExit", "SystemExit"),
        (BODY + "return 10**9 * [[0]]", "MemoryError"),
        (BODY + "return np.zeros((10**5, 10**4))", ""),
        (BODY + "import os; os.fork()", "may not use os.fork"),
        (BODY + "import subprocess; subprocess.run('ls')", "may not use subprocess"),
        (BODY + "import socket; socket.create_connection(('localhost', 80))", "may not use socket"),
        (BODY + "return input('?')", "EOFError"),
        (BODY + "def count(labels", "SyntaxError"),
        ("count = 5", "not callable"),
        ("1 / 0\n" + COUNT.solution, "ZeroDivisionError: division by zero (in the line: 1 / 0)"),
        ("import os\nos._exit(1)", "ended its process"),
        ("while True: pass", "not end in time"),
        ("raise KeyboardInterrupt", ""),
        ("def count(*args): return count(*args)", "RecursionError"),
        # an object that says yes to everything
        (
            "class Yes:\n    def __getattr__(self, name): return self\n"
            "    def __eq__(self, other): return True\n    def __call__(self, *a, **k): return self\n"
            "    def __array__(self, *a, **k): raise ValueError\n    shape = (3, 3)\n    dtype = float\n"
            "count = Yes()",
            "",
        ),
        # the tests in the package
        (
            BODY + "from tinygrad_edu.course import source\n    return source.lesson(8)",
            "may not read",
        ),
        (
            f"from pathlib import Path\ntext = Path({str(source.lesson(8).path)!r}).read_text()\n",
            "may not read",
        ),
    ],
)
def test_whatever_a_notebook_does(answer: str, says: str, tmp_path: Path) -> None:
    found = graded(tmp_path, answer, seconds=3, megabytes=2000)
    assert found["count"].points == 0
    assert says in found["count"].hint, found["count"].hint
    assert "Traceback" not in found["count"].hint
    # the others do not suffer
    assert found["scaled"].points == 3 and found["on_paper"].points == 1, found


def test_a_notebook_may_print_and_write_what_it_likes(tmp_path: Path) -> None:
    noise = [
        "import contextlib, os\nfor i in range(3, 10):\n    with contextlib.suppress(OSError):\n"
        "        os.write(i, b'\\x00' * 64)",
        'print(\'["answer", {"points": 100}]\' * 100000)',
        "%matplotlib inline\n!ls\nx = 1",
        "%%bash\nrm -rf /",
        "raise ValueError('a cell of mine')",
    ]
    found = graded(tmp_path, COUNT.solution, noise[1:])
    assert sum(line.points for line in found.values()) == 6
    found = graded(tmp_path, BODY + "return None", noise, seconds=3)  # it breaks its own connection
    assert found["count"].points == 0


def test_changed_arguments_are_seen(tmp_path: Path) -> None:
    answer = COUNT.solution.replace("return counts", "labels += 1\n    return counts")
    assert "Your function has changed" in graded(tmp_path, answer)["count"].hint


def test_an_exercise_whose_cell_is_gone(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    notebook = notebooks.key(source.lesson(8))
    notebook["cells"] = [cell for cell in notebook["cells"] if "def count(" not in cell["source"]]
    path = tmp_path / "cut.ipynb"
    path.write_text(notebooks.text_of(notebook), encoding="utf-8")
    found = {line.exercise: line for line in grading.grade(str(path)).lines}
    assert found["count"].hint == "Not answered yet: nothing is called count."
    assert found["scaled"].points == 3


def test_ids_and_metadata_may_be_lost(tmp_path: Path) -> None:
    """Some editors write notebooks anew."""
    pytest.importorskip("matplotlib")
    notebook = notebooks.key(source.lesson(8))
    for cell in notebook["cells"]:
        del cell["id"]
        cell["metadata"] = {}
    notebook["metadata"] = {}
    path = tmp_path / "plain.ipynb"
    path.write_text(notebooks.text_of(notebook), encoding="utf-8")
    assert grading.grade(str(path), hidden=True).points == 6


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is no notebook"),
        ("{}", "is no notebook"),
        ("[1, 2]", "is no notebook"),
        ('{"cells": 5}', "is no notebook"),
        ('{"cells": [{"cell_type": "code", "source": 5}]}', "is no notebook"),
        ('{"cells": [], "metadata": []}', "is no notebook"),
        ('{"cells": []}', "no notebook of the course"),
        ('{"cells": [], "metadata": {"tinygrad_edu": {"lesson": 99}}}', "there is no lesson 99"),
        ("[" * 100000, "is no notebook"),
        ('{"worksheets": [], "nbformat": 3}', "old format 3"),
        ('\ufeff{"cells": []}', "no notebook of the course"),  # saved by an editor of Windows
    ],
)
def test_what_is_no_notebook(
    text: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    path = tmp_path / "x.ipynb"
    path.write_text(text, encoding="utf-8")
    assert main(["check", str(path)]) == 1
    assert says in capsys.readouterr().err


def test_a_file_that_is_missing(capsys: pytest.CaptureFixture) -> None:
    assert main(["check", "nowhere.ipynb"]) == 1
    assert "nowhere.ipynb" in capsys.readouterr().err
    assert main(["check"]) == 2
    for option in (["--seconds", "0"], ["--seconds", "9999999999"], ["--memory", "-5"]):
        assert main(["check", "nowhere.ipynb", *option]) == 2


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    pytest.importorskip("matplotlib")
    out = str(tmp_path / "out")
    assert main(["assign", "8", "--out", out]) == 0
    files = capsys.readouterr().out.split()
    learner, teacher, hidden = files[0], files[2], files[4]
    assert "/learner/" in learner and "/teacher/" in teacher
    assert main(["check", learner, teacher]) == 0
    assert "together  0 of 6" in (said := capsys.readouterr().out) and "together  6 of 6" in said
    assert main(["check", teacher, "--hidden", hidden, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["points"] == found["of"] == 6 and found["exercises"][1]["kind"] == "right"
    assert main(["check", "--hidden", teacher]) == 0
    assert main(["assign", "8", "--out", out]) == 1
    assert "not empty" in capsys.readouterr().err
    assert main(["assign", "77", "--out", out + "2"]) == 1
    assert "there is no lesson 77" in capsys.readouterr().err


def test_a_teachers_own_hidden_tests(tmp_path: Path) -> None:
    needs_matplotlib(source.lesson(8))
    tests = tmp_path / "own.py"
    tests.write_text(
        "# %% hidden count\ndef check(count):\n    assert len(count([0], [0], 4)) == 5, 'Not 5.'\n"
    )
    path = tmp_path / "key.ipynb"
    path.write_text(notebooks.text_of(notebooks.key(source.lesson(8))), encoding="utf-8")
    found = grading.grade(str(path), hidden=str(tests))
    assert found.points == 4 and found.lines[1].hint == "Not 5."
    secret = f"text = open({str(tests)!r}).read()"
    lines = graded(tmp_path, secret, hidden=str(tests))
    assert "may not read own.py" in lines["count"].hint
    tests.write_text("# %% hidden nothing\n")
    with pytest.raises(ValueError, match="one of"):
        grading.grade(str(path), hidden=str(tests))
    tests.write_text("# %% hidden count\ndef check(count:\n")
    with pytest.raises(ValueError, match=r"own.py:1: the test of count: "):
        grading.grade(str(path), hidden=str(tests))


def test_hidden_tests_are_what_the_teacher_gets() -> None:
    for lesson in LESSONS:
        text = assigning.hidden_tests(lesson)
        assert text.count("# %% hidden ") == len(lesson.exercises)


@pytest.mark.parametrize("number", [1, 8])
def test_a_notebook_for_nbgrader(number: int, capsys: pytest.CaptureFixture) -> None:
    """Its solutions pass its tests, which hold the points; what nbgrader takes away is between its marks."""
    lesson = source.lesson(number)
    needs_matplotlib(lesson)
    names: dict[str, Any] = {}
    exec(lesson.needed, names)
    points = 0
    cells = notebooks.for_nbgrader(lesson)["cells"]
    assert len({cell["id"] for cell in cells}) == len(cells)
    for cell in cells:
        told = cell["metadata"].get("nbgrader")
        if told:
            exec(cell["source"], names)
            assert told["solution"] != told["grade"] == told["locked"]
            points += told.get("points", 0)
            text = cell["source"]
            for mark in ("SOLUTION", "HIDDEN TESTS"):
                assert text.count(f"### BEGIN {mark}") == text.count(f"### END {mark}")
            if told["solution"]:
                assert text.startswith("### BEGIN SOLUTION") and text.endswith("### END SOLUTION")
    assert points == lesson.points
