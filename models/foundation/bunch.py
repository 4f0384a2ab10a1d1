"""What a function returns that has several results with names."""

from typing import Any


class Bunch(dict):
    """A dict whose values are attributes as well: found["grid_values"] is found.grid_values."""

    def __getattr__(self, name: str) -> Any:
        if name in self:
            return self[name]
        raise AttributeError(f"there is no {name!r}, only {', '.join(map(str, self))}")

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __dir__(self) -> list[str]:
        return [*map(str, self)]
