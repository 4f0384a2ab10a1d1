"""Words for what went wrong: what was asked, where the user asked for it, what to try."""

from __future__ import annotations

import functools
import inspect
import linecache
import opcode
import os
import sys
import warnings
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, NoReturn, TypeVar

import numpy as np

from tinygrad_edu.node import Node, value

Function = TypeVar("Function", bound=Callable)

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
MODELS = os.path.join(os.path.dirname(PACKAGE[:-1]), "models") + os.sep


def refusal(kind: type[Exception], what: str, hint: str = "") -> Exception:
    """The error that every refusal raises: what is wrong, the user's own line, and what to try.

    >>> raise refusal(ValueError, "epochs=-1: must be 0 or more", "epochs=10")
    Traceback (most recent call last):
    ValueError: epochs=-1: must be 0 or more
      at ...:1: ...raise refusal(...)
      Try: epochs=10
    """
    return kind(what + user_line() + (f"\n  Try: {hint}" if hint else ""))


def warn(what: str, hint: str, stacklevel: int, line: str = "") -> None:
    """Warns in the words of a `refusal`: what looks wrong, the user's own line, and what to try.

    stacklevel   as in warnings.warn, where 1 is the function that calls this
    line         another line than that on the stack, such as `line_made`
    """
    warnings.warn(f"{what}{line or user_line()}\n  Try: {hint}", stacklevel=stacklevel + 1)


def user_line() -> str:
    """The user's own line: the innermost line on the stack that is not in this project."""
    frame = user_frame()
    if frame is None:
        return ""
    return line_of(frame.f_code.co_filename, frame.f_lineno)


def user_frame() -> Any:
    """The frame of that line, or None."""
    frame: Any = sys._getframe(1)
    while frame and not is_users(frame.f_code.co_filename, frame.f_globals.get("__name__", "")):
        frame = frame.f_back
    return frame


@functools.lru_cache(2048)  # a profile asks for every operation
def is_users(file: str, module: str) -> bool:
    """Is it a file of the user, and not of this project or of a library that calls it or is called by it?"""
    libraries = ("numpy", "contextlib", "functools", "sklearn", "joblib")
    return not is_ours(file) and module.partition(".")[0] not in libraries


def is_ours(file: str) -> bool:
    """Is it a file of `tinygrad_edu` or `models`? (The demo is not, as people are invited to change it.)"""
    if file.startswith(("<frozen", "<tape")):  # Python's own, or what `compile` has generated
        return True
    return os.path.abspath(file).startswith((PACKAGE, MODELS)) and not file.endswith("demo.py")


def line_of(file: str, number: int) -> str:
    line = linecache.getline(file, number).strip()
    place = f"{os.path.basename(file)}:{number}"
    if "ipykernel_" in file:  # a notebook's cells have files with meaningless names
        place = f"line {number} of the cell"
    line = line if len(line) <= 100 else line[:97] + "..."
    return f"\n  at {place}" + (f":  {line}" if line else "")


PRINTED = 200  # numbers of an array that are printed; of a larger one the first and the last


def left_out(x: np.ndarray) -> str:
    """What a text without most numbers of a large array must say: whether NaN or infinity is among them.

    >>> left_out(np.append(np.zeros(1000), [-np.inf, 0, 0, 0]))
    ', 1 of 1,004 not finite: -inf'
    """
    if x.size <= PRINTED or x.dtype.kind not in "fc" or np.isfinite(x).all():
        return ""
    bad = x[~np.isfinite(x)]
    kinds = np.unique(bad.real if np.isrealobj(x) else bad.astype(str)).astype(str)[:4]
    return f", {bad.size:,} of {x.size:,} not finite: {', '.join(kinds)}"


def shortened(x: Any) -> str:
    """A repr that fits in a sentence."""
    text = " ".join(repr(x).split())
    return text if len(text) <= 60 else text[:57] + "..."


def reraise_as(error: Exception, text: str) -> Exception:
    """An error of the same kind with another text. (NumPy's own kinds take other arguments.)"""
    kinds = (np.linalg.LinAlgError, ValueError, TypeError, IndexError, AttributeError)
    return next(kind for kind in kinds if isinstance(error, kind))(text)


