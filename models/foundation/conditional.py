"""Methods that an estimator has only if another attribute exists, so that `hasattr` is right."""

import functools
import inspect
import operator
from collections.abc import Callable
from typing import Any

from tinygrad_edu.diagnostics.words import refusal

# Those that an error suggests in place of a missing one.
METHODS = (
    "predict", "predict_proba", "decision_function", "transform", "fit_predict", "fit_transform",
)  # fmt: skip


def where(needed: str) -> Callable[[Callable], Any]:
    """Makes a method exist only where the estimator has `needed`.

        @where("_predict_proba")               another method
        @where("estimator.predict_proba")      a method of a part of it

    On the class, which has no parts, a dotted `needed` counts as present.
    """
    return lambda method: Conditional(method, needed)


class Conditional:
    """A method that exists only where the estimator has `needed`."""

    def __init__(self, method: Callable, needed: str):
        functools.update_wrapper(self, method)  # type: ignore[arg-type]
        self.method, self.needed = method, needed

    def __get__(self, instance: Any, kind: type) -> Any:
        if not self._is_there(instance, kind):
            raise self._refusal(instance, kind)
        return self.method.__get__(instance, kind)

    def _refusal(self, instance: Any, kind: type) -> Exception:
        part, dot, _ = self.needed.partition(".")
        why = f": its {part} has none" if dot else ""
        names = [name for name in METHODS if name != self.method.__name__]
        others = [name for name in names if _has(instance, kind, name)]
        what = f"this {kind.__name__} has no {self.method.__name__}{why}."
        return refusal(AttributeError, what, ", ".join(others))

    def _is_there(self, instance: Any, kind: type) -> bool:
        if instance is None:
            return "." in self.needed or hasattr(kind, self.needed)
        try:
            operator.attrgetter(self.needed)(instance)
        except AttributeError:
            return False
        return True


def _has(instance: Any, kind: type, name: str) -> bool:
    """As hasattr, but without the refusal of a method that is not there: it would look for others too."""
    method = inspect.getattr_static(kind, name, None)
    if isinstance(method, Conditional):
        return method._is_there(instance, kind)
    return hasattr(kind if instance is None else instance, name)
