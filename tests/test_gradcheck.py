"""The check itself: it passes what is right, and fails what is wrong for the reason it names."""

import numpy as np
import pytest

from tinygrad_edu import nn
from tinygrad_edu.gradcheck import gradcheck
from tinygrad_edu.tensor import Op

X = np.array([0.5, -1.5, 2.0])

wrong_first = Op(lambda x: x * x, lambda g, y, x: g * 2.001 * x, name="wrong_first")
# right at first order, but the saved array hides half of the second derivative
wrong_second = Op(
    lambda x: x**3, lambda g, y, x: g * 3 * x * getattr(x, "data", x), name="wrong_second"
)
not_a_number = Op(lambda x: x * 1, lambda g, y, x: g * np.nan, name="not_a_number")


def test_a_right_gradient_passes():
    report = gradcheck(lambda x, w: np.tanh(x * w) / w, X, 2.0)
    assert report and report.passed
    assert report.components == 2 * 4
    assert max(w.error for w in report.worst) < 1e-10


def test_a_wrong_rule_is_found_with_its_worst_place():
    report = gradcheck(wrong_first, X)
    assert not report
    assert report.worst[0].index == (2,) and report.worst[0].variable == "input 0"
    assert report.worst[0].error == pytest.approx(0.001 / 2.001, rel=1e-3)
    assert "FAILED" in str(report) and "order 1: worst error" in str(report)
    assert report.worst[0].kink == ""


def test_a_saved_intermediate_is_found_by_the_second_order():
    assert gradcheck(wrong_second, X, order=1)
    report = gradcheck(wrong_second, X)
    assert not report and report.worst[0].error < 1e-8 < report.worst[1].error


def test_nan_fails():
    assert not gradcheck(not_a_number, X)


def test_a_kink_is_named():
    at = gradcheck(lambda x: np.maximum(x, 0.3 * x), np.array([1.0, 0.0]), order=1)
    assert at  # halfway between both slopes, as the convention has it and differences find
    at = gradcheck(lambda x: np.where(x > 0, x, 0.0), np.array([1.0, 0.0]), order=1)
    assert not at and at.worst[0].index == (1,)
    assert "a kink: the slope is 0 to the left and" in at.worst[0].kink
    near = gradcheck(np.abs, np.array([1.0, 0.0005]), order=1)
    assert not near and "a kink within 0.002" in near.worst[0].kink


def test_parameters_of_a_module():
    model = nn.Sequential(nn.Linear(3, 2, rng=0), nn.Tanh()).astype(np.float64)
    report = gradcheck(model, X, wrt=model.parameters())
    assert report and report.components == 2 * (3 + 6 + 2)
    assert all(p.grad is None for p in model.parameters())
    before = model.state_dict()
    gradcheck(model, X, wrt=model.parameters())
    assert all(np.array_equal(before[k], v) for k, v in model.state_dict().items())


def test_the_input_is_not_touched():
    x = X.copy()
    gradcheck(np.sin, x)
    assert np.array_equal(x, X)


def test_refusals():
    with pytest.raises(TypeError, match=r"float64; input 0 \(3,\) float32 has too few digits"):
        gradcheck(np.sin, X.astype(np.float32))
    with pytest.raises(
        TypeError, match=r"astype in Linear\(3, 2\) is float32(.|\n)*model\.astype\(np\.float64\)"
    ):
        gradcheck(nn.Linear(3, 2, rng=0), X)
    with pytest.raises(TypeError, match="the result is float32, which has too few digits"):
        gradcheck(lambda x: np.float32(1), X)
    with pytest.raises(ValueError, match="different values for the same input"):
        gradcheck(nn.Dropout(0.5, rng=0), X)
    with pytest.raises(ValueError, match="nothing to vary"):
        gradcheck(lambda n: n, 3)


def test_single_precision_on_the_way_is_named_and_no_kink_is_invented():
    model = nn.Sequential(nn.Linear(3, 4, rng=0), nn.Tanh())
    double_target = np.ones((2, 4))  # which makes the loss float64
    x = np.stack([X, X + 1])
    with pytest.raises(
        TypeError, match=r"float64, but astype in layer 0, Linear\(3, 4\) is float32"
    ):
        gradcheck(lambda x: np.mean((model(x) - double_target) ** 2), x)
    with pytest.raises(TypeError, match="but astype is float16"):
        gradcheck(lambda x: np.sum(x.astype(np.float16)).astype(np.float64), x)
    model.astype(np.float64)
    assert gradcheck(lambda x: np.mean((model(x) - double_target) ** 2), x)
