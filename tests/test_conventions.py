"""What CONVENTIONS.md says, tested line by line: derivatives that do not exist, or are not unique."""

import ast
import re
import warnings
from pathlib import Path

import numpy as np
import pytest

from tinygrad_edu import Tensor, grad, hessian, jvp, ops

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "CONVENTIONS.md").read_text(encoding="utf-8")
TEST = re.compile(r"`(?:(tests/[\w/]+\.py)::)?((?:Test\w+::)?test_\w+)`")
INF, NAN = np.inf, np.nan


def slopes(f, *values):
    """The gradients of Σ f at these numbers, one list for each argument."""
    ts = [Tensor(np.array(v, float), requires_grad=True) for v in values]
    np.sum(f(*ts)).backward()
    found = [np.asarray(t.grad).tolist() for t in ts]
    return found[0] if len(found) == 1 else found


def heard(f, *args):
    """(what a function gives, the warnings that it makes on the way)"""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        y = f(*args)
    assert all(w.category is RuntimeWarning for w in caught)
    return y, [str(w.message) for w in caught]


def curvature(f, x):
    return np.asarray(hessian(lambda t: np.sum(f(t)))(np.array(x, float))).tolist()


class TestThePage:
    def test_every_line_names_a_test_that_exists(self):
        lines = [
            line
            for line in PAGE.splitlines()
            if line.startswith("|") and not line.startswith("|--")
        ]
        heads = [line for line in lines if line.endswith("| tested by |")]
        assert len(lines) > 50 and len(heads) > 7
        for line in lines:
            named = TEST.findall(line)
            assert named or line in heads, f"tested by no test: {line}"
            for file, name in named:
                assert name in names_of(ROOT / (file or "tests/test_conventions.py")), line

    def test_every_test_here_is_named_by_the_page(self):
        named = {name for file, name in TEST.findall(PAGE) if not file}
        here = {name for name in names_of(Path(__file__)) if not name.startswith("TestThePage")}
        assert here == named

    def test_every_row_with_a_kink_is_on_the_page(self):
        hidden = {"order statistic": "median", "max pool": "max_pool2d", "cosine": "hypot"}
        hidden |= {"running max": "maximum", "running min": "minimum"}
        for row in ops.rows():
            if row.kinks:
                assert re.search(rf"\b{hidden.get(row.name, row.name)}\b", PAGE), row


def names_of(file):
    """ "test_..." and "TestSomething::test_..." of a file."""
    names = set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}::{f.name}" for f in node.body if isinstance(f, ast.FunctionDef)}
    return {name for name in names if "test_" in name}


class TestTies:
    def test_extremes_share(self):
        for f in (np.max, np.nanmax, lambda x: -np.min(-x), lambda x: np.linalg.norm(x, INF)):
            assert slopes(f, [3.0, 1.0, 3.0]) == [0.5, 0.0, 0.5]
        assert slopes(np.nanmin, [NAN, 1.0, 1.0]) == [0.0, 0.5, 0.5]

    def test_pairs_share(self):
        for f in (np.maximum, np.minimum, np.fmax, np.fmin):
            assert slopes(f, [2.0], [2.0]) == [[0.5], [0.5]]

    def test_median_and_quantiles_share(self):
        assert slopes(np.median, [1.0, 2.0, 2.0, 2.0, 4.0]) == [0.0, 1 / 3, 1 / 3, 1 / 3, 0.0]
        assert slopes(np.median, [1.0, 2.0, 3.0, 4.0]) == [0.0, 0.5, 0.5, 0.0]

    def test_sorted_numbers_keep_their_order(self):
        weights = np.array([1.0, 10.0, 100.0])
        assert slopes(lambda x: np.sort(x) * weights, [2.0, 1.0, 2.0]) == [10.0, 1.0, 100.0]

    def test_of_equal_numbers_in_a_set_the_first_counts(self):
        weights = np.array([1.0, 10.0])
        assert slopes(lambda x: np.unique(x) * weights, [2.0, 1.0, 2.0]) == [10.0, 1.0, 0.0]

    def test_choices_are_steps(self):
        x = Tensor([2.0, 2.0, 1.0], requires_grad=True)
        for f in (
            np.argmax,
            np.argsort,
            np.sign,
            np.floor,
            np.ceil,
            np.round,
            np.trunc,
            np.heaviside,
        ):
            y = f(x, 0.5) if f is np.heaviside else f(x)
            assert not isinstance(y, Tensor)


