"""From an answer to a hint. A check asserts; all that can go wrong before it does is told in words here."""

from __future__ import annotations

import ast
import contextlib
import functools
import itertools
import linecache
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from tinygrad_edu.course.source import Exercise, function_of
from tinygrad_edu.diagnostics.words import is_ours

SECONDS = 20.0
UNANSWERED = "Not answered yet: "
BLANK = f"{UNANSWERED}put your code in place of `...`."

_numbers = itertools.count()


@dataclass(frozen=True)
class Verdict:
    """right, wrong or unanswered; and what the reader is told."""

    kind: str
    hint: str


class TooSlow(BaseException):
    """The answer takes too long. No `except Exception` of an answer catches it."""


class Ended(BaseException):
    """The process of an answer has ended, or said what it must not."""


class Unanswered(Exception):
    """An answer returns nothing where it should return something."""


def run(code: str, name: str, names: dict[str, Any] | None = None) -> dict[str, Any]:
    """The names that the code defines. Python finds its lines, for tracebacks, under the name."""
    file = f"<{name.strip('<>')} {next(_numbers)}>"
    linecache.cache[file] = (len(code), None, code.splitlines(keepends=True), file)
    result = {"__name__": "lesson"} if names is None else dict(names)
    exec(compile(code, file, "exec"), result)
    return result


def function(check: str, names: dict[str, Any]) -> Callable[..., Any]:
    """The function that a check cell defines, which may use the names."""
    return run(check, "check", names)[function_of(check).name]


def judge(
    check: Callable[..., Any],
    answers: dict[str, Any],
    exercise: Exercise,
    seconds: float = SECONDS,
) -> Verdict:
    """Runs the check on the answers, whatever they are."""
    for name, answer in answers.items():
        if answer is None or answer is Ellipsis:
            return Verdict("unanswered", f"{UNANSWERED}{name} is still {_shown(answer)}.")
    blanks = {} if exercise.has_bug else _code_of(exercise.blank)
    if any(name in blanks and _same_code(answer, blanks[name]) for name, answer in answers.items()):
        return Verdict("unanswered", BLANK)
    returned: list[tuple[str, Any]] = []
    watched = {
        name: _watched(name, answer, name in returning(exercise.solution), returned)
        for name, answer in answers.items()
    }
    try:
        with _limit(seconds), np.errstate(all="ignore"):
            praise = check(**watched)
    except Unanswered as error:
        return Verdict("unanswered", f"{UNANSWERED}{error}")
    except TooSlow:
        return Verdict(
            "wrong", f"Not finished after {seconds:g} seconds: is there a loop without end?"
        )
    except Ended:
        return Verdict(
            "wrong", "Your code ended its process: by exit, or by needing too much memory or time."
        )
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return Verdict("wrong", _hint(error, check.__code__.co_filename, returned, answers))
    return Verdict("right", praise if isinstance(praise, str) else "Right.")


def returning(solution: str) -> set[str]:
    """The functions of a solution that return something whichever way they end."""
    found = set()
    for f in ast.parse(solution).body:
        if isinstance(f, ast.FunctionDef):
            returns = [x for x in ast.walk(f) if isinstance(x, ast.Return)]
            values = [x.value for x in returns]
            nothing = [
                v for v in values if v is None or (isinstance(v, ast.Constant) and v.value is None)
            ]
            if values and not nothing:
                found.add(f.name)
    return found


def _code_of(code: str) -> dict[str, Any]:
    """The functions and classes of blank code, compiled: name -> (code of each function in it)."""
    compiled = compile(code, "<blank>", "exec")
    return {x.co_name: x for x in compiled.co_consts if isinstance(x, CodeType)}


def _same_code(answer: Any, blank: CodeType) -> bool:
    if isinstance(answer, FunctionType):
        return _equal(answer.__code__, blank)
    if issubclass(type(answer), type):  # and no stand-in of a class
        methods = {x.co_name: x for x in blank.co_consts if isinstance(x, CodeType)}
        theirs = {name: f for name, f in vars(answer).items() if isinstance(f, FunctionType)}
        return methods.keys() == theirs.keys() and all(
            _equal(theirs[name].__code__, methods[name]) for name in methods
        )
    return False


def _equal(a: CodeType, b: CodeType) -> bool:
    """The same instructions on the same constants and names, wherever they stand."""
    if (a.co_code, a.co_names, a.co_varnames) != (b.co_code, b.co_names, b.co_varnames):
        return False
    if len(a.co_consts) != len(b.co_consts):
        return False
    return all(
        _equal(x, y)
        if isinstance(x, CodeType) and isinstance(y, CodeType)
        else x == y or isinstance(x, str)
        for x, y in zip(a.co_consts, b.co_consts, strict=True)
    )


def _watched(name: str, answer: Any, must_return: bool, returned: list[tuple[str, Any]]) -> Any:
    """A function that notes what the answer returns; None is no answer. Other answers stay as they are."""
    if not callable(answer) or isinstance(answer, type):
        return answer

    def call(*args: Any, **kwargs: Any) -> Any:
        result = answer(*args, **kwargs)
        if result is Ellipsis or (result is None and must_return):
            raise Unanswered(f"{name}(...) returns {_shown(result)}.")
        returned.append((name, result))
        return result

    # A stand-in of a function in another process says about itself what its own code likes.
    return functools.wraps(answer)(call) if type(answer) is FunctionType else call


def _hint(
    error: BaseException, check: str, returned: list[tuple[str, Any]], answers: dict[str, Any]
) -> str:
    """What a failing check says. The innermost line outside of libraries is the check's or the answer's."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not _of_a_library(f.filename)]
    theirs = bool(frames) and frames[-1].filename != check
    line = frames[-1].line if theirs else ""
    if hasattr(error, "answer_line"):  # the answer is in another process
        theirs, line = True, error.answer_line
    where = f" (in the line: {line})" if line else ""
    said = str(error).strip()
    says = said.partition("\n")[0] if theirs else said
    if isinstance(error, AssertionError) and not theirs:
        return (said or "Not right yet.") + _nan(returned, answers)
    kind = type(error).__name__
    says = f"{kind}: {says}" if says else kind
    if theirs:
        return f"Python says: {says}{where}"
    name, value = returned[-1] if returned else next(iter(answers.items()))
    what = f"{name}(...) returns something" if returned else f"{name} is"
    kind = type(value).__name__
    return f"{what} of type {kind}, with which the check cannot go on. Python says: {says}"


def _of_a_library(file: str) -> bool:
    return is_ours(file) or f"{os.sep}site-packages{os.sep}" in file or file == contextlib.__file__


def _nan(returned: list[tuple[str, Any]], answers: dict[str, Any]) -> str:
    values = [(f"{name}(...) returns", x) for name, x in returned[-1:]]
    values += [(f"{name} is", x) for name, x in answers.items()]
    for what, value in values:
        if _has_nan(value):
            return f" ({what} nan, not a number: is something divided by 0?)"
    return ""


def _has_nan(value: Any) -> bool:
    try:
        array = np.asarray(value)
        return array.dtype.kind in "fc" and bool(np.isnan(array).any())
    except Exception:
        return False


def _shown(answer: Any) -> str:
    return "`...`" if answer is Ellipsis else str(answer)


@contextlib.contextmanager
def _limit(seconds: float) -> Iterator[None]:
    """Raises TooSlow after that time, where signals can: on Unix, in the main thread."""
    if (
        not hasattr(signal, "setitimer")
        or threading.current_thread() is not threading.main_thread()
    ):
        yield
        return

    def stop(*_: Any) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
