"""Nothing at import time but NumPy: every other library waits until a function needs it.

import-linter (setup.cfg) says who may import what; it does not tell the head of a file from the
inside of a function, so that half of the rule stands here.
"""

import subprocess
import sys

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
