"""Identities, stacks, edge cases and refusals of linear algebra."""

import warnings

import numpy as np
import pytest

from tinygrad_edu import Tensor, grad, hessian, hvp, jacobian, jvp
from tinygrad_edu.gradcheck import gradcheck
from tinygrad_edu.ops import expm, solve_triangular

la = np.linalg
RNG = np.random.default_rng(5)
A = RNG.normal(size=(2, 3, 3)) + 3 * np.eye(3)
SYM = A @ np.swapaxes(A, -1, -2)
TALL, WIDE = RNG.normal(size=(2, 4, 3)), RNG.normal(size=(2, 3, 4))
B = RNG.normal(size=(2, 3, 2))
SPREAD = TALL / 3 + np.eye(4, 3) * [1.0, 3.0, 6.0]  # singular values far from each other
W = np.arange(1.0, 4.0)


def leaf(x):
    return Tensor(x, requires_grad=True)


def mT(x):
    return np.swapaxes(x, -1, -2)


# ---------------------------------------------------------------------- values, and functions of rows

COMPOSED = {
    "multi_dot": (lambda a: la.multi_dot([W, a, TALL[0].T, TALL[1]]), A[0]),
    "multi_dot of two": (lambda a: la.multi_dot([a, a]), A[0]),
    "matrix_power 0": (lambda a: la.matrix_power(a, 0), A),
    "matrix_power 1": (lambda a: la.matrix_power(a, 1), A),
    "matrix_power 6": (lambda a: la.matrix_power(a, 6), A / 4),
    "matrix_power -3": (lambda a: la.matrix_power(a, -3), A),
    "dot of 2 and 3 axes": (lambda a: np.dot(a, A), A[0]),
    "dot of 1 and 4 axes": (lambda a: np.dot(W, a), RNG.normal(size=(2, 2, 3, 2))),
    "dot of 3 and 4 axes": (lambda a: np.dot(A, a), RNG.normal(size=(2, 1, 3, 2))),
    "linalg.matmul": (lambda a: la.matmul(a, B), A),
    "matrix_transpose": (lambda a: la.matrix_transpose(a) * 2, WIDE),
    "slogdet": (lambda a: la.slogdet(a)[1], A),
    "slogdet of negative": (lambda a: la.slogdet(-a).logabsdet, A),
    "lstsq residuals": (lambda a: la.lstsq(a, TALL[1], rcond=None)[1], TALL[0]),
    "qr q": (lambda a: la.qr(a)[0], TALL),
    "qr r": (lambda a: la.qr(a).R, TALL),
    "qr wide q": (lambda a: la.qr(a).Q, WIDE),
    "qr wide r": (lambda a: la.qr(a, mode="r"), WIDE),
    "qr complete": (lambda a: la.qr(a, "complete").R, A),
    "eigh w": (lambda a: la.eigh(a).eigenvalues, SYM),
    "eigh v": (lambda a: la.eigh(a).eigenvectors, SYM),
    "eigh upper": (lambda a: la.eigh(a, "U").eigenvectors, SYM + np.tril(A, -1)),
    "svd u": (lambda a: la.svd(a, full_matrices=False)[0], SPREAD),
    "svd s": (lambda a: la.svd(a, full_matrices=False).S, mT(SPREAD)),
    "svd v": (lambda a: la.svd(a, full_matrices=False)[2], mT(SPREAD)),
    "svd full": (lambda a: la.svd(a).U, A),
    "svd values": (lambda a: la.svd(a, compute_uv=False), TALL),
    "cond": (lambda a: la.cond(a), A),
    "cond 1": (lambda a: la.cond(a, 1), A),
    "cond -2": (lambda a: la.cond(a, -2), TALL),
    "cond fro": (lambda a: la.cond(a, "fro"), A),
    "solve over a stack": (lambda a: la.solve(a, W), A),
    "pinv with a cut": (lambda a: la.pinv(a, rcond=1e-3), TALL),
    "pinv with rtol": (lambda a: la.pinv(a, rtol=1e-3), TALL),
    **{
        f"norm {ord} over {axis}{' kept' * keep}": (
            lambda x, ord=ord, axis=axis, keep=keep: la.norm(x, ord, axis, keep),
            np.sign(TALL) * (0.3 + np.abs(TALL)),  # away from the kinks
        )
        for ord, axis, keep in [
            (None, None, False), (None, None, True), (None, (0, 2), True), (None, 1, False), (1, 0, True),
            (2, -1, False), (3, 1, True), (2.5, 1, False), (-2, 1, False), (0.5, 2, False),
            (np.inf, 1, False), (-np.inf, 2, True), ("fro", (1, 2), True), ("nuc", (2, 1), True),
            ("nuc", (0, 1), False), (1, (0, 2), False), (-1, (2, 0), True), (2, (0, 2), True),
            (-2, (1, 2), False), (np.inf, (0, 1), False), (-np.inf, (1, 0), True),
        ]
    },
    "norm of a matrix": (lambda x: la.norm(x, "fro"), TALL[0]),
    "norm of a vector": (lambda x: la.norm(x, 3), W),
    "vector_norm": (lambda x: la.vector_norm(x, ord=3), TALL),
    "vector_norm over axes": (lambda x: la.vector_norm(x, axis=(0, 1), ord=1, keepdims=True), TALL),
    "matrix_norm": (lambda x: la.matrix_norm(x, ord=-2, keepdims=True), TALL),
}  # fmt: skip


