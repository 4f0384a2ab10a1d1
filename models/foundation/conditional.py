"""Methods that an estimator has only if another attribute exists, so that `hasattr` is right."""

import functools
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
    return lambda method: _Conditional(method, needed)


class _Conditional:
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
        owner = kind if instance is None else instance
        others = [n for n in METHODS if n != self.method.__name__ and _has(owner, n)]
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


def _has(owner: Any, name: str) -> bool:
    """`hasattr` without the words of an error, which would ask for further methods in turn."""
    kind = owner if isinstance(owner, type) else type(owner)
    method = next((vars(base)[name] for base in kind.__mro__ if name in vars(base)), None)
    if isinstance(method, _Conditional):
        return method._is_there(None if owner is kind else owner, kind)
    return hasattr(owner, name)