def numpy_name(function: Any) -> str:
    """The name of a NumPy function as users write it: np.tanh, np.linalg.solve."""
    module = getattr(function, "__module__", None) or "numpy"
    return f"{module.replace('numpy', 'np', 1)}.{function.__name__}"


def function_name(function: Any) -> str:
    """The name of a function in a model: np.tanh, relu, <lambda>; the repr of what has no name."""
    name = getattr(function, "__name__", None) or getattr(function, "name", None)
    if name is None:
        return repr(function)
    return f"np.{name}" if getattr(np, name, None) is function else name


def refuse_keywords(called: str, given: Collection[str], known: Collection[str]) -> NoReturn:
    """Raises TypeError for a keyword that NumPy's function takes and the row does not."""
    unknown = ", ".join(f"{name}=" for name in given if name not in known)
    takes = ", ".join(f"{name}=" for name in known) or "no keyword at all"
    hint = "compute that part on x.data, outside the graph"
    if "out" in given:
        hint = "y = ... instead of out=y (and x = x + y instead of x += y, if x is an array)"
    what = f"{called} of a Tensor does not take {unknown}; its derivative is written for {takes}."
    raise refusal(TypeError, what, hint)


def refuse_unknown(kind: Any, given: Collection[str], hints: Mapping[str, str] = {}) -> None:
    """Raises TypeError for arguments that a class or function does not take, with a hint."""
    takes = _signature(kind.__init__ if isinstance(kind, type) else kind).parameters  # type: ignore[misc]
    if any(p.kind is p.VAR_KEYWORD for p in takes.values()):
        return
    for name in given:
        if name not in takes:
            known = ", ".join(known for known in takes if known != "self") or "none at all"
            what = f"{kind.__name__} has no argument {name!r}."
            raise refusal(TypeError, what, hints.get(name, known))


def refuse_missing(kind: type, args: tuple, given: Mapping[str, Any]) -> None:
    """Raises TypeError for a call with too few or too many arguments, with those that the class takes."""
    takes = _signature(kind.__init__)  # type: ignore[misc]
    try:
        takes.bind(None, *args, **given)
    except TypeError as error:
        needed = [
            p.name for p in list(takes.parameters.values())[1:]
            if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD
        ]  # fmt: skip
        hint = f"{kind.__name__}({', '.join(needed)})"
        hint = hint.replace("(parameters", "(model.parameters()")
        hint += "; inputs=None is told by the first x" if "inputs" in needed else ""
        raise refusal(TypeError, f"{kind.__name__}: {error}.", hint) from None


def refuse_incomplete(
    function: Callable, args: tuple, given: Mapping[str, Any], more: str = ""
) -> None:
    """Raises TypeError for a call of a function without all of its arguments; `more` ends the hint."""
    takes = _signature(function)
    try:
        takes.bind(*args, **given)
    except TypeError as error:
        needed = [p.name for p in takes.parameters.values() if p.default is p.empty]
        hint = f"{function.__name__}({', '.join(name for name in needed if name != 'self')}){more}"
        raise refusal(TypeError, f"{function.__name__}: {error}.", hint) from None


class AnswersMissing:
    """Base of a class that answers a missing attribute with a hint, and a missing argument."""

    hints: Mapping[str, str] = {}

    def __init_subclass__(cls, hints: Mapping[str, str] = {}) -> None:
        cls.hints = {**cls.hints, **hints}

    def __new__(cls, *args: Any, **given: Any) -> Any:
        if args or given:  # a copy is made without any
            refuse_missing(cls, args, given)
        return super().__new__(cls)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)  # copying and pickling ask for these
        if hasattr(type(self), name):  # a property, whose own error is to be told
            return object.__getattribute__(self, name)
        raise no_such_name(f"the {type(self).__name__}", name, dir(type(self)), self.hints)


@functools.lru_cache  # a model may have thousands of layers, and reading a signature is slow
def _signature(function: Any) -> inspect.Signature:
    return inspect.signature(function)