@pytest.mark.parametrize("case", COMPOSED)
def test_values_are_those_of_numpy_and_derivatives_agree_with_differences(case):
    f, x = COMPOSED[case]
    expected, y = f(x), f(leaf(x))
    assert y.shape == expected.shape
    same_signs = y.data
    if case.startswith("qr"):  # of a wide matrix, NumPy's may come by another way
        assert np.allclose(abs(y.data), abs(expected), rtol=1e-12, atol=1e-13)
        same_signs = expected
    assert np.allclose(same_signs, expected, rtol=1e-13, atol=1e-14)
    report = gradcheck(f, x)
    assert report, report


STACKED = {
    "inv": la.inv, "pinv": la.pinv, "det": la.det, "slogdet": lambda a: la.slogdet(a)[1], "expm": expm,
    "cholesky": lambda a: la.cholesky(a @ mT(a)), "qr": lambda a: la.qr(a)[0] * W,
    "eigh": lambda a: la.eigh(a + mT(a))[1] * W, "eig": lambda a: np.abs(la.eig(a)[1]) * W,
    "eigvals": lambda a: np.abs(la.eigvals(a)), "svd": lambda a: la.svd(a)[0] * W,
    "solve": lambda a: la.solve(a, W[:, None]), "solve_triangular": lambda a: solve_triangular(a, W[:, None]),
    "norm": lambda a: la.matrix_norm(a, ord=2), "matrix_power": lambda a: la.matrix_power(a, 3),
}  # fmt: skip


@pytest.mark.parametrize("name", STACKED)
def test_a_stack_is_a_loop(name):
    f, stack = STACKED[name], np.stack([A, mT(A) + 0.3])
    x = leaf(stack)
    (f(x) ** 2).sum().backward()
    for index in np.ndindex(2, 2):
        one = leaf(stack[index])
        y = f(one)
        (y**2).sum().backward()
        assert np.allclose(f(x).data[index], y.data, rtol=1e-13, atol=1e-13)
        assert np.allclose(x.grad[index], one.grad, rtol=1e-11, atol=1e-12)


# ---------------------------------------------------------------------------------------- identities


