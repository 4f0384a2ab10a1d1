"""Sums, products, spreads and ranks: zeros, ties, gaps, axes; every case beside something independent."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from tinygrad_edu import Tensor, grad, hessian
from tinygrad_edu.gradcheck import gradcheck
from tinygrad_edu.ops import erf, erfinv, recurrence, reductions, suffix_sum


def gradient(f, x, dtype=np.float64):
    t = Tensor(np.asarray(x, dtype), requires_grad=True)
    f(t).sum().backward()
    return t.grad


REDUCTIONS = [
    np.sum, np.prod, np.mean, np.var, np.std, np.max, np.min, np.ptp, np.median, np.average,
    np.nansum, np.nanmean, np.nanvar, np.nanstd, np.nanmax, np.nanmin, np.nanprod,
]  # fmt: skip


@st.composite
def cases(draw):
    """An array without ties or zeros, some axes of it (or all, None), and keepdims."""
    shape = draw(array_shapes(min_dims=1, max_dims=4, max_side=3))
    numbers = draw(st.permutations(range(1, math.prod(shape) + 1)))
    signs = draw(arrays(np.int64, shape, elements=st.sampled_from([-1, 1])))
    x = (
        np.reshape(np.array(numbers) / math.prod(shape) + 0.5, shape) * signs
    )  # products stay finite
    chosen = draw(st.sets(st.integers(0, len(shape) - 1)))
    negative = draw(st.booleans())
    axes = tuple(i - len(shape) if negative else i for i in chosen)
    axis = None if not axes else axes[0] if len(axes) == 1 else axes
    return x, axis, draw(st.booleans()), draw(st.sampled_from([np.float64, np.float32]))


@pytest.mark.parametrize("f", REDUCTIONS, ids=lambda f: f.__name__)
@settings(max_examples=25, deadline=None)
@given(case=cases())
def test_values_shapes_dtypes_and_gradients_for_all_axes(f, case):
    """The value is NumPy's; the gradient along a random direction is the difference of values."""
    x, axis, keepdims, dtype = case
    t = Tensor(x.astype(dtype), requires_grad=True)
    y = f(t, axis=axis, keepdims=keepdims)
    expected = f(x.astype(dtype), axis=axis, keepdims=keepdims)
    assert y.shape == np.shape(expected) and y.dtype == dtype
    digits = 1e-12 if dtype == np.float64 else 1e-4
    assert np.allclose(y.data, expected, rtol=digits, atol=digits)
    rng = np.random.default_rng(0)
    u, v = rng.normal(size=y.shape), rng.normal(size=x.shape)
    y.backward(u)
    assert t.grad.dtype == dtype and t.grad.shape == x.shape
    if f is np.std or f is np.nanstd:
        u = np.where(np.var(x, axis=axis, keepdims=keepdims) > 1e-12, u, 0)  # a kink, tested below
        t.grad = None
        f(t, axis=axis, keepdims=keepdims).backward(u)
        t.grad = np.nan_to_num(t.grad)
    s = lambda h: np.sum(f(x + h * v, axis=axis, keepdims=keepdims) * u)
    h = 1e-4
    difference = (8 * (s(h) - s(-h)) - (s(2 * h) - s(-2 * h))) / (12 * h)
    size = max(1.0, abs(difference), np.sum(np.abs(t.grad * v)))
    assert abs(np.sum(t.grad * v) - difference) <= (1e-7 if dtype == np.float64 else 1e-3) * size


@settings(max_examples=40, deadline=None)
@given(case=cases(), reverse=st.booleans())
def test_running_sums_and_products_for_all_axes(case, reverse):
    x, axis, _, dtype = case
    axis = axis[0] if isinstance(axis, tuple) else axis
    u = np.random.default_rng(0).normal(size=np.shape(np.cumsum(x, axis)))
    for f in (np.cumsum, np.cumprod):
        t = Tensor(x.astype(dtype), requires_grad=True)
        y = f(t, axis)
        assert y.dtype == dtype and np.array_equal(y.data, f(x.astype(dtype), axis))
        y.backward(u)
        # column j of the Jacobian, from complex steps: exact to the last digit
        expected = np.empty(x.shape)
        for i in np.ndindex(x.shape):
            moved = x.astype(complex)
            moved[i] += 1e-30j
            expected[i] = np.sum(u * f(moved, axis).imag) / 1e-30
        assert np.allclose(
            t.grad,
            expected,
            rtol=1e-11 if dtype == np.float64 else 1e-3,
            atol=1e-4 * (dtype != np.float64) + 1e-11,
        )


