"""Registers with IPython how a notebook shows a Tensor, a Module, a History, a row and an estimator.

Their classes know nothing of it: IPython gets their names, and `viz.notebook` is loaded when the first of
these objects is shown.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

# IPython shows an object of a class in this list, or of a class derived from it, by `_html`.
SHOWN = (
    "tinygrad_edu.tensor.Tensor",
    "tinygrad_edu.tensor.Op",
    "tinygrad_edu.nn.module.Module",
    "tinygrad_edu.training.history.History",
    "models.foundation.estimator.Estimator",
)


def shell() -> Any:
    """The IPython shell that runs this program; None elsewhere."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None


def register(shell: Any) -> None:
    """Registers the HTML views. A terminal asks for none, because its IPython shows text only."""
    for name in SHOWN if _html_formatter(shell) else ():
        _html_formatter(shell).for_type(name, _html)


def _html_formatter(shell: Any) -> Any:
    formatter = getattr(shell, "display_formatter", None)
    return formatter and formatter.formatters.get("text/html")


def _html(thing: Any) -> str | None:
    # a class derived from ours may have a view of its own
    own = getattr(type(thing), "_repr_html_", None)
    return own(thing) if own else importlib.import_module("tinygrad_edu.viz.notebook").view(thing)


def view(thing: Any) -> str:
    """The HTML of a thing, as IPython shows it; empty if it shows text only."""
    formatter = _html_formatter(shell())
    return (formatter(thing) or "") if formatter else ""
