"""The places that tell the version tell the same one."""

import re
from pathlib import Path

from tinygrad_edu import __version__

ROOT = Path(__file__).parents[1]


def test_the_citation_and_the_changelog_are_of_this_version():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(r"^version: (.*)$", citation, re.M)[1] == __version__
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## (\S+) - (unreleased|\d{4}-\d\d-\d\d)$", changes, re.M)[1] == __version__
