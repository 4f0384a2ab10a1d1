"""Methods that an estimator has only if something else is there: `hasattr` tells the truth."""

import functools
import operator
from collections.abc import Callable
from typing import Any


def where(needed: str) -> Callable[[Callable], Any]:
    """Makes a method exist only where the estimator has `needed`.

        @where("_predict_proba")               another method
        @where("estimator.predict_proba")      a method of a part of it

    On the class, where there are no parts yet, a dotted `needed` is taken to be there.
    """
    return lambda method: _Conditional(method, needed)


class _Conditional:
    def __init__(self, method: Callable, needed: str):
        functools.update_wrapper(self, method)  # type: ignore[arg-type]
        self.method, self.needed = method, needed

    def __get__(self, instance: Any, kind: type) -> Any:
        if not self._is_there(instance, kind):
            name = self.method.__name__
            raise AttributeError(f"this {kind.__name__} has no {name}: it needs {self.needed}")
        return self.method.__get__(instance, kind)

    def _is_there(self, instance: Any, kind: type) -> bool:
        if instance is None:
            return "." in self.needed or hasattr(kind, self.needed)
        try:
            operator.attrgetter(self.needed)(instance)
        except AttributeError:
            return False
        return True
