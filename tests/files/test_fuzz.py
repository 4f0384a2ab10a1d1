"""A short run of the fuzzer: a damaged file gives the right value, or an error that names the file."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("PIL")
posix = pytest.mark.skipif(os.name != "posix", reason="the fuzzer needs timers of POSIX")
FUZZ = Path(__file__).parents[2] / "tools" / "fuzz_files.py"

# What the readers were before: damage that is not noticed, and errors of any kind.
CARELESS = """
import runpy, sys
import numpy as np
from tinygrad_edu.nn import module

def load(path, most):
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}

module.read_weights = load
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def fuzz(*command: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, *command], capture_output=True, text=True, timeout=600)


@posix
def test_damaged_and_crafted_files() -> None:
    done = fuzz(str(FUZZ), "--count", "400", "--seed", "8")
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert "400 cases, 0 failed" in done.stdout


@posix
def test_the_fuzzer_finds_what_is_wrong(tmp_path: Path) -> None:
    command = [
        "-c",
        CARELESS,
        str(FUZZ),
        "--only",
        "weights",
        "--work",
        str(tmp_path),
        "0",
        "60",
        "1",
    ]
    lines = fuzz(*command).stdout
    assert lines.count('"end"') == 60 and '"failed"' in lines
    assert "zipfile.BadZipFile" in lines or "zlib.error" in lines
