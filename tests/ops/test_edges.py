"""Inputs at the edges of floating point: infinities, squares that over- or underflow, kinks, float16."""

import math

import numpy as np
import pytest

from tinygrad_edu import Tensor, grad, hessian, jacobian, jvp, ops, value_and_grad

INF = np.inf
HALF = np.float16
MANY = np.random.default_rng(0).normal(size=70_000)


def slopes(f, x):
    x = Tensor(np.asarray(x, float), requires_grad=True)
    y = f(x)
    y.backward(np.ones(y.shape))
    return x.grad.tolist()


class TestInfinities:
    """-∞ is a mask: e^-∞ = 0 takes no part in a sum."""

    MASKED, NOTHING, SURE = [-INF, 0.0], [-INF, -INF], [INF, 0.0]

    def test_logsumexp(self):
        assert [ops.logsumexp(np.array(x)) for x in (self.MASKED, self.NOTHING, self.SURE)] == [
            0,
            -INF,
            INF,
        ]
        assert [slopes(ops.logsumexp, x) for x in (self.MASKED, self.NOTHING, self.SURE)] == [
            [0, 1], [0, 0], [1, 0],
        ]  # fmt: skip
        assert hessian(ops.logsumexp)(np.array(self.NOTHING)).tolist() == [[0, 0], [0, 0]]

    def test_logaddexp(self):
        x, w = np.array([-INF, -INF, 0, INF, INF]), np.array([-INF, 0, -INF, INF, 0])
        assert slopes(lambda x: np.logaddexp(x, w), x) == [0, 0, 1, 0.5, 1]
        assert slopes(lambda w: np.logaddexp(x, w), w) == [0, 1, 0, 0.5, 0]
        second = hessian(lambda v: np.logaddexp(v[0], v[1]))
        assert (
            second(np.array([-INF, -INF])).tolist()
            == second(np.array([-INF, 1])).tolist()
            == [[0, 0]] * 2
        )

    def test_softmax(self):
        for x, y in ((self.MASKED, [0, 1]), (self.NOTHING, [0, 0]), (self.SURE, [1, 0])):
            assert ops.softmax(np.array(x)).tolist() == y
            assert slopes(lambda x: ops.softmax(x)[1], x) == [0, 0]

    def test_log_softmax_of_several_rows(self):
        x = np.array([self.MASKED, self.NOTHING, self.SURE])
        assert ops.log_softmax(x).tolist() == [[-INF, 0], [-INF, -INF], [0, -INF]]
        kept = np.array([[False, True], [False, False], [True, False]])
        assert slopes(lambda x: np.where(kept, ops.log_softmax(x), 0), x) == [[0, 0]] * 3

    def test_sparsemax(self):
        x = np.array([-INF, 0.0, 0.5])
        assert ops.sparsemax(x).tolist() == [0, 0.25, 0.75]
        assert slopes(lambda x: ops.sparsemax(x)[1], x) == [0, 0.5, -0.5]

    def test_running_extremes(self):
        assert slopes(lambda x: np.maximum.accumulate(x)[-1], self.NOTHING) == [0.5, 0.5]
        assert slopes(lambda x: np.logaddexp.accumulate(x)[-1], [-INF, -INF, 0]) == [0, 0, 1]

    def test_cross_entropy(self):
        loss = lambda x: ops.cross_entropy(x, np.array([1]))
        assert loss(np.array([self.MASKED])) == 0 and not np.signbit(loss(np.array([self.MASKED])))
        assert slopes(loss, [self.MASKED]) == [[0, 0]]
        assert loss(np.array([[0, -INF]])) == INF

    def test_binary_cross_entropy(self):
        t = np.array([1.0, 0, 0, 1])
        x = np.array([INF, -INF, INF, -INF])
        assert ops.binary_cross_entropy(x, t).tolist() == [0, 0, INF, INF]
        assert slopes(lambda x: ops.binary_cross_entropy(x, t), x) == [0, 0, 1, -1]

    @pytest.mark.parametrize(
        ("f", "expected"),
        [
            (np.tanh, [0, 0]), (ops.sigmoid, [0, 0]), (ops.softplus, [1, 0]), (ops.log_sigmoid, [0, 1]),
            (ops.elu, [1, 0]), (ops.erf, [0, 0]), (np.arctan, [0, 0]),
            (np.arcsinh, [0, 0]), (ops.relu, [1, 0]), (ops.softsign, [0, 0]), (ops.silu, [1, 0]),
            (ops.mish, [1, 0]), (ops.gelu, [1, 0]), (ops.gelu_tanh, [1, 0]), (ops.log_cosh, [1, -1]),
        ],
    )  # fmt: skip
    def test_ends(self, f, expected):
        assert slopes(f, [INF, -INF]) == expected

    @pytest.mark.parametrize("f", [ops.silu, ops.mish, ops.gelu, ops.gelu_tanh, ops.relu])
    def test_what_is_off_stays_off(self, f):
        for dtype in (np.float32, np.float64):
            assert f(np.array([INF, -INF, 0], dtype)).tolist() == [INF, 0, 0]
        assert ops.softsign(np.array([INF, -INF])).tolist() == [1, -1]


