"""The arguments of a row: what the signatures of its functions say, and what NumPy passes along."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cached_property
from typing import Any

from tinygrad_edu.diagnostics.rules import inputs_used

# What NumPy does if these keywords are left out: to give them changes nothing.
DEFAULTS = {"out": None, "dtype": None, "where": True, "casting": "same_kind"}


def without_defaults(kwargs: dict[str, Any]) -> dict[str, Any]:
    """The keywords without those that only repeat NumPy's default, such as out=None."""
    return {k: x for k, x in kwargs.items() if not (k in DEFAULTS and x is DEFAULTS[k])}


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
            names = [f"x{i + 1}" for i in range(len(self.rules))]
        return names[: len(self.rules)]

    @cached_property
    def settings(self) -> list[str]:
        """The names of the arguments after the arrays, in NumPy's order."""
        return list(inspect.signature(self.forward).parameters)[len(self.rules) :]

    @cached_property
    def inputs_used(self) -> list[int]:
        """The numbers of the inputs whose values the rules read: they must not change before backward()."""
        return inputs_used(self.rules)