class TestKinks:
    def test_slope_0_at_0(self):
        for f in (ops.relu, np.abs, np.fabs, lambda x: np.copysign(x, 1.0)):
            assert slopes(f, [0.0]) == [0.0]

    def test_bounds_of_clip(self):
        assert slopes(lambda x: np.clip(x, -1, 1), [-1.0, 1.0, 2.0]) == [1.0, 1.0, 0.0]
        assert slopes(np.clip, [1.0], [1.0], [3.0]) == [[1.0], [0.0], [0.0]]

    def test_where_and_the_branch_not_taken(self):
        with pytest.warns(RuntimeWarning, match="^sqrt: invalid value in the derivative"):
            assert np.isnan(slopes(lambda x: np.where(x > 0, np.sqrt(x), 0.0), [0.0, 4.0])[0])
        safe = lambda x: np.where(x > 0, np.sqrt(np.where(x > 0, x, 1.0)), 0.0)
        assert slopes(safe, [0.0, 4.0]) == [0.0, 0.25]

    def test_remainders_where_they_jump(self):
        assert slopes(np.remainder, [6.0], [3.0]) == [[1.0], [-2.0]]
        assert slopes(np.fmod, [-6.0], [3.0]) == [[1.0], [2.0]]

    def test_points_of_interp(self):
        x, y = [0.0, 1.0, 2.0], [0.0, 5.0, 7.0]
        assert slopes(lambda t: np.interp(t, x, y), [0.0, 1.0, 2.0, 3.0]) == [5.0, 2.0, 0.0, 0.0]

    def test_the_last_of_two_values_for_one_place(self):
        f = lambda values: ops.put(np.zeros(2), np.array([0, 0]), values)
        assert slopes(f, [1.0, 2.0]) == [0.0, 1.0]


class TestAtZero:
    def test_norms(self):
        for f in (
            np.linalg.norm,
            lambda x: np.linalg.norm(x, 3),
            lambda x: np.hypot(x[0], x[1]),
            np.std,
        ):
            assert slopes(f, [0.0, 0.0]) == [0.0, 0.0]
        assert slopes(lambda x: np.linalg.norm(x, 1), [0.0, 2.0]) == [0.0, 1.0]
        assert curvature(lambda x: np.hypot(x[0], x[1]), [0.0, 0.0]) == [[0.0, 0.0], [0.0, 0.0]]

    def test_squares_have_all_derivatives(self):
        w = Tensor(2.0)
        for f in (lambda x: x**2, lambda x: x**w, np.square, lambda x: np.power(x, 2.0)):
            assert slopes(f, [0.0]) == [0.0] and curvature(f, [0.0]) == [[2.0]]
        assert slopes(lambda x, w: x**w, [0.0], [2.0]) == [[0.0], [0.0]]

    def test_to_the_power_of_0(self):
        assert slopes(lambda x: x**0, [0.0, 2.0]) == [0.0, 0.0]
        assert (Tensor([0.0]) ** 0.0).data.tolist() == [1.0]
        assert slopes(lambda x, w: x**w, [0.0], [0.0]) == [[0.0], [0.0]]

    def test_negative_powers(self):
        with pytest.warns(RuntimeWarning) as told:
            dx, dw = slopes(lambda x, w: x**w, [0.0], [-1.0])
        assert dx == [-INF] and np.isnan(dw)
        assert sum(str(w.message).startswith("power: ") for w in told) >= 2

    def test_the_exponent_of_a_negative_number(self):
        with pytest.warns(RuntimeWarning, match="power: invalid value .* by its input"):
            dx, dw = slopes(lambda x, w: x**w, [-2.0], [2.0])
        assert dx == [-4.0] and np.isnan(dw)
        assert slopes(lambda x: x**2.0, [-2.0]) == [-4.0]

    def test_vertical_tangents(self):
        for f, x, name in (
            (np.sqrt, 0.0, "sqrt"), (np.cbrt, 0.0, "cbrt"), (lambda t: t**0.5, 0.0, "power"),
            (np.arcsin, 1.0, "arcsin"), (np.arccosh, 1.0, "arccosh"),
        ):  # fmt: skip
            with pytest.warns(RuntimeWarning, match=f"^{name}: divide by zero in the derivative"):
                assert slopes(f, [x]) == [INF]

    def test_poles(self):
        for f, x, slope, name in (
            (np.log, 0.0, INF, "log"), (np.log1p, -1.0, INF, "log1p"), (np.arctanh, 1.0, INF, "arctanh"),
            (lambda t: 1 / t, 0.0, -INF, "divide"),
        ):  # fmt: skip
            found, said = heard(slopes, f, [x])
            assert found == [slope] and said[0] == f"divide by zero encountered in {name}"
            assert all(line.startswith(f"{name}: divide by zero") for line in said[1:])
        with pytest.warns(RuntimeWarning, match="digamma: 0, -1, -2, ... are poles"):
            assert np.isnan(slopes(ops.lgamma, [-1.0]))

    def test_outside_of_the_domain(self):
        for f, x, name in (
            (np.sqrt, -1.0, "sqrt"),
            (np.arcsin, 2.0, "arcsin"),
            (np.arccosh, -1.0, "arccosh"),
        ):
            found, said = heard(slopes, f, [x])
            assert np.isnan(found) and said[0] == f"invalid value encountered in {name}"
            assert all(
                line.startswith(f"{name}: invalid value in the derivative") for line in said[1:]
            )

    def test_the_angle_of_the_origin(self):
        with pytest.warns(RuntimeWarning, match="arctan2: invalid value in the derivative"):
            assert np.isnan(slopes(np.arctan2, [0.0], [0.0])).all()
        assert np.angle(0j) == 0  # of complex numbers: see tests/ops/test_fft.py

    def test_removable_singularities(self):
        assert slopes(np.sinc, [0.0]) == [0.0]
        assert np.allclose(curvature(np.sinc, [0.0]), -(np.pi**2) / 3, rtol=1e-14)

    def test_products_with_zeros(self):
        assert slopes(np.prod, [0.0, 2.0, 3.0]) == [6.0, 0.0, 0.0]
        assert slopes(np.prod, [0.0, 0.0, 3.0]) == [0.0, 0.0, 0.0]
        assert slopes(np.cumprod, [2.0, 0.0, 3.0]) == [1.0, 8.0, 0.0]

    def test_a_sum_of_nothing_in_logarithms(self):
        for f in (np.logaddexp, np.logaddexp2):
            assert slopes(f, [-INF], [-INF]) == [[0.0], [0.0]]
            assert slopes(f, [-INF], [1.0]) == [[0.0], [1.0]]
            assert f(Tensor(-INF), -INF).data == -INF
        assert slopes(ops.logsumexp, [-INF, -INF]) == [0.0, 0.0]


