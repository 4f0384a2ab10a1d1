"""The lessons run, what they show is what they would show today, and their exercises are fair.

Cells with the tag `varies` may print something else in every run (a time, say); cells with the tag
`exercise` wait for the reader; the cell with the tag `engine` is what the lesson promises to be short.
"""

from __future__ import annotations

import ast
import os
import re
import textwrap
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tutorials"
LESSONS = sorted(FOLDER.glob("*.ipynb"))
FIRST = FOLDER / "01_a_number_that_remembers.ipynb"


def code_cells(lesson: Any) -> list[Any]:
    return [cell for cell in lesson.cells if cell.cell_type == "code"]


def tagged(lesson: Any, tag: str) -> list[Any]:
    return [cell for cell in code_cells(lesson) if tag in cell.metadata.get("tags", ())]


def shown(cell: Any) -> dict[str, str]:
    """What a cell shows, kind by kind. Of a picture it counts that it is there, not every stroke."""
    result: dict[str, str] = {}
    for output in cell.outputs:
        if output.output_type == "stream":
            parts = {output.name: output.text}
        elif output.output_type == "error":
            parts = {"error": output.evalue}
        else:
            parts = {kind: x if kind == "text/plain" else "" for kind, x in output.data.items()}
        for kind, text in parts.items():
            result[kind] = result.get(kind, "") + text
    return result


def run(lesson: Any) -> Any:
    """A copy of the lesson, run from top to bottom in a fresh kernel that sees this checkout."""
    fresh = nbformat.from_dict(lesson)
    for cell in code_cells(fresh):
        cell.outputs, cell.execution_count = [], None
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    client = NotebookClient(
        fresh, kernel_name="python3", timeout=300, resources={"metadata": {"path": str(FOLDER)}}
    )
    client.execute(env={**os.environ, "PYTHONPATH": path})
    return fresh


def test_there_is_a_lesson() -> None:
    assert FIRST in LESSONS


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_fresh_run_shows_what_is_committed(path: Path) -> None:
    lesson = nbformat.read(path, as_version=4)
    fresh = run(lesson)  # raises, with the cell and its traceback, if a cell raises
    for kept, new in zip(code_cells(lesson), code_cells(fresh), strict=True):
        if kept in tagged(lesson, "varies"):
            assert bool(shown(kept)) == bool(shown(new)), kept.source
        else:
            assert shown(kept) == shown(new), kept.source


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_what_is_committed_is_one_clean_run(path: Path) -> None:
    lesson = nbformat.read(path, as_version=4)
    nbformat.validate(lesson)
    cells = code_cells(lesson)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert any(cell.outputs for cell in cells)
    for cell in cells:
        assert not {"error", "stderr"} & shown(cell).keys(), cell.source
        assert not cell.metadata.keys() - {"tags", "jupyter"}, "timings or traces of an editor"
        assert cell.metadata.get("jupyter", {"source_hidden": True}) == {"source_hidden": True}
        # neither an address in memory nor a folder of the author's machine
        assert not re.search(r"0x[0-9a-f]{6,}|/(home|root|tmp|Users)/", str(cell.outputs))
    assert lesson.metadata == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_needs_nothing_but_itself(path: Path) -> None:
    lesson = nbformat.read(path, as_version=4)
    source = "\n".join(cell.source for cell in code_cells(lesson))
    assert not re.search(r"^\s*[!%]", source, re.M), "shell commands and magics"
    assert not re.search(r"np\.random\.(?!default_rng|Generator)", source), "global random state"
    assert str(path.name) in (FOLDER / "README.md").read_text(encoding="utf-8")


def test_links_lead_somewhere() -> None:
    for path in LESSONS:
        lesson = nbformat.read(path, as_version=4)
        text = "\n".join(cell.source for cell in lesson.cells if cell.cell_type == "markdown")
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
            assert (FOLDER / target).exists(), f"{path.name} links to {target}"


# --------------------------------------------------------------- lesson 1: a number that remembers


def imported(source: str) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


