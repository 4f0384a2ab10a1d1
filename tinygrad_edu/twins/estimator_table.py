"""One table of all estimators of `models`: what each is, its checks, and how it compares with scikit-learn's.

`python -m models` prints it.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

import models
from models.foundation import Estimator, clone
from models.foundation.examples import example_for_checks, examples_of_kind
from tinygrad_edu.twins.optional import optional
from tinygrad_edu.twins.scikit_learn import compare, twin_of

HEAD = ("model", "what it is", "solver", "checks", "agrees to", "time", "memory")


@dataclass
class Entry:
    """An estimator: what its class says, and, once `measure` ran, what was measured.

    words        the first line of its docstring
    solver       the default, and how many others there are; "" for models with one way to fit
    checks       (passed, all) of those of scikit-learn's estimator checks that apply
    agreement    the largest relative difference from the twin in scikit-learn, both run to convergence
    time         seconds of a fit / seconds of the twin's
    memory       peak of a fit / peak of the twin's
    """

    kind: Any
    checks: tuple[int, int] | None = None
    agreement: float | None = None
    time: float | None = None
    memory: float | None = None

    @property
    def name(self) -> str:
        return self.kind.__name__

    @property
    def chapter(self) -> str:
        return self.kind.__module__.split(".")[1]

    @property
    def words(self) -> str:
        first = self.kind.__doc__.split("\n\n")[0]
        return " ".join(first.split()).rstrip(".:")

    @property
    def solver(self) -> str:
        parameter = self.kind._parameters.get("solver")
        if parameter is None:
            return ""
        others = len(set(parameter.choices) - {parameter.default})
        return f"{parameter.default}, +{others}"

    def cells(self) -> list[str]:
        passed = "{} of {}".format(*self.checks) if self.checks and self.checks[1] else ""
        return [
            self.name, self.words, self.solver, passed,
            "" if self.agreement is None else f"{self.agreement:.0e}",
            *("" if ratio is None else f"{ratio:.2f} ×" for ratio in (self.time, self.memory)),
        ]  # fmt: skip


def entries(names: Iterable[str] = ()) -> list[Entry]:
    """Those estimators, by default all, sorted by chapter."""
    chosen = [Entry(getattr(models, name)) for name in (names or models.__all__)]
    return sorted(chosen, key=lambda entry: (entry.chapter, entry.name))


def measure(entry: Entry, samples: int = 500, features: int = 10) -> Entry:
    """Runs scikit-learn's checks and the comparison with the twin; returns the entry with its numbers."""
    estimator, X, y = next(entry.kind.examples(np.random.default_rng(0)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        entry.checks = _checks(example_for_checks(entry.kind))
        if twin_of(estimator) is not None:
            if not estimator.reason_against("test_its_twin_gives_the_same_answers"):
                found = compare(thorough(estimator), X, y, rounds=1)
                entry.agreement = found.answers_differ_by()
            estimator, X, y = _larger(entry.kind, estimator, X, y, samples, features)
            found = compare(estimator, X, y)
            entry.time = found.seconds["ours"] / found.seconds["theirs"]
            entry.memory = found.memory["ours"] / found.memory["theirs"]
    return entry


def text(found: Iterable[Entry]) -> Iterator[str]:
    """The table for a terminal: two lines for each estimator."""
    for chapter, group in itertools.groupby(found, lambda entry: entry.chapter):
        yield f"\n{chapter.replace('_', ' ').capitalize()}"
        for entry in group:
            _, words, solver, checks, agreement, time, memory = entry.cells()
            facts = [
                solver and f"solver {solver}", checks and f"{checks} checks",
                agreement and f"agrees to {agreement}", time and f"time {time}",
                memory and f"memory {memory}",
            ]  # fmt: skip
            yield f"  {entry.name:<28} {words}"
            if any(facts):
                yield f"  {'':<28} {'   '.join(filter(None, facts))}"


def markdown(found: Iterable[Entry]) -> str:
    """The table in Markdown, a part for each chapter."""
    lines = []
    for chapter, group in itertools.groupby(found, lambda entry: entry.chapter):
        lines += ["", f"**{chapter.replace('_', ' ').capitalize()}**", ""]
        lines += [_markdown_row(HEAD), _markdown_row(["---"] * len(HEAD))]
        for entry in group:
            name, words, *others = entry.cells()
            lines.append(_markdown_row([f"`{name}`", words, *others]))
    return "\n".join(lines).strip()


def _markdown_row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _checks(estimator: Any) -> tuple[int, int]:
    purpose = "a measured table of the models"
    check_estimator = optional("sklearn.utils.estimator_checks", purpose, "compare").check_estimator
    if estimator.reason_against("check_*"):
        return 0, 0
    counted = [
        found["status"]
        for found in check_estimator(estimator, on_fail=None, on_skip=None)
        if found["status"] != "skipped" and not estimator.reason_against(found["check_name"])
    ]
    return counted.count("passed"), len(counted)


def thorough(estimator: Any) -> Any:
    """A copy that has learned nothing, and will iterate until it stands still."""
    made = clone(estimator)
    if {"solver", "tol", "max_iter"} <= made.get_params().keys():
        made.set_params(tol=1e-10, max_iter=10_000)
    return made


def _larger(kind: Any, estimator: Any, X: Any, y: Any, samples: int, features: int) -> Any:
    """An example of the same form with more samples and features, unless the kind has its own examples."""
    found = examples_of_kind(kind, np.random.default_rng(0), samples, features)
    own = kind.examples.__func__ is not Estimator.examples.__func__  # type: ignore[attr-defined]
    return (estimator, X, y) if own else next(found, (estimator, X, y))
