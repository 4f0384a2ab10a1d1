"""Conventions where the derivative does not exist, call forms, and special functions against SciPy."""

import math

import numpy as np
import pytest

from tinygrad_edu import Tensor, grad
from tinygrad_edu.gradcheck import gradcheck
from tinygrad_edu.ops import activations, elementwise, special
from tinygrad_edu.ops.pieces import PIECE

SINCE_2_1 = pytest.mark.skipif(
    np.lib.NumpyVersion(np.__version__) < "2.1.0", reason="np.clip(min=, max=) came with NumPy 2.1"
)


def gradients(f, *values, dtype=np.float64):
    ts = [Tensor(v, requires_grad=True, dtype=dtype) for v in values]
    f(*ts).sum().backward()
    return [None if t.grad is None else t.grad.tolist() for t in ts]


class TestClip:
    X = np.array([-2.0, -1.0, 0.5, 1.0, 3.0])

    def test_on_a_bound_the_gradient_is_that_of_x(self):
        dx, dlo, dhi = gradients(np.clip, self.X, -1.0, 1.0)
        assert dx == [0, 1, 1, 1, 0]
        assert (dlo, dhi) == (1.0, 1.0)

    def test_the_upper_bound_has_the_last_word(self):
        dx, dlo, dhi = gradients(np.clip, [0.0, 1.5, 9.0], 2.0, 1.0)
        assert (dx, dlo, dhi) == ([0, 0, 0], 0.0, 3.0)

    @pytest.mark.parametrize(
        ("call", "expected"),
        [
            (lambda x: np.clip(x, -1, 1), (-1, 1)),
            (lambda x: np.clip(x, a_min=-1, a_max=1), (-1, 1)),
            (lambda x: np.clip(x, -1, None), (-1, None)),
            (lambda x: np.clip(x, None, 1), (None, 1)),
            pytest.param(lambda x: np.clip(x, max=1), (None, 1), marks=SINCE_2_1),
            pytest.param(lambda x: np.clip(a=x, min=-1), (-1, None), marks=SINCE_2_1),
            (lambda x: x.clip(-1, 1), (-1, 1)),
            (lambda x: x.clip(min=-1), (-1, None)),
            (lambda x: np.clip(x, np.full(5, -1.0), 1), (-1, 1)),
        ],
    )
    @pytest.mark.parametrize("dtype", [np.float64, np.float32])
    def test_every_way_to_call_it(self, call, expected, dtype):
        lo, hi = expected
        x = Tensor(self.X.astype(dtype), requires_grad=True)
        y = call(x)
        assert y.data.tolist() == np.clip(self.X, lo, hi).tolist()
        y.sum().backward()
        inside = np.clip(self.X, lo, hi) == self.X
        assert x.grad.tolist() == inside.astype(float).tolist()
        assert x.grad.dtype == dtype

    def test_whole_numbers_stay_whole(self):
        y = np.clip(Tensor([1, 5, 9]), None, 6)
        assert (y.data.tolist(), y.dtype) == ([1, 5, 6], np.int64)

    def test_out_is_refused_by_name(self):
        with pytest.raises(TypeError, match="out"):
            np.clip(Tensor(self.X), 0, 1, out=self.X.copy())


