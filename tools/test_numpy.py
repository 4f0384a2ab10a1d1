"""Runs the fast part of the tests with the oldest and with the newest NumPy.

    python tools/test_numpy.py [oldest] [newest] [words for pytest]

Oldest is the first NumPy that pyproject.toml allows, on the Python that runs this script. Newest is the
latest release, on the newest Python of this machine. Each pair gets an environment in build/, without
TensorFlow and matplotlib.
"""

import glob
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NEEDED = ["hypothesis", "pytest", "pytest-xdist", "scikit-learn"]

# Test folders that need more than NumPy, or test the package rather than its arithmetic.
LEFT_OUT = [
    "data", "programs", "training", "tutorials", "twins", "viz", "test_demo.py", "test_programs.py",
    "test_readme.py",
]  # fmt: skip
# scikit-learn's checks of interfaces, a third of all tests, do not depend on NumPy's version.
CHECKS = "tests/models/test_every_estimator.py::test_scikit_learns_own_checks"
# The first NumPy with a wheel, for Pythons newer than the oldest that we allow.
FIRST_WHEEL = {(3, 13): "2.1.0", (3, 14): "2.3.2"}
NEWEST_PYTHON = (3, 14)


def oldest():
    """(Python, requirement) of the oldest allowed pair."""
    least = re.search(r"numpy>=([\d.]+)", " ".join(PROJECT["dependencies"]))[1]
    return sys.executable, f"numpy=={FIRST_WHEEL.get(sys.version_info[:2], f'{least}.0')}"


def newest():
    names = [f"python3.{minor}" for minor in range(11, NEWEST_PYTHON[1] + 1)]
    found = [sys.executable, *filter(None, map(shutil.which, names))]
    found += glob.glob(os.path.expanduser("~/.pyenv/versions/3.*/bin/python"))
    working = [(version(python), python) for python in found]
    return max(x for x in working if x[0] <= NEWEST_PYTHON)[1], "numpy"


def version(python):
    """(3, 12), or () if the file is not a Python."""
    asked = "import sys; print(*sys.version_info[:2])"
    done = subprocess.run([python, "-c", asked], capture_output=True, text=True)
    return tuple(map(int, done.stdout.split()))


def test(name, python, requirement, words):
    folder = ROOT / "build" / name
    inside = str(folder / "bin" / "python")
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([python, ROOT / "tools" / "make_venv.py", folder], check=True)
    # a constraint set elsewhere could contradict the version that is needed here
    environment = {key: x for key, x in os.environ.items() if key != "PIP_CONSTRAINT"}
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [inside, *install, "--only-binary=:all:", requirement, *NEEDED], check=True, env=environment
    )
    told = "import sys, numpy; print('Python', sys.version.split()[0], 'NumPy', numpy.__version__)"
    subprocess.run([inside, "-c", told], check=True)
    ignored = [*(f"--ignore=tests/{room}" for room in LEFT_OUT), "--deselect", CHECKS]
    tests = [inside, "-m", "pytest", "-n", "auto", "--maxprocesses", "8", "--dist", "worksteal"]
    command = [*tests, "-p", "no:cacheprovider", *ignored, *words]
    return subprocess.run(command, cwd=ROOT).returncode


if __name__ == "__main__":
    pairs = {"oldest": oldest, "newest": newest}
    asked = [word for word in sys.argv[1:] if word in pairs] or pairs
    words = [word for word in sys.argv[1:] if word not in pairs]
    sys.exit(max(test(f"numpy-{name}", *pairs[name](), words) for name in asked))
