"""Penalties and constraints: their formulas, and what they refuse. (Keras's: test_keras_regularizers.py)"""

import numpy as np
import pytest

from tinygrad_edu import Tensor, nn
from tinygrad_edu.gradcheck import gradcheck

W = np.array([[3.0, -0.3], [4.0, 0.4]])


@pytest.mark.parametrize(
    ("regularizer", "expected"),
    [(nn.L1(0.5), 3.85), (nn.L2(2.0), 50.5), (nn.L1L2(0.5, 2.0), 54.35), (nn.L1L2(), 0.0)],
    ids=repr,
)
def test_penalties(regularizer, expected):
    assert np.isclose(float(regularizer(W)), expected, rtol=1e-14)
    if expected:
        assert gradcheck(regularizer, W)
        assert regularizer(Tensor(W.astype(np.float32), requires_grad=True)).dtype == np.float32


def test_a_model_adds_up_what_its_parameters_carry():
    model = nn.Sequential(
        nn.Linear(3, 4, rng=0, dtype=np.float64), nn.Linear(4, 2, rng=1, dtype=np.float64)
    )
    first, second = model[0].W, model[1].W
    first.regularizer, second.regularizer = nn.L2(0.5), nn.L1(0.25)
    penalty = model.penalty()
    assert np.isclose(penalty.item(), (first.data**2).sum() / 2 + np.abs(second.data).sum() / 4)
    penalty.backward()
    assert np.allclose(first.grad, first.data) and np.allclose(
        second.grad, np.sign(second.data) / 4
    )


def test_constraints():
    assert np.allclose(nn.MaxNorm(2)(W), [[1.2, -0.3], [1.6, 0.4]], atol=1e-6)
    assert np.allclose(nn.UnitNorm()(W), [[0.6, -0.6], [0.8, 0.8]], atol=1e-6)
    assert np.allclose(nn.UnitNorm(axis=(0, 1))(W), W / np.sqrt(25.25), atol=1e-6)
    assert np.allclose(nn.MinMaxNorm(1.0, 3.0, rate=0.5)(W), W * [0.8, 1.5], atol=1e-5)
    assert nn.NonNegative()(W).tolist() == [[3.0, 0.0], [4.0, 0.4]]


@pytest.mark.parametrize(
    "constraint", [nn.MaxNorm(), nn.UnitNorm(), nn.MinMaxNorm(), nn.NonNegative()], ids=repr
)
def test_a_constraint_makes_a_new_array_of_the_same_precision(constraint):
    w = np.array([[3.0, 0.0], [-4.0, 0.0]], np.float32)
    before = w.copy()
    allowed = constraint(w)
    assert allowed.dtype == np.float32 and np.array_equal(w, before) and np.isfinite(allowed).all()
    assert np.allclose(constraint(allowed), allowed, atol=1e-6)  # what is allowed stays as it is


def test_they_tell_what_they_are():
    made = [
        nn.L1(), nn.L2(0.5), nn.L1L2(l2=1), nn.MaxNorm(3), nn.NonNegative(), nn.UnitNorm(1), nn.MinMaxNorm(),
    ]  # fmt: skip
    assert list(map(repr, made)) == [
        "L1(0.01)", "L2(0.5)", "L1L2(0.0, 1.0)", "MaxNorm(3.0, 0)", "NonNegative()",
        "UnitNorm(1)", "MinMaxNorm(0.0, 1.0, 1.0, 0)",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: nn.L1(-1), r"^L1\(l1=-1\): a finite number, 0 or more"),
        (lambda: nn.L2("strong"), r"^L2\(l2='strong'\)"),
        (lambda: nn.L1L2(0.0, float("nan")), r"^L1L2\(l2=nan\)"),
        (lambda: nn.MaxNorm(float("inf")), r"^MaxNorm\(max_value=inf\)"),
        (lambda: nn.MinMaxNorm(2, 1), r"^MinMaxNorm\(min_value=2, max_value=1\): the other way"),
        (lambda: nn.MinMaxNorm(rate=1.5), r"^MinMaxNorm\(rate=1.5\): a fraction of the way"),
    ],
)
def test_what_is_refused(ask, words):
    with pytest.raises(ValueError, match=words) as error:
        ask()
    assert "\n  at test_regularizers.py:" in str(error.value)


@pytest.mark.parametrize(
    ("number", "dtype"),
    [
        (300, np.float16),
        (3e-4, np.float16),
        (1e25, np.float32),
        (1e200, float),
        (1e-25, np.float32),
    ],
)
def test_norms_whose_squares_over_or_underflow(number, dtype):
    w = np.full((50, 2), number, dtype)
    norm = np.sqrt(np.sum(w.astype(np.longdouble) ** 2, axis=0))
    for constraint, expected in (
        (nn.MaxNorm(2.0), w * np.minimum(norm, 2) / (norm + 1e-7)),
        (nn.UnitNorm(), w / (norm + 1e-7)),
    ):
        scaled = constraint(w)
        assert scaled.dtype == dtype
        np.testing.assert_allclose(scaled, expected.astype(float), rtol=1e-3)


def test_penalties_of_float16_are_summed_in_float32():
    ones = nn.Parameter(np.ones(70_000, np.float16))  # their sum is beyond 65504
    large = nn.Parameter(np.full(10, 300, np.float16))  # so is each square
    for regularizer, w, expected, slope in (
        (nn.L1(0.01), ones, 700, 0.01),
        (nn.L2(0.01), ones, 700, 0.02),
        (nn.L2(0.01), large, 9000, 6.0),
    ):
        penalty = regularizer(w)
        assert penalty.dtype == np.float16 and np.isclose(penalty.item(), expected, rtol=1e-3)
        w.grad = None
        penalty.backward()
        assert w.grad.dtype == np.float16
        np.testing.assert_allclose(w.grad, np.full(w.shape, slope), rtol=1e-3)
