"""Objects whose arguments are declared as fields: get_params, set_params, repr, and the check of values."""

from collections.abc import Iterator
from typing import Any, ClassVar, Self, dataclass_transform

import numpy as np

from models.foundation.declaration import declare
from models.foundation.fields import Parameter, learned
from models.foundation.parameters import is_named_list
from tinygrad_edu.diagnostics.words import alike, refusal, shortened


@dataclass_transform(field_specifiers=(learned,))  # so that type checkers know the arguments
class Parametrized:
    """The base of everything with parameters: estimators, and parts of them such as kernels.

    Two underscores lead to the parameters of a part, `set_params(estimator__alpha=2)`. In a list
    of pairs (name, part), parts are addressed by their names.
    """

    _parameters: ClassVar[dict[str, Parameter]] = {}
    all_by_position: ClassVar[bool] = False  # may all arguments be passed without their names?

    def __init_subclass__(cls, **settings: Any) -> None:
        super().__init_subclass__(**settings)
        declare(cls)

    @classmethod
    def _defaults(cls) -> dict[str, Any]:
        """Parameter name -> default value."""
        return {name: parameter.default for name, parameter in cls._parameters.items()}

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameter name -> value; if deep, also those of the parts, as `part__name`."""
        own = {name: getattr(self, name) for name in self._parameters}
        return {**own, **dict(self._parameters_of_parts())} if deep else own

    def _parts(self) -> dict[str, Any]:
        """Name -> part, for every parameter that is a part or a list of named parts."""
        parts = {}
        for name in self._parameters:
            value = getattr(self, name)
            if hasattr(value, "get_params") and not isinstance(value, type):
                parts[name] = value
            elif is_named_list(value):
                parts |= dict(value)
        return parts

    def _parameters_of_parts(self) -> Iterator[tuple[str, Any]]:
        for outer, part in self._parts().items():
            if outer not in self._parameters:
                yield outer, part
            if hasattr(part, "get_params"):
                for name, value in part.get_params().items():
                    yield f"{outer}__{name}", value

    def set_params(self, **params: Any) -> Self:
        """Changes parameters by name; returns self. An unknown name raises ValueError and changes nothing."""
        own = {name: value for name, value in params.items() if name in self._parameters}
        parts = self._parts() | {n: x for n, x in own.items() if hasattr(x, "set_params")}
        for name in params:
            outer, _, inner = name.partition("__")
            if not (outer in parts or (outer in self._parameters and not inner)):
                raise self._unknown(name, [*self._parameters, *parts])
        for name, value in own.items():  # first, because the others may be parameters of a new part
            setattr(self, name, value)
        for name, value in params.items():
            outer, _, inner = name.partition("__")
            if inner:
                self._parts()[outer].set_params(**{inner: value})
            elif name not in self._parameters:
                self._replace_part(name, value)
        return self

    def _unknown(self, name: str, known: list[str]) -> Exception:
        inner = name.rpartition("__")[2]
        of_parts = [
            n for n in self.get_params() if n.endswith(f"__{inner}")
        ]  # a part was forgotten
        return refusal(
            ValueError,
            f"Invalid parameter {name!r} for estimator {type(self).__name__}. Valid parameters are: "
            f"{', '.join(dict.fromkeys(known))}.",
            ", ".join([*alike(name, known), *of_parts[:3]]) or "one of these names",
        )

    def _replace_part(self, name: str, part: Any) -> None:
        """Replaces the part with this name in a list of pairs."""
        for parameter in self._parameters:
            pairs = getattr(self, parameter)
            if is_named_list(pairs) and name in dict(pairs):
                setattr(self, parameter, [(n, part if n == name else p) for n, p in pairs])

    def _check_parameters(self) -> None:
        """Raises ValueError for a parameter whose value is not allowed, with name, value and range."""
        for name, parameter in self._parameters.items():
            value = getattr(self, name)
            if not parameter.allows(value):
                raise parameter.refusal(type(self).__name__, value)

    def __repr__(self) -> str:
        changed = []
        for name, default in self._defaults().items():
            value = getattr(self, name)
            if value is not default and repr(value) != repr(default):
                shown = shortened(value) if isinstance(value, np.ndarray) else repr(value)
                changed.append(f"{name}={shown}")
        return f"{type(self).__name__}({', '.join(changed)})"
