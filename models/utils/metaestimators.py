"""Methods that only some instances of a class have."""

from collections.abc import Callable
from typing import Any

from models.foundation.conditional import Conditional

__all__ = ["available_if"]


def available_if(check: Callable[[Any], Any]) -> Callable[[Callable], Any]:
    """Makes a method exist only where check(instance) is true; AttributeError counts as false.

    @available_if(lambda self: hasattr(self.estimator, "transform"))
    def transform(self, X): ...
    """
    return lambda method: _Checked(method, check)


class _Checked(Conditional):
    def __init__(self, method: Callable, check: Callable[[Any], Any]):
        super().__init__(method, "")
        self.check = check

    def _is_there(self, instance: Any, kind: type) -> bool:
        try:
            return instance is None or bool(self.check(instance))
        except AttributeError:
            return False
