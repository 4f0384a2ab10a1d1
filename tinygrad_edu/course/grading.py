"""Grades a notebook: its code runs in a process of its own, and the tests here.

What the notebook defines is judged, not what it prints. A notebook that cannot be graded gets a sentence, and
no error of ours.
"""

from __future__ import annotations

import ast
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinygrad_edu.course import checks, judging, source
from tinygrad_edu.course.judging import Ended, TooSlow, Verdict
from tinygrad_edu.course.source import Exercise, Lesson
from tinygrad_edu.course.wire import Peer

LARGEST = 20_000_000  # bytes of a notebook
SECONDS, MEGABYTES = 20, 4096
# Magics of a cell that is Python below its first line.
RUN_PYTHON = ("time", "timeit", "capture", "prun")
PACKAGE = Path(__file__).parents[2]


@dataclass(frozen=True)
class Line:
    """What an exercise of a notebook is worth."""

    exercise: str
    points: int
    of: int
    kind: str
    hint: str


@dataclass(frozen=True)
class Grade:
    lesson: int
    title: str
    notebook: str
    lines: list[Line]

    @property
    def points(self) -> int:
        return sum(line.points for line in self.lines)

    @property
    def of(self) -> int:
        return sum(line.of for line in self.lines)

    def as_json(self) -> str:
        lines = [vars(line) for line in self.lines]
        total = {"points": self.points, "of": self.of}
        head = {"notebook": self.notebook, "lesson": self.lesson, "title": self.title}
        return json.dumps({**head, **total, "exercises": lines}, indent=1, ensure_ascii=False)

    def __str__(self) -> str:
        width = max(len(line.exercise) for line in self.lines)
        rows = [
            f"{line.exercise:{width}}  {line.points} of {line.of}  {line.hint}"
            for line in self.lines
        ]
        head = f"{self.notebook}: lesson {self.lesson}, {self.title}"
        return "\n".join([head, *rows, f"{'together':{width}}  {self.points} of {self.of}"])


@dataclass(frozen=True)
class Cell:
    """A code cell of a notebook; exercise is the name of the one that it answers, if any."""

    id: str
    text: str
    exercise: str


def grade(
    path: str,
    *,
    hidden: bool | str = False,
    seconds: int = SECONDS,
    megabytes: int = MEGABYTES,
) -> Grade:
    """Grades the notebook at path.

    hidden     also run the hidden checks: those of the package, or those of a file
    seconds    for each cell and each exercise;  megabytes   of memory for the learner's process

    Raises ValueError, with a sentence for the learner, for what is no notebook of the course.
    """
    lesson, cells = read_notebook(path)
    tests = {name: [exercise.check] for name, exercise in lesson.exercises.items()}
    for name, code in (_hidden(lesson, hidden) if hidden else {}).items():
        tests[name].append(code)
    secret = [Path(hidden).name] if isinstance(hidden, str) else []
    lines = []
    run = Run(lesson, cells, seconds, megabytes, secret)
    with contextlib.closing(run):
        for name, exercise in lesson.exercises.items():
            try:
                verdict = run.verdict(exercise, tests[name])
            except ValueError:
                raise
            except Exception as error:  # an answer of a kind that nobody has thought of
                verdict = Verdict("wrong", f"The check cannot use this answer: {error}"[:300])
            right = verdict.kind == "right"
            points = exercise.points if right else 0
            lines.append(Line(name, points, exercise.points, verdict.kind, verdict.hint))
    return Grade(lesson.number, lesson.title, path, lines)