class TestSureOfOneClass:
    """1 - p loses all digits where p is rounded to 1; the sum of the others does not."""

    P = math.exp(-60)  # of the other of two classes

    def test_values(self):
        x = np.array([60.0, 0.0])
        assert ops.log_softmax(x)[0] == pytest.approx(-self.P, rel=1e-14)
        assert ops.cross_entropy(x[None], np.array([0])) == pytest.approx(self.P, rel=1e-14)
        assert ops.logsumexp(x - 60) == pytest.approx(self.P, rel=1e-14)

    @pytest.mark.parametrize(
        ("f", "sign"),
        [
            (lambda x: ops.log_softmax(x)[0], 1), (lambda x: ops.softmax(x)[0], 1),
            (lambda x: ops.cross_entropy(np.reshape(x, (1, 2)), np.array([0])), -1),
        ],
    )  # fmt: skip
    def test_derivatives_to_order_two(self, f, sign):
        p = sign * self.P
        x = np.array([60.0, 0.0])
        assert grad(f)(x) == pytest.approx([p, -p], rel=1e-13)
        assert hessian(f)(x) == pytest.approx(np.array([[-p, p], [p, -p]]), rel=1e-13)


class TestSquares:
    """Σ x² may over- or underflow where its root does not."""

    @pytest.mark.parametrize("size", [1e200, 1e-200, 1e-300])
    def test_lengths(self, size):
        x, cube = np.array([3.0, -4.0]) * size, 91 ** (1 / 3)
        for f, y, dx in (
            (np.linalg.norm, 5 * size, [0.6, -0.8]),
            (lambda x: np.linalg.norm(x, 3), cube * size, [9 / cube**2, -16 / cube**2]),
            (np.std, 3.5 * size, [0.5, -0.5]),
            (np.nanstd, 3.5 * size, [0.5, -0.5]),
            (lambda x: np.hypot(x[0], x[1]), 5 * size, [0.6, -0.8]),
        ):  # fmt: skip
            assert f(Tensor(x)).item() == pytest.approx(y, rel=1e-13, abs=0)
            assert slopes(f, x) == pytest.approx(dx, rel=1e-13)

    def test_along_an_axis(self):
        x = np.array([[3e200, 4e200], [3.0, 4.0], [0.0, 0.0], [3e-200, 4e-200]])
        assert np.allclose(
            np.linalg.norm(Tensor(x), axis=1).data, [5e200, 5, 0, 5e-200], rtol=1e-14, atol=0
        )
        expected = [[0.6, 0.8], [0.6, 0.8], [0, 0], [0.6, 0.8]]
        assert np.allclose(
            slopes(lambda x: np.linalg.norm(x, axis=1, keepdims=True), x), expected, rtol=1e-14
        )

    @pytest.mark.parametrize("big", [np.float32(1e30), 1e200])
    def test_angles(self, big):
        dx, dw = grad(np.arctan2, (0, 1))(big, big)
        assert [dx * big, dw * big] == pytest.approx([0.5, -0.5], rel=1e-6)

    def test_beside_infinity_a_number_is_0(self):
        x, w = np.array([INF, 1.0, -INF]), np.array([1.0, -INF, 1.0])
        assert slopes(lambda x: np.hypot(x, w), x) == [1, 0, -1]
        assert slopes(lambda w: np.hypot(x, w), w) == [0, -1, 0]
        assert slopes(lambda x: np.arctan2(x, w), x) == [0, 0, 0]

    def test_near_a_pole(self):
        assert slopes(np.reciprocal, [1e-150]) == pytest.approx([-1e300], rel=1e-14)


class TestSquaresOfKinks:
    """|x| has no derivative at 0, but |x|² has all; the convention of the first must not spoil the second."""

    @pytest.mark.parametrize(
        "f",
        [
            lambda x: np.linalg.norm(x) ** 2, lambda x: np.multiply(*[np.linalg.norm(x)] * 2),
            lambda x: np.square(np.hypot(x[0], x[1])), lambda x: (np.abs(x) ** 2).sum(),
        ],
    )  # fmt: skip
    def test_lengths(self, f):
        for x in ([0.0, 0.0], [1e-9, -2e-9]):
            assert hessian(f)(np.array(x)) == pytest.approx(2 * np.eye(2), abs=1e-12)

    @pytest.mark.parametrize("f", [np.std, np.nanstd])
    def test_deviations(self, f):
        assert hessian(lambda x: f(x) ** 2)(np.ones(2)) == pytest.approx(
            np.array([[0.5, -0.5], [-0.5, 0.5]])
        )

    def test_of_rows(self):
        x = np.array([[0.0, 0.0], [3.0, 4.0]])
        second = hessian(lambda x: (np.linalg.norm(x, axis=1) ** 2).sum())(x).reshape(4, 4)
        assert second == pytest.approx(2 * np.eye(4))

    def test_alone_they_have_slope_0_to_every_order(self):
        for f in (
            np.linalg.norm,
            np.std,
            lambda x: np.hypot(x[0], x[1]),
            lambda x: np.abs(x).sum(),
        ):
            assert hessian(f)(np.zeros(2)).tolist() == [[0, 0], [0, 0]]