class TestProducts:
    """A zero takes all other derivatives away, and two zeros even its own; the second derivatives stay."""

    def plain(self, x, *but):
        return math.prod(v for i, v in enumerate(x) if i not in but)

    @pytest.mark.parametrize(
        "x", [[2.0, -3.0, 4.0, 0.5], [2.0, 0.0, 4.0, 0.5], [0.0, 3.0, 0.0, 5.0], [0.0] * 4]
    )
    def test_prod_and_its_first_three_derivatives(self, x):
        n = len(x)
        f = lambda v: np.prod(v)
        assert np.allclose(grad(f)(np.array(x)), [self.plain(x, i) for i in range(n)], rtol=1e-14)
        expected = [[0 if i == j else self.plain(x, i, j) for j in range(n)] for i in range(n)]
        assert np.allclose(hessian(f)(np.array(x)), expected, rtol=1e-13, atol=1e-14)
        third = hessian(lambda v: grad(f)(v)[0])(np.array(x))
        expected = [
            [0 if len({0, i, j}) < 3 else self.plain(x, 0, i, j) for j in range(n)]
            for i in range(n)
        ]
        assert np.allclose(third, expected, rtol=1e-13, atol=1e-14)

    @pytest.mark.parametrize(
        "x", [[2.0, -3.0, 4.0, 0.5], [2.0, 0.0, 4.0, 0.5], [0.0, 3.0, 0.0, 5.0], [0.0] * 4]
    )
    def test_cumprod_and_its_first_two_derivatives(self, x):
        u = np.array([1.0, -2.0, 0.5, 3.0])
        f = lambda v: np.sum(np.cumprod(v) * u)
        first = [sum(u[k] * self.plain(x[: k + 1], i) for k in range(i, 4)) for i in range(4)]
        assert np.allclose(grad(f)(np.array(x)), first, rtol=1e-14, atol=1e-15)
        second = np.zeros((4, 4))
        for i, j in itertools.permutations(range(4), 2):
            second[i, j] = sum(u[k] * self.plain(x[: k + 1], i, j) for k in range(max(i, j), 4))
        assert np.allclose(hessian(f)(np.array(x)), second, rtol=1e-13, atol=1e-14)

    def test_zeros_along_some_axes(self):
        x = np.array([[[1.0, 0.0], [2.0, 3.0]], [[0.0, 4.0], [5.0, 0.0]]])
        g = gradient(lambda t: np.prod(t, axis=(0, 2)), x)
        expected = [[[0, 0], [0, 0]], [[0, 0], [0, 30]]]
        assert g.tolist() == expected

    def test_a_product_too_small_to_be_told_from_zero(self):
        assert gradient(np.prod, [1e-200, 1e-200, 1e200]).tolist() == [1.0, 1.0, 0.0]
        assert gradient(np.cumprod, [1e-200, 1e-200])[0] == 1.0

    def test_infinities_are_nobody_elses_business(self):
        x = np.array([[np.inf, 1.0], [0.0, 2.0]])
        assert gradient(lambda t: np.prod(t, axis=1), x).tolist() == [[1, np.inf], [2, 0]]

    def test_of_nothing(self):
        x = Tensor(np.zeros((0, 3)), requires_grad=True)
        y = np.prod(x, axis=0)
        y.sum().backward()
        assert y.data.tolist() == [1, 1, 1] and x.grad.shape == (0, 3)
        for f in (np.cumsum, np.cumprod):
            assert gradient(f, np.zeros((0, 3))).shape == (0, 3)
            assert gradient(lambda t, f=f: f(t, axis=0), np.zeros((0, 3))).shape == (0, 3)

    def test_without_axes(self):
        for f in (np.prod, np.cumprod, np.cumsum, np.sum, np.max, np.median, np.mean):
            assert gradient(f, 3.0) == 1.0
        assert gradient(np.prod, 0.0) == 1.0