class TestTheWarning:
    def test_it_names_the_operation_the_input_and_the_line(self):
        x = Tensor([0.0], requires_grad=True, name="variance")
        y = np.sqrt(x).sum()  # this line
        with pytest.warns(RuntimeWarning) as told:
            y.backward()
        text = str(told[0].message)
        assert "sqrt: divide by zero in the derivative by its input variance (1,) float64" in text
        assert "its domain: x > 0" in text and "# this line" in text

    def test_it_comes_in_every_order_and_direction(self):
        with pytest.warns(RuntimeWarning, match="^sqrt: divide by zero in the derivative"):
            jvp(np.sqrt, (np.zeros(1),), (np.ones(1),))
        y, said = heard(grad(lambda x: np.log(x).sum()), np.array([0.0]))
        assert y.tolist() == [INF] and said[-1].startswith("log: divide by zero in the derivative")
        with pytest.warns(RuntimeWarning, match="in the derivative by its input"):
            assert curvature(np.sqrt, [0.0]) == [[-INF]]

    def test_who_ignores_errors_hears_nothing(self):
        with np.errstate(all="ignore"):
            assert slopes(np.sqrt, [0.0]) == [INF]
        with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
            slopes(np.sqrt, [0.0])


class TestNothing:
    """Arrays without numbers."""

    def empty(self, f, shape=(0,), **params):
        x = Tensor(np.zeros(shape), requires_grad=True)
        y = f(x, **params)
        y.backward(np.ones(y.shape))
        assert x.grad.shape == shape
        return y.data.tolist()

    def test_sums_and_products(self):
        assert self.empty(np.sum) == 0 and self.empty(np.prod) == 1
        assert self.empty(np.sum, (0, 2), axis=0) == [0, 0] and self.empty(np.cumsum) == []
        assert self.empty(np.linalg.norm) == 0

    def test_means_are_nan_as_in_numpy(self):
        for f in (np.mean, np.var, np.std, np.median, lambda x: np.var(x, ddof=1)):
            with pytest.warns(RuntimeWarning) as told:
                assert np.isnan(self.empty(f))
            numpys = ("Mean of empty", "Degrees of freedom", "invalid value encountered in")
            assert all(str(w.message).startswith(numpys) for w in told)

    def test_extremes_are_refused(self):
        for f in (np.max, np.min, np.ptp):
            with pytest.raises(ValueError, match="zero-size array to reduction"):
                f(Tensor(np.zeros(0)))
        with pytest.raises(ValueError, match="quantile of nothing"):
            np.quantile(Tensor(np.zeros(0)), 0.5)

    def test_too_few_numbers_for_a_variance(self):
        x = Tensor([1.0], requires_grad=True)
        y, said = heard(lambda: np.var(x, ddof=1))
        assert said[0].startswith("Degrees of freedom")  # NumPy's
        _, said = heard(y.backward)
        assert (
            all(line.startswith("var: ") and "its domain: n > ddof" in line for line in said)
            and said
        )
        assert np.isnan(y.data) and np.isnan(x.grad).all()

    def test_matrices(self):
        assert self.empty(np.linalg.svdvals, (0, 3)) == []
        assert self.empty(lambda x: np.linalg.svd(x, full_matrices=False)[0], (0, 3)) == []
        assert np.linalg.det(Tensor(np.zeros((0, 0)))).data == 1

    def test_weights_that_sum_to_0(self):
        with pytest.raises(ZeroDivisionError, match="average: the weights sum to 0"):
            np.average(Tensor([1.0, 2.0]), weights=[1.0, -1.0])


