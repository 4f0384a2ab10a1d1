"""Penalties and constraints against Keras: values and gradients."""

from typing import Any

import numpy as np
import pytest

from tests.nn.agreement import named
from tinygrad_edu import Tensor, nn

keras: Any = pytest.importorskip("keras")
tf: Any = pytest.importorskip("tensorflow")
RNG = np.random.default_rng(0)


L1, L2 = 0.0078125, 0.03125  # exact in float32, to which Keras rounds them


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (nn.L1(L1), keras.regularizers.L1(L1)),
        (nn.L2(L2), keras.regularizers.L2(L2)),
        (nn.L1L2(L1, L2), keras.regularizers.L1L2(L1, L2)),
        (nn.L1L2(), keras.regularizers.L1L2()),
    ],
    ids=named,
)
def test_penalties(ours, theirs):
    w = RNG.normal(size=(3, 4))
    watched, mine = tf.constant(w), Tensor(w, requires_grad=True)
    with tf.GradientTape() as tape:
        tape.watch(watched)
        y = theirs(watched)
    assert abs(float(ours(w)) - float(y)) < 1e-12
    if ours.l1 or ours.l2:
        ours(mine).backward()
        assert np.abs(mine.grad - tape.gradient(y, watched).numpy()).max() < 1e-12


def test_penalties_start_as_kerass_do():
    w = np.arange(4.0)
    for ours, theirs in ((nn.L1(), keras.regularizers.L1()), (nn.L2(), keras.regularizers.L2())):
        assert ours(w) == pytest.approx(float(theirs(tf.constant(w))), rel=1e-6)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (nn.MaxNorm(), keras.constraints.MaxNorm()),
        (nn.MaxNorm(1.5, axis=(0, 1)), keras.constraints.MaxNorm(1.5, axis=(0, 1))),
        (nn.NonNegative(), keras.constraints.NonNeg()),
        (nn.UnitNorm(), keras.constraints.UnitNorm()),
        (nn.UnitNorm(axis=1), keras.constraints.UnitNorm(axis=1)),
        (nn.MinMaxNorm(), keras.constraints.MinMaxNorm()),
        (nn.MinMaxNorm(0.5, 1.5, 0.25, 1), keras.constraints.MinMaxNorm(0.5, 1.5, 0.25, 1)),
    ],
    ids=named,
)
def test_constraints(ours, theirs):
    w = RNG.normal(size=(5, 4, 3)) * np.array([0.0, 0.1, 3.0])
    assert np.abs(ours(w) - np.asarray(theirs(tf.constant(w)))).max() < 1e-12
    assert ours(w.astype(np.float32)).dtype == np.float32
