"""The modules of the step page that need no browser, by node's own test runner."""

import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "page"


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.glob("*.test.mjs")))
def test_of_node(name):
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node on this machine")
    done = subprocess.run(
        [node, "--test", "--test-reporter=tap", name], cwd=FOLDER, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
    assert "# fail 0" in done.stdout and "# pass 0" not in done.stdout, done.stdout