class TestNan:
    def test_it_spreads_and_is_skipped_on_demand(self):
        assert np.isnan(slopes(np.exp, [NAN, 0.0])[0]) and slopes(np.exp, [NAN, 0.0])[1] == 1
        assert slopes(np.nansum, [NAN, 2.0]) == [0.0, 1.0]
        assert slopes(np.nanmean, [NAN, 2.0, 4.0]) == [0.0, 0.5, 0.5]
        assert slopes(np.nancumprod, [NAN, 2.0, 4.0]) == [0.0, 5.0, 2.0]
        assert slopes(np.nanmedian, [NAN, 2.0, 4.0]) == [0.0, 0.5, 0.5]

    def test_an_extreme_that_is_nan(self):
        assert np.isnan(slopes(np.max, [NAN, 1.0])).all()
        assert slopes(np.fmax, [NAN], [1.0]) == [[0.0], [1.0]]

    def test_nothing_but_nan(self):
        for f in (np.nanmean, np.nanvar):
            with pytest.warns(RuntimeWarning, match=f"{f.__name__}: nothing but nan gives nan"):
                assert np.isnan(f(Tensor([NAN, NAN])).data)

    def test_replaced(self):
        assert slopes(np.nan_to_num, [NAN, INF, 1.0]) == [0.0, 0.0, 1.0]


class TestDtypes:
    def test_python_numbers_do_not_upcast(self):
        x = Tensor(np.ones(2, np.float32), requires_grad=True)
        for y in (
            x * 2.0,
            2.0 * x,
            x + 1,
            x**0.5,
            1 / x,
            np.where(x > 0, x, 0.0),
            np.clip(x, 0.0, 1.0),
        ):
            assert y.dtype == np.float32
            x.grad = None
            y.sum().backward()
            assert x.grad.dtype == np.float32

    def test_arrays_and_numpys_scalars_do(self):
        x = Tensor(np.ones(2, np.float32), requires_grad=True)
        y = x * np.float64(2.0)
        assert y.dtype == (np.ones(2, np.float32) * np.float64(2.0)).dtype == np.float64
        y.sum().backward()
        assert x.grad.dtype == np.float32  # a gradient has the dtype of its tensor

    def test_integers(self):
        with pytest.raises(TypeError, match="only floating point numbers change smoothly"):
            Tensor([1, 2], requires_grad=True)
        y = Tensor([1, 2]) * Tensor([0.5, 2.0], requires_grad=True)
        y.sum().backward()
        assert y.dtype == np.float64
        assert Tensor([4]).dtype.kind == "i" and np.sqrt(Tensor([4])).dtype == np.float64
        with pytest.raises(ValueError, match="Integers to negative integer powers"):
            Tensor([2]) ** -1


class TestComplex:
    def test_the_gradient_is_the_conjugate_of_pytorchs(self):
        # L = |z|² with z = a + ib: ∂L/∂a - i ∂L/∂b = 2 z̄
        a, b = Tensor(3.0, requires_grad=True), Tensor(4.0, requires_grad=True)
        z = a + 1j * b
        (np.abs(z) ** 2).backward()
        assert (float(a.grad), float(b.grad)) == pytest.approx((6.0, 8.0))

    def test_real_tensors_get_real_gradients(self):
        x = Tensor([1.0, 2.0], requires_grad=True)
        np.abs(np.fft.fft(x)[1]).backward()
        assert x.grad.dtype == np.float64


