"""Small graphs, and what tests of their pages share."""

from pathlib import Path

import numpy as np
import pytest

from tests.viz.small_graphs import variable
from tinygrad_edu import viz

AXE = Path(__file__).parent / "page/node_modules/axe-core/axe.min.js"


def failed():
    """A product whose shapes do not fit, after an operation that worked."""
    try:
        np.tanh(variable(np.ones((2, 3)), "signals")) @ variable(np.ones((4, 2)), "W")
    except ValueError as error:
        return viz.explain_error(error)
    raise AssertionError("it did not fail")


def not_finite():
    """ln 0 on one of two ways to the result."""
    x, w = variable([[0.0, 1.0], [2.0, 3.0]], "x"), variable([1.0, 2.0], "w")
    with np.errstate(divide="ignore"):
        return viz.Graph((np.log(x) * w).sum() + (w * 2).sum())


def pressed(page, key, times=1):
    for _ in range(times):
        page.keyboard.press(key)


def violations(page):
    """What axe-core has to say against a page. Skips where it is not installed."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed: `make lint-page` does it where there is npm")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    # one of axe's experiments: what is written on a button is in its name, too
    rules = '{ "label-content-name-mismatch": { enabled: true } }'
    found = page.evaluate(f"axe.run({{ preload: false, rules: {rules} }})")["violations"]
    return [(v["id"], [n["html"][:200] for n in v["nodes"]]) for v in found]
