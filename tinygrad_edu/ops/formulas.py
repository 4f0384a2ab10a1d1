"""The formula of a rule, where its program does not read as one."""

from __future__ import annotations

from collections.abc import Callable


def documented(rule: Callable, formula: str) -> Callable:
    """A rule with the formula that `explain` and the step page show: its docstring.

    A function has one of its own; of a lambda without one its text is shown.
    """
    rule.__doc__ = formula
    return rule
