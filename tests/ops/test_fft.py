"""Fourier transforms, and the complex numbers between a real signal and a real loss."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, grad, jacobian, jvp
from tinygrad_edu.gradcheck import gradcheck
from tinygrad_edu.tensor import Op

RNG = np.random.default_rng(0)
A, B = RNG.normal(size=(3, 4)), RNG.normal(size=(3, 4))
TRANSFORMS = [
    (f, params)
    for f in (np.fft.fft, np.fft.ifft, np.fft.irfft, np.fft.hfft)
    for params in ({}, {"n": 3}, {"n": 6, "axis": 0}, {"norm": "ortho"}, {"n": 5, "norm": "forward"})
] + [
    (f, params)
    for f in (np.fft.fftn, np.fft.ifftn, np.fft.fft2, np.fft.ifft2, np.fft.irfftn, np.fft.irfft2)
    for params in (
        {}, {"s": (2, 5), "axes": (0, 1)}, {"s": (4, 3), "axes": (1, 0), "norm": "ortho"},
        {"norm": "forward"}, {"s": (-1, 3), "axes": (0, 1)}, {"axes": (0,)},
    )
]  # fmt: skip
OF_REAL = [
    (f, params) for f in (np.fft.rfft, np.fft.ihfft)
    for params in ({}, {"n": 3}, {"n": 7, "axis": 0}, {"norm": "ortho"}, {"norm": "forward"})
] + [
    (f, params) for f in (np.fft.rfftn, np.fft.rfft2)
    for params in ({}, {"s": (2, 5), "axes": (0, 1)}, {"axes": (1, 0), "norm": "forward"})
]  # fmt: skip


def name(x):
    return x.__name__ if callable(x) else str(x)


@pytest.mark.parametrize(("f", "params"), TRANSFORMS, ids=name)
def test_transforms_of_complex_signals(f, params):
    """Values are NumPy's; derivatives through real and imaginary parts agree with differences."""
    if f in (np.fft.irfftn, np.fft.irfft2) and params.get("axes") == (0,):
        params = {"axes": (0, 1)}
    z = Tensor(A, requires_grad=True) + 1j * Tensor(B)
    assert np.allclose(f(z, **params).data, f(A + 1j * B, **params), rtol=1e-14, atol=1e-14)
    report = gradcheck(lambda a, b: np.abs(f(a + 1j * b, **params)) ** 3, A, B)
    assert report, report
    report = gradcheck(lambda a, b: f(a + 1j * b, **params), A, B)
    assert report, report


@pytest.mark.parametrize(("f", "params"), OF_REAL, ids=name)
def test_transforms_of_real_signals(f, params):
    x = Tensor(A, requires_grad=True)
    assert np.allclose(f(x, **params).data, f(A, **params), rtol=1e-14, atol=1e-14)
    report = gradcheck(lambda a: np.abs(f(a, **params)) ** 2 * f(a, **params), A)
    assert report, report


def test_there_and_back_is_the_identity_with_the_identity_as_derivative():
    for f in (
        lambda x: np.real(np.fft.ifft(np.fft.fft(x))),
        lambda x: np.fft.irfft(np.fft.rfft(x), 5),
        lambda x: np.real(np.fft.ifftn(np.fft.fftn(x))),
        lambda x: np.fft.hfft(np.fft.ihfft(x), 5),
        lambda x: np.fft.ifftshift(np.fft.fftshift(x)),
    ):
        assert np.allclose(jacobian(f)(A[0].repeat(2)[:5]), np.eye(5), atol=1e-14)


@pytest.mark.parametrize("norm", [None, "ortho", "forward"])
def test_the_gradient_of_energy_by_parseval(norm):
    """Σ |X_k|² = c Σ x_j², so its gradient is 2 c x: c = n, 1 or 1/n."""
    c = {None: 4, "ortho": 1, "forward": 1 / 4}[norm]
    energy = lambda x: np.sum(np.abs(np.fft.fft(x, norm=norm)) ** 2)
    assert np.allclose(grad(energy)(A), 2 * c * A, rtol=1e-13)


def test_a_low_pass_filter_is_a_symmetric_matrix():
    """Cutting frequencies and its way back are the same, as the filter is a projection."""
    keep = np.arange(5) < 2
    smooth = lambda x: np.fft.irfft(np.fft.rfft(x) * keep, 8)
    j = jacobian(smooth)(RNG.normal(size=8))
    assert np.allclose(j, j.T, atol=1e-15) and np.allclose(j @ j, j, atol=1e-15)


def test_unknown_keywords_are_refused():
    x = Tensor(A, requires_grad=True)
    with pytest.raises(TypeError, match=r"fft of a Tensor does not take out="):
        np.fft.fft(x, out=np.zeros((3, 4), complex))
    with pytest.raises(ValueError, match="different lengths"):
        np.fft.rfftn(x, s=(2,), axes=(0, 1))