def test_the_engine_is_short_and_made_from_nothing() -> None:
    (engine,) = tagged(nbformat.read(FIRST, as_version=4), "engine")
    lines = [line.strip() for line in engine.source.splitlines()]
    assert len([line for line in lines if line and not line.startswith("#")]) <= 60
    assert imported(engine.source) == {"itertools", "math"}


@pytest.fixture(scope="module")
def names() -> dict[str, Any]:
    """The engine, the referee and the checks, as a reader has them when the exercises begin."""
    lesson = nbformat.read(FIRST, as_version=4)
    found: dict[str, Any] = {}
    for cell in code_cells(lesson):
        if cell in tagged(lesson, "engine") or cell.id.startswith(("by-nudging", "check-")):
            # the referee's cell goes on to use it on the lesson's first function
            exec(cell.source, found.setdefault("globals", {"f": lambda a, b, c: (a * b + c) ** 2}))
    return found["globals"]


@pytest.fixture
def hint(names: dict[str, Any], capsys: pytest.CaptureFixture) -> Callable[..., str]:
    """What check number n says to an answer."""

    def answer(n: int, *answers: Any) -> str:
        capsys.readouterr()
        names[f"check_{n}"](*answers)
        return capsys.readouterr().out.strip()

    return answer


def solutions() -> list[str]:
    """The code in the folded answers at the end of the lesson."""
    text = nbformat.read(FIRST, as_version=4).cells[-1].source
    folded = r"<summary>Exercise \d</summary>.*?```python\n(.*?)```.*?</details>"
    return re.findall(folded, text, re.S)


@pytest.mark.parametrize(
    ("n", "answers"), [(1, ("dL_da", "dL_db")), (2, ("sin",)), (3, ("descend",))]
)
def test_the_solutions_are_right(n: int, answers: tuple, names: dict, hint: Callable) -> None:
    here = dict(names)
    assert len(solutions()) == 3
    exec(solutions()[n - 1], here)
    assert hint(n, *(here[a] for a in answers)).startswith("Right")


def test_the_exercises_are_unanswered() -> None:
    cells = tagged(nbformat.read(FIRST, as_version=4), "exercise")
    assert len(cells) == 3
    for cell in cells:
        assert shown(cell)["stdout"].startswith("Not answered yet")


