"""Derives from the fields of an estimator's class: its parameters, `__init__` and its documentation."""

import inspect
import textwrap
from collections.abc import Callable, Iterable
from copy import copy
from typing import Any

from models.foundation.fields import REQUIRED, Learned, Parameter
from tinygrad_edu.diagnostics.words import alike, refusal, refuse_unknown


def declare(kind: Any) -> None:
    """Adds to a new class `_parameters`, name -> Parameter; `__init__`; and the lists in its docstring.

    Its own parameters come first, then the inherited ones. A plain value in place of an inherited parameter
    is a new default; a property in place of it removes it.
    """
    inherited: dict[str, Parameter] = {}
    for base in kind.__mro__[1:]:
        inherited = inherited | {
            name: p
            for name, p in vars(base).get("_parameters", {}).items()
            if name not in inherited and not isinstance(getattr(kind, name), property)
        }
    annotations = inspect.get_annotations(kind)
    own = {}
    for name, value in vars(kind).items():
        if isinstance(value, Parameter):
            own[name] = value
        elif name in inherited:
            own[name] = copy(inherited[name])
            own[name].default = value
    for name, parameter in own.items():
        parameter.name = name
        parameter.annotation = annotations.get(name, parameter.annotation)
        setattr(kind, name, parameter)
    kind._parameters = own | {name: p for name, p in inherited.items() if name not in own}
    if "__init__" not in vars(kind):
        kind.__init__ = _initializer(kind, kind._parameters)
    kind.__doc__ = _documented(kind)


def _initializer(kind: Any, parameters: dict[str, Parameter]) -> Callable[..., None]:
    """`__init__`, which stores its arguments unchanged and unchecked.

    Parameters without a default may be passed by position; if all have one, only the first may. The
    others are passed by name, unless the class says `all_by_position`.
    """
    required = [name for name, p in parameters.items() if p.default is REQUIRED]
    by_position = list(parameters) if kind.all_by_position else required or list(parameters)[:1]

    def __init__(self: Any, *args: Any, **given: Any) -> None:
        refuse_unknown(type(self), given, _meant(given, parameters))
        placed = dict(zip(by_position, args, strict=False))
        if len(args) > len(by_position):
            raise _too_many(type(self), by_position, args)
        for name in required:
            if name not in placed and name not in given:
                raise refusal(
                    TypeError,
                    f"{kind.__name__} needs {name}: {parameters[name].range()}.",
                    f"{kind.__name__}({', '.join(required)})",
                )
        for name in placed.keys() & given.keys():
            raise refusal(TypeError, f"{kind.__name__} got {name} twice.", f"{name}=... alone")
        given = placed | given
        for name, parameter in parameters.items():
            setattr(self, name, given.get(name, parameter.default))

    positional, by_name = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY
    signature = [inspect.Parameter("self", positional)]
    for name in [*by_position, *(name for name in parameters if name not in by_position)]:
        placing = positional if name in by_position else by_name
        p = parameters[name]
        signature.append(
            inspect.Parameter(name, placing, default=p.default, annotation=p.annotation)
        )
    __init__.__signature__ = inspect.Signature(signature)  # type: ignore[attr-defined]
    __init__.__qualname__ = f"{kind.__qualname__}.__init__"
    __init__.__module__ = kind.__module__
    return __init__


def _meant(given: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """For each unknown name the similar known ones."""
    found = {name: ", ".join(alike(name, known)) for name in {*given} - {*known}}
    return {name: names for name, names in found.items() if names}


def _too_many(kind: type, by_position: list[str], args: tuple) -> Exception:
    takes = " and ".join(by_position) or "nothing"
    return refusal(
        TypeError,
        f"{kind.__name__} takes {takes} by position, the other parameters by name; got {len(args)} "
        "arguments without a name.",
        f"the name with the value, as inspect.signature({kind.__name__}) lists them",
    )


def _documented(kind: Any) -> str:
    """The docstring of a class, followed by the lists of its parameters and of what it learns."""
    text = [inspect.cleandoc(vars(kind).get("__doc__") or "")]
    if kind._parameters:
        text.append(_list("Parameters", map(repr, kind._parameters.values())))
    kept: dict[str, Learned] = {}
    for base in kind.__mro__:
        found = {name: x for name, x in vars(base).items() if isinstance(x, Learned)}
        kept = kept | {name: x for name, x in found.items() if name not in kept}
    if kept:
        text.append(_list("Learned by fit", (f"{name}: {x.doc}" for name, x in kept.items())))
    return "\n\n".join(part for part in text if part)


def _list(title: str, lines: Iterable[str]) -> str:
    filled = [
        textwrap.fill(line, 100, initial_indent=" " * 4, subsequent_indent=" " * 8)
        for line in lines
    ]
    return "\n".join([f"{title}:", *filled])
