"""Gradients of linear algebra and Fourier transforms against TensorFlow's, in float64.

Vectors of decompositions have arbitrary signs, and each library may choose its own: what is compared
does not depend on them.
"""

import numpy as np
import pytest

from tinygrad_edu import Tensor
from tinygrad_edu.ops import expm, solve_triangular

tf = pytest.importorskip("tensorflow")
RNG = np.random.default_rng(3)


def well(*shape):
    return RNG.normal(size=shape) + 3 * np.eye(*shape[-2:])


def definite(*shape):
    x = RNG.normal(size=shape)
    return x @ np.swapaxes(x, -1, -2) + np.eye(shape[-1])


def mT(x):
    return np.swapaxes(x, -1, -2) if isinstance(x, Tensor) else tf.linalg.matrix_transpose(x)


C = RNG.normal(size=(2, 3, 3))
V = RNG.normal(size=(2, 4, 3))
W = np.arange(1.0, 4.0)
la, fft = np.linalg, np.fft
cplx = lambda x: tf.cast(x, tf.complex128)

# name: (with NumPy, with TensorFlow, inputs); the results may have any shape
TABLE = {
    "matmul": (lambda a, b: a @ b, tf.linalg.matmul, (well(2, 3, 4), well(4, 2))),
    "inv": (la.inv, tf.linalg.inv, (well(2, 3, 3),)),
    "pinv tall": (la.pinv, tf.linalg.pinv, (well(2, 4, 3),)),
    "pinv wide": (la.pinv, tf.linalg.pinv, (well(2, 3, 4),)),
    "solve": (la.solve, tf.linalg.solve, (well(2, 3, 3), RNG.normal(size=(2, 3, 2)))),
    "solve lower": (
        solve_triangular, tf.linalg.triangular_solve, (well(2, 3, 3), RNG.normal(size=(2, 3, 2)))
    ),
    "solve upper": (
        lambda a, b: solve_triangular(a, b, lower=False),
        lambda a, b: tf.linalg.triangular_solve(a, b, lower=False),
        (well(2, 3, 3), RNG.normal(size=(2, 3, 2))),
    ),
    "lstsq tall": (
        lambda a, b: la.lstsq(a, b, rcond=None)[0], lambda a, b: tf.linalg.lstsq(a, b),
        (well(5, 3), RNG.normal(size=(5, 2))),
    ),
    "lstsq wide": (
        lambda a, b: la.lstsq(a, b, rcond=None)[0], lambda a, b: tf.linalg.lstsq(a, b),
        (well(3, 5), RNG.normal(size=(3, 2))),
    ),
    "det": (la.det, tf.linalg.det, (well(2, 3, 3),)),
    "slogdet": (lambda a: la.slogdet(a).logabsdet, lambda a: tf.linalg.slogdet(a)[1], (well(2, 3, 3),)),
    "expm": (expm, tf.linalg.expm, (3 * RNG.normal(size=(2, 3, 3)),)),
    "matrix_power": (lambda a: la.matrix_power(a, 5), lambda a: a @ a @ a @ a @ a, (well(2, 3, 3),)),
    "multi_dot": (
        lambda a, b, c: la.multi_dot([a, b, c]), lambda a, b, c: a @ b @ c,
        (well(2, 5), well(5, 3), well(3, 4)),
    ),
    "cholesky": (  # TensorFlow spreads the derivative of the triangle over both
        lambda a: la.cholesky(a + mT(a)), lambda a: tf.linalg.cholesky(a + mT(a)), (definite(2, 3, 3),)
    ),
    "cholesky upper": (
        lambda a: la.cholesky(a + mT(a), upper=True), lambda a: mT(tf.linalg.cholesky(a + mT(a))),
        (definite(2, 3, 3),),
    ),
    "qr tall": (
        lambda a: (la.qr(a)[0] * W) @ mT(la.qr(a)[0]) + la.qr(a)[1][..., :1, :1] ** 2,
        lambda a: (tf.linalg.qr(a)[0] * W) @ mT(tf.linalg.qr(a)[0]) + tf.linalg.qr(a)[1][..., :1, :1] ** 2,
        (well(2, 4, 3),),
    ),
    "qr wide": (
        lambda a: mT(la.qr(a)[1]) @ (W[:, None] * la.qr(a)[1]),
        lambda a: mT(tf.linalg.qr(a)[1]) @ (W[:, None] * tf.linalg.qr(a)[1]),
        (well(2, 3, 4),),
    ),
    "eigvalsh": (la.eigvalsh, tf.linalg.eigvalsh, (definite(2, 3, 3),)),
    "eigh": (
        lambda a: C @ (la.eigh(a)[1] * W) @ mT(la.eigh(a)[1]) + la.eigh(a)[0][..., None],
        lambda a: C @ (tf.linalg.eigh(a)[1] * W) @ mT(tf.linalg.eigh(a)[1])
        + tf.linalg.eigh(a)[0][..., None],
        (definite(2, 3, 3),),
    ),
    "eigvals": (
        lambda a: np.abs(la.eigvals(a)).sum(axis=-1),
        lambda a: tf.reduce_sum(tf.abs(tf.linalg.eigvals(a)), -1),
        (RNG.normal(size=(2, 3, 3)),),
    ),
    "svdvals": (la.svdvals, lambda a: tf.linalg.svd(a, compute_uv=False), (well(2, 4, 3),)),
    "svd square": (
        lambda a: (la.svd(a)[0] * W) @ la.svd(a)[2],
        lambda a: (tf.linalg.svd(a)[1] * W) @ mT(tf.linalg.svd(a)[2]),
        (well(2, 3, 3),),
    ),
    "svd tall": (
        lambda a: (la.svd(a, full_matrices=False).U * W) @ la.svd(a, full_matrices=False).Vh,
        lambda a: (tf.linalg.svd(a)[1] * W) @ mT(tf.linalg.svd(a)[2]),
        (well(2, 4, 3),),
    ),
    "svd wide": (
        lambda a: (la.svd(a, full_matrices=False).U * W) @ la.svd(a, full_matrices=False).Vh,
        lambda a: (tf.linalg.svd(a)[1] * W) @ mT(tf.linalg.svd(a)[2]),
        (well(2, 3, 4),),
    ),
    **{
        f"norm {order}": (
            lambda x, order=order: la.norm(x, order, axis=-1),
            lambda x, order=order: tf.norm(x, order, axis=-1), (V,),
        )
        for order in (1, 2, 3, 1.5, np.inf)
    },
    **{
        f"matrix norm {order}": (
            lambda x, order=order: la.norm(x, order, axis=(-2, -1)),
            lambda x, order=order: tf.norm(x, order, axis=(-2, -1)), (V,),
        )
        for order in ("fro", 1, 2, np.inf)
    },
    "nuclear norm": (
        lambda x: la.matrix_norm(x, ord="nuc"),
        lambda x: tf.reduce_sum(tf.linalg.svd(x, compute_uv=False), -1), (V,),
    ),
    "fft": (
        lambda x: np.abs(fft.fft(x)) ** 2 + np.real(fft.fft(x)),
        lambda x: tf.abs(tf.signal.fft(cplx(x))) ** 2 + tf.math.real(tf.signal.fft(cplx(x))), (V,),
    ),
    "ifft": (
        lambda x: np.imag(fft.ifft(x * (1 + 2j))),
        lambda x: tf.math.imag(tf.signal.ifft(cplx(x) * (1 + 2j))), (V,),
    ),
    "fft2": (
        lambda x: np.angle(fft.fft2(x)), lambda x: tf.math.angle(tf.signal.fft2d(cplx(x))), (V,)
    ),
    "fftn": (
        lambda x: np.abs(fft.fftn(x)), lambda x: tf.abs(tf.signal.fft3d(cplx(x))), (V,)
    ),
    "rfft": (
        lambda x: np.abs(fft.rfft(x, 6)) ** 3, lambda x: tf.abs(tf.signal.rfft(x, [6])) ** 3, (V,)
    ),
    "irfft": (
        lambda x: fft.irfft(x + 1j * x[:, ::-1], 5),
        lambda x: tf.signal.irfft(tf.complex(x, x[:, ::-1]), [5]), (V,),
    ),
    "rfft2": (
        lambda x: np.abs(fft.rfft2(x)) ** 2, lambda x: tf.abs(tf.signal.rfft2d(x)) ** 2, (V,)
    ),
    "irfft2": (
        lambda x: fft.irfft2(x * (1 - 3j)), lambda x: tf.signal.irfft2d(cplx(x) * (1 - 3j)), (V,)
    ),
    "fftshift": (lambda x: fft.fftshift(x, 1), lambda x: tf.signal.fftshift(x, 1), (V,)),
}  # fmt: skip


@pytest.mark.parametrize("entry", TABLE)
def test_values_and_gradients_are_those_of_tensorflow(entry):
    ours, theirs, inputs = TABLE[entry]
    ts = [Tensor(x, requires_grad=True) for x in inputs]
    vs = [tf.Variable(x) for x in inputs]
    y = ours(*ts)
    u = np.random.default_rng(1).normal(size=y.shape)
    y.backward(u)
    with tf.GradientTape() as tape:
        z = theirs(*vs)
        loss = tf.reduce_sum(z * u)
    assert np.allclose(y.data, z.numpy(), rtol=1e-10, atol=1e-10)
    for t, expected in zip(ts, tape.gradient(loss, vs), strict=True):
        assert np.allclose(t.grad, expected.numpy(), rtol=1e-10, atol=1e-10)