class TestRecurrence:
    def test_against_the_loop(self):
        rng = np.random.default_rng(0)
        for n in (1, 2, 3, 8, 13):
            a, b = rng.normal(size=(2, n, 3))
            y, before = [], np.zeros(3)
            for i in range(n):
                before = a[i] * before + b[i]
                y.append(before)
            assert np.allclose(recurrence(a, b, axis=-2), y, rtol=1e-12)

    def test_inputs_stay_as_they_were(self):
        a, b = np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0])
        recurrence(a, b)
        assert (a.tolist(), b.tolist()) == ([1, 2, 3], [4, 5, 6])

    def test_suffix_sum(self):
        assert suffix_sum(np.array([1.0, 2.0, 3.0])).tolist() == [6, 5, 3]
        assert suffix_sum(np.array([[1.0, 2.0], [3.0, 4.0]])).tolist() == [10, 9, 7, 4]


class TestSpread:
    @pytest.mark.parametrize("ddof", [0, 1, 1.5])
    def test_ddof(self, ddof):
        x = np.array([1.0, 2.0, 4.0, 9.0])
        assert np.allclose(gradient(lambda t: np.var(t, ddof=ddof), x), 2 * (x - 4) / (4 - ddof))
        std = np.std(x, ddof=ddof)
        assert np.allclose(gradient(lambda t: np.std(t, ddof=ddof), x), (x - 4) / (4 - ddof) / std)

    def test_std_of_equal_numbers_has_slope_0_to_every_order(self):
        assert gradient(np.std, [2.0, 2.0, 2.0]).tolist() == [0, 0, 0]
        assert hessian(np.std)(np.full(3, 2.0)).tolist() == [[0] * 3] * 3
        g = gradient(lambda t: np.std(t, axis=1), [[2.0, 2.0], [0.0, 2.0]])
        assert g.tolist() == [[0, 0], [-0.5, 0.5]]

    def test_too_few_numbers(self):
        with pytest.warns(RuntimeWarning):
            assert np.isnan(gradient(lambda t: np.var(t, ddof=1), [3.0])).all()
        with pytest.warns(RuntimeWarning):
            assert gradient(lambda t: np.var(t, ddof=5), [3.0, 1.0]).tolist() == [np.inf, -np.inf]

    def test_hessian_of_the_variance(self):
        assert np.allclose(hessian(np.var)(np.array([1.0, 5.0, 2.0])), 2 / 3 * (np.eye(3) - 1 / 3))

    def test_what_the_row_cannot_honor_is_refused_by_name(self):
        x = Tensor([1.0, 2.0])
        for f, keyword in (
            (np.var, "mean"), (np.std, "where"), (np.prod, "initial"), (np.cumsum, "dtype"),
            (np.nansum, "where"), (np.median, "overwrite_input"), (np.quantile, "weights"),
        ):  # fmt: skip
            more = (0.5,) if f is np.quantile else ()
            with pytest.raises(TypeError, match=keyword):
                f(x, *more, **{keyword: np.array([True, True])})


class TestMethods:
    def test_they_take_their_arguments_as_arrays_do(self):
        x = np.random.default_rng(0).normal(size=(3, 4))
        t = Tensor(x, requires_grad=True)
        for call in (
            lambda a: a.prod(0), lambda a: a.prod(axis=(0, 1), keepdims=True), lambda a: a.var(),
            lambda a: a.std(1, ddof=1), lambda a: a.var(axis=0, keepdims=True), lambda a: a.cumsum(),
            lambda a: a.cumprod(1), lambda a: a.cumsum(axis=0),
        ):  # fmt: skip
            y = call(t)
            assert y.op is not None and np.allclose(y.data, call(x), rtol=1e-14)


