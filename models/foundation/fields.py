"""The fields of an estimator's class: `Parameter`, an argument, and `Learned`, a result of `fit`."""

import inspect
from collections.abc import Callable
from typing import Any, Literal

from models.foundation.sklearn_bridge import not_fitted
from tinygrad_edu.diagnostics.words import alike, refusal, shortened

REQUIRED: Any = inspect.Parameter.empty  # the default of a parameter that has none


class InvalidParameterError(ValueError, TypeError):
    """A parameter has a value that is not allowed."""


class Parameter:
    """An argument of an estimator: its default and its allowed values, as a test and in words.

    `p | q` allows the values of both; its default is that of p.
    """

    name: str
    annotation: Any = inspect.Parameter.empty

    def __init__(
        self,
        default: Any,
        test: Callable[[Any], bool],
        words: str,
        doc: str = "",
        choices: tuple = (),
    ):
        self.default, self.test, self.words, self.doc = default, test, words, doc
        self.choices = choices  # to recognize a misspelled one

    def allows(self, value: Any) -> bool:
        """Is the value allowed?"""
        return (value is None and self.default is None) or self.test(value)

    def __or__(self, other: "Parameter") -> "Parameter":
        return Parameter(
            self.default,
            lambda value: self.test(value) or other.test(value),
            f"{self.words} or {other.words}",
            self.doc or other.doc,
            self.choices + other.choices,
        )

    def range(self) -> str:
        """The allowed values in words."""
        return self.words + (" or None" if self.default is None and not self.test(None) else "")

    def refusal(self, estimator: str, value: Any) -> Exception:
        """The error for a value that is not allowed."""
        better = self.default
        if isinstance(value, str):
            words = [word for word in self.choices if isinstance(word, str)]
            better = next(iter(alike(value, words)), better)
            if value.lower() == "none" and None in self.choices:
                better = None
        return refusal(
            InvalidParameterError,
            f"The {self.name!r} parameter of {estimator} must be {self.range()}. "
            f"Got {shortened(value)} instead.",
            f"{estimator}({self.name}={'...' if better is REQUIRED else repr(better)})",
        )

    def __repr__(self) -> str:
        default = "" if self.default is REQUIRED else f"={self.default!r}"
        return f"{self.name}{default}: {self.range()}" + (f"; {self.doc}" if self.doc else "")


class Learned:
    """What `fit` keeps under this name. Reading it before `fit` raises NotFittedError."""

    name: str

    def __init__(self, doc: str):
        self.doc = doc

    def __set_name__(self, kind: type, name: str) -> None:
        self.name = name

    def __get__(self, estimator: Any, kind: type | None = None) -> Any:
        if estimator is None:
            return self
        raise not_fitted(estimator, self.name)  # after fit, an attribute of the instance hides this

    def __repr__(self) -> str:
        return f"{self.name}, learned by fit: {self.doc}"


def learned(doc: str, *, init: Literal[False] = False) -> Any:
    """Declares what `fit` keeps, with its shape. (`init` tells type checkers that it is not an argument.)"""
    return Learned(doc)