@pytest.mark.parametrize(
    "identity",
    [
        lambda a: a @ la.inv(a), lambda a: la.solve(a, a), lambda a: la.inv(la.inv(a)) - a,
        lambda a: la.det(a) * la.det(la.inv(a)), lambda a: la.slogdet(a)[1] - np.log(np.abs(la.det(a))),
        lambda a: la.cholesky(a @ mT(a)) @ mT(la.cholesky(a @ mT(a))) - a @ mT(a),
        lambda a: la.cholesky(a @ mT(a)) - mT(la.cholesky(a @ mT(a), upper=True)),
        lambda a: la.qr(a)[0] @ la.qr(a)[1] - a, lambda a: mT(la.qr(a)[0]) @ la.qr(a)[0],
        lambda a: (la.svd(a).U * la.svd(a).S[..., None, :]) @ la.svd(a).Vh - a,
        lambda a: la.svd(a).Vh @ mT(la.svd(a).Vh), lambda a: la.svdvals(a) - la.svd(a).S,
        lambda a: a @ mT(a) @ la.eigh(a @ mT(a))[1]
        - la.eigh(a @ mT(a))[1] * la.eigh(a @ mT(a))[0][..., None, :],
        lambda a: la.eigvalsh(a @ mT(a)) - la.svdvals(a)[..., ::-1] ** 2,
        lambda a: np.real(a @ la.eig(a)[1] - la.eig(a)[1] * la.eig(a)[0][..., None, :]),
        lambda a: np.real(la.eigvals(a).sum(axis=-1)) - (a * np.eye(3)).sum(axis=(-1, -2)),
        lambda a: la.pinv(a) - la.inv(a), lambda a: expm(a) @ expm(-a),
        lambda a: la.det(expm(a)) / np.exp((a * np.eye(3)).sum(axis=(-1, -2))),
        lambda a: la.norm(a, "fro", axis=(-2, -1)) - np.sqrt((la.svdvals(a) ** 2).sum(axis=-1)),
        lambda a: la.matrix_power(a, -2) @ a @ a,
        lambda a: solve_triangular(a, np.tril(np.ones((3, 3))) * a),
    ],
)  # fmt: skip
def test_what_is_constant_has_no_derivative(identity):
    """a a⁻¹ is 1, so nothing may come back through it. Neither at second order."""
    x = leaf(A)
    y = identity(x)
    u = RNG.normal(size=y.shape)
    before = y.data.copy()
    assert np.allclose(before, identity(Tensor(A * 1.01)).data, atol=1e-10)
    (y * u).sum().backward(create_graph=True)
    first = x.grad
    assert np.allclose(first.data, 0, atol=1e-11)
    x.grad = None
    (first * RNG.normal(size=A.shape)).sum().backward()
    assert np.allclose(x.grad, 0, atol=1e-9)


def test_complex_eigenvalues_and_vectors():
    """Of a rotation and more; what does not depend on the phase of vectors has a derivative."""
    a = np.array([[1.0, -2.0, 0.3], [1.5, 0.8, 0.1], [0.2, 0.1, 3.0]])
    assert la.eig(a)[0].dtype.kind == "c"
    for f in (
        lambda a: la.eigvals(a), lambda a: la.eig(a)[0], lambda a: np.abs(la.eig(a)[1]),
        lambda a: la.eig(a).eigenvectors[0] * np.conj(la.eig(a).eigenvectors[2]),
    ):  # fmt: skip
        report = gradcheck(f, a)
        assert report, report


def test_eigh_reads_one_triangle_and_so_does_its_derivative():
    for f, lower in ((la.eigvalsh, True), (lambda a: la.eigvalsh(a, "U"), False),
                     (la.cholesky, True), (lambda a: la.cholesky(a, upper=True), False)):  # fmt: skip
        x = leaf(SYM)
        (f(x) ** 3).sum().backward()
        silent = np.triu(x.grad, 1) if lower else np.tril(x.grad, -1)
        assert not silent.any() and x.grad.any()


def test_logdet_of_a_covariance_has_the_inverse_as_its_gradient():
    s = SYM[0]
    assert np.allclose(grad(lambda a: la.slogdet(a)[1])(s), la.inv(s).T, rtol=1e-12)
    assert np.allclose(
        hessian(lambda a: la.slogdet(a)[1])(s),
        -np.einsum("li,jk->ijkl", la.inv(s), la.inv(s)),
        rtol=1e-10,
        atol=1e-14,
    )


def test_large_triangles_are_solved_in_halves():
    a = RNG.normal(size=(150, 150)) / 20 + 3 * np.eye(150)
    b = RNG.normal(size=(150, 2))
    for lower, part in ((True, np.tril), (False, np.triu)):
        y = solve_triangular(a, b, lower=lower)
        assert np.allclose(part(a) @ y, b, rtol=1e-12, atol=1e-12)
        assert np.allclose(solve_triangular(a, b[:, 0], lower=lower), y[:, 0], rtol=1e-13)


def test_multi_dot_multiplies_in_the_cheap_order():
    """(a b) c costs 2·10⁴ multiplications here, a (b c) costs 10 times as many."""
    shapes = []
    sizes = [(10, 100), (100, 5), (5, 50)]
    y = la.multi_dot([leaf(np.ones(s)) for s in sizes])
    while y.op:
        shapes.append(y.shape)
        y = y.inputs[0]
    assert shapes == [(10, 50), (10, 5)]


