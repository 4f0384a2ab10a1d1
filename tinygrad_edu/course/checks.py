"""What the notebooks of the course use: `check` judges an answer, `needs` asks for a library."""

from __future__ import annotations

import contextlib
import functools
import io
import sys
from importlib.util import find_spec
from typing import Any

from tinygrad_edu.course import judging
from tinygrad_edu.course.source import LIBRARIES, lesson


class MissingLibrary(ImportError):
    """A cell needs a library that is not installed. A notebook shows the sentence alone, no traceback."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def needs(library: str) -> None:
    """Raises MissingLibrary, with the command that installs it, unless the library is here."""
    if library not in LIBRARIES:
        raise ValueError(f"needs({library!r}): the libraries are {', '.join(LIBRARIES)}")
    parts = [library, "tensorflow"] if library == "keras" else [library]
    missing = [part for part in parts if find_spec(part) is None]
    if missing:
        extra = LIBRARIES[library]
        what = f"'tinygrad-edu[{extra}]'" if extra else library
        raise MissingLibrary(
            f"This cell needs {' and '.join(missing)}. To install: python -m pip install {what}\n"
            "You can go on with the next cells without it."
        )


def check(number: int, exercise: str, *answers: Any) -> None:
    """Prints whether the answer to an exercise is right; if not, a hint."""
    try:
        found = lesson(number).exercises[exercise]
    except (ValueError, KeyError):
        print(f"This version of tinygrad_edu has no exercise {exercise!r} in lesson {number}.")
        return
    if len(answers) != len(found.asks):
        print(f'Write check({number}, "{exercise}", {", ".join(found.asks)}).')
        return
    verdict = judging.judge(
        judging.function(found.check, needed_names(number)),
        dict(zip(found.asks, answers, strict=True)),
        found,
    )
    print(verdict.hint)


@functools.cache
def needed_names(number: int) -> dict[str, Any]:
    """What the cells of a lesson define on which its checks rely. They print nothing again."""
    figures = _figures()
    with contextlib.redirect_stdout(io.StringIO()):
        names = judging.run(lesson(number).needed, f"lesson {number}")
    for figure in _figures() - figures:
        sys.modules["matplotlib.pyplot"].close(figure)
    return names


def _figures() -> set[int]:
    """The numbers of the open figures of matplotlib."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    return set(pyplot.get_fignums()) if pyplot else set()
