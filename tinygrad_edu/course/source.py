"""The source of a lesson: one Python file in percent format, from which notebooks and tests are made.

A cell begins with a line `# %%`, as Jupytext and many editors know it. What follows says what the cell is:

    # builds: what the lesson builds       for the table of lessons, above the first cell
    # needs: what to know first
    # %% [markdown] title                  text; every line begins with "# "
    # %% fit tags=varies,sklearn           code, with the id `fit`
    # %% exercise ridge points=2           code with a solution between # BEGIN SOLUTION and # END SOLUTION;
                                           lines between # INSTEAD OF THE BUG and the end are what the reader
                                           gets in its place, to find what is wrong with them
    # %% [markdown] solution ridge         what the folded solution says before its code
    # %% check ridge                       a function that asserts; its arguments are the names it needs
    # %% hidden ridge                      the same for grading, with other cases
    # %% right ridge                       another right answer
    # %% wrong ridge: alpha has no effect  a wrong answer, and words that the hint must contain
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent / "lessons"

BEGIN, BUG, END = "# BEGIN SOLUTION", "# INSTEAD OF THE BUG", "# END SOLUTION"
# What a cell may need beyond NumPy, and the extra of this package that brings it; None if no extra does.
LIBRARIES = {
    "keras": "compare", "matplotlib": "viz", "pandas": None, "sklearn": "compare", "torch": None,
}  # fmt: skip
TAGS = {"needed", "varies", "slow", *LIBRARIES}

_HEAD = re.compile(r"# %%(?: (.*))?$")
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*$")


@dataclass(frozen=True)
class Cell:
    """A cell that a reader sees.

    kind       markdown, code or exercise
    id         of the notebook's cell
    text       without the marks of comments in markdown; with the solution in exercises
    exercise   the name of the exercise
    alt        the alternative text of the picture that the cell makes
    line       where the cell begins in the file
    """

    kind: str
    id: str
    text: str
    tags: tuple[str, ...] = ()
    exercise: str = ""
    alt: str = ""
    line: int = 0


@dataclass
class Exercise:
    """An exercise: what the reader fills in, and how an answer is judged.

    code    with the marks of the solution
    right   other right answers;  wrong   pairs (what the hint contains, answer)
    """

    name: str
    code: str
    points: int
    words: str = ""
    check: str = ""
    hidden: str = ""
    right: list[str] = field(default_factory=list)
    wrong: list[tuple[str, str]] = field(default_factory=list)

    @property
    def solution(self) -> str:
        rows, inside = [], True
        for row in self.code.splitlines():
            mark = row.strip()
            inside = mark != BUG and (inside or mark == END)
            if inside and mark not in (BEGIN, END):
                rows.append(row)
        return "\n".join(rows)

    @property
    def has_bug(self) -> bool:
        """Is the reader to find what is wrong with given code?"""
        return BUG in self.code

    @property
    def blank(self) -> str:
        """The code as a reader gets it, with `...` in place of the solution."""
        return blank(self.code)

    @property
    def asks(self) -> list[str]:
        """The names that the check takes as its arguments."""
        return [argument.arg for argument in function_of(self.check).args.args]


@dataclass
class Lesson:
    path: Path
    number: int
    cells: list[Cell]
    exercises: dict[str, Exercise]
    builds: str = ""
    needs: str = ""

    @property
    def title(self) -> str:
        """The first heading, without "Lesson 6: "."""
        head = self.cells[0].text.splitlines()[0].lstrip("# ")
        return re.sub(r"^Lesson \d+: ", "", head)

    @property
    def points(self) -> int:
        return sum(exercise.points for exercise in self.exercises.values())

    @property
    def needed(self) -> str:
        """The code that checks and answers rely on."""
        return "\n\n\n".join(cell.text for cell in self.cells if "needed" in cell.tags)


def lessons() -> list[Path]:
    """The sources of all lessons, in the order of their numbers."""
    return sorted(FOLDER.glob("[0-9][0-9]_*.py"))


@functools.cache
def lesson(number: int) -> Lesson:
    """Reads lesson `number`. Raises ValueError if there is none."""
    found = [path for path in lessons() if int(path.name[:2]) == number]
    if not found:
        numbers = ", ".join(str(int(path.name[:2])) for path in lessons())
        raise ValueError(f"there is no lesson {number}. The lessons are {numbers}")
    return read(found[0])


def read(path: Path) -> Lesson:
    """Reads a source. Raises ValueError, with the line, for what the format does not know."""
    number = re.match(r"(\d\d)_\w+\.py$", path.name)
    if not number:
        raise ValueError(f"{path.name}: the file of a lesson is called NN_name.py")
    text = path.read_text(encoding="utf-8")
    above = dict(re.findall(r"^# (builds|needs): (.*)$", text.partition("# %%")[0], re.M))
    result = Lesson(path, int(number[1]), [], {}, **above)
    for line, head, body in _split(text):
        try:
            _add(result, line, head, body)
        except ValueError as error:
            raise ValueError(f"{path.name}:{line}: {error}") from None
    if not result.cells or result.cells[0].kind != "markdown":
        raise ValueError(f"{path.name}: a lesson begins with a markdown cell that has its title")
    for exercise in result.exercises.values():
        if not exercise.check:
            raise ValueError(f"{path.name}: exercise {exercise.name} has no check")
    return result


def read_hidden(path: Path, lesson: Lesson) -> dict[str, str]:
    """A teacher's hidden checks: exercise -> code. Raises ValueError for what is no such file."""
    found = {}
    for line, head, body in _split(path.read_text(encoding="utf-8")):
        kind, _, name = head.partition(" ")
        if kind != "hidden" or name not in lesson.exercises:
            raise ValueError(
                f"{path}:{line}: `# %% hidden NAME` is expected, NAME one of {[*lesson.exercises]}"
            )
        try:
            function_of(body)
        except (SyntaxError, ValueError) as error:
            raise ValueError(f"{path}:{line}: the test of {name}: {error}") from None
        found[name] = body
    return found


