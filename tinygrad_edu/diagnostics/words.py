"""Words for what went wrong: what was asked, where the user asked for it, what to try."""

from __future__ import annotations

import functools
import inspect
import linecache
import os
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, NoReturn, TypeVar

import numpy as np

Function = TypeVar("Function", bound=Callable)

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
MODELS = os.path.join(os.path.dirname(PACKAGE[:-1]), "models") + os.sep


def refusal(kind: type[Exception], what: str, hint: str = "") -> Exception:
    """The error that every refusal raises: what is wrong, the user's own line, and what to try.

    >>> raise refusal(ValueError, "epochs=-1: must be 0 or more", "epochs=10")
    Traceback (most recent call last):
    ValueError: epochs=-1: must be 0 or more
      at <stdin>:1
      Try: epochs=10
    """
    return kind(what + user_line() + (f"\n  Try: {hint}" if hint else ""))


def user_line() -> str:
    """Where the user asked for it: the innermost line on the stack that is not in a package like this."""
    frame: Any = sys._getframe(1)
    while frame and (
        is_ours(frame.f_code.co_filename)
        or frame.f_globals.get("__name__", "").partition(".")[0]
        in ("numpy", "contextlib", "functools", "sklearn", "joblib")
    ):
        frame = frame.f_back
    if frame is None:
        return ""
    return line_of(frame.f_code.co_filename, frame.f_lineno)


def is_ours(file: str) -> bool:
    """Is it a file of ours (but for the demo, which people are invited to change)?"""
    if file.startswith("<frozen"):
        return True
    return os.path.abspath(file).startswith((PACKAGE, MODELS)) and not file.endswith("demo.py")


def line_of(file: str, number: int) -> str:
    line = linecache.getline(file, number).strip()
    place = f"{os.path.basename(file)}:{number}"
    if "ipykernel_" in file:  # a notebook's cells have files with meaningless names
        place = f"line {number} of the cell"
    line = line if len(line) <= 100 else line[:97] + "..."
    return f"\n  at {place}" + (f":  {line}" if line else "")


def shortened(x: Any) -> str:
    """A repr that fits in a sentence."""
    text = " ".join(repr(x).split())
    return text if len(text) <= 60 else text[:57] + "..."


def reraise_as(error: Exception, text: str) -> Exception:
    """An error of the same kind with another text. (NumPy's own kinds want other arguments.)"""
    kinds = (np.linalg.LinAlgError, ValueError, TypeError, IndexError, AttributeError)
    return next(kind for kind in kinds if isinstance(error, kind))(text)


def numpy_name(function: Any) -> str:
    """np.tanh, np.linalg.solve: as users write it."""
    module = getattr(function, "__module__", None) or "numpy"
    return f"{module.replace('numpy', 'np', 1)}.{function.__name__}"


def refuse_keywords(called: str, given: Collection[str], known: Collection[str]) -> NoReturn:
    """Refusal of a keyword that NumPy's function has and the row does not."""
    unknown = ", ".join(f"{name}=" for name in given if name not in known)
    takes = ", ".join(f"{name}=" for name in known) or "no keyword at all"
    hint = "compute that part on x.data, outside the graph"
    if "out" in given:
        hint = "y = ... instead of out=y (and x = x + y instead of x += y, if x is an array)"
    raise TypeError(
        f"{called} of a Tensor does not take {unknown}; its derivative is written for {takes}."
        f"{user_line()}\n  Try: {hint}"
    )


def refuse_unknown(kind: Any, given: Collection[str], hints: Mapping[str, str] = {}) -> None:
    """Refusal of arguments that a class or function does not take, with those that it does, or a hint."""
    takes = _signature(kind.__init__ if isinstance(kind, type) else kind).parameters  # type: ignore[misc]
    if any(p.kind is p.VAR_KEYWORD for p in takes.values()):
        return
    for name in given:
        if name not in takes:
            known = ", ".join(known for known in takes if known != "self") or "none at all"
            raise TypeError(
                f"{kind.__name__} has no argument {name!r}.{user_line()}\n  Try: "
                f"{hints.get(name, known)}"
            )


def refuse_missing(kind: type, args: tuple, given: Mapping[str, Any]) -> None:
    """Refusal of a call without all that a class needs, or with too much, with what it takes."""
    takes = _signature(kind.__init__)  # type: ignore[misc]
    try:
        takes.bind(None, *args, **given)
    except TypeError as error:
        needed = [
            p.name for p in list(takes.parameters.values())[1:]
            if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD
        ]  # fmt: skip
        hint = f"{kind.__name__}({', '.join(needed)})"
        hint += "; inputs=None is told by the first x" if "inputs" in needed else ""
        raise TypeError(f"{kind.__name__}: {error}.{user_line()}\n  Try: {hint}") from None


@functools.lru_cache  # a model may have thousands of layers, and to read a signature takes its time
def _signature(function: Any) -> inspect.Signature:
    return inspect.signature(function)


def answering(hints: Mapping[str, str]) -> Callable[[Function], Function]:
    """Makes a function answer an argument that it does not have with a hint, or with those that it has."""

    def enter(function: Function) -> Function:
        known = set(inspect.signature(function).parameters)

        @functools.wraps(function)
        def call(*args: Any, **settings: Any) -> Any:
            if not settings.keys() <= known:
                refuse_unknown(function, settings, hints)
            return function(*args, **settings)

        return call  # type: ignore[return-value]

    return enter


def alike(word: str, known: Iterable[str], most: int = 3, least: float = 0.6) -> list[str]:
    """The known words that are most like it, at most so many, and at least so much (1 is equal)."""
    import difflib  # not before: there may be no mistake

    return difflib.get_close_matches(word, [*known], most, least)


def no_such_name(
    module: str, name: str, known: Collection[str], elsewhere: Mapping[str, str]
) -> AttributeError:
    """The error of a name that a module does not have, with what stands here for it.

    elsewhere   what is known under that name in other libraries -> what to write here
    """
    small = {k.lower(): k for k in known}
    near = ", ".join(small[n] for n in alike(name.lower(), small))
    hint = elsewhere.get(name) or small.get(name.lower()) or near
    return AttributeError(
        f"{module} has no {name}.{user_line()}" + (f"\n  Try: {hint}" if hint else "")
    )


def broadcast_hint(inputs: tuple) -> str:
    shapes = [np.shape(x) for x in inputs if np.ndim(x)]
    if len(shapes) < 2:
        return ""
    return (
        "shapes are compared from the last axis backwards; each pair must be equal or have a 1 "
        f"(here {' and '.join(map(str, shapes))}). reshape, or x[..., None] for a new axis."
    )