def read_notebook(path: str) -> tuple[Lesson, list[Cell]]:
    """The lesson that a notebook belongs to, and its code cells."""
    if os.path.getsize(path) > LARGEST:
        raise ValueError(
            f"{path} is larger than {LARGEST // 1_000_000} MB. Clear its outputs, and save it."
        )
    notebook: Any = None
    try:
        notebook = json.loads(Path(path).read_text(encoding="utf-8-sig"))
        cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        texts = [x if isinstance(x := cell["source"], str) else "".join(x) for cell in cells]
        said = notebook.get("metadata", {}).get("tinygrad_edu", {}).get("lesson")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        if isinstance(notebook, dict) and "worksheets" in notebook:
            raise ValueError(
                f"{path} is in the old format 3 of notebooks. Open it in Jupyter, and save it again."
            ) from None
        raise ValueError(f"{path} is no notebook: it is not JSON with a list of cells.") from None
    calls = [re.findall(r'check\(\s*(\d+)\s*,\s*["\'](\w+)["\']', text) for text in texts]
    numbers = [int(number) for found in calls for number, _ in found if len(number) < 4]
    number = said if isinstance(said, int) else max(numbers, key=numbers.count, default=None)
    if number is None:
        raise ValueError(f"{path} is no notebook of the course: no cell calls check(...).")
    lesson = source.lesson(number)
    result = []
    for cell, text, found in zip(cells, texts, calls, strict=True):
        metadata = cell.get("metadata") if isinstance(cell.get("metadata"), dict) else {}
        ours = metadata.get("tinygrad_edu")
        name = ours.get("exercise") if isinstance(ours, dict) else None
        for n, called in found:
            name = called if int(n[:4]) == number else name
        known = name if isinstance(name, str) and name in lesson.exercises else ""
        result.append(Cell(str(cell.get("id", "")), without_magics(text), known))
    return lesson, result


def without_magics(text: str) -> str:
    """The cell without what only IPython understands."""
    with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
        ast.parse(text)  # a line of plain Python may begin with %, inside of brackets
        return text
    if magic := re.match(r"\s*%%(\w+)[^\n]*\n?", text):
        return without_magics(text[magic.end() :]) if magic[1] in RUN_PYTHON else ""
    return re.sub(r"^(\s*)[%!?].*$", r"\1pass", text, flags=re.M)


def _hidden(lesson: Lesson, hidden: bool | str) -> dict[str, str]:
    if isinstance(hidden, str):
        return source.read_hidden(Path(hidden), lesson)
    return {name: x.hidden for name, x in lesson.exercises.items() if x.hidden}


