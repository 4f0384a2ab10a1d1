"""What the rooms owe to a reader: no library before it is needed, and one idea in few files.

import-linter (setup.cfg) says who may import what; it does not tell the head of a file from the
inside of a function, so that half of the rule stands here.
"""

import ast
import graphlib
import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tinygrad_edu
from tinygrad_edu import Tensor

PACKAGE = Path(tinygrad_edu.__file__).parent

# Prints how many modules there are, how many names they export, and which libraries were loaded for them.
IMPORT_EVERYTHING = """
import importlib, pkgutil, sys
import numpy.random  # brings modules of Cython

before = {name.partition(".")[0] for name in sys.modules}
names, exports = [], 0
for package in ("tinygrad_edu", "models"):
    path = importlib.import_module(package).__path__
    found = [module.name for module in pkgutil.walk_packages(path, package + ".")]
    for name in [package, *found]:
        module = importlib.import_module(name)
        for export in getattr(module, "__all__", ()):
            getattr(module, export)  # a package may wait with an import until it is asked
            exports += 1
        names.append(name)
after = {name.partition(".")[0] for name in sys.modules}
print(len(names), exports, *sorted(after - before - sys.stdlib_module_names))
"""


def test_importing_every_module_loads_nothing_but_numpy() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", IMPORT_EVERYTHING],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    modules, exports, *loaded = done.stdout.split()
    assert int(modules) > 100 and int(exports) > 100
    assert loaded == ["models", "tinygrad_edu"]


def files_entered(work) -> list[str]:
    """The file of each call inside the package, in order."""
    entered: list[str] = []

    def note(frame, event, _):
        if event == "call":
            file = Path(frame.f_code.co_filename)
            if file.is_relative_to(PACKAGE):
                entered.append(file.relative_to(PACKAGE).as_posix())

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return entered


def test_one_gradient_is_read_in_four_files() -> None:
    """From np.tanh(x).sum().backward() to x.grad: the Tensor, the walk, and the chapters of both rows."""
    x = Tensor([1.0, 2.0], requires_grad=True)

    def work() -> None:
        np.tanh(x).sum().backward()

    work()  # what a row knows about its arguments is read once
    entered = files_entered(work)
    assert np.allclose(x.grad, 2 / np.cosh(x.data) ** 2)
    guards = [file for file in entered if file.startswith("diagnostics")]
    idea = [file for file in entered if file not in guards]
    assert list(dict.fromkeys(idea)) == [
        "tensor.py",
        "ops/reductions.py",
        "autodiff.py",
        "ops/elementwise.py",
    ]
    assert len(idea) <= 26
    # forward from file to file as the text goes, and once to each rule on the way back
    forward = [file for file, _ in itertools.groupby(idea[: idea.index("autodiff.py")])]
    assert forward == ["tensor.py", "ops/reductions.py", "tensor.py"]
    # The rule of tanh reads x, which the user may change: one guard, before and after.
    assert set(guards) == {"diagnostics/changed_arrays.py"}


def test_diagnostics_know_the_node_and_not_the_tensor() -> None:
    known = set()
    for file in (PACKAGE / "diagnostics").glob("*.py"):
        for part in ast.walk(ast.parse(file.read_text())):
            if isinstance(part, ast.ImportFrom):
                known.add(part.module)
            elif isinstance(part, ast.Import):
                known.update(name.name for name in part.names)
    ours = {name for name in known if name.startswith("tinygrad_edu")}
    below = {"tinygrad_edu.node", "tinygrad_edu.modes"}
    assert below <= ours
    assert {n for n in ours - below if not n.startswith("tinygrad_edu.diagnostics.")} == set()


def test_no_modules_import_each_other() -> None:
    """Not even for types alone, and not inside functions: every file can be read after those it imports."""
    grimp = pytest.importorskip("grimp")
    graph = grimp.build_graph("tinygrad_edu", "models")
    needs = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    try:
        tuple(graphlib.TopologicalSorter(needs).static_order())
    except graphlib.CycleError as error:
        raise AssertionError(" → ".join(error.args[1])) from None