def answering(hints: Mapping[str, str], more: str = "") -> Callable[[Function], Function]:
    """Decorator that answers an unknown argument of a function with a hint, or with those that it takes.

    more   ends the hint for a missing argument
    """

    def enter(function: Function) -> Function:
        known = set(inspect.signature(function).parameters)

        @functools.wraps(function)
        def call(*args: Any, **settings: Any) -> Any:
            if not settings.keys() <= known:
                refuse_unknown(function, settings, hints)
            try:
                return function(*args, **settings)
            except TypeError:
                refuse_incomplete(function, args, settings, more)
                raise

        return call  # type: ignore[return-value]

    return enter


def alike(word: str, known: Iterable[str], most: int = 3, least: float = 0.6) -> list[str]:
    """Up to `most` known words that are similar to a word, by at least `least` (1: equal)."""
    import difflib  # not before: there may be no mistake

    return difflib.get_close_matches(word, [*known], most, least)


def no_such_name(
    module: str, name: str, known: Collection[str], elsewhere: Mapping[str, str]
) -> Exception:
    """The error of a name that a module does not have, with what to write instead.

    elsewhere   a name in other libraries -> what to write here

    It is an AttributeError, or in an import line an ImportError: Python would replace the words of the other.
    """
    small = {k.lower(): k for k in known}
    near = ", ".join(small[n] for n in alike(name.lower(), small))
    hint = elsewhere.get(name) or small.get(name.lower()) or near
    text = f"{module} has no {name}.{user_line()}" + (f"\n  Try: {hint}" if hint else "")
    frame = user_frame()
    if frame and opcode.opname[frame.f_code.co_code[frame.f_lasti]] == "IMPORT_FROM":
        return ImportError(text)
    return AttributeError(text)


def broadcast_hint(inputs: tuple) -> str:
    """How the shapes of two or more operands must fit."""
    shapes = [np.shape(x) for x in inputs if np.ndim(x)]
    if len(shapes) < 2:
        return ""
    return (
        "shapes are compared from the last axis backwards; each pair must be equal or have a 1 "
        f"(here {' and '.join(map(str, shapes))}). reshape, or x[..., None] for a new axis."
    )


# ------------------------------------------------------------------ operands and recorded operations


def describe(x: Any, name: str = "") -> str:
    """An operand as errors call it: `weights (3, 4) float32`."""
    name = getattr(x, "name", None) or name or ("Tensor" if isinstance(x, Node) else "")
    if isinstance(x, (Node, np.ndarray, np.generic)):
        return f"{name} {x.shape} {x.dtype}".strip()
    x = value(x)
    return f"{name} = {shortened(x)}" if name else shortened(x)


def named(row: Any, inputs: tuple) -> list[tuple[Any, str]]:
    """Pairs (input, what the operation calls it)."""
    names = row.inputs + [f"input {i}" for i in range(len(row.inputs), len(inputs))]
    return list(zip(inputs, names, strict=False))


def range_of(x: np.ndarray) -> str:
    return f"from {x.min():.4g} to {x.max():.4g}"


def made_at(y: Node) -> str:
    """Where a recorded operation was asked for: module, file, line and its text."""
    return inside(y.scope) + line_made(y)


def line_made(y: Node) -> str:
    """The user's own line that asked for a recorded operation; "" if this package asked for it."""
    if y.created_at is None or is_ours(y.created_at[0].co_filename):
        return ""
    code, instruction = y.created_at
    positions = [*code.co_positions()]
    return line_of(code.co_filename, positions[instruction // 2][0] or code.co_firstlineno)


def inside(scope: tuple) -> str:
    return f" in {module_called(scope)}" if scope else ""


def module_called(scope: tuple) -> str:
    """The innermost module of a scope by its path from the outermost: `layer encoder.0, Linear(2, 3)`."""
    path = next((path for path, m in scope[0].named_modules() if m is scope[-1]), "")
    kind = on_one_line(scope[-1])
    return f"layer {path}, {kind}" if path else kind


def on_one_line(module: Any) -> str:
    """The repr of a module; only its class where the repr has several lines, of the modules inside."""
    text = repr(module)
    return type(module).__name__ if "\n" in text else text