class TestExpm:
    def test_closed_forms(self):
        t = 0.7
        rotation = expm(np.array([[0.0, -t], [t, 0.0]]))
        assert np.allclose(rotation, [[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]], rtol=1e-15)
        assert np.allclose(
            expm(np.diag([-30.0, 0.0, 20.0])), np.diag(np.exp([-30, 0, 20])), rtol=1e-13
        )
        assert np.allclose(expm(np.zeros((2, 2))), np.eye(2), rtol=1e-15, atol=0)
        assert expm(np.zeros((0, 3, 3))).shape == (0, 3, 3)
        nilpotent = np.array([[0.0, 1e3], [0.0, 0.0]])
        assert np.allclose(expm(nilpotent), [[1, 1e3], [0, 1]], rtol=1e-14)

    def test_each_matrix_of_a_stack_is_scaled_by_itself(self):
        a = np.stack([A[0] / 100, 10 * A[1], A[1]])
        assert np.array_equal(expm(a)[0], expm(a[0])) and np.array_equal(expm(a)[2], expm(a[2]))

    def test_against_scipy(self):
        scipy = pytest.importorskip("scipy.linalg")
        for a in (*A, *(5 * A), *(A / 50)):
            expected = scipy.expm(a)
            assert la.norm(expm(a) - expected) < 1e-12 * la.norm(expected)
        x, e = leaf(A[0]), RNG.normal(size=(3, 3))
        expm(x).backward(e)
        assert np.allclose(x.grad, scipy.expm_frechet(A[0].T, e)[1], rtol=1e-11)

    def test_the_derivative_is_linear_in_a_large_gradient(self):
        x = leaf(A[0])
        expm(x).backward(1e12 * np.ones((3, 3)))
        big, x.grad = x.grad, None
        expm(x).backward(np.ones((3, 3)))
        assert np.allclose(big, 1e12 * x.grad, rtol=1e-14)

    def test_matrices_that_are_not_square_are_refused(self):
        with pytest.raises(la.LinAlgError, match=r"expm.*square matrices.*\(2, 3\)"):
            expm(leaf(np.ones((2, 3))))


# --------------------------------------------------------------------------- where there is a kink or a hole


