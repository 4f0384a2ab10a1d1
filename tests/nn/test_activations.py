"""Activations: formulas, extremes, and the conventions at kinks.

(Derivatives: test_every_layer.py. That they equal Keras's: test_keras_activations.py)
"""

import numpy as np
import pytest

from tinygrad_edu import Tensor, grad, hessian, nn, ops
from tinygrad_edu.ops.cases import apart

X = apart(np.random.default_rng(0), (3, 4))[0]
LAYERS = [
    nn.ReLU(), nn.ReLU(max_value=1.0), nn.LeakyReLU(), nn.LeakyReLU(0.0), nn.PReLU(4, dtype=np.float64),
    nn.ELU(), nn.ELU(0.5), nn.SELU(), nn.GELU(), nn.GELU(approximate=True), nn.SiLU(), nn.Mish(),
    nn.Softplus(), nn.Softsign(), nn.HardSigmoid(), nn.HardSiLU(), nn.Sigmoid(), nn.Tanh(), nn.Softmax(),
    nn.HardTanh(), nn.HardShrink(), nn.SoftShrink(), nn.SoftShrink(0.0), nn.TanhShrink(),
    nn.Threshold(0.25, -1.0), nn.CELU(), nn.CELU(0.5), nn.Squareplus(), nn.Squareplus(0.25),
    nn.SparsePlus(), nn.SparseSigmoid(), nn.LogSigmoid(),
    nn.LogSoftmax(), nn.LogSoftmax(axis=0), nn.Sparsemax(), nn.Sparsemax(axis=0), nn.GLU(),
]  # fmt: skip


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_extreme_and_empty_inputs(layer):
    x = Tensor(np.array([[1e4, -1e4, 0.0, 88.0], [-88.0, 1e4, 1e4, -1e4]]), requires_grad=True)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        y = layer(x)
        y.backward(np.ones(y.shape))
    assert np.isfinite(y.data).all() and np.isfinite(x.grad).all()
    if getattr(layer, "axis", -1) == -1:
        assert layer(np.ones((0, 4))).shape == (0, 2 if isinstance(layer, nn.GLU) else 4)


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_a_models_precision_is_its_own(layer):
    if isinstance(layer, nn.PReLU):
        layer = nn.PReLU(4)
    x = Tensor(X.astype(np.float32), requires_grad=True)
    y = layer(x)
    assert y.dtype == np.float32
    y.sum().backward()
    assert x.grad.dtype == np.float32
    plain = layer(X.astype(np.float32))
    assert plain.dtype == np.float32 and np.array_equal(np.asarray(ops_value(plain)), y.data)


def ops_value(x):
    return x.data if isinstance(x, Tensor) else x


