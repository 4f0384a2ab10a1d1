"""Classical algorithms with scikit-learn's interface: fit, predict, score.

    from models import Ridge

`__init__.pyi` lists the estimators and some functions, one per line, for type checkers. Python reads the
same lines, and imports one when it is first used. `offers` adds scikit-learn's module names:
`from models.svm import SVC`.
"""

import importlib
import re
import sys
from pathlib import Path
from typing import Any

from models import offers

LINE = r"^from (models\.\S+) import (?:\(\s*)?(\w+) as \2,?$"  # brackets around a long name
CONTENTS = Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8")
MODULE_OF = {name: module for module, name in re.findall(LINE, CONTENTS, re.MULTILINE)}
CHAPTERS = {path.parent.name for path in Path(__file__).parent.glob("*/__init__.py")}

offers.register(CHAPTERS)

__all__ = [name for name in MODULE_OF if name[0].isupper()]  # the others are functions


def __getattr__(name: str) -> Any:
    if name in MODULE_OF:
        return getattr(importlib.import_module(MODULE_OF[name]), name)
    if name in CHAPTERS or f"models.{name}" in sys.modules:
        return importlib.import_module(f"models.{name}")
    if name.startswith("__"):  # Python itself looks for such names
        raise AttributeError(f"module 'models' has no attribute {name!r}")
    from tinygrad_edu.diagnostics.words import no_such_name

    raise no_such_name("models", name, list(MODULE_OF), {})


def __dir__() -> list[str]:
    return sorted({*MODULE_OF, *CHAPTERS})