class TestDegenerate:
    def test_the_norm_of_nothing_has_derivative_0(self):
        for f in (
            lambda x: la.norm(x), lambda x: la.norm(x, 3), lambda x: la.norm(x, 1.5), lambda x: la.norm(x, 1),
            lambda x: la.norm(x, axis=0), lambda x: la.vector_norm(x, ord=4),
        ):  # fmt: skip
            x = leaf(np.zeros(3))
            f(x).sum().backward()
            assert x.grad.tolist() == [0, 0, 0]

    def test_the_derivative_of_a_p_norm_at_one_zero_is_0_there(self):
        for p in (0.5, 1.5):
            x = leaf([3.0, 0.0, -4.0])
            la.norm(x, p).backward()
            assert np.isfinite(x.grad).all() and x.grad[1] == 0

    def test_order_0_is_a_plain_number(self):
        assert la.norm(leaf([1.0, 0.0, 2.0]), 0) == 2.0
        assert isinstance(la.norm(leaf([1.0, 0.0]), 0), float)

    @pytest.mark.parametrize("rank", [0, 1, 2])
    def test_the_determinant_of_a_singular_matrix_has_its_cofactors(self, rank):
        a = RNG.normal(size=(3, rank)) @ RNG.normal(size=(rank, 3))
        expected = np.array([
            [(-1) ** (i + j) * la.det(np.delete(np.delete(a, i, 0), j, 1)) for j in range(3)]
            for i in range(3)
        ])  # fmt: skip
        stack = leaf(np.stack([a, A[0]]))
        la.det(stack).sum().backward()
        assert np.allclose(stack.grad[0], expected, atol=1e-13)
        assert np.allclose(stack.grad[1], la.det(A[0]) * la.inv(A[0]).T, rtol=1e-12)
        report = gradcheck(la.det, a)
        assert report, report

    def test_slogdet_of_a_singular_matrix(self):
        a = leaf(np.stack([np.ones((2, 2)), np.eye(2)]))
        sign, logdet = la.slogdet(a)
        assert sign.tolist() == [0, 1] and logdet.data.tolist() == [-np.inf, 0]
        with pytest.warns(
            RuntimeWarning, match="slogdet: a is singular, where it has no derivative"
        ):
            logdet[1].backward()
        assert np.isnan(a.grad[0]).all() and np.array_equal(a.grad[1], np.eye(2))

    def test_inverses_of_singular_matrices_are_refused(self):
        x = leaf(np.ones((2, 2)))
        for f, name in ((la.inv, "inv"), (lambda a: la.solve(a, a), "solve")):
            with pytest.raises(
                la.LinAlgError, match=rf"(?s){name}\(a \(2, 2\).*Singular.*Try: .*pinv"
            ):
                f(x)
        with pytest.raises(la.LinAlgError, match=r"(?s)solve_triangular\(a .*Singular.*Try: "):
            solve_triangular(Tensor([[1.0, 0.0], [5.0, 0.0]]), np.ones(2))
        for a in RNG.normal(size=(9, 5, 5)):  # LU would not notice, for a rounding error
            a[2, 2] = 0
            with pytest.raises(la.LinAlgError, match="Singular"):
                solve_triangular(a, np.ones(5))

    def test_cholesky_of_an_indefinite_matrix_is_refused(self):
        with pytest.raises(
            la.LinAlgError, match=r"(?s)cholesky\(a \(2, 2\).*positive definite.*1e-6"
        ):
            la.cholesky(leaf(-np.eye(2)))

    def test_equal_eigenvalues(self):
        """Their sums have derivatives, and the vectors of others; their own vectors have none."""
        q = la.qr(A[0])[0]
        a = (q * [1.0, 1.0, 4.0]) @ q.T
        x = leaf(a)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            (la.eigh(x)[0] ** 2).sum().backward()
            assert np.allclose(x.grad + x.grad.T, 4 * a, atol=1e-13)
            alone = lambda a: np.abs(la.eigh(a)[1][:, 2])
            slope = (alone(a + 1e-6 * SYM[0]) - alone(a - 1e-6 * SYM[0])) / 2e-6
            found = jacobian(alone)(a) * np.eye(3)[0, 0]
            assert np.allclose((found * SYM[0]).sum(axis=(1, 2)), slope, atol=1e-7)
        x.grad = None
        with pytest.warns(
            RuntimeWarning, match=r"eigh: the result depends on vectors.*nan\.\n  at test"
        ):
            la.eigh(x)[1].sum().backward()
        assert np.isnan(x.grad).any()

    def test_a_hessian_that_needs_vectors_of_equal_eigenvalues_says_so(self):
        with pytest.warns(RuntimeWarning, match="eigh: the result depends on vectors"):
            h = hessian(lambda a: (la.eigvalsh(a) ** 3).sum())(np.eye(2))
        assert np.isnan(h).any()
        with pytest.warns(RuntimeWarning, match="eigh: the result depends on vectors"):
            tangent = jvp(lambda a: la.eigh(a)[1], (np.eye(2),), (SYM[0, :2, :2],))[1]
        assert np.isnan(tangent).any()

    def test_defective_matrices_and_equal_eigenvalues_of_eig(self):
        for f, name in ((lambda a: la.eig(a)[0], "eig"), (la.eigvals, "eigvals")):
            x = leaf([[2.0, 1.0], [0.0, 2.0]])
            with pytest.warns(RuntimeWarning, match=f"{name}: the matrix is defective"):
                np.real(f(x)).sum().backward()
            assert np.isnan(x.grad).all()
        x = leaf(2 * np.eye(2))
        np.real(la.eigvals(x)).sum().backward()
        assert np.array_equal(x.grad, np.eye(2))

    def test_a_rank_deficient_svd(self):
        """One singular value is 0; the leading vectors and all the values still have derivatives."""
        a = np.outer([1.0, 2.0, 2.0, 0.0], [3.0, 4.0, 0.0]) + np.outer(
            [2.0, -1.0, 0.0, 1.0], [0.0, 0.0, 2.0]
        )
        x = leaf(a)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            u, s, v = la.svd(x, full_matrices=False)
            assert np.allclose(s.data, la.svd(a)[1], atol=1e-14)
            ((u[:, 0] * W[0]).sum() ** 2 + (s[:2] ** 2).sum() + v[0, 1] ** 2).backward()
        assert np.isfinite(x.grad).all()
        value = lambda a: (
            la.svd(a)[0][:, 0].sum() ** 2 + (la.svd(a)[1][:2] ** 2).sum() + la.svd(a)[2][0, 1] ** 2
        )
        e = RNG.normal(size=a.shape)
        slope = (value(a + 1e-5 * e) - value(a - 1e-5 * e)) / 2e-5
        assert np.isclose((x.grad * e).sum(), slope, rtol=1e-7)
        x.grad = None
        with pytest.warns(RuntimeWarning, match="svd: the result depends on vectors"):
            la.svd(x, full_matrices=False)[0].sum().backward()
        assert np.isnan(x.grad).any()

    def test_a_singular_value_that_is_a_rounding_error_counts_as_0(self):
        a = RNG.normal(size=(4, 2)) @ RNG.normal(size=(2, 3))
        assert 0 < la.svdvals(a)[2] < 1e-14
        x = leaf(a)
        with pytest.warns(RuntimeWarning, match="svd: the result depends on vectors"):
            la.svd(x, full_matrices=False)[0][:, 2].sum().backward()
        assert np.isnan(x.grad).any()

    @pytest.mark.parametrize(
        ("f", "name", "a"),
        [
            (la.pinv, "pinv", np.ones((3, 2))),
            (lambda a: la.lstsq(a, W, rcond=None)[0], "lstsq", np.ones((3, 2))),
            (lambda a: la.qr(a)[0], "qr", np.ones((3, 2))),
        ],
    )
    def test_where_columns_depend_on_each_other(self, f, name, a):
        x = leaf(a)
        y = f(x)
        assert np.allclose(y.data, f(a))
        with pytest.warns(RuntimeWarning, match=f"{name}: the .* no derivative: nan"):
            y.sum().backward()
        assert np.isnan(x.grad).all()

    @pytest.mark.parametrize(
        "f", [la.inv, la.det, la.cholesky, la.eigvalsh, expm, lambda a: la.qr(a)[1]]
    )
    def test_empty_stacks(self, f):
        x = leaf(np.zeros((0, 2, 2)))
        f(x).sum().backward()
        assert x.grad.shape == (0, 2, 2)

    def test_products_over_nothing(self):
        x, w = leaf(np.zeros((5, 2, 0))), leaf(np.zeros((0, 4)))
        (x @ w).sum().backward()
        assert x.grad.shape == (5, 2, 0) and w.grad.shape == (0, 4)