def _split(text: str) -> Iterator[tuple[int, str, str]]:
    """The cells of a file: (number of the line, what the head says, body)."""
    line, head = 0, None
    body: list[str] = []
    for i, row in enumerate(text.splitlines(), 1):
        if found := _HEAD.match(row):
            if head is not None:
                yield line, head, _trimmed(body)
            line, head, body = i, (found[1] or "").strip(), []
        else:
            body.append(row)
    if head is not None:
        yield line, head, _trimmed(body)


def _trimmed(rows: list[str]) -> str:
    return "\n".join(row.rstrip() for row in rows).strip("\n")


def _add(lesson: Lesson, line: int, head: str, body: str) -> None:
    """Adds what a cell says to the lesson."""
    markdown = head.startswith("[markdown]")
    words, _, says = head.removeprefix("[markdown]").partition(":")
    names = [word for word in words.split() if "=" not in word]
    settings = dict(word.split("=", 1) for word in words.split() if "=" in word)
    tags = tuple(filter(None, settings.pop("tags", "").split(",")))
    if unknown := {*tags} - TAGS:
        raise ValueError(f"unknown tags {sorted(unknown)}; the tags are {sorted(TAGS)}")
    points = settings.pop("points", None)
    if settings:
        raise ValueError(f"unknown settings {sorted(settings)}")
    if markdown:
        body = _uncommented(body)
    match names:
        case ["solution", name] if markdown:
            _exercise(lesson, name).words = body
            return
        case [("check" | "hidden" | "right" | "wrong") as kind, name] if not markdown:
            _add_test(_exercise(lesson, name), kind, body, says.strip())
            return
        case ["exercise", name] if not markdown:
            _add_exercise(lesson, name, points, body)
            id = "exercise-" + name.replace("_", "-").lower()
            cell = Cell("exercise", id, body, tags, exercise=name, line=line)
        case [id] if markdown:
            cell = Cell("markdown", id, body, tags, line=line)
        case [id]:
            alt, body = _alternative_text(body)
            cell = Cell("code", id, body, tags, alt=alt, line=line)
        case _:
            raise ValueError(f"a cell needs an id, such as `# %% fit`; this says {head!r}")
    if not _ID.match(cell.id):
        raise ValueError(f"an id has small letters, digits and dashes; this is {cell.id!r}")
    if cell.id in (other.id for other in lesson.cells):
        raise ValueError(f"two cells have the id {cell.id!r}")
    lesson.cells.append(cell)