class TestKinks:
    def test_the_number_beside_a_nan_has_the_gradient(self):
        x, w = [1.0, np.nan, 2.0, 3.0], [np.nan, 1.0, 2.0, 1.0]
        assert gradients(np.fmax, x, w) == [[1, 0, 0.5, 1], [0, 1, 0.5, 0]]
        assert gradients(np.fmin, x, w) == [[1, 0, 0.5, 0], [0, 1, 0.5, 1]]

    def test_hypot_has_slope_0_at_0_to_every_order(self):
        assert gradients(np.hypot, [0.0, 3.0], [0.0, 4.0]) == [[0, 0.6], [0, 0.8]]
        second = grad(lambda x: grad(lambda v: np.hypot(v, 0.0))(x))
        assert second(0.0) == 0.0
        assert (
            gradients(np.hypot, np.float32([0, 3]), np.float32([0, 4]), dtype=np.float32)[0][0] == 0
        )

    def test_arctan2_has_no_derivative_at_the_origin(self):
        with pytest.warns(RuntimeWarning, match="invalid value"):
            assert np.isnan(gradients(np.arctan2, 0.0, 0.0)).all()

    def test_copysign_at_0(self):
        assert gradients(np.copysign, [0.0, 2.0, -2.0], [1.0, -1.0, -1.0]) == [
            [0, -1, 1],
            [0, 0, 0],
        ]

    def test_replaced_numbers_have_no_gradient(self):
        x = [1.0, np.nan, np.inf, -np.inf]
        assert gradients(np.nan_to_num, x) == [[1, 0, 0, 0]]
        y = np.nan_to_num(Tensor(x), nan=7.0, posinf=8.0, neginf=9.0)
        assert y.data.tolist() == [1, 7, 8, 9]
        with pytest.raises(TypeError, match="copy="):
            np.nan_to_num(Tensor(x), copy=False)

    def test_roots_at_0_are_infinitely_steep(self):
        with pytest.warns(RuntimeWarning, match="divide by zero"):
            assert gradients(np.cbrt, 0.0) == [math.inf]


class TestWhere:
    def test_the_condition_counts_as_true_or_false(self):
        c = Tensor([2.0, 0.0, np.nan])
        assert gradients(lambda x, w: np.where(c, x, w), [1.0] * 3, [1.0] * 3) == [
            [1, 0, 1],
            [0, 1, 0],
        ]

    def test_the_condition_alone_gives_indices(self):
        (found,) = np.where(Tensor([0.0, 3.0]))
        assert type(found) is np.ndarray and found.tolist() == [1]

    def test_select_takes_the_first_that_holds(self):
        x = np.array([-2.0, 0.5, 3.0])
        f = lambda x: np.select([x < 0, x < 1], [x * x, 3 * x], 7 * x)
        assert np.allclose(f(Tensor(x)).data, f(x))
        assert gradients(f, x) == [[-4, 3, 7]]


