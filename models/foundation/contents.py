"""The names of a chapter: its estimators, and functions, each imported when it is first used."""

import importlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tinygrad_edu.diagnostics.words import no_such_name


def contents(
    chapter: str, functions: Mapping[str, str], guests: Iterable[str] = ()
) -> Callable[[str], Any]:
    """The `__getattr__` of a chapter, such as "models.text".

    functions   name -> file of a function. The estimators are those of models/__init__.pyi
    guests      estimators of other chapters, which scikit-learn has in the module of this name
    """

    def __getattr__(name: str) -> Any:
        if name.startswith("__"):  # Python itself looks for such names
            raise AttributeError(f"module {chapter!r} has no attribute {name!r}")
        place = importlib.import_module("models").MODULE_OF
        modules = {
            n: file for n, file in place.items() if file.startswith(f"{chapter}.") or n in guests
        }
        modules |= {n: f"{chapter}.{file}" for n, file in functions.items()}
        if name not in modules:
            raise no_such_name(chapter, name, [*modules], {})
        return getattr(importlib.import_module(modules[name]), name)

    return __getattr__
