"""A warning names the operation that the walk tells, and no frame of the stack is asked."""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest

from tinygrad_edu import Tensor, jvp
from tinygrad_edu.diagnostics.domain import Here, warnings_named
from tinygrad_edu.node import Node


def operation(name, domain, x):
    y = Node()
    y.op = SimpleNamespace(name=name, domain=domain, inputs=["x"])
    y.inputs, y.scope, y.created_at = (x,), (), None
    return y


def test_a_node_that_is_no_tensor_is_named():
    here = Here()
    with warnings_named(here), pytest.warns(RuntimeWarning) as seen:
        here.y, here.i = operation("inverse", "x ≠ 0", np.zeros(2)), 0
        _ = 1 / here.y.inputs[0]
        here.y = operation("other", "", np.zeros(3))
        _ = 1 / here.y.inputs[0]
    first, second = (str(warning.message) for warning in seen)
    assert first.startswith(
        "inverse: divide by zero in the derivative by its input x (2,) float64; its domain: x ≠ 0"
    )
    assert second.startswith("other: divide by zero") and "its domain" not in second
    assert "test_domain.py" in first  # no line was recorded: that of the backward pass


def test_the_walk_tells_which_input():
    x, w = Tensor([0.0], requires_grad=True, name="base"), Tensor([-1.0], name="exponent")
    with np.errstate(divide="ignore"):
        y = x**w
    with pytest.warns(RuntimeWarning, match=r"power: divide by zero .* input base \(1,\) float64"):
        y.sum().backward()
    with pytest.warns(RuntimeWarning, match="sqrt: divide by zero"):
        jvp(np.sqrt, (np.zeros(1),), (np.ones(1),))


def test_each_input_is_named_by_itself():
    x = Tensor([0.0, -2.0], requires_grad=True, name="x")
    w = Tensor([-1.0, 2.0], requires_grad=True, name="w")
    with np.errstate(divide="ignore"):
        y = x**w
    with pytest.warns(RuntimeWarning) as seen:
        y.sum().backward()
    words = " ".join(str(warning.message) for warning in seen)
    assert "power: divide by zero in the derivative by its input x (2,)" in words
    assert "power: invalid value in the derivative by its input w (2,)" in words


def test_a_walk_without_a_domain_sets_no_error_state(monkeypatch):
    def fail(here):
        raise AssertionError

    monkeypatch.setattr("tinygrad_edu.autodiff.warnings_named", fail)
    np.tanh(Tensor([1.0], requires_grad=True)).sum().backward()
    with pytest.raises(AssertionError):
        np.sqrt(Tensor([1.0], requires_grad=True)).sum().backward()


@pytest.mark.parametrize("states", [{"all": "ignore"}, {"all": "call", "call": lambda *_: None}])
def test_the_users_own_error_state_stays(states):
    y = np.sqrt(Tensor([0.0], requires_grad=True)).sum()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with np.errstate(**states):
            y.backward()


def test_nothing_is_left_behind():
    before, calls = np.geterr(), np.geterrcall()
    np.sqrt(Tensor([1.0], requires_grad=True)).sum().backward()
    assert np.geterr() == before and np.geterrcall() is calls
