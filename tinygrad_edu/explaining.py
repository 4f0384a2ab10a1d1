"""Shows a row of the derivative table: `print(explain(np.tanh))`."""

from __future__ import annotations

import html
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygrad_edu import ops
from tinygrad_edu.diagnostics.operations import no_row
from tinygrad_edu.diagnostics.rules import place_of, source_of
from tinygrad_edu.diagnostics.words import numpy_name, refusal, shortened
from tinygrad_edu.tensor import PLAIN, ROWS, Op
from tinygrad_edu.terminal import printable

__all__ = ["Explanation", "explain"]


@dataclass(frozen=True)
class Explanation:
    """What is known about a function, as lines (heading, text). `print` it, or show it in a notebook."""

    title: str
    lines: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        width = max((len(heading) for heading, _ in self.lines), default=0)
        told = [
            f"  {heading:<{width}}   " + words.replace("\n", "\n" + " " * (width + 5))
            for heading, words in self.lines
        ]
        return printable("\n".join([self.title, *told]))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        told = "".join(
            f"<tr><td style='text-align:left'>{html.escape(heading)}</td>"
            f"<td style='text-align:left'><pre style='margin:0'>{html.escape(words)}</pre></td></tr>"
            for heading, words in self.lines
        )
        return f"<b>{html.escape(self.title)}</b><table>{told}</table>"


def explain(function: Any) -> Explanation:
    """The formula, rules and conventions of a NumPy function, of one of `tinygrad_edu.ops`, or of an `Op`.

    A name works, too: explain("linalg.solve"). For a loss or layer it tells what it computes, or its row.
    Raises TypeError, with names that are similar, for a function that the table does not have.

    >>> print(explain(np.tanh))
    tanh:  y = tanh x
      ∂L/∂x   g * sech2(x)
      where   g = ∂L/∂y
      is      elementwise
      in      ...
    """
    if isinstance(function, str):
        return by_name(function)
    row = function if isinstance(function, Op) else ROWS.get(_numpys(function))
    if row is not None and not isinstance(row, Op):
        # a function written with rows: one of them may have its name
        row = next((r for r in ops.rows() if r.name == function.__name__), row)
    if isinstance(row, Op):
        return _of_row(row)
    if row is not None:
        return _of_words(function.__name__, row, "with other rows, which have the derivatives")
    if function in PLAIN:
        words = "has no derivative, or 0 almost everywhere: of a Tensor it gives a plain array"
        return Explanation(f"{function.__name__}:  {words}", ())
    thing = function if callable(function) and hasattr(function, "__name__") else type(function)
    if _home(thing) == "tinygrad_edu":
        return _of_ours(thing)
    if not callable(function):
        raise refusal(
            TypeError, f"explain takes a function, such as np.tanh, not {shortened(function)}."
        )
    if _home(thing) == "numpy":
        raise no_row(numpy_name(thing), ROWS)
    raise refusal(
        TypeError,
        f"{thing.__name__} is not in the derivative table: its derivatives are those of the "
        "functions that it calls.",
        "explain(np.tanh) for one of these, viz.Graph(y) for all of them",
    )


def _home(thing: Any) -> str:
    """The package of a function or class; a ufunc is NumPy's."""
    module = "numpy" if isinstance(thing, np.ufunc) else getattr(thing, "__module__", None)
    return (module or "").split(".")[0]


def _of_ours(thing: Any) -> Explanation:
    """A loss, a layer, or another function written with rows, one of which may have its name."""
    row = None if isinstance(thing, type) else getattr(ops, thing.__name__, None)
    if isinstance(row, Op):
        return _of_row(row)
    how = "with rows, which have the derivatives"
    if isinstance(thing, type):
        how = f"as a class, with rows, which have the derivatives; help({thing.__name__}) tells all"
    return _of_words(thing.__name__, thing, how)


def _of_words(name: str, thing: Any, how: str) -> Explanation:
    words = inspect.getdoc(thing) or "written with other rows"
    code = getattr(thing, "forward", None) if isinstance(thing, type) else inspect.unwrap(thing)
    lines = (("written", how), ("in", place_of(code) if code else ""))
    return Explanation(
        f"{name}:  {words.splitlines()[0]}", tuple(line for line in lines if line[1])
    )


def _numpys(function: Any) -> Any:
    """Python's `abs` is the row of np.abs."""
    return {abs: np.abs, pow: np.power, sum: np.sum, max: np.max, min: np.min}.get(
        function, function
    )


def _of_row(row: Op) -> Explanation:
    lines = []
    rule = row.variadic_rule or next(r for r in row.rules if r)
    names = list(inspect.signature(rule).parameters)[2:] if row.rules else []
    for name, each in zip(names, row.rules, strict=False):
        lines.append((f"∂L/∂{name}", formula_of(each) if each else "none: no gradient goes there"))
    if row.variadic_rule:
        lines.append(("∂L/∂x_i", formula_of(row.variadic_rule)))
    lines += [
        (heading, words)
        for heading, words in (
            ("where", "g = ∂L/∂y" if "g" in "".join(words for _, words in lines) else ""),
            ("settings", ", ".join(row.params)),
            ("domain", row.domain),
            ("kinks", row.kinks),
            ("is", ", ".join(t for t in ("elementwise", "linear") if getattr(row, t))),
            ("in", place_of(rule)),
        )
        if words
    ]
    return Explanation(f"{row.name}:  y = {row.formula}", tuple(lines))


def formula_of(rule: Callable) -> str:
    """The formula of a rule: the first paragraph of its docstring, or else its source."""
    words = inspect.getdoc(rule) if inspect.isfunction(rule) else None
    return " ".join(words.partition("\n\n")[0].split()) if words else source_of(rule)


def _varies(inputs: tuple) -> bool:
    """Is there a number to differentiate by? (Some cases are empty arrays.)"""
    return any(np.asarray(x).dtype.kind == "f" and np.size(x) for x in inputs)


def table() -> str:
    """The rows of the table, one a line, and their number."""
    every = sorted(ops.rows(), key=lambda row: row.name)
    width = max(len(row.name) for row in every)
    composed = sum(not isinstance(row, Op) for row in ROWS.values())
    rng = np.random.default_rng(0)
    cases = sum(_varies(inputs) for row in every if row.cases for inputs, _ in row.cases(rng))
    return "\n".join(
        [f"{row.name:<{width}}   {row.formula}" for row in every]
        + [
            f"\n{len(every)} rows, {composed} functions written with them, {len(PLAIN)} without a "
            f"derivative.\nThe rows have {cases} cases, each checked against differences to order two,\n"
            "forward mode against backward, arrays against Tensors, and in float32."
        ]
    )


def by_name(name: str) -> Explanation:
    """`explain` of the function with this name in tinygrad_edu.ops or in NumPy ("linalg.solve")."""
    thing: Any = getattr(ops, name, None) or np
    if thing is np:
        for part in name.split("."):
            thing = getattr(thing, part, None)
    if not callable(thing):
        raise no_row(f"np.{name}", ROWS)
    return explain(thing)