class TestRanks:
    X = np.array([3.0, 1.0, 2.0, 5.0])

    def test_median_of_an_odd_and_an_even_count(self):
        assert gradient(np.median, self.X).tolist() == [0.5, 0, 0.5, 0]
        assert gradient(np.median, self.X[:3]).tolist() == [0, 0, 1]

    def test_ties_share_the_gradient(self):
        assert gradient(np.median, [2.0, 1.0, 2.0, 2.0, 3.0]).tolist() == [
            1 / 3,
            0,
            1 / 3,
            1 / 3,
            0,
        ]
        for q, f in ((0, np.min), (1, np.max)):
            x = [1.0, 3.0, 1.0, 3.0]
            assert gradient(lambda t, q=q: np.quantile(t, q), x).tolist() == gradient(f, x).tolist()

    @pytest.mark.parametrize("q", [0.3, [0.1, 0.5, 0.9], [[0.0, 1.0], [0.25, 0.33]]])
    @pytest.mark.parametrize("axis", [None, 0, -1, (0, 2)])
    @pytest.mark.parametrize("keepdims", [False, True])
    def test_quantiles_are_numpys(self, q, axis, keepdims):
        x = np.random.default_rng(0).permutation(24.0 * np.arange(24)).reshape(2, 3, 4)
        f = lambda t: np.quantile(t, q, axis=axis, keepdims=keepdims)
        assert np.allclose(f(Tensor(x)).data, f(x), rtol=1e-13) and f(Tensor(x)).shape == f(x).shape
        p = np.percentile(Tensor(x), np.multiply(q, 100), axis=axis, keepdims=keepdims)
        assert np.allclose(p.data, f(x), rtol=1e-13)
        assert gradcheck(f, x, order=1)

    def test_the_derivative_in_q(self):
        x = np.array([0.0, 1.0, 10.0])
        assert float(grad(lambda q: np.quantile(x, q))(0.75)) == 18.0

    def test_nan_is_contagious(self):
        assert np.isnan(np.median(Tensor([1.0, np.nan, 2.0])).data)
        y = np.median(Tensor([[1.0, np.nan, 2.0], [1.0, 5.0, 2.0]]), axis=1)
        assert np.isnan(y.data[0]) and y.data[1] == 2

    def test_of_whole_numbers(self):
        assert np.quantile(Tensor([1, 2, 4, 8]), 0.5).data == 3

    def test_refusals(self):
        with pytest.raises(ValueError, match="between 0 and 1"):
            np.quantile(Tensor(self.X), 50)


class TestAverage:
    X = np.arange(6.0).reshape(2, 3)

    def test_weights_of_one_axis_and_of_all(self):
        for w, axis in (
            ([1.0, 2.0, 3.0], 1),
            ([1.0, 3.0], -2),
            (self.X + 1, None),
            (self.X + 1, 0),
        ):
            f = lambda t, w=w, axis=axis: np.average(t, axis=axis, weights=w)
            assert np.allclose(f(Tensor(self.X)).data, f(self.X), rtol=1e-14)
            assert gradcheck(f, self.X)
            assert gradcheck(lambda v, axis=axis: np.average(self.X, axis, v), np.array(w))

    def test_returned(self):
        for w in (None, self.X + 1):
            y, total = np.average(Tensor(self.X), axis=0, weights=w, returned=True)
            expected = np.average(self.X, axis=0, weights=w, returned=True)
            assert np.allclose(y.data, expected[0]) and np.array_equal(total, expected[1])

    def test_weights_that_do_not_fit(self):
        with pytest.raises(
            ValueError, match=r"weights of shape \(2,\) for x of shape \(2, 3\) along axis 1"
        ):
            np.average(Tensor(self.X), axis=1, weights=[1.0, 2.0])


class TestGaps:
    X = np.array([[1.0, np.nan, 3.0], [np.nan, 3.0, 2.0]])

    def test_nan_has_no_gradient(self):
        gap = np.isnan(self.X)
        for f in (np.nansum, np.nanmean, np.nanmax, np.nanmin, np.nanvar, np.nanstd, np.nanprod):
            for axis in (None, 0, 1):
                if f is np.nanstd and axis == 0:
                    continue  # the spread of a single number is 0
                y, g = f(self.X, axis=axis), gradient(lambda t, f=f, a=axis: f(t, axis=a), self.X)
                assert np.allclose(f(Tensor(self.X), axis=axis).data, y)
                assert np.all(g[gap] == 0) and np.all(np.isfinite(g))

    def test_values(self):
        assert gradient(np.nanmean, self.X).tolist() == [[0.25, 0, 0.25], [0, 0.25, 0.25]]
        assert gradient(np.nanmax, self.X).tolist() == [[0, 0, 0.5], [0, 0.5, 0]]
        assert gradient(np.nanprod, [2.0, np.nan, 5.0]).tolist() == [5, 0, 2]