class Run:
    """The learner's process, started again for the next exercise when an answer has ended it."""

    def __init__(
        self, lesson: Lesson, cells: list[Cell], seconds: int, megabytes: int, secret: list[str]
    ):
        self.lesson, self.seconds, self.megabytes = lesson, seconds, megabytes
        self.secret = [*(path.name for path in source.lessons()), *secret]
        ours = [cell for cell in lesson.cells if cell.kind == "code"]
        known = {cell.id for cell in ours} | {cell.text.strip() for cell in ours}
        # The lesson's own cells need not run again: what exercises need of them runs first.
        self.cells = [
            c for c in cells if c.exercise or (c.id not in known and c.text.strip() not in known)
        ]
        self.errors: dict[str, str] = {}
        self.answers: dict[str, dict[str, Any]] = {}
        self.fatal: set[int] = set()  # cells that ended the process
        self.process: Any = None
        self._blank: set[str] = set()

    def verdict(self, exercise: Exercise, tests: list[str]) -> Verdict:
        for _ in self.cells:
            if self.process is None:
                self._start()
            if self.process is not None:
                break
        if self.process is None:
            return Verdict("wrong", "The cells of this notebook end the process in which they run.")
        if exercise.name in self.errors:
            return Verdict("wrong", self.errors[exercise.name])
        answers = self.answers.get(exercise.name)
        if answers is None:
            with self._limited():
                answers = self.peer.ask("names", exercise.asks)
        for name in exercise.asks:
            if name not in answers:
                return Verdict("unanswered", f"{judging.UNANSWERED}nothing is called {name}.")
        if exercise.name in self._blank:
            return Verdict("unanswered", judging.BLANK)
        names = checks.needed_names(self.lesson.number)
        result = Verdict("right", "Right.")
        for code in tests:
            asked = [argument.arg for argument in source.function_of(code).args.args]
            given = {name: answers[name] for name in asked if name in answers}
            try:
                test = judging.function(code, names)
                with self._limited(), _temporary_files_in(self.folder.name):
                    said = judging.judge(test, given, exercise, self.seconds)
            except (Ended, TooSlow):
                said = Verdict("wrong", "Your code ended its process.")
            if said.kind != "right":
                if self._gone():
                    self._stop()
                return said
            result = result if result.hint != "Right." else said
        return result

    @contextlib.contextmanager
    def _limited(self) -> Iterator[None]:
        self.peer.deadline = time.monotonic() + self.seconds
        try:
            yield
        finally:
            self.peer.deadline = float("inf")

    def _gone(self) -> bool:
        """Does the process no longer answer?"""
        try:
            self.peer.deadline = time.monotonic() + 1
            return self.peer.ask("names", []) != {}
        except (Ended, TooSlow, Exception):
            return True
        finally:
            self.peer.deadline = float("inf")

    def _start(self) -> None:
        """Starts the process and runs the cells, but for those that have ended one before."""
        self.errors, self.answers, self._blank = {}, {}, set()
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        to_child, to_parent = os.pipe(), os.pipe()
        ends = [to_child[0], to_parent[1]]
        limits = [str(60 + self.seconds * (len(self.cells) + len(self.lesson.exercises)))]
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "tinygrad_edu.course.child", *map(str, ends), *limits]
            + [str(self.megabytes), *self.secret],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            pass_fds=ends, cwd=self.folder.name, start_new_session=True,
            env=_environment(self.folder.name),
        )  # fmt: skip
        for end in ends:
            os.close(end)
        self.peer = Peer(to_parent[0], to_child[1], trusted=False)
        self.peer.deadline = time.monotonic() + 60 + self.seconds
        try:
            failed = self.peer.ask("run", self.lesson.needed)
        except (Ended, TooSlow):
            self._stop()
            raise ValueError("the process for this notebook did not start.") from None
        if failed is not None:
            self._stop()
            raise ValueError(f"the lesson's own cells fail: {': '.join(map(str, failed))}"[:500])
        for i, cell in enumerate(self.cells):
            if i in self.fatal:
                self.errors[cell.exercise] = "Your cell ended its process, or did not end in time."
                continue
            try:
                self._run(cell)
            except (Ended, TooSlow):
                self.fatal.add(i)
                self._stop()
                return

    def _run(self, cell: Cell) -> None:
        with self._limited():
            error = self.peer.ask("run", cell.text)
            if not cell.exercise:
                return
            self.errors.pop(cell.exercise, None)
            exercise = self.lesson.exercises[cell.exercise]
            if isinstance(error, list) and len(error) == 3:
                kind, said, line = map(str, error)
                where = f" (in the line: {line[:200]})" if line else ""
                self.errors[cell.exercise] = f"Python says: {kind}: {said[:500]}{where}"
                return
            self.answers[cell.exercise] = self.peer.ask("names", exercise.asks)
        if not exercise.has_bug and _same_text(cell.text, exercise.blank):
            self._blank.add(cell.exercise)

    def _stop(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for end in (self.peer.reading, self.peer.writing):
            os.close(end)
        self.process = None
        self.folder.cleanup()

    def close(self) -> None:
        if self.process is not None:
            self._stop()


@contextlib.contextmanager
def _temporary_files_in(folder: str) -> Iterator[None]:
    """A check that asks for a file makes its place there, where the answer may write it."""
    before, tempfile.tempdir = tempfile.tempdir, folder
    try:
        yield
    finally:
        tempfile.tempdir = before


def _same_text(cell: str, blank: str) -> bool:
    """Is the cell as it was handed out? Comments, spaces and calls of `check` do not count."""

    def tree(text: str) -> str:
        body = ast.parse(text).body
        return "\n".join(ast.dump(x) for x in body if not ast.unparse(x).startswith("check("))

    try:
        return tree(cell) == tree(blank)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def _environment(folder: str) -> dict[str, str]:
    """What the process learns of this one: where Python finds the package, and little else."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    path = os.pathsep.join(filter(None, [str(PACKAGE), os.environ.get("PYTHONPATH")]))
    threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    home = dict.fromkeys(("HOME", "TMPDIR", "MPLCONFIGDIR"), folder)
    return {**kept, **threads, **home, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