class TestRefusals:
    def test_what_is_not_determined_is_not_given(self):
        with pytest.raises(
            ValueError, match=r"svd of a Tensor .* gives 3 vectors.*\n.*\n.*full_matrices=False"
        ):
            la.svd(leaf(TALL))
        with pytest.raises(
            ValueError, match="qr of a Tensor takes mode='reduced'.*not mode='complete'"
        ):
            la.qr(leaf(TALL), mode="complete")

    def test_orders_and_axes(self):
        x = leaf(TALL)
        with pytest.raises(
            ValueError, match=r"Invalid norm order 3 for matrices.*\n.*\n.*vector_norm"
        ):
            la.norm(x, 3, axis=(0, 1))
        with pytest.raises(ValueError, match="Invalid norm order 'fro' for vectors"):
            la.norm(x, "fro", axis=0)
        with pytest.raises(
            ValueError, match=r"Improper number of dimensions to norm: 3.*\n.*\n.*axis="
        ):
            la.norm(x, 2)
        with pytest.raises(ValueError, match="two axes of a matrix are different"):
            la.norm(x, "fro", axis=(1, -2))
        with pytest.raises(np.exceptions.AxisError, match=r"no axis 5 in shape \(2, 4, 3\)"):
            la.norm(x, axis=5)
        with pytest.raises(ValueError, match="a matrix has two axes"):
            la.matrix_norm(leaf(W))

    def test_shapes(self):
        with pytest.raises(
            la.LinAlgError, match=r"matrix_power is of square matrices.*\(2, 4, 3\)"
        ):
            la.matrix_power(leaf(TALL), 2)
        with pytest.raises(ValueError, match="a product needs two arrays, not 1"):
            la.multi_dot([leaf(A[0])])
        with pytest.raises(TypeError, match=r"pinv of a Tensor does not take hermitian="):
            la.pinv(leaf(A), hermitian=True)

    def test_what_has_no_derivative_is_plain(self):
        assert la.matrix_rank(leaf(A)).tolist() == [3, 3]
        x, residuals, rank, s = la.lstsq(leaf(TALL[0]), W[[0, 1, 2, 0]], rcond=None)
        assert isinstance(x, Tensor) and isinstance(residuals, Tensor) and residuals.shape == (1,)
        assert rank == 3 and type(s) is np.ndarray
        assert type(la.slogdet(leaf(A)).sign) is np.ndarray