class TestHalfPrecision:
    """float16 ends at 65504 and has three digits, so sums and counts are float32 inside."""

    @pytest.mark.parametrize(
        ("f", "x"),
        [
            (np.mean, MANY + 1), (np.var, MANY), (np.std, MANY), (np.average, MANY + 1),
            (np.nanmean, MANY + 1), (np.nanvar, MANY), (np.nanstd, MANY), (np.linalg.norm, 10 * MANY),
            (np.max, np.ones(70_000)), (lambda x: np.average(x, weights=np.abs(MANY).astype(HALF)), MANY + 1),
            (ops.logsumexp, MANY), (lambda x: ops.softmax(x).max(), MANY),
            (lambda x: ops.log_softmax(x)[0], MANY),
            (lambda x: ops.cross_entropy(np.reshape(x, (-1, 2)), np.arange(35_000) % 2), MANY),
        ],
    )  # fmt: skip
    def test_values_and_gradients_are_those_of_double(self, f, x):
        x = x.astype(HALF)
        y, expected = f(Tensor(x)).data, f(Tensor(x.astype(float))).data
        assert y.dtype == HALF and np.allclose(y, expected, rtol=2e-3, atol=0)
        dx, right = grad(f)(x), grad(f)(x.astype(float))
        assert dx.dtype == HALF and np.allclose(dx, right, rtol=6e-3, atol=1e-7)

    def test_the_gradient_of_a_mean_of_many(self):
        assert grad(np.mean)(np.ones(70_000, HALF))[0] == HALF(1 / 70_000)

    @pytest.mark.parametrize("shape", [(4, 1, 1, 64), (1, 64, 4, 1), (2, 8, 4, 4)])
    def test_normalization_of_large_numbers(self, shape):
        rng = np.random.default_rng(0)
        x = (300 * rng.normal(size=shape)).astype(HALF)
        gamma, beta = np.ones(shape[2] * shape[3], HALF), np.zeros(shape[2] * shape[3], HALF)
        f = lambda x: ops.normalize(x, gamma.astype(x.dtype), beta.astype(x.dtype))
        y = f(Tensor(x)).data
        assert y.dtype == HALF and np.allclose(y.std(axis=(1, 3), dtype=float), 1, rtol=2e-3)
        loss = lambda x: (f(x) * f(x) * f(x)).sum() * 100
        dx, right = grad(loss)(x), grad(loss)(x.astype(float))
        assert np.allclose(dx, right, rtol=2e-2, atol=2e-2 * np.abs(right).max())


LIMITS = {
    # activation: (value, slope) at -∞, and at ∞
    ops.sigmoid: ((0, 0), (1, 0)), np.tanh: ((-1, 0), (1, 0)), ops.softplus: ((0, 0), (np.inf, 1)),
    ops.silu: ((0, 0), (np.inf, 1)), ops.gelu: ((0, 0), (np.inf, 1)), ops.gelu_tanh: ((0, 0), (np.inf, 1)),
    ops.mish: ((0, 0), (np.inf, 1)), ops.elu: ((-1, 0), (np.inf, 1)), ops.softsign: ((-1, 0), (1, 0)),
    ops.relu: ((0, 0), (np.inf, 1)), ops.log_sigmoid: ((-np.inf, 1), (0, 0)), ops.erf: ((-1, 0), (1, 0)),
    np.arctan: ((-np.pi / 2, 0), (np.pi / 2, 0)),
}  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("f", LIMITS, ids=lambda f: getattr(f, "name", getattr(f, "__name__", "")))
def test_activations_take_infinities(f, dtype):
    for x, limit in zip((-np.inf, np.inf), LIMITS[f], strict=True):
        assert np.array_equal(value_and_grad(f)(dtype(x)), np.array(limit, dtype)), x


@pytest.mark.parametrize("length", [np.linalg.norm, np.std, np.nanstd])
def test_forward_mode_at_the_tip_of_a_root(length):
    """The derivative at the kink is 0, in forward mode as on the way back."""
    zero = np.zeros(2)
    assert jvp(length, (zero,), (np.array([1.0, 2.0]),))[1] == 0
    assert jacobian(length, mode="forward")(zero).tolist() == [0, 0]
