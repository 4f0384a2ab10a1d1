"""Lists how each public function of NumPy treats a Tensor.

    python tools/numpy_functions.py

A function has a row of its own, is composed of rows, returns plain arrays because it has no derivative,
or is refused by name. The others take no arrays, or never dispatch to a Tensor.
"""

import inspect

import numpy as np

from tinygrad_edu import ops  # noqa: F401  (its rows)
from tinygrad_edu.tensor import PLAIN, ROWS, Op

MODULES = {"np": np, "np.linalg": np.linalg, "np.fft": np.fft}


def standing():
    """{"row": [names], "composed": [...], "plain": [...], "refused": [...], "never asked": [...]}"""
    found = {kind: [] for kind in ("row", "composed", "plain", "refused", "never asked")}
    for prefix, module in MODULES.items():
        for name, function in inspect.getmembers(module, callable):
            if not name.startswith("_") and not inspect.isclass(function):
                found[_kind(function)].append(f"{prefix}.{name}")
    return found


def _kind(function):
    if function in ROWS:
        return "row" if isinstance(ROWS[function], Op) else "composed"
    if function in PLAIN:
        return "plain"
    dispatched = isinstance(function, np.ufunc) or hasattr(function, "_implementation")
    return "refused" if dispatched else "never asked"


if __name__ == "__main__":
    for kind, names in standing().items():
        print(f"{kind}, {len(names)}: {' '.join(names)}\n")
