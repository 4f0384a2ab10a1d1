"""The tools that build the site are not a package that is installed: they stand in docs/."""

import sys
from pathlib import Path

DOCS = str(Path(__file__).parents[2] / "docs")
if DOCS not in sys.path:
    sys.path.insert(0, DOCS)
