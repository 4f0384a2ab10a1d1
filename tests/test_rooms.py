"""Nothing at import time but NumPy: every optional library waits until a function needs it.

import-linter (setup.cfg) says who may import what; it does not tell the head of a file from the
inside of a function, so that half of the rule stands here.
"""

import subprocess
import sys

OPTIONAL = {
    "IPython",
    "PIL",
    "h5py",
    "keras",
    "matplotlib",
    "mpi4py",
    "pandas",
    "pygraphviz",
    "safetensors",
    "scipy",
    "sklearn",
    "tensorflow",
    "torch",
}

IMPORT_EVERYTHING = """
import importlib, pkgutil, sys
import models, tinygrad_edu

names = []
for package in (tinygrad_edu, models):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(module.name)
        names.append(module.name)
print(len(names), *sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_importing_every_module_loads_no_optional_library() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", IMPORT_EVERYTHING],
        capture_output=True,
        text=True,
        check=True,
    )
    count, *loaded = done.stdout.split()
    assert int(count) > 20
    assert {"numpy", "tinygrad_edu", "models"} <= set(loaded)
    assert OPTIONAL.isdisjoint(loaded)
