"""The arguments of a row: what the signatures of its functions say, and what NumPy passes along."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from functools import cache, cached_property
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.rules import inputs_used

# What NumPy does if these keywords are left out: to give them changes nothing.
DEFAULTS = {"out": None, "dtype": None, "where": True, "casting": "same_kind"}
OF_UFUNCS = {**DEFAULTS, "order": "K", "subok": True}

MANY = 1000  # more arguments than a call has

# Defaults that NumPy's signatures do not give.
UNSAID: dict[Callable, dict[str, Any]] = {
    np.sum: {"initial": 0, "keepdims": False},
    np.prod: {"initial": 1, "keepdims": False},
    np.vecdot: {"axis": -1, "keepdims": False},
}


def without_defaults(
    function: Callable, kwargs: dict[str, Any], row: Callable | None = None
) -> dict[str, Any]:
    """The keywords without those that only repeat NumPy's default, such as out=None.

    Other keywords that the row takes stay, since it may require them.
    """
    required, defaults = _own_keywords(row), _numpy_defaults(function)
    return {
        k: x
        for k, x in kwargs.items()
        if x is not np._NoValue
        and (k in required or k not in defaults or not _same(x, defaults[k]))
    }


def by_keyword(
    function: Callable, row: Callable, args: tuple, kwargs: dict[str, Any]
) -> tuple[tuple, dict[str, Any]]:
    """(args, kwargs) as the row takes them: in np.sum(x, 0, None, None, True) the True is keepdims."""
    alike, first, names = _positions(function, row)
    if len(args) <= alike:
        return args, kwargs
    return args[:first], {**dict(zip(names, args[first:], strict=False)), **kwargs}


def _same(x: Any, default: Any) -> bool:
    return x is default or (np.isscalar(x) and np.isscalar(default) and x == default)


@cache
def _positions(function: Callable, row: Callable) -> tuple[int, int, list[str]]:
    """(how many arguments the row takes in NumPy's order, how many have no default, names of the others)."""
    takes = _parameters(function)
    first = next((i for i, p in enumerate(takes) if p.default is not p.empty), MANY)
    by_position_only = any(p.kind is p.POSITIONAL_ONLY for p in takes[first:])
    if not takes or by_position_only or any(p.kind is p.VAR_POSITIONAL for p in takes):
        return MANY, MANY, []
    names = [p.name for p in takes[first:] if p.kind is p.POSITIONAL_OR_KEYWORD]
    own = [*_names(row)][first:]
    alike = next((i for i, (n, m) in enumerate(zip(names, own, strict=False)) if n != m), len(own))
    return first + min(alike, len(names)), first, names


@cache
def _numpy_defaults(function: Callable) -> dict[str, Any]:
    if isinstance(function, np.ufunc):
        return {**OF_UFUNCS, **UNSAID.get(function, {})}
    said = {p.name: p.default for p in _parameters(function) if p.default is not p.empty}
    return {**said, **DEFAULTS, **UNSAID.get(function, {})}


def _parameters(function: Callable) -> list[inspect.Parameter]:
    """The parameters of a NumPy function; none of one that is written in C and does not tell them."""
    try:
        return [*inspect.signature(function).parameters.values()]
    except ValueError:
        return []


@cache
def _own_keywords(row: Callable | None) -> frozenset[str]:
    """The keywords that the row takes, but for those that no row requires."""
    if row is None:
        return frozenset()
    names = (*row.params, *row.inputs) if isinstance(row, Signature) else _names(row)
    return frozenset(names) - DEFAULTS.keys()


def _names(row: Callable) -> Collection[str]:
    """The names of the arguments of a row, in their order."""
    if isinstance(row, Signature):
        return [*row.inputs, *(name for name in row.settings if name in row.params)]
    return inspect.signature(row).parameters


class Signature:
    """Names of the arguments of a row, read when they are first needed: at import it would take too long."""

    forward: Callable
    rules: tuple[Callable | None, ...]
    variadic_rule: Callable | None

    @cached_property
    def params(self) -> list[str]:
        """The keywords that the rules know."""
        rule = next((r for r in (self.variadic_rule, *self.rules) if r), None)
        named = inspect.signature(rule).parameters.values() if rule else ()
        return [p.name for p in named if p.default is not p.empty]

    @cached_property
    def inputs(self) -> list[str]:
        """The names of the array arguments, as the forward function calls them."""
        try:
            names = [p.name for p in inspect.signature(self.forward).parameters.values()]
        except ValueError:  # a ufunc of an older NumPy has no signature
            several = [f"x{i + 1}" for i in range(len(self.rules))]
            names = several if len(several) > 1 else ["x"]
        return names[: len(self.rules)]

    @cached_property
    def settings(self) -> list[str]:
        """The names of the arguments after the arrays, in NumPy's order."""
        return list(inspect.signature(self.forward).parameters)[len(self.rules) :]

    @cached_property
    def inputs_used(self) -> list[int]:
        """The numbers of the inputs whose values the rules read: they must not change before backward()."""
        return inputs_used(self.rules)