def test_other_names_of_a_row():

    x = Tensor([1.0, 3.0], requires_grad=True)
    assert np.amax(x).op is np.max(x).op and np.amin(x).op is np.min(x).op


def test_extremes_in_single_precision_are_computed_in_it():
    """A mask divided by a count would be float64, and twice the work."""
    x, g = np.float32([1, 3, 3]), np.float32(2)
    assert reductions._extreme_rule(np.asarray(g), np.asarray(x.max()), x).dtype == np.float32


@pytest.mark.parametrize("f", [np.prod, lambda x: np.cumprod(x)[-1]], ids=["prod", "cumprod"])
@pytest.mark.parametrize(
    "x", [[1e-310, 1.0, 2.0], [1e-200, 1e-200, 3.0], [1e200, 1e-200, 2.0], [0.0, 1.0, 2.0]]
)
def test_hessians_of_products_of_very_small_and_large_numbers(f, x):
    a, b, c = x
    expected = [[0, c, b], [c, 0, a], [b, a, 0]]
    assert np.allclose(hessian(f)(np.array(x)), expected, rtol=1e-14, atol=0)


def test_a_masked_sum_of_exponentials_has_no_slope():
    """Where all x are -inf, as CONVENTIONS.md has it for logaddexp; elsewhere that of the others."""
    from tinygrad_edu.ops import logsumexp

    x = np.array([[-np.inf, -np.inf], [-np.inf, 0.5]])
    assert grad(lambda x: logsumexp(x)[1])(x).tolist() == [[0.0, 0.0], [0.0, 1.0]]
    assert grad(lambda x: logsumexp(x))(x[0]).tolist() == [0.0, 0.0]


class TestAccumulate:
    X = np.array([[1.0, 3.0, 2.0, 5.0], [2.0, 2.0, -1.0, 4.0]])

    @pytest.mark.parametrize("ufunc", [np.maximum, np.minimum, np.logaddexp, np.add, np.multiply])
    @pytest.mark.parametrize("axis", [0, 1, -1])
    def test_values_are_those_of_numpy(self, ufunc, axis):
        assert np.array_equal(
            ufunc.accumulate(Tensor(self.X), axis=axis).data, ufunc.accumulate(self.X, axis)
        )
        assert np.array_equal(ufunc.accumulate(Tensor(self.X)).data, ufunc.accumulate(self.X))

    @pytest.mark.parametrize("ufunc", [np.maximum, np.minimum, np.logaddexp])
    def test_it_is_a_loop(self, ufunc):
        """Ties and infinities too: each step is the function of two numbers."""

        def loop(x):
            found = [x[0]]
            for i in range(1, len(x)):
                found.append(ufunc(found[-1], x[i]))
            return np.stack(found)

        u = np.arange(1.0, 8.0)
        for x in (
            [1.0, 3, 3, 2, 5, 5, 0],
            [4.0, 1, 1, 2, -3, 0, 0.5],
            [-np.inf, 1, -np.inf, 2, 2, 0, 3],
        ):
            first, second = (
                grad(lambda x, f=f: (f(x) * u)[1:].sum())(np.array(x))
                for f in (ufunc.accumulate, loop)
            )
            assert np.allclose(first, second, rtol=1e-13)


def test_real_if_close():
    x = Tensor([1.0, 2.0], requires_grad=True)
    y = np.real_if_close(x + 1e-15j * x)
    assert y.dtype == float and y.data.tolist() == [1, 2]
    y.sum().backward()
    assert x.grad.tolist() == [1, 1]
    assert np.real_if_close(x + 1j * x).dtype == complex


def test_erfinv_at_its_ends():
    x = np.array([-1.0, 0.0, 1e-300, 1 - 2.0**-53, 1.0])
    assert np.allclose(erf(erfinv(x)), x, rtol=1e-15, atol=0)
    assert erfinv(x)[[0, 1, 4]].tolist() == [-np.inf, 0, np.inf]
    assert np.isnan(erfinv(1.5))