class TestComplex:
    @pytest.mark.parametrize(
        "f",
        [
            lambda z: np.real(z), lambda z: np.imag(z), lambda z: np.conj(z), lambda z: np.conjugate(z) * z,
            lambda z: np.abs(z), lambda z: abs(z) ** 2, lambda z: np.angle(z),
            lambda z: np.angle(z, deg=True) / 50,
            lambda z: z * z, lambda z: z / (z + 3), lambda z: 1 / z, lambda z: z - 2j, lambda z: -z * 1j,
            lambda z: np.exp(z), lambda z: np.log(z), lambda z: np.sin(z), lambda z: np.sqrt(z),
            lambda z: np.arctan(z / 3), lambda z: np.arcsinh(z / 3), lambda z: np.tanh(z),
            lambda z: np.arcsin(z / 3),
            lambda z: z**3,
            lambda z: z.sum(axis=0), lambda z: z.mean(), lambda z: z[1:, [0, 0, 2]],
            lambda z: z.T.reshape(2, 6),
            lambda z: z @ z.T, lambda z: z @ np.conj(z).T, lambda z: np.stack([z, np.conj(z)]),
            lambda z: np.where(np.real(z.data) > 0, z, np.conj(z)),
            lambda z: np.linalg.norm(z, axis=1), lambda z: np.linalg.norm(z, 1),
            lambda z: np.linalg.norm(z, 3, axis=0), lambda z: np.linalg.det(z[:, 1:]),
            lambda z: np.linalg.inv(z[:, :3]), lambda z: np.linalg.solve(z[:, :3], z),
            lambda z: np.vecdot(z, z * z), lambda z: np.vecdot(z * z, z), lambda z: np.vdot(z, z * z),
            *((lambda z: np.matvec(z, z[0] * z[1]), lambda z: np.vecmat(z[:, 0], z * z),
               lambda z: np.vecmat(z[:, 0] * z[:, 1], z)) if hasattr(np, "matvec") else ()),
        ],
    )  # fmt: skip
    def test_derivatives_agree_with_differences(self, f):
        report = gradcheck(lambda a, b: f(a + 1j * b), A, B, tolerance=1e-7)
        assert report, report
        parts = lambda a: np.real(f(a + 1j * B)) * 0.7 + np.imag(f(a + 1j * B))
        assert np.allclose(jacobian(parts, mode="forward")(A), jacobian(parts, mode="reverse")(A))

    def test_eigenvalues_and_roots_on_the_way(self):
        turning = np.array([[0.0, -2.0], [1.0, 0.5]])
        for f, x in (
            (lambda a: np.abs(np.linalg.eigvals(a)), turning),
            (lambda a: np.abs(np.linalg.eig(a)[1]), turning),
            (lambda p: np.real(np.roots(p)), np.array([1.0, 2.0, 5.0])),
            (lambda a: np.poly(a), turning),
        ):
            assert f(Tensor(x)).dtype == f(x).dtype
            assert gradcheck(f, x)
            forward, reverse = (jacobian(f, mode=mode)(x) for mode in ("forward", "reverse"))
            assert np.allclose(forward, reverse, rtol=1e-12, atol=1e-12)

    def test_the_convention(self):
        """g = ∂L/∂a - i ∂L/∂b: what the walk carries for z of L = Re(c z) is c itself."""
        seen = []
        spy = Op(lambda z: z * 1, lambda g, y, z: seen.append(g) or g)
        a, b = Tensor(2.0, requires_grad=True), Tensor(3.0, requires_grad=True)
        np.real(spy(a + 1j * b) * (5 + 7j)).backward()
        assert seen == [5 + 7j] and (a.grad, b.grad) == (5.0, -7.0)

    def test_a_real_tensor_gets_a_real_gradient(self):
        x = Tensor(A.astype(np.float32), requires_grad=True)
        y = np.fft.fft(x)
        assert y.dtype == np.complex64
        np.abs(y * (1 + 2j)).sum().backward()
        assert x.grad.dtype == np.float32

    def test_absolute_value_and_angle_have_derivative_0_at_0(self):
        for f in (np.abs, np.angle, lambda z: np.linalg.norm(z)):
            x = Tensor([0.0], requires_grad=True)
            f(x + 1j * x).sum().backward()
            assert x.grad.tolist() == [0.0]

    def test_forward_mode(self):
        f = lambda x: np.abs(np.fft.fft(x)) ** 2
        h, v = 1e-6, B[0]
        slope = (f(A[0] + h * v) - f(A[0] - h * v)) / (2 * h)
        assert np.allclose(jvp(f, (A[0],), (v,))[1], slope, rtol=1e-7)

    def test_complex_leaves_and_complex_losses_are_refused(self):
        with pytest.raises(TypeError, match="only floating point numbers change smoothly"):
            Tensor([1j], requires_grad=True)
        x = Tensor(1.0, requires_grad=True)
        with pytest.raises(
            TypeError, match=r"backward\(\) starts from real numbers.*\n.*\n.*np.abs"
        ):
            (x * 1j).backward()
        with pytest.raises(TypeError, match="grad takes a function of real numbers"):
            grad(lambda x: x * 1j)(1.0)
        with pytest.raises(TypeError, match="jacobian takes a function of real numbers"):
            jacobian(np.fft.fft)(A[0])

    @pytest.mark.parametrize(
        "f",
        [
            "cholesky",
            "eigh",
            "eigvalsh",
            "eig",
            "eigvals",
            "qr",
            "svd",
            "svdvals",
            "pinv",
            "slogdet",
        ],
    )
    def test_decompositions_of_complex_matrices_are_refused(self, f):
        z = Tensor(np.eye(2), requires_grad=True) * 1j
        with pytest.raises(TypeError, match=f"{f}.* of complex numbers is not in the table"):
            getattr(np.linalg, f)(z)