@pytest.mark.parametrize(
    ("dL_da", "dL_db", "says"),
    [
        (None, -1.0, "Not answered yet"),
        (1.5, None, "Not answered yet"),
        ("1.5", -1.0, "dL/da should be a plain number, and yours is of type str"),
        (1.5, [-1.0], "dL/db should be a plain number, and yours is of type list"),
        (0.5, -1.0, "dL/da: that is the path through the division alone"),
        (1.0, -1.0, "dL/da: that is the path through the sum alone"),
        (0.25, -1.0, "dL/da: no. Two paths"),
        (1.5, 1.0, "dL/da is right. dL/db: the right size"),
        (1.5, -0.25, "dL/da is right. dL/db: that would be for 1 / b"),
        (1.5, -2.0, "dL/da is right. dL/db: look at the table"),
        (1.5, 2.0, "dL/da is right. dL/db: look at the table"),
        (1.5, 0.5, "dL/da is right. dL/db: that is how a / b moves with a"),
        (1.5, 7.0, "dL/da is right, dL/db is not"),
        (1.5, -1.0, "Right"),
        (np.float32(1.5), -1, "Right"),
        (Fraction(3, 2), np.int64(-1), "Right"),
    ],
)
def test_on_paper(dL_da: Any, dL_db: Any, says: str, hint: Callable) -> None:
    assert hint(1, dL_da, dL_db).startswith(says)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("None", "Not answered yet"),
        ("Number(math.sin(x))", "Python says: must be real number"),
        ("Number(math.cos(x))", "Python says: must be real number"),
        ("'sin'", "sin(x) returned a str, which cannot remember"),
        ("math.sin(x.data)", "sin(x) returned a float, which cannot remember"),
        ("Number(math.cos(x.data), (x,), (math.cos(x.data),))", "The value is not right"),
        ("Number(math.sin(x.data))", "The value is right, but the result must remember x"),
        (
            "Number(math.sin(x.data), (), (x,))",
            "The value is right, but the result must remember x",
        ),
        ("Number(math.sin(x.data), [x], (math.cos(x.data),))", "x is remembered, but in a list"),
        ("Number(math.sin(x.data), {x}, (math.cos(x.data),))", "x is remembered, but in a set"),
        ("Number(math.sin(x.data), [], (math.cos(x.data),))", "The value is right, but the result"),
        ("Number(math.sin(x.data), (x), (math.cos(x.data)))", "The value is right, but the result"),
        ("Number(math.sin(x.data), (x,), (math.cos(x.data)))", "There is one parent, so"),
        ("Number(math.sin(x.data), (x,), (math.cos,))", "The slope should be a plain number, and"),
        ("Number(math.sin(x.data), (x,), (lambda: 1,))", "The slope should be a plain number, and"),
        ("Number(math.sin(x.data), (x,), (Number(1),))", "The slope should be a plain number, and"),
        ("Number(math.sin(x.data), (x,), ('cos',))", "The slope should be a plain number, and"),
        ("Number(math.sin(x.data), (x,), (-math.cos(x.data),))", "The slope has the wrong sign"),
        ("Number(math.sin(x.data), (x,), (math.cos(math.sin(x.data)),))", "Nearly: that is the"),
        ("Number(math.sin(x.data), (x,), (math.sin(x.data),))", "That slope is the value itself"),
        ("Number(math.sin(x.data), (x,), (1.0,))", "The slope at 0.6 should be 0.825336, but"),
        ("Number(math.sin(x.data), (x,), (math.cos(0.6),))", "Right at 0.6, but not elsewhere"),
        ("Number(math.sin(x.data), (x,), (math.cos(x.data),))", "Right, also as a part of"),
    ],
)
def test_a_new_operation(answer: str, says: str, names: dict, hint: Callable) -> None:
    assert hint(2, eval(f"lambda x: {answer}", names)).startswith(says)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (
            "Number(math.sin(x.data), (x,), (1.0,), 4)",
            "takes from 2 to 4 positional arguments but 5",
        ),
        ("Number(x, (x,), (1.0,))", "float() argument must be a string or a real number"),
        ("Number(math.sin(x.value))", "'Number' object has no attribute 'value'"),
        ("Number(sinus(x.data))", "name 'sinus' is not defined"),
        ("next(iter(()))", "StopIteration"),
    ],
)
def test_python_speaks_for_itself(answer: str, says: str, names: dict, hint: Callable) -> None:
    text = hint(2, eval(f"lambda x: {answer}", names))
    assert text.startswith("Python says: ") and says in text and "What math.sin" not in text


DESCEND = """
def descend(f, x, rate, steps):
    number = Number(x)
    for _ in range(steps):
        number.grad = 0.0
        f(number).backward()
        number.data -= rate * number.grad
    return number.data
"""


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("return number.data", "return None", "Not answered yet"),
        ("return number.data", "return number", "You return a Number"),
        ("return number.data", "return str(number.data)", "Return the plain number where you end"),
        ("return number.data", "return [number.data]", "Return the plain number where you end"),
        ("return number.data", "return f", "Return the plain number where you end"),
        ("number.data -= rate * number.grad", "pass", "You have not moved"),
        ("f(number).backward()", "f(number)", "You have not moved"),
        ("-=", "+=", "You walk uphill"),
        ("number.grad = 0.0", "pass", "The slopes of earlier steps are still in x.grad"),
        ("range(steps)", "range(steps - 1)", "One step too few or too many"),
        ("range(steps)", "range(steps + 1)", "One step too few or too many"),
        ("rate * number.grad", "number.grad", "Your steps are the whole slope"),
        (
            "f(number).backward()",
            "number.grad = 2 * number.data - 6",
            "Of 5 slopes, backward() found 0",
        ),
        ("rate * number.grad", "rate", "After 5 steps at rate 0.1 from 0 on (x - 3)²: 2.016960"),
        ("return number.data", "return number.data", "Right"),
    ],
)
def test_downhill(right: str, wrong: str, says: str, names: dict, hint: Callable) -> None:
    assert DESCEND.count(right) == 1
    here = dict(names)
    exec(DESCEND.replace(right, wrong), here)
    assert hint(3, here["descend"]).startswith(says)