def test_formulas():
    assert nn.ReLU(max_value=1.5)(np.array([-1.0, 1.0, 2.0])).tolist() == [0.0, 1.0, 1.5]
    assert nn.LeakyReLU(0.25)(np.array([-2.0, 2.0])).tolist() == [-0.5, 2.0]
    assert np.allclose(nn.ELU(2.0)(np.array([-1.0, 1.0])), [2 * (np.exp(-1) - 1), 1.0])
    assert nn.Softsign()(np.array([-3.0, 1.0])).tolist() == [-0.75, 0.5]
    assert nn.HardSigmoid()(np.array([-4.0, 0.0, 1.5, 4.0])).tolist() == [0.0, 0.5, 0.75, 1.0]
    assert nn.HardSiLU()(np.array([-4.0, 1.5, 4.0])).tolist() == [0.0, 1.125, 4.0]
    assert nn.HardTanh()(np.array([-4.0, 0.3, 4.0])).tolist() == [-1.0, 0.3, 1.0]
    around = np.array([-2.0, -0.25, 0.25, 2.0])
    assert nn.HardShrink()(around).tolist() == [-2.0, 0.0, 0.0, 2.0]
    assert nn.SoftShrink()(around).tolist() == [-1.5, 0.0, 0.0, 1.5]
    assert nn.Threshold(0.5, 9.0)(around).tolist() == [9.0, 9.0, 9.0, 2.0]
    assert nn.SparseSigmoid()(np.array([-4.0, 0.5, 4.0])).tolist() == [0.0, 0.75, 1.0]
    assert nn.SparsePlus()(np.array([-4.0, 0.0, 0.5, 1.0, 4.0])).tolist() == [0, 0.25, 0.5625, 1, 4]
    assert nn.Squareplus()(np.array([0.0, 1.5, -1.5, 1e200])).tolist() == [1.0, 2.0, 0.5, 1e200]
    assert np.allclose(nn.CELU(2.0)(np.array([-1.0, 1.0])), [2 * (np.exp(-0.5) - 1), 1.0])
    assert np.allclose(nn.TanhShrink()(X), X - np.tanh(X))
    assert np.allclose(nn.LogSigmoid()(X), np.log(ops.sigmoid(X)))
    assert np.allclose(nn.GLU()(np.array([3.0, 5.0, 0.0, 0.0])), [1.5, 2.5])
    assert np.allclose(nn.LogSoftmax()(X), np.log(ops.softmax(X)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_small_results_keep_their_digits(dtype):
    """x - tanh x = x³ / 3 - 2 x⁵ / 15 + ... near 0, and (x + √(x² + 4)) / 2 ≈ -1 / x far below 0."""
    near, eps = np.array([-3e-5, 1e-3, 0.0], dtype), np.finfo(dtype).eps
    series = near**3 / 3 - 2 * near**5 / 15 + 17 * near**7 / 315
    assert np.allclose(nn.TanhShrink()(near), series, rtol=4 * eps, atol=0)
    wide = np.linspace(-2, 2, 401, dtype=dtype)
    right = wide.astype(np.longdouble) - np.tanh(wide.astype(np.longdouble))
    assert np.allclose(nn.TanhShrink()(wide), right.astype(float), rtol=20 * eps, atol=0)
    far = np.array([-1e5, -3e38, 3e38], dtype)
    assert np.allclose(nn.Squareplus()(far), [1e-5, 1 / 3e38, 3e38], rtol=1e-6, atol=1e-44)
    for layer, slope in ((nn.TanhShrink(), near**2), (nn.Squareplus(), np.full(3, 0.5) + near / 4)):
        x = Tensor(near, requires_grad=True)
        layer(x).sum().backward()
        assert np.allclose(x.grad, slope, rtol=1e-5, atol=0)


def test_selu_keeps_mean_0_and_variance_1():
    """E[selu(z)] = 0 and E[selu(z)²] = 1 for a standard normal z: an integral, by the trapezoidal rule."""
    z = np.linspace(-40, 40, 800_001)
    density = np.exp(-z * z / 2) / np.sqrt(2 * np.pi) * (z[1] - z[0])
    y = nn.SELU()(z)
    assert abs((y * density).sum()) < 1e-9 and abs((y * y * density).sum() - 1) < 1e-9


def test_sparsemax_is_the_nearest_point_of_the_simplex():
    """Held against bisection for τ in Σ max(x - τ, 0) = 1; ties and certainty among the rows."""
    x = np.concatenate(
        [np.random.default_rng(1).normal(size=(20, 5)), np.ones((1, 5)), 9 * np.eye(5)]
    )
    lo, hi = x.max(axis=1, keepdims=True) - 1, x.max(axis=1, keepdims=True)
    for _ in range(80):
        middle = (lo + hi) / 2
        much = np.maximum(x - middle, 0).sum(axis=1, keepdims=True) > 1
        lo, hi = np.where(much, middle, lo), np.where(much, hi, middle)
    y = ops.sparsemax(x)
    assert np.allclose(y, np.maximum(x - lo, 0), rtol=0, atol=1e-15)
    assert np.allclose(ops.sparsemax(x.T, axis=0), y.T, rtol=0, atol=0)
    assert (y[:20] == 0).any() and np.allclose(y.sum(axis=1), 1, rtol=1e-15)


def slope(layer, at):
    x = Tensor(np.array([at]), requires_grad=True)
    layer(x).sum().backward()
    return x.grad[0]


def test_slopes_at_kinks():
    assert slope(nn.ReLU(), 0.0) == slope(nn.ReLU(2.0), 0.0) == slope(nn.ReLU(2.0), 2.0) == 0
    assert slope(nn.LeakyReLU(0.25), 0.0) == 0.25 and slope(nn.ELU(0.5), 0.0) == 0.5
    assert slope(nn.HardSigmoid(), -3.0) == slope(nn.HardSigmoid(), 3.0) == 0
    assert slope(nn.HardTanh(), -1.0) == slope(nn.HardTanh(), 1.0) == 0
    assert slope(nn.SparseSigmoid(), -1.0) == slope(nn.SparseSigmoid(), 1.0) == 0
    for layer in (nn.HardShrink(), nn.SoftShrink(), nn.Threshold(0.5)):
        assert slope(layer, 0.5) == 0 and layer(np.array([0.5])) == 0
    assert slope(nn.HardShrink(), -0.5) == slope(nn.SoftShrink(), -0.5) == 0
    assert slope(nn.Softsign(), 0.0) == 1 and hessian(nn.Softsign())(0.0) == 0


def test_sparse_sigmoid_is_sparsemax_against_0():
    x = np.linspace(-2, 2, 9)
    pairs = np.stack([x, np.zeros(9)], axis=1)
    assert np.allclose(nn.SparseSigmoid()(x), ops.sparsemax(pairs)[:, 0], rtol=1e-15)


def test_curves_without_a_corner():
    assert slope(nn.CELU(0.5), 0.0) == 1
    for at, expected in [(-1.0, 0), (0.0, 0.5), (1.0, 1), (1.5, 1)]:
        assert slope(nn.SparsePlus(), at) == expected
        assert slope(nn.SparsePlus(), at) == nn.SparseSigmoid()(np.array([at]))[0]


def test_prelu_learns_alpha_from_what_is_below_0():
    layer = nn.PReLU(3)
    assert layer.alpha.dtype == np.float32 and layer.alpha.data.tolist() == [0, 0, 0]
    layer(np.array([[1.0, -2.0, -3.0], [-1.0, 5.0, -4.0]])).sum().backward()
    assert layer.alpha.grad.tolist() == [-1.0, -2.0, -7.0]
    assert [name for name, _ in layer.named_parameters()] == ["alpha"]


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: nn.ReLU(max_value=0), r"^ReLU\(max_value=0\): a positive number"),
        (lambda: nn.LeakyReLU(-0.1), r"^LeakyReLU\(negative_slope=-0.1\): 0 or more"),
        (lambda: nn.CELU(0), r"^CELU\(alpha=0\): a positive number"),
        (lambda: nn.Squareplus(-1), r"^Squareplus\(b=-1\): a positive number"),
        (lambda: nn.HardShrink(-0.5), r"^HardShrink\(threshold=-0.5\): 0 or more"),
        (lambda: nn.SoftShrink(-0.5), r"^SoftShrink\(threshold=-0.5\): 0 or more"),
        (
            lambda: nn.PReLU(3)(X),
            r"^PReLU\(\(3,\)\) got x of shape \(3, 4\): samples of shape \(4,\)(.|\n)*Try: PReLU\(\(4,\)\)",
        ),
        (lambda: nn.PReLU((1, 1, 4))(X), r"samples of shape \(4,\) do not fit alpha \(1, 1, 4\)"),
        (
            lambda: nn.GLU()(X[:, :3]),
            r"^glu of shape \(3, 3\): axis -1 has 3 numbers, which are no two halves",
        ),
    ],
)
def test_what_is_refused(ask, words):
    with pytest.raises(ValueError, match=words) as error:
        ask()
    assert "\n  at test_activations.py:" in str(error.value)


@pytest.mark.parametrize(("x", "right"), [(np.inf, (np.inf, 1, 0)), (-np.inf, (0, 0, 0))])
def test_hard_silu_has_its_limits_at_infinity(x, right):
    f = ops.hard_silu
    assert (f(np.float64(x)), grad(f)(x), hessian(f)(x)) == right
    among = grad(lambda x: f(x).sum())(np.array([x, 1.0, -4.0, 5.0]))
    np.testing.assert_allclose(among, [right[1], 5 / 6, 0, 1])
