"""Optional libraries, imported when they are needed."""

from __future__ import annotations

import importlib
from typing import Any

from tinygrad_edu.diagnostics.words import refusal


def optional(name: str, purpose: str, extra: str) -> Any:
    """The module of that name; ImportError that names the extra to install if it is missing."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise refusal(
            ImportError,
            f"{purpose} needs {name.partition('.')[0]}, which is not installed.",
            f"python -m pip install -e '.[{extra}]' in the folder of this project",
        ) from error
