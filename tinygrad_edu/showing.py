"""In a notebook an object shows itself as more than its repr."""

from __future__ import annotations

from typing import Any


class Shown:
    """What derives from this is drawn by viz when a notebook shows it; everywhere else it has its repr."""

    __slots__ = ()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        # The one arrow that points up (setup.cfg names it): who is shown need not know the painter, and
        # the painter is not loaded before something is to be painted.
        from tinygrad_edu.viz.notebook import bundle

        return bundle(self)