def _add_exercise(lesson: Lesson, name: str, points: str | None, body: str) -> None:
    if not (points or "").isdecimal():
        raise ValueError("an exercise says points=2")
    if body.count(BEGIN) != body.count(END) or BEGIN not in body:
        raise ValueError(f"exercise {name} needs {BEGIN} and {END}")
    if name in lesson.exercises:
        raise ValueError(f"two exercises have the name {name!r}")
    lesson.exercises[name] = Exercise(name, body, int(points or 0))


def _exercise(lesson: Lesson, name: str) -> Exercise:
    if name not in lesson.exercises:
        raise ValueError(f"no exercise {name!r} stands above")
    return lesson.exercises[name]


def _add_test(exercise: Exercise, kind: str, body: str, says: str) -> None:
    if kind == "right":
        exercise.right.append(body)
    elif kind == "wrong":
        if not says:
            raise ValueError("a wrong answer needs the words of its hint: `# %% wrong f: words`")
        exercise.wrong.append((says, body))
    else:
        if getattr(exercise, kind):
            raise ValueError(f"exercise {exercise.name} has two cells {kind}")
        function_of(body)
        setattr(exercise, kind, body)


def function_of(check: str) -> ast.FunctionDef:
    """The check function of a cell: its last function at top level."""
    functions = [x for x in ast.parse(check).body if isinstance(x, ast.FunctionDef)]
    if not functions:
        raise ValueError("a check is a function whose arguments are the names of the answer")
    return functions[-1]


def _uncommented(body: str) -> str:
    rows = body.splitlines()
    for row in rows:
        if row and row != "#" and not row.startswith("# "):
            raise ValueError(f'a line of text begins with "# "; this is {row!r}')
    return "\n".join(row[2:] for row in rows).strip("\n")


def _alternative_text(body: str) -> tuple[str, str]:
    """The text of a first comment `# alt: ...`, of one or more lines, and the rest of the cell."""
    rows = body.splitlines()
    if not rows or not rows[0].startswith("# alt:"):
        return "", body
    n = 1
    while n < len(rows) and rows[n].startswith("#  "):
        n += 1
    text = " ".join(row.lstrip("# ") for row in rows[:n]).removeprefix("alt:").strip()
    return text, _trimmed(rows[n:])


def blank(code: str) -> str:
    """The code with `...` in place of each solution; of assignments at the margin, the names remain.

    >>> print(blank("def f(x):\\n    # BEGIN SOLUTION\\n    return x\\n    # END SOLUTION"))
    def f(x):
        ...  # your code
    >>> print(blank("# BEGIN SOLUTION\\ninputs = 28 * 28\\n# END SOLUTION"))
    inputs = ...
    """
    rows: list[str] = []
    solution: list[str] | None = None
    bug: list[str] = []
    for row in code.splitlines():
        margin = row[: len(row) - len(row.lstrip())]
        if row.strip() == BEGIN:
            solution = []
        elif row.strip() == BUG:
            solution = bug = []
        elif row.strip() == END:
            names = [] if margin else _names_of("\n".join(solution or []))
            rows += bug or [f"{name} = ..." for name in names] or [margin + "...  # your code"]
            solution, bug = None, []
        elif solution is not None:
            solution.append(row)
        else:
            rows.append(row)
    return "\n".join(rows)


def _names_of(solution: str) -> list[str]:
    """What is assigned, if the code does nothing but assign."""
    statements = ast.parse(solution).body
    if not all(isinstance(x, ast.Assign) for x in statements):
        return []
    return [ast.unparse(t) for x in statements if isinstance(x, ast.Assign) for t in x.targets]
