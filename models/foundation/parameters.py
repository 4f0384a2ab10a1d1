"""Parameters: declared once, as fields of an estimator's class.

    class Ridge(Regressor):
        alpha: float = nonnegative(1.0, doc="strength of the penalty")
        fit_intercept: bool = boolean(True, doc="add an intercept b; otherwise b = 0")

        coef_: np.ndarray = learned("w: (features,)")

These lines define `__init__` with its signature, `get_params` and `set_params`, the repr, the check
when `fit` is called, and the lists in `help(Ridge)`. `|` joins alternatives, the one with the
default first:

    max_features: int | str | None = choice(None, "sqrt") | integer(at_least=1)

The first argument of each is the default; without a default the parameter is required.
"""

import numbers
from collections.abc import Mapping
from typing import Any

import numpy as np

from models.foundation.fields import REQUIRED, Parameter


def number(
    default: Any = REQUIRED,
    *,
    at_least: float | None = None,
    above: float | None = None,
    at_most: float | None = None,
    below: float | None = None,
    optional: bool = False,
    doc: str = "",
) -> Any:
    """A real number within bounds, and None if it is `optional` or None is the default."""
    return _number(
        "a number", numbers.Real, default, optional, doc, at_least, above, at_most, below
    )


def positive(default: Any = REQUIRED, *, optional: bool = False, doc: str = "") -> Any:
    """A number above 0."""
    return number(default, above=0, optional=optional, doc=doc)


def nonnegative(default: Any = REQUIRED, *, optional: bool = False, doc: str = "") -> Any:
    """A number of 0 or more."""
    return number(default, at_least=0, optional=optional, doc=doc)


def integer(
    default: Any = REQUIRED,
    *,
    at_least: int | None = None,
    at_most: int | None = None,
    optional: bool = False,
    doc: str = "",
) -> Any:
    """An integer within bounds, and None if it is `optional` or None is the default."""
    kind = numbers.Integral
    return _number("an integer", kind, default, optional, doc, at_least, None, at_most, None)


def boolean(default: Any = REQUIRED, *, doc: str = "") -> Any:
    """True or False."""
    return Parameter(default, lambda x: isinstance(x, (bool, np.bool_)), "True or False", doc)


def choice(*words: Any, doc: str = "") -> Any:
    """One of these words (or None, or numbers); the first is the default."""
    listed = ", ".join(map(repr, words))
    return Parameter(
        words[0],
        lambda x: any(type(x) is type(word) and x == word for word in words),
        listed if len(words) == 1 else f"one of {listed}",
        doc,
        choices=words,
    )


def function(default: Any = REQUIRED, *, doc: str = "") -> Any:
    """Anything that can be called, except a class."""
    return Parameter(default, lambda x: callable(x) and not isinstance(x, type), "a function", doc)


def array(default: Any = REQUIRED, *, at_least: float | None = None, doc: str = "") -> Any:
    """A list, an array or a data frame of finite or infinite numbers; `_fit` checks its shape."""
    bound = "" if at_least is None else f" ≥ {at_least}"
    return Parameter(default, lambda x: _is_array(x, at_least), f"an array of numbers{bound}", doc)


def sequence(default: Any = REQUIRED, *, doc: str = "") -> Any:
    """A list, a tuple or an array, of anything; `_fit` checks what is in it."""
    kinds = (list, tuple, np.ndarray)
    return Parameter(default, lambda x: isinstance(x, kinds), "a list or an array", doc)


def data_type(default: Any = REQUIRED, *, doc: str = "") -> Any:
    """A type of numbers: np.float32, "float32", int."""
    return Parameter(default, _is_number_type, "a type of numbers", doc)


def mapping(default: Any = REQUIRED, *, doc: str = "") -> Any:
    """A dict, or another mapping."""
    return Parameter(default, lambda x: isinstance(x, Mapping), "a dict", doc)


def part(default: Any = REQUIRED, *, needs: str = "fit", doc: str = "") -> Any:
    """An estimator inside this one, ours or scikit-learn's: it has `get_params` and the methods needed."""
    names = needs.split()
    words = f"an estimator with {' and '.join(names)}"
    return Parameter(default, lambda x: _is_estimator(x, names), words, doc)


def named_parts(default: Any = REQUIRED, *, needs: str = "fit", doc: str = "") -> Any:
    """A list of pairs (name, estimator), with different names, none of which contains two underscores."""
    names = needs.split()

    def test(value: Any) -> bool:
        return is_named_list(value) and all(_is_estimator(part, names) for _, part in value)

    return Parameter(default, test, "a list of pairs (name, estimator), all names different", doc)


def anything(default: Any = REQUIRED, *, doc: str = "") -> Any:
    """Any value; `_fit` checks it."""
    return Parameter(default, lambda x: True, "anything", doc)


def _number(words, kind: Any, default, optional, doc, at_least, above, at_most, below):
    def test(x: Any) -> Any:
        if not isinstance(x, kind) or isinstance(x, bool) or x != x:  # NaN is not itself
            return optional and x is None
        return (
            (at_least is None or x >= at_least)
            and (above is None or x > above)
            and (at_most is None or x <= at_most)
            and (below is None or x < below)
        )

    bounds = {"≥": at_least, ">": above, "≤": at_most, "<": below}
    listed = " and ".join(f"{sign} {x}" for sign, x in bounds.items() if x is not None)
    words = f"{words} {listed}".rstrip() + (" or None" if optional else "")
    return Parameter(default, test, words, doc)


def _is_array(x: Any, at_least: float | None) -> bool:
    if not (isinstance(x, (list, tuple)) or hasattr(x, "__array__")):
        return False
    try:
        found = np.asarray(x)
    except ValueError:  # rows of different lengths
        return False
    if found.ndim == 0 or found.dtype.kind not in "biuf" or np.isnan(found).any():
        return False
    return at_least is None or bool((found >= at_least).all())


def _is_estimator(x: Any, needs: list[str]) -> bool:
    return not isinstance(x, type) and all(hasattr(x, name) for name in ["get_params", *needs])


def is_named_list(x: Any) -> bool:
    """Is it a list of pairs (name, something) with different names, none with two underscores?"""
    if not isinstance(x, (list, tuple)) or not x:
        return False
    if not all(isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in x):
        return False
    names = [name for name, _ in x]
    good = all(isinstance(name, str) and "__" not in name for name in names)
    return good and len(set(names)) == len(names)


def _is_number_type(x: Any) -> bool:
    try:
        return x is not None and np.dtype(x).kind in "biuf"
    except TypeError:
        return False
