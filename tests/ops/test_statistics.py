"""Statistics, polynomials, piecewise functions, grids: NumPy's values in all forms, and right derivatives."""

import numpy as np
import pytest

from tinygrad_edu import Tensor
from tinygrad_edu.gradcheck import gradcheck

RNG = np.random.default_rng(11)
V, W, M, C = (RNG.normal(size=s) for s in (5, 5, (3, 6), (2, 3, 4)))
P = RNG.uniform(0.5, 2.0, size=5)
COUNTS = np.array([1, 2, 1, 3, 1, 2])
SPREAD = np.array([-3.0, -1.0, 0.5, 2.0, 4.5])
GAPS = RNG.permutation(np.linspace(-2, 2, 12)).reshape(3, 4)
GAPS[0, 1] = GAPS[2, 3] = np.nan
METHODS = [
    "inverted_cdf", "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf", "hazen",
    "weibull", "linear", "median_unbiased", "normal_unbiased", "lower", "higher", "midpoint", "nearest",
]  # fmt: skip

FORMS = {
    "cov": (lambda x: np.cov(x), M),
    "cov of one variable": (lambda x: np.cov(x), V),
    "cov of two": (lambda x, y: np.cov(x, y), V, W),
    "cov by columns": (lambda x: np.cov(x, rowvar=False, bias=True), M),
    "cov, ddof": (lambda x: np.cov(x, ddof=2), M),
    "cov, weights": (lambda x, a: np.cov(x, fweights=COUNTS, aweights=np.abs(a)), M, M[0]),
    "corrcoef": (lambda x: np.corrcoef(x)[0, 1:], M),
    "corrcoef of two": (lambda x, y: np.corrcoef(x, y)[0, 1], V, W),
    "nanmedian": (lambda x: np.nanmedian(x), GAPS),
    "nanmedian, axis": (lambda x: np.nanmedian(x, axis=1, keepdims=True), GAPS),
    "nanquantile": (lambda x: np.nanquantile(x, [0.1, 0.5], axis=0), GAPS),
    "nanquantile of all": (lambda x: np.nanquantile(x, [[0.1], [0.7]]), GAPS),
    "nanquantile, keepdims": (lambda x: np.nanquantile(x, [0.1, 0.7], axis=-1, keepdims=True), GAPS),
    "nanpercentile": (lambda x: np.nanpercentile(x, 30, axis=(0, 1), method="hazen"), GAPS),
    "nancumsum": (lambda x: np.nancumsum(x, axis=1), GAPS),
    "nancumsum flat": (lambda x: np.nancumsum(x), GAPS),
    "nancumprod": (lambda x: np.nancumprod(x, axis=0), GAPS),
    "polyval": (lambda p, x: np.polyval(p, x), V, W),
    "vander": (lambda x: np.vander(x), V),
    "vander increasing": (lambda x: np.vander(x, 3, increasing=True), V),
    "vander, one column": (lambda x: x[0] + np.vander(x, 1), V),
    "polyadd": (lambda p, q: np.polyadd(p, q[:3]), V, W),
    "polysub": (lambda p, q: np.polysub(p[:2], q), V, W),
    "polymul": (lambda p, q: np.polymul(p, q[:2]), V, W),
    "polyder": (lambda p: np.polyder(p, 2), V),
    "polyint": (lambda p: np.polyint(p), V),
    "polyint with constants": (lambda p: np.polyint(p, 2, k=[1.0, 2.0]), V),
    "poly": (lambda r: np.poly(r), V),
    "roots": (lambda r: np.sort(np.real(np.roots(np.poly(r)))), SPREAD),
    "roots, some 0": (lambda p: np.roots(np.concatenate([[0.0], p, [0.0]])), np.array([1.0, 1.0, -6])),
    "polyfit": (lambda x, y: np.polyfit(x, y, 2), SPREAD, V),
    "polyfit, weights": (lambda x, y, w: np.polyfit(x, y, 1, w=w), SPREAD, V, P),
    "polyfit of columns": (lambda x, y: np.polyfit(x, y, 1), SPREAD, RNG.normal(size=(5, 2))),
    "trim_zeros": (lambda x: np.trim_zeros(np.concatenate([[0.0], x, [0.0, 0.0]]), "fb"), V),
    "ediff1d": (lambda x: np.ediff1d(x), M),
    "ediff1d with ends": (lambda x, e: np.ediff1d(x, to_end=e, to_begin=9.0), V, W[:2]),
    "unwrap": (lambda x: np.unwrap(x), np.array([0.0, 3.5, 7.1, -1.0, 0.2])),
    "unwrap, axis and period": (lambda x: np.unwrap(9 * x, axis=0, period=4), M),
    "linspace": (lambda a, b: np.linspace(a, b, 7), V[0], W[0]),
    "linspace of vectors": (lambda a: np.linspace(a, 2.0, 4, endpoint=False, axis=-1), V),
    "logspace": (lambda a: np.logspace(a, 1.0, 4, base=2.0), V[0]),
    "geomspace": (lambda a, b: np.geomspace(a, b, 5), P[0], P[1]),
    "piecewise": (lambda x: np.piecewise(x, [x < 0, x >= 0.5], [lambda u: u * u, np.exp]), M),
    "piecewise, otherwise": (lambda x: np.piecewise(x, [x < 0], [3.0, lambda u: u**3]), V),
    "apply_along_axis": (lambda x: np.apply_along_axis(lambda u: (u * u).sum(), 1, x), C),
    "apply_along_axis, to vectors": (lambda x: np.apply_along_axis(np.cumprod, 0, x), C),
    "apply_over_axes": (lambda x: np.apply_over_axes(np.prod, x, [0, 2]), C),
    "sliding_window_view": (lambda x: np.lib.stride_tricks.sliding_window_view(x, (2, 3)), M),
    "sliding windows of one axis": (lambda x: np.lib.stride_tricks.sliding_window_view(x, 2, axis=1), C),
    "copy": (lambda x: np.copy(x), M),
    "tensorinv": (lambda x: np.linalg.tensorinv(np.reshape(x, (4, 2, 2)), 1), 4 * np.eye(4) + C[0, :1]),
    "tensorsolve": (
        lambda a, b: np.linalg.tensorsolve(np.reshape(a, (2, 2, 4)), b), 4 * np.eye(4), V[:4].reshape(2, 2),
    ),
    "linalg.vecdot": (lambda x, y: np.linalg.vecdot(x, y, axis=0), M, M + 1),
}  # fmt: skip
if hasattr(np, "cumulative_sum"):  # NumPy 2.1
    FORMS |= {
        "cumulative_sum": (lambda x: np.cumulative_sum(x), V),
        "cumulative_sum from 0": (lambda x: np.cumulative_sum(x, axis=1, include_initial=True), M),
        "cumulative_prod from 1": (
            lambda x: np.cumulative_prod(x, axis=0, include_initial=True),
            M,
        ),
        "astype": (lambda x: np.astype(x, np.float64), M),
    }