@pytest.mark.parametrize(
    "f",
    [
        lambda a: np.real(la.eigvals(a)) ** 2, lambda a: np.real(la.eig(a)[0]) ** 2,
        lambda a: np.abs(la.eig(a)[1]) ** 3, lambda a: np.real(np.roots(a[0])) ** 2,
    ],
    ids=["eigvals", "eig", "eig vectors", "roots"],
)  # fmt: skip
def test_real_eigenvalues_that_numpy_gives_as_complex_numbers(monkeypatch, f):
    """NumPy does so since 2.5."""
    a = np.array([[2.0, 1.0, -3.0], [0.5, 3.0, 0.2], [0.1, -0.3, -1.0]])
    expected = gradients_and_changes(f, a)
    eig, eigvals = la.eig, la.eigvals
    as_complex = lambda x: np.asarray(x, complex)
    monkeypatch.setattr(
        "tinygrad_edu.ops.decompositions.np.linalg.eig",
        lambda a: tuple(map(as_complex, eig(a))) if isinstance(a, np.ndarray) else eig(a),
    )
    monkeypatch.setattr(
        "tinygrad_edu.ops.decompositions.np.linalg.eigvals",
        lambda a: as_complex(eigvals(a)) if isinstance(a, np.ndarray) else eigvals(a),
    )
    assert la.eigvals(a).dtype == complex
    for one, other in zip(gradients_and_changes(f, a), expected, strict=True):
        assert np.allclose(one, other, rtol=1e-9, atol=1e-10)


def gradients_and_changes(f, a):
    u = np.random.default_rng(0).normal(size=a.shape)
    loss = lambda x: f(x).sum()
    return grad(loss)(a), jvp(loss, (a,), (u,))[1], hvp(loss, (a,), (u,))


@pytest.mark.parametrize(
    "f",
    [
        lambda a: np.abs(la.eigvals(a)), lambda a: np.abs(la.eig(a)[1]) ** 3,
        lambda a: np.abs(np.roots(a[0])), lambda a: np.abs(expm(a * 1j)),
        lambda a: np.abs(la.inv(a + 1j * np.eye(3))), lambda a: np.abs(la.det(a + 1j * np.eye(3))),
        lambda a: np.abs(np.prod(a + 1j)), lambda a: np.abs(np.cumprod(a + 1j)),
        lambda a: np.std(a * 1j + a * a), lambda a: np.var(a * 1j + a * a),
        lambda a: np.abs(np.arctan(a + 2j) * np.arcsinh(a + 1j)),
    ],
)  # fmt: skip
def test_forward_mode_goes_through_complex_numbers(f):
    a = np.array([[1.0, -2.0, 3.0], [1.5, 0.8, 0.1], [0.2, 0.1, 3.0]])
    u = np.random.default_rng(1).normal(size=a.shape)
    loss = lambda x: f(x).sum()
    change = jvp(loss, (a,), (u,))[1]
    assert np.isclose(change, np.vdot(grad(loss)(a), u), rtol=1e-10)
    assert np.isclose(change, (loss(a + 1e-6 * u) - loss(a - 1e-6 * u)) / 2e-6, rtol=1e-6)


@pytest.mark.parametrize("shape", [(2, 0), (0, 0), (0, 3), (2, 0, 0)])
def test_qr_of_no_columns_has_an_empty_derivative(shape):
    a = leaf(np.zeros(shape))
    q, r = la.qr(a)
    (q.sum() + r.sum()).backward()
    assert a.grad.shape == shape


@pytest.mark.parametrize(
    ("shape", "axes", "of_b"),
    [
        ((2, 6, 3), (0,), (6,)),
        ((6, 2, 3), (1,), (6,)),
        ((2, 6, 3), (0, 2), (6,)),
        ((2, 6, 3), (2, 0), (6,)),
    ],
)
def test_tensorsolve_moves_axes_to_the_end(shape, axes, of_b):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=shape), rng.normal(size=of_b)
    solve = lambda a, b: la.tensorsolve(a, b, axes=axes)
    assert np.allclose(solve(leaf(a), leaf(b)).data, solve(a, b))
    assert gradcheck(solve, a, b)