def said_of(body: str, names: dict, hint: Callable) -> str:
    here = dict(names)
    exec("def descend(f, x, rate, steps):\n" + textwrap.indent(textwrap.dedent(body), "    "), here)
    backward = names["Number"].backward
    text = hint(3, here["descend"])
    assert names["Number"].backward is backward  # the check only watched
    return text


@pytest.mark.parametrize(
    ("right", "wrong", "says", "forgot"),
    [
        ("Number(x)", "x", "'float' object has no attribute 'grad'", True),
        ("* number.grad", "* number.gard", "'Number' object has no attribute 'gard'", False),
        ("* number.grad", "* number.data.gard", "'float' object has no attribute 'gard'", False),
        ("range(steps)", "steps", "'int' object is not iterable", False),
        ("return number.data", "raise NotImplementedError", "NotImplementedError.", False),
    ],
)
def test_errors_on_the_way_down(
    right: str, wrong: str, says: str, forgot: bool, names: dict, hint: Callable
) -> None:
    assert DESCEND.count(right) == 1
    body = DESCEND.replace(right, wrong).replace("\ndef descend(f, x, rate, steps):\n", "")
    text = said_of(body, names, hint)
    assert text.startswith(f"Python says: {says}")
    assert ("Make a Number of x" in text) == forgot


@pytest.mark.parametrize(
    ("start", "loop", "says"),
    [
        # slopes by nudging: to both sides, to one side, and with one walk for show
        ("", "x -= rate * by_nudging(f, x)[0]", "Of 5 slopes, backward() found 0"),
        ("", "x -= rate * (f(x + 1e-3) - f(x)) / 1e-3", "Of 5 slopes, backward() found 0"),
        (
            "Number(x).backward()",
            "x -= rate * by_nudging(f, x)[0]",
            "Of 5 slopes, backward() found 1",
        ),
        # one graph for all steps: with and without a clean start, with one walk, with a new leaf
        (
            "n = Number(x); L = f(n)",
            "n.grad = 0.0; L.backward(); x -= rate * n.grad",
            "These are all slopes of one graph",
        ),
        (
            "n = Number(x); L = f(n)",
            "L.backward(); x -= rate * n.grad",
            "These are all slopes of one graph",
        ),
        (
            "n = Number(x); f(n).backward()",
            "x -= rate * n.grad",
            "These are all slopes of one graph",
        ),
        (
            "L = f(Number(x))",
            "n = Number(x); L.backward(); x -= rate * n.grad",
            "These are all slopes of one graph",
        ),
        # a single step, or more walks than steps, is no sign of either
        ("", "n = Number(x); f(n).backward(); return x - rate * n.grad", "After 5 steps"),
        ("", "n = Number(x); f(n).backward(); f(n); x -= rate * n.grad", "Right"),
        ("f(Number(x)).backward()", "n = Number(x); f(n).backward(); x -= rate * n.grad", "Right"),
    ],
)
def test_every_slope_is_the_engines(
    start: str, loop: str, says: str, names: dict, hint: Callable
) -> None:
    body = f"{start}\nfor _ in range(steps):\n    {loop}\nreturn x"
    assert said_of(body, names, hint).startswith(says)


def test_what_the_closing_table_names_is_there() -> None:
    text = "\n".join(cell.source for cell in nbformat.read(FIRST, as_version=4).cells)
    source = (ROOT / "tinygrad_edu" / "autodiff.py").read_text(encoding="utf-8")
    found = {x.name: x for x in ast.parse(source).body if isinstance(x, ast.FunctionDef)}
    assert "| `_history` and `_walk_back`, in [`tinygrad_edu/autodiff.py`]" in text
    assert "_history" in found and "_walk_back" in found
    assert "| `grads[x] + gx`, in `_walk_back` |" in text
    assert "grads[x] + gx" in ast.unparse(found["_walk_back"])
