"""Every exercise of every lesson is fair: right answers are accepted, wrong ones get the hint that fits.

The lessons are found by their files. What a fresh run of a notebook shows is tested in tests/tutorials.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from tinygrad_edu.course import checks, judging, source
from tinygrad_edu.course.source import Exercise, Lesson

LESSONS = [source.read(path) for path in source.lessons()]
EXERCISES = [(lesson, exercise) for lesson in LESSONS for exercise in lesson.exercises.values()]

every_exercise = pytest.mark.parametrize(
    ("lesson", "exercise"),
    EXERCISES,
    ids=[f"{lesson.number}-{exercise.name}" for lesson, exercise in EXERCISES],
)


@pytest.fixture(autouse=True)
def _a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def names_needed(lesson: Lesson) -> dict[str, Any]:
    if "matplotlib" in lesson.needed:
        pytest.importorskip("matplotlib").use("Agg")
    return checks.needed_names(lesson.number)


def verdict(lesson: Lesson, exercise: Exercise, answer: str, check: str) -> judging.Verdict:
    """What the check says to an answer, given as code."""
    names = judging.run(answer, "answer", names_needed(lesson))
    asked = [argument.arg for argument in source.function_of(check).args.args]
    return judging.judge(
        judging.function(check, names_needed(lesson)),
        {name: names[name] for name in asked},
        exercise,
    )


def visible_and_hidden(exercise: Exercise) -> list[str]:
    return [exercise.check, *filter(None, [exercise.hidden])]


def test_numbers_and_names_are_unique_and_sorted() -> None:
    numbers = [lesson.number for lesson in LESSONS]
    assert numbers == sorted({*numbers}) and numbers[0] == 1
    for lesson in LESSONS:
        assert lesson.cells[0].text.startswith(f"# Lesson {lesson.number}: ")


@every_exercise
def test_right_answers_are_accepted(lesson: Lesson, exercise: Exercise) -> None:
    assert len(exercise.right) >= 2, "give two other right answers"
    for answer in [exercise.solution, *exercise.right]:
        for check in visible_and_hidden(exercise):
            said = verdict(lesson, exercise, answer, check)
            assert said.kind == "right", f"{said.hint}\n{answer}"


@every_exercise
def test_an_empty_answer_is_no_answer(lesson: Lesson, exercise: Exercise) -> None:
    for check in visible_and_hidden(exercise):
        said = verdict(lesson, exercise, exercise.blank, check)
        if exercise.has_bug:  # then the given code is a wrong answer
            assert said.kind == "wrong", said
            continue
        assert said.kind == "unanswered" and said.hint.startswith("Not answered yet"), said


@every_exercise
@pytest.mark.filterwarnings("ignore")  # a wrong answer may do what the library warns of
def test_wrong_answers_get_their_hint(lesson: Lesson, exercise: Exercise) -> None:
    assert len(exercise.wrong) >= 3, "give three wrong answers"
    for says, answer in exercise.wrong:
        said = verdict(lesson, exercise, answer, exercise.check)
        assert said.kind != "right", answer
        assert says in said.hint, f"{said.hint!r} to\n{answer}"


@every_exercise
@pytest.mark.filterwarnings("ignore")
def test_the_hidden_check_finds_mistakes_too(lesson: Lesson, exercise: Exercise) -> None:
    """For grading both checks are run: the hidden one need not find every mistake."""
    if exercise.hidden:
        kinds = [verdict(lesson, exercise, x, exercise.hidden).kind for _, x in exercise.wrong]
        assert kinds.count("right") <= len(kinds) // 2


@every_exercise
def test_the_hint_does_not_quote_the_solution(lesson: Lesson, exercise: Exercise) -> None:
    """No line of the solution stands in a check as the text of a hint."""
    lines = {line.strip() for line in exercise.solution.splitlines() if len(line.strip()) > 25}
    hints = [x.value for x in ast.walk(ast.parse(exercise.check)) if isinstance(x, ast.Constant)]
    assert not [line for line in lines for hint in hints if isinstance(hint, str) and line in hint]