class TestRemainders:
    X, W = np.array([7.5, -7.5, 7.5, -7.5]), np.array([2.0, 2.0, -2.0, -2.0])

    def test_the_whole_quotient_is_the_derivative_in_w(self):
        assert gradients(np.remainder, self.X, self.W) == [[1] * 4, [-3, 4, 4, -3]]
        assert gradients(np.fmod, self.X, self.W) == [[1] * 4, [-3, 3, 3, -3]]

    def test_where_the_quotient_is_rounded(self):
        # 1 / 0.1 rounds to 10, but NumPy's remainder is 0.0999..., of nine tenths
        assert gradients(np.remainder, 1.0, 0.1) == [1, -9]
        assert gradients(np.fmod, 1.0, 0.1) == [1, -9]

    def test_operators(self):
        x = Tensor(self.X, requires_grad=True)
        assert (x % 2).op is elementwise.remainder
        assert (9 % x).data.tolist() == (9 % self.X).tolist()
        assert (self.W % x).data.tolist() == (self.W % self.X).tolist()
        assert (+x).data.tolist() == self.X.tolist() and (+x).requires_grad
        for whole in (x // 2, np.floor_divide(x, 2), divmod(x, 2)[0], np.divmod(x, 2)[0]):
            assert type(whole) is np.ndarray and whole.tolist() == (self.X // 2).tolist()
        assert (9 // x).tolist() == (9 // self.X).tolist()
        assert (self.W // x).tolist() == (self.W // self.X).tolist()
        for rest in (divmod(x, 2)[1], np.divmod(x, 2)[1]):
            assert rest.op is elementwise.remainder
        assert divmod(9, x)[1].data.tolist() == (9 % self.X).tolist()

    def test_parts_of_a_number_add_up_to_it(self):
        x = Tensor(self.X, requires_grad=True)
        fraction, whole = np.modf(x)
        assert np.array_equal(fraction.data, np.modf(self.X)[0]) and np.array_equal(
            whole, np.modf(self.X)[1]
        )
        m, n = np.frexp(x)
        assert np.array_equal(m.data, np.frexp(self.X)[0]) and np.array_equal(
            n, np.frexp(self.X)[1]
        )
        (m.sum() + fraction.sum()).backward()
        assert x.grad.tolist() == [1.125] * 4


def test_float_power_is_in_double_precision():
    x = Tensor(np.float32([4.0, 9.0]), requires_grad=True)
    y = np.float_power(x, 0.5)
    assert (y.dtype, y.data.tolist()) == (np.float64, [2, 3])
    y.sum().backward()
    assert x.grad.dtype == np.float32 and np.allclose(x.grad, [1 / 4, 1 / 6])


@pytest.mark.parametrize("name", ["radians", "deg2rad", "degrees", "rad2deg", "fabs"])
def test_other_names_of_a_row(name):
    x = np.array([0.5, -2.0])
    assert np.array_equal(getattr(np, name)(Tensor(x)).data, getattr(np, name)(x))


@pytest.mark.parametrize("name", ["heaviside", "floor_divide"])
def test_steps_give_plain_arrays(name):
    assert type(getattr(np, name)(Tensor([1.5]), 0.5)) is np.ndarray


# ------------------------------------------------------------------------------- special functions


class TestSpecialFunctions:
    sp = pytest.importorskip("scipy.special")
    LINE = np.concatenate(
        [np.linspace(-6, 6, 4001), [0.46875, -0.46875, 4.0, 1e-300, 0.0, np.inf, -np.inf, np.nan]]
    )
    POSITIVE = np.concatenate([np.linspace(0.002, 30, 4001), 10.0 ** np.arange(-9, 10)])

    def test_error_function(self):
        assert np.allclose(
            special.erf(self.LINE), self.sp.erf(self.LINE), rtol=1e-15, atol=0, equal_nan=True
        )
        assert np.allclose(
            special.erfc(self.LINE), self.sp.erfc(self.LINE), rtol=2e-14, atol=0, equal_nan=True
        )  # SciPy is off by that much beyond 20
        in_thirty_digits = {
            5.3: 6.6130818503408109e-14,
            9.7: 7.9361075632145117e-43,
            20.0: 5.3958656116079009e-176,
        }
        for x, y in in_thirty_digits.items():
            assert math.isclose(special.erfc(x), y, rel_tol=1e-15)

    def test_error_function_in_single_precision(self):
        x = self.LINE.astype(np.float32)
        y = special.erf(x)
        assert y.dtype == np.float32
        assert np.allclose(y, self.sp.erf(x.astype(float)), rtol=1e-6, atol=0, equal_nan=True)

    def test_lgamma(self):
        assert np.allclose(
            special.lgamma(self.POSITIVE), self.sp.gammaln(self.POSITIVE), rtol=2e-15, atol=1e-15
        )
        negative = -self.POSITIVE[:4001] - 1e-5
        assert np.allclose(
            special.lgamma(negative), self.sp.gammaln(negative), rtol=1e-13, atol=1e-12
        )
        poles = special.lgamma(np.array([0.0, -1, -3, np.inf]))
        assert np.array_equal(poles, [np.inf] * 4)

    def test_lgamma_has_all_digits_near_its_zeros(self):
        """ln Γ(1 + e) = -γ e + π²/12 e² - ..., ln Γ(2 + e) = (1 - γ) e + ..."""
        for e in (2.0**-30, -(2.0**-30)):
            assert math.isclose(
                special.lgamma(1 + e), -np.euler_gamma * e + math.pi**2 / 12 * e * e, rel_tol=1e-14
            )
            near_2 = (1 - np.euler_gamma) * e + (math.pi**2 / 12 - 0.5) * e * e
            assert math.isclose(special.lgamma(2 + e), near_2, rel_tol=1e-14)

    @pytest.mark.parametrize("order", [0, 1, 2, 5, 9])
    def test_polygamma(self, order):
        expected = self.sp.polygamma(order, self.POSITIVE)
        y = special.polygamma(self.POSITIVE, n=order)
        assert np.allclose(y, expected, rtol=4e-15, atol=2e-15 * (order == 0))

    def test_polygamma_below_0_follows_from_its_recurrence(self):
        x = -np.linspace(0.05, 7.95, 24)
        for n in range(4):
            step = (-1) ** n * math.factorial(n) * x ** -(n + 1.0)
            y, next_y = special.polygamma(x, n=n), special.polygamma(x + 1, n=n)
            assert np.allclose(next_y - y, step, rtol=1e-11, atol=1e-10)
        with pytest.warns(RuntimeWarning, match="digamma: 0, -1, -2, ... are poles"):
            assert np.isnan(special.digamma(np.array([0.0, -1, -2]))).all()

    def test_derivatives_of_lgamma_to_order_four(self):
        f = special.lgamma
        for order in range(4):
            f = grad(f)
            assert math.isclose(f(2.5), self.sp.polygamma(order, 2.5), rel_tol=1e-13)

    def test_sinc_to_order_six_at_0(self):
        """sin πx / πx = Σ (-1)^k (πx)^2k / (2k + 1)!, so the even derivatives at 0 are ±π^2k / (2k + 1)."""
        f, found = np.sinc, []
        for _ in range(6):
            f = grad(f)
            found.append(float(f(0.0)))
        pi = math.pi
        assert np.allclose(found, [0, -(pi**2) / 3, 0, pi**4 / 5, 0, -(pi**6) / 7], rtol=1e-14)

    def test_derivatives_of_sinc_near_0_where_its_formula_cancels(self):
        x, pi = 1e-4, math.pi
        first = -(pi**2) * x / 3 + pi**4 * x**3 / 30
        third = pi**4 * x / 5 - pi**6 * x**3 / 42
        assert math.isclose(special.sinc_derivative(x, n=1), first, rel_tol=1e-13)
        assert math.isclose(special.sinc_derivative(x, n=3), third, rel_tol=1e-13)

    def test_sinc_derivative_where_series_and_recurrence_meet(self):
        for n in (1, 2, 4):
            edge = (n + 2) / math.pi
            below, above = special.sinc_derivative(edge * np.array([1 - 1e-14, 1 + 1e-14]), n=n)
            assert math.isclose(below, above, rel_tol=1e-10)

    @pytest.mark.parametrize("order", [0, 1, 2, 4])
    def test_bessel(self, order):
        x = np.linspace(-30, 30, 301)
        assert np.allclose(special.bessel_i(x, n=order), self.sp.iv(order, x), rtol=1e-14)
        assert special.bessel_i(np.array([0.0, 800.0]), n=1).tolist() == [0, np.inf]

    @pytest.mark.parametrize(
        "row", [special.erf, special.erfc, special.lgamma, special.digamma, special.i0]
    )
    def test_any_shape_and_layout(self, row):
        x = np.abs(np.random.default_rng(0).normal(size=(5, 7, 2))) + 0.1
        whole = row(x)
        assert np.array_equal(row(x.transpose(2, 0, 1)), whole.transpose(2, 0, 1))
        assert np.array_equal(row(x[::2, ::-3]), whole[::2, ::-3])
        assert row(np.zeros((0, 3))).shape == (0, 3)
        assert np.isclose(row(float(x[0, 0, 0])), whole[0, 0, 0], rtol=1e-15)

    def test_more_than_one_piece(self):
        x = np.linspace(0.1, 5, 2 * PIECE + 3)
        assert np.allclose(special.erf(x), self.sp.erf(x), rtol=1e-15)


@pytest.mark.parametrize(
    ("fused", "plain"),
    [
        (special.silu, lambda x: x / (1 + np.exp(-x))),
        (special.log_sigmoid, lambda x: -np.log(1 + np.exp(-x))),
        (special.mish, lambda x: x * np.tanh(np.log(1 + np.exp(x)))),
        (special.gelu, lambda x: x * (1 + special.erf(x / np.sqrt(2.0))) / 2),
        (
            special.gelu_tanh,
            lambda x: x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x * x * x))),
        ),
    ],
    ids=["silu", "log_sigmoid", "mish", "gelu", "gelu_tanh"],
)
def test_the_fused_activation_equals_the_plain_one(fused, plain):
    x = np.linspace(-4, 4, 41)
    for f, g in ((fused, plain), (grad(lambda x: fused(x).sum()), grad(lambda x: plain(x).sum()))):
        assert np.allclose(f(x), g(x), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("big", [1e4, -1e4])
def test_large_inputs_do_not_overflow(big):
    for row in (
        special.silu,
        special.log_sigmoid,
        special.mish,
        special.gelu,
        special.gelu_tanh,
        activations.softplus,
    ):
        x = Tensor(big, requires_grad=True)
        with np.errstate(over="raise", invalid="raise"):
            row(x).backward()
        limit = (0.0 if big > 0 else 1.0) if row is special.log_sigmoid else float(big > 0)
        assert x.grad == limit


def test_derivatives_across_the_joints_of_the_approximations():
    assert gradcheck(special.erf, np.array([0.46875, -4.0, 4.0, 0.0]))
    assert gradcheck(special.lgamma, np.array([0.9, 1.9, 3.0, 13.0, -0.5, -2.5]))


@pytest.mark.parametrize(
    ("f", "x", "slope"),
    [
        # from closed forms: 1 / |x|, 1 / x², eˣ, λ α eˣ, 1 / (1 + |x|)²
        (np.arcsinh, np.float32(1e20), 1e-20), (np.arcsinh, -1e200, 1e-200),
        (np.arctan, np.float32(1e18), 1e-36), (np.arctan, -1e150, 1e-300),
        (np.expm1, np.float32(-60), math.exp(-60)), (np.expm1, -700.0, math.exp(-700)),
        (activations.elu, np.float32(-40), math.exp(-40)), (activations.elu, -40.0, math.exp(-40)),
        (activations.selu, -40.0, 1.0507009873554805 * 1.6732632423543772 * math.exp(-40)),
        (activations.softsign, np.float32(1e18), 1e-36), (activations.softsign, 1e150, 1e-300),
    ],
    ids=lambda x: getattr(x, "name", None) or getattr(x, "__name__", repr(x)),
)  # fmt: skip
def test_derivatives_far_out_keep_their_digits(f, x, slope):
    """They are small, not 0: nothing is lost by 1 - y², y + 1, or a square that overflows."""
    digits = 8 * float(np.finfo(np.asarray(x).dtype).eps)
    assert grad(f)(x) == pytest.approx(slope, rel=digits)


def plain_gelu_tanh(x):
    return x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)))