class TestMatrices:
    SINGULAR = np.array([[1.0, 2.0], [2.0, 4.0]])

    def test_determinants_of_singular_matrices(self):
        assert slopes(np.linalg.det, self.SINGULAR) == [[4.0, -2.0], [-2.0, 1.0]]
        assert slopes(np.linalg.det, np.zeros((2, 2))) == [[0.0, 0.0], [0.0, 0.0]]
        assert curvature(np.linalg.det, np.zeros((2, 2)))[0][0] == [[0.0, 0.0], [0.0, 1.0]]

    def test_logarithms_of_determinants(self):
        with pytest.warns(
            RuntimeWarning, match="slogdet: a is singular, where it has no derivative"
        ):
            assert np.isnan(slopes(lambda a: np.linalg.slogdet(a)[1], np.zeros((2, 2)))).all()

    def test_inverses(self):
        for f in (np.linalg.inv, lambda a: np.linalg.solve(a, np.ones(2))):
            with pytest.raises(np.linalg.LinAlgError, match=r"pinv\(a\) or np.linalg.lstsq"):
                f(Tensor(self.SINGULAR))

    def test_pseudoinverses(self):
        for f, name in (
            (np.linalg.pinv, "pinv"),
            (lambda a: np.linalg.lstsq(a, np.ones(2))[0], "lstsq"),
        ):
            with pytest.warns(RuntimeWarning, match=f"{name}: the matrix is rank-deficient"):
                assert np.isnan(slopes(f, self.SINGULAR)).all()

    def test_condition_numbers(self):
        assert (
            np.linalg.cond(Tensor(np.zeros((2, 2)))).data == INF == np.linalg.cond(np.zeros((2, 2)))
        )

    def test_values_of_repeated_eigenvalues(self):
        for f in (np.linalg.eigvalsh, np.linalg.svdvals, lambda a: np.linalg.eigh(a)[0]):
            assert slopes(f, np.eye(2)) == [[1.0, 0.0], [0.0, 1.0]]

    def test_vectors_of_repeated_eigenvalues(self):
        for f, name in (
            (lambda a: np.linalg.eigh(a)[1][0], "eigh"),
            (lambda a: np.real(np.linalg.eig(a)[1][0]), "eig"),
            (lambda a: np.linalg.svd(a)[0][0], "svd"),
        ):  # fmt: skip
            with pytest.warns(RuntimeWarning, match=f"^{name}: the result depends on vectors"):
                assert np.isnan(slopes(f, np.eye(2))).all()

    def test_what_does_not_depend_on_the_choice_of_vectors(self):
        whole = lambda a: np.linalg.eigh(a)[1] @ np.swapaxes(np.linalg.eigh(a)[1], -1, -2)
        assert np.allclose(slopes(whole, np.diag([1.0, 2.0])), 0, atol=1e-15)

    def test_one_triangle_is_read(self):
        a = np.array([[2.0, 0.5], [0.5, 1.0]])
        assert slopes(lambda x: np.linalg.cholesky(x).sum(), a)[0][1] == 0
        assert slopes(lambda x: np.linalg.eigvalsh(x).max(), a)[0][1] == 0

    def test_dependent_columns(self):
        with pytest.warns(RuntimeWarning, match="qr: the columns are linearly dependent"):
            assert np.isnan(slopes(lambda a: np.linalg.qr(a)[0].sum(), self.SINGULAR)).any()

    def test_what_a_does_not_determine(self):
        tall = Tensor(np.ones((3, 2)))
        for f in (lambda a: np.linalg.svd(a), lambda a: np.linalg.qr(a, mode="complete")):
            with pytest.raises(ValueError, match="a does not determine"):
                f(tall)


def test_large_numbers_do_not_overflow():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for x in (1e4, -1e4):
            for f in (ops.sigmoid, ops.softplus, np.tanh, lambda t: np.logaddexp(t, 0.0)):
                assert np.isfinite(slopes(f, [x])).all()


def test_a_gradient_shares_no_memory_with_what_backward_was_given():
    for order in (False, True):
        for f in (lambda x: x, lambda x: x + 0.0, lambda x: np.reshape(x, (1, 2))):
            x, g = Tensor([1.0, 2.0], requires_grad=True), np.ones(2)
            y = f(x)
            y.backward(g.reshape(y.shape), create_graph=order)
            g[:] = 7
            assert np.asarray(x.grad).tolist() == [1.0, 1.0]
