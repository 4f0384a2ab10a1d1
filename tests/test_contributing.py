"""The recipes of CONTRIBUTING.md work as they stand: an operation, a layer, an optimizer, an estimator."""

import re
from pathlib import Path

import numpy as np
import pytest

from tinygrad_edu import nn
from tinygrad_edu.gradcheck import gradcheck
from tinygrad_edu.optim import SGD
from tinygrad_edu.tensor import ROWS

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def recipes():
    """The names that the Python of the page defines."""
    world: dict = {}
    before = dict(ROWS)
    for block in re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL):
        exec(compile(block, "CONTRIBUTING.md", "exec"), world)
    yield world
    ROWS.clear()
    ROWS.update(before)


def test_the_operation_has_derivatives_to_second_order(recipes):
    sech = recipes["sech"]
    assert gradcheck(lambda x: sech(x), np.array([-1.0, 0.3, 2.0]))
    inputs, params = sech.cases(np.random.default_rng(0))[0]
    assert np.allclose(sech(*inputs, **params), 1 / np.cosh(inputs[0]))


def test_the_layer_is_a_part_of_a_model(recipes):
    model = nn.Sequential(recipes["Scale"](3, dtype=np.float64), nn.Linear(3, 1, dtype=np.float64))
    assert [path for path, _ in model.named_parameters()] == ["0.gamma", "1.W", "1.b"]
    assert gradcheck(lambda x: model(x), np.random.default_rng(0).normal(size=(2, 3)))


def test_the_optimizer_takes_the_steps_of_ours(recipes):
    mine, ours = (nn.Parameter(np.array([1.0, -2.0])) for _ in range(2))
    pairs = (
        (mine, recipes["Momentum"]([mine], lr=0.1, weight_decay=0.01)),
        (ours, SGD([ours], lr=0.1, momentum=0.9, weight_decay=0.01)),
    )
    for _ in range(5):
        for w, optimizer in pairs:
            optimizer.zero_grad()
            (w**4).sum().backward()
            optimizer.step()
    assert np.array_equal(mine.data, ours.data) and mine.data[0] != 1


def test_the_estimator_is_right(recipes):
    """SciPy calls its loss soft_l1. The signature, the repr and the checks come from the fields."""
    least_squares = pytest.importorskip("scipy.optimize").least_squares
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 3))
    y = X @ [1.0, 2.0, -1.0] + 3 + rng.standard_t(2, size=50)
    kind = recipes["PseudoHuberRegressor"]
    model = kind(delta=0.5, tol=1e-9).fit(X, y)
    A = np.column_stack([X, np.ones(50)])
    theirs = least_squares(
        lambda w: A @ w - y,
        np.zeros(4),
        loss="soft_l1",
        f_scale=0.5,
        gtol=1e-12,
        ftol=1e-15,
        xtol=1e-15,
    )
    assert np.allclose([*model.coef_, model.intercept_], theirs.x, atol=1e-6)
    assert repr(kind(alpha=2.0)) == "PseudoHuberRegressor(alpha=2.0)"
    with pytest.raises(ValueError, match=r"alpha.*-1"):
        kind(alpha=-1).fit(X, y)


@pytest.mark.parametrize(
    "name", sorted(set(re.findall(r"`((?:tinygrad_edu|models|tests)/[\w/.]+)`", TEXT)))
)
def test_the_files_that_it_names_exist(name):
    assert (ROOT / name).exists()