@pytest.mark.parametrize("size", [1, PIECE - 1, PIECE, 2 * PIECE + 3])
def test_gelu_in_pieces_is_the_gelu_in_one(size):
    """Values and gradients, of one piece and of several with a rest; to order two."""
    x, u, v = np.random.default_rng(0).normal(size=(3, size))
    found = []
    for form in (special.gelu_tanh, plain_gelu_tanh):
        t = Tensor(x, requires_grad=True)
        y = form(t)
        (y * u).sum().backward()
        first = t.grad
        t = Tensor(x, requires_grad=True)
        (form(t) * u).sum().backward(create_graph=True)
        slope, t.grad = t.grad, None
        (slope * v).sum().backward()
        found.append((y.data, first, slope.data, t.grad))
    for one, other in zip(*found, strict=True):
        assert np.allclose(one, other, rtol=1e-12, atol=1e-13)


def test_gelu_in_pieces_of_what_does_not_lie_in_order():
    x = np.random.default_rng(0).normal(size=(4, 3 * PIECE))[:, ::2].T
    t = Tensor(x, requires_grad=True)
    y = special.gelu_tanh(t)
    y.backward(np.asfortranarray(np.ones(y.shape)))
    other = Tensor(x, requires_grad=True)
    plain_gelu_tanh(other).sum().backward()
    assert np.allclose(y.data, plain_gelu_tanh(x), rtol=1e-13, atol=1e-14)
    assert np.allclose(t.grad, other.grad, rtol=1e-13, atol=1e-14)