@pytest.mark.parametrize(("f", "inputs"), [(f, x) for f, *x in FORMS.values()], ids=FORMS)
def test_forms(f, inputs):
    expected = f(*inputs)
    got = f(*(Tensor(x, requires_grad=True) for x in inputs))
    assert isinstance(got, Tensor) and got.requires_grad
    assert got.shape == expected.shape and got.dtype == expected.dtype
    assert np.allclose(got.data, expected, rtol=1e-12, atol=1e-13, equal_nan=True)
    report = gradcheck(lambda *xs: f(*xs) ** 2, *inputs, order=2)
    assert report, report


@pytest.mark.parametrize("q", [0.0, 0.05, 0.37, 0.5, [0.25, 0.9, 1.0]])
@pytest.mark.parametrize("method", METHODS)
def test_quantiles_by_every_method(method, q):
    x = RNG.permutation(np.linspace(-3, 3, 14)).reshape(2, 7)
    for f in (
        lambda a: np.quantile(a, q, method=method),
        lambda a: np.percentile(a, np.multiply(q, 100), axis=1, method=method, keepdims=True),
    ):
        assert np.allclose(f(Tensor(x)).data, f(x), rtol=1e-13, atol=1e-15)
        assert f(Tensor(x)).shape == f(x).shape
        assert gradcheck(f, x, order=1)


@pytest.mark.parametrize(
    "method", ["hazen", "weibull", "median_unbiased", "interpolated_inverted_cdf"]
)
def test_quantiles_have_a_derivative_in_q_where_they_are_no_steps(method):
    assert gradcheck(lambda q: np.quantile(V, q, method=method), np.array(0.37), order=1)


class TestRefusals:
    def test_of_an_unknown_method(self):
        with pytest.raises(ValueError, match="tukey"):
            np.quantile(Tensor(V), 0.5, method="tukey")

    def test_of_a_quantile_of_nothing(self):
        with pytest.raises(ValueError, match="quantile of nothing"):
            np.quantile(Tensor(V[:0]), 0.5)

    def test_of_too_few_samples(self):
        with pytest.raises(ValueError, match="cov: 1 samples leave 0 degrees of freedom"):
            np.cov(Tensor(M[:, :1]))

    def test_of_shapes(self):
        for call, words in (
            (lambda: np.vander(Tensor(M)), "vander is of a vector"),
            (lambda: np.trim_zeros(Tensor(M)), "trim_zeros"),
            (
                lambda: np.piecewise(Tensor(V), [V < 0], [1.0, 2.0, 3.0]),
                "3 functions for 1 conditions",
            ),
            (lambda: np.apply_along_axis(np.sum, 1, Tensor(M[:0])), "iteration dimensions are 0"),
            (lambda: np.geomspace(Tensor(-1.0), 2.0), "from positive to positive"),
            (lambda: np.linalg.tensorinv(Tensor(M)), "tensorinv: the first 2 axes"),
        ):
            with pytest.raises(ValueError, match=words):
                call()

    @pytest.mark.skipif(not hasattr(np, "cumulative_sum"), reason="NumPy 2.1")
    def test_of_no_axis(self):
        with pytest.raises(ValueError, match="axis= must be given"):
            np.cumulative_sum(Tensor(M))


def test_nan_alone_has_a_nan_median():
    y = np.nanmedian(Tensor([[np.nan, np.nan], [1.0, np.nan]], requires_grad=True), axis=1)
    assert np.isnan(y.data[0]) and y.data[1] == 1


def test_a_polynomial_without_roots():
    assert np.roots(Tensor([0.0, 0.0])).size == np.roots(Tensor([0.0, 3.0])).size == 0
    assert np.roots(Tensor([3.0, 0.0, 0.0])).tolist() == [0.0, 0.0]
    assert np.trim_zeros(Tensor([0.0, 0.0])).size == 0


def test_whole_numbers_have_their_functions_and_no_derivative():
    x = Tensor([6, 4])
    assert np.gcd(x, 4).tolist() == [2, 4] and np.bitwise_and(x, 4).tolist() == [4, 4]
    assert type(np.left_shift(x, 1)) is np.ndarray


def test_a_copy_has_numbers_of_its_own():
    x = Tensor(V, requires_grad=True)
    assert not np.shares_memory(np.copy(x), x)
