"""Lesson 1, a number that remembers: how short its engine is, and what its checks say to answers."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from tests.tutorials.notebooks import ROOT, numbered, read, tagged

LESSON = numbered(1)


def imported(source: str) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


def test_the_engine_is_short_and_made_from_nothing() -> None:
    (engine,) = tagged(read(LESSON), "engine")
    lines = [line.strip() for line in engine.source.splitlines()]
    assert len([line for line in lines if line and not line.startswith("#")]) <= 60
    assert imported(engine.source) == {"itertools", "math"}


@pytest.mark.parametrize(
    ("dL_da", "dL_db", "says"),
    [
        (None, -1.0, "Not answered yet"),
        (1.5, None, "Not answered yet"),
        ("1.5", -1.0, "dL/da should be a plain number, and yours is of type str"),
        (1.5, [-1.0], "dL/db should be a plain number, and yours is of type list"),
        (0.5, -1.0, "dL/da: that is only the path through the division"),
        (1.0, -1.0, "dL/da: that is only the path through the sum"),
        (0.25, -1.0, "dL/da: not right. Two paths"),
        (1.5, 1.0, "dL/da is right. dL/db: the right size"),
        (1.5, -0.25, "dL/da is right. dL/db: that would be for 1 / b"),
        (1.5, -2.0, "dL/da is right. dL/db: look at the table"),
        (1.5, 2.0, "dL/da is right. dL/db: look at the table"),
        (1.5, 0.5, "dL/da is right. dL/db: that is the slope of a / b along a"),
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
        ("Number(math.sin(x.data), (x,), (math.cos(x.data),))", "Right, also inside"),
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
    assert text.startswith("Python says: ") and says in text and "math.sin and math.cos" not in text


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
            "backward() found 0 of 5 slopes",
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
        ("", "x -= rate * by_nudging(f, x)[0]", "backward() found 0 of 5 slopes"),
        ("", "x -= rate * (f(x + 1e-3) - f(x)) / 1e-3", "backward() found 0 of 5 slopes"),
        (
            "Number(x).backward()",
            "x -= rate * by_nudging(f, x)[0]",
            "backward() found 1 of 5 slopes",
        ),
        # one graph for all steps: with and without a clean start, with one walk, with a new leaf
        (
            "n = Number(x); L = f(n)",
            "n.grad = 0.0; L.backward(); x -= rate * n.grad",
            "All slopes come from one graph",
        ),
        (
            "n = Number(x); L = f(n)",
            "L.backward(); x -= rate * n.grad",
            "All slopes come from one graph",
        ),
        (
            "n = Number(x); f(n).backward()",
            "x -= rate * n.grad",
            "All slopes come from one graph",
        ),
        (
            "L = f(Number(x))",
            "n = Number(x); L.backward(); x -= rate * n.grad",
            "All slopes come from one graph",
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
    text = "\n".join(cell.source for cell in read(LESSON).cells)
    source = (ROOT / "tinygrad_edu" / "autodiff.py").read_text(encoding="utf-8")
    found = {x.name: x for x in ast.parse(source).body if isinstance(x, ast.FunctionDef)}
    assert "| `history` and `walk_back`, in [`tinygrad_edu/autodiff.py`]" in text
    assert "history" in found and "walk_back" in found
    assert "| `grads[x] + gx`, in `_walk` |" in text
    assert "grads[x] + gx" in ast.unparse(found["_walk"])
