"""What `check` says in a notebook, whatever it gets, and what `needs` says about a missing library."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tinygrad_edu.course import check, checks, judging, needs
from tinygrad_edu.course.source import Exercise

SQUARE = Exercise(
    "square",
    "def square(x):\n    # BEGIN SOLUTION\n    return x * x\n    # END SOLUTION",
    1,
    check="def check_square(square):\n    y = square(3.0)\n"
    "    assert abs(y - 9) < 1e-9, 'Three times three.'",
)
WRITES = Exercise(
    "fill", "def fill(a):\n    # BEGIN SOLUTION\n    a[0] = 1\n    # END SOLUTION", 1,
    check="def check_fill(fill):\n    a = [0]\n    fill(a)\n    assert a == [1], 'Not filled.'",
)  # fmt: skip


def said(answer: str, exercise: Exercise = SQUARE, **how: Any) -> judging.Verdict:
    names = judging.run(answer, "answer", {"np": np})
    return judging.judge(
        judging.function(exercise.check, {}), {exercise.name: names[exercise.name]}, exercise, **how
    )


@pytest.mark.parametrize(
    ("answer", "kind", "hint"),
    [
        ("square = None", "unanswered", "Not answered yet: square is still None."),
        ("square = ...", "unanswered", "Not answered yet: square is still `...`."),
        ("def square(x): ...", "unanswered", "Not answered yet: put your code in place of `...`."),
        ("def square(x): return None", "unanswered", "Not answered yet: "),
        ("def square(x): y = x * x", "unanswered", "Not answered yet: square(...) returns None."),
        ("def square(x): return ...", "unanswered", "Not answered yet: square(...) returns `...`."),
        ("def square(x): return x", "wrong", "Three times three."),
        ("def square(x): return x * float('nan')", "wrong",
         "Three times three. (square(...) returns nan, not a number: is something divided by 0?)"),
        ("def square(x): return 'nine'", "wrong", "square(...) returns something of type str, "
         "with which the check cannot go on. "
         "Python says: TypeError: unsupported operand type(s) for -: 'str' and 'int'"),
        ("square = 9", "wrong", "square is of type int, with which the check cannot go on. "
         "Python says: TypeError: 'int' object is not callable"),
        ("def square(x):\n    return x / 0", "wrong",
         "Python says: ZeroDivisionError: float division by zero (in the line: return x / 0)"),
        ("def square(x):\n    assert x < 0\n", "wrong",
         "Python says: AssertionError (in the line: assert x < 0)"),
        ("def square(): return 9", "wrong", "takes 0 positional arguments but 1 was given"),
        ("def square(x): return square(x)", "wrong", "RecursionError"),
        ("def square(x): raise SystemExit", "wrong", "Python says: SystemExit"),
        ("def square(x): return x * x", "right", "Right."),
        ("square = lambda x: np.array(x**2)", "right", "Right."),
    ],
)  # fmt: skip
def test_every_answer_gets_a_sentence(answer: str, kind: str, hint: str) -> None:
    verdict = said(answer)
    assert verdict.kind == kind and hint in verdict.hint, verdict


def test_an_endless_loop_ends() -> None:
    verdict = said("def square(x):\n    while True: pass", seconds=0.2)
    assert verdict.hint == "Not finished after 0.2 seconds: is there a loop without end?"


def test_a_function_that_returns_nothing_may_be_right() -> None:
    assert said("def fill(a): a[0] = 1", WRITES).kind == "right"
    assert said("def fill(a): a.append(1)", WRITES).hint == "Not filled."
    assert said("def fill(a): ...", WRITES).kind == "unanswered"


def test_check_in_a_notebook(capsys: pytest.CaptureFixture) -> None:
    check(1, "on_paper", 1.5, -1.0)
    check(1, "on_paper", ..., ...)
    check(1, "on_paper", 1.5)
    check(1, "on_plastic", 1)
    check(99, "on_paper", 1)
    assert capsys.readouterr().out.splitlines() == [
        "Right, both of them.",
        "Not answered yet: dL_da is still `...`.",
        'Write check(1, "on_paper", dL_da, dL_db).',
        "This version of tinygrad_edu has no exercise 'on_plastic' in lesson 1.",
        "This version of tinygrad_edu has no exercise 'on_paper' in lesson 99.",
    ]


def test_a_missing_library_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "find_spec", lambda name: None)
    with pytest.raises(checks.MissingLibrary) as caught:
        needs("keras")
    text = str(caught.value)
    assert text.startswith("This cell needs keras and tensorflow. To install: ")
    assert "python -m pip install 'tinygrad-edu[compare]'" in text
    assert caught.value._render_traceback_() == [text]  # all that a notebook shows
    with pytest.raises(ImportError, match="pip install torch"):
        needs("torch")
    monkeypatch.setattr(checks, "find_spec", lambda name: object())
    needs("keras")
    with pytest.raises(ValueError, match="the libraries are"):
        needs("numpy")
