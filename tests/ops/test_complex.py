"""Every row either refuses complex numbers, or has the right derivative in both directions."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, grad, hvp, jacobian, ops, vmap
from tinygrad_edu.gradcheck import gradcheck

CASES = [
    (row, inputs, params)
    for row in ops.rows() if row.cases and row.name != "astype"  # to float: NumPy's own warning
    for inputs, params in row.cases(np.random.default_rng(0))
    if any(isinstance(x, np.ndarray) and x.dtype.kind == "f" and 0 < x.size <= 12 for x in inputs)
]  # fmt: skip


def differences(f, x, step=1e-6):
    moves = step * np.eye(x.size).reshape(-1, *x.shape)
    return np.stack([(f(x + d) - f(x - d)) / (2 * step) for d in moves], axis=-1)


@pytest.mark.parametrize(("row", "inputs", "params"), CASES, ids=lambda x: getattr(x, "name", ""))
def test_right_or_refused(row, inputs, params):
    rng = np.random.default_rng(1)
    floats = [i for i, x in enumerate(inputs) if isinstance(x, np.ndarray) and x.dtype.kind == "f"]
    turns = {i: 1 + 1j * rng.uniform(0.2, 0.5, size=inputs[i].shape) for i in floats}
    for i in floats:
        if not inputs[i].size:
            continue

        def f(x, i=i):
            z = [x if j == i else inputs[j] for j in range(len(inputs))]
            y = row(*(z[j] * turns[j] if j in turns else z[j] for j in range(len(z))), **params)
            return 0.7 * np.real(y) + np.imag(y)

        try:
            reverse = jacobian(f, mode="reverse")(inputs[i])
        except (TypeError, ValueError):
            continue
        expected = differences(f, inputs[i]).reshape(reverse.shape)
        assert np.allclose(reverse, expected, rtol=1e-5, atol=1e-6), i
        assert np.allclose(jacobian(f, mode="forward")(inputs[i]), reverse, rtol=1e-8, atol=1e-9), i


@pytest.mark.parametrize(
    "f",
    [
        ops.softplus, ops.softsign, ops.log_sigmoid, ops.erf, ops.erfc, ops.gelu, ops.gelu_tanh, ops.mish,
        lambda z: ops.binary_cross_entropy(z, 0.5), lambda z: np.linalg.lstsq(z[:, None], z)[0],
    ],
)  # fmt: skip
def test_what_is_defined_by_real_numbers_is_refused_by_name(f):
    z = Tensor([1.0, 2.0], requires_grad=True) * 1j
    with pytest.raises(TypeError, match=r"of complex numbers is not in the table[^~]*Try: np.real"):
        f(z)


A, B = np.array([0.5, -1.0, 2.0]), np.array([-3.0, 0.25, 2.5])


def test_float_power_of_complex_numbers_stays_complex():
    y = np.float_power(Tensor(A, requires_grad=True) + 1j * Tensor(B), 3)
    assert y.dtype == complex
    assert np.allclose(y.data, (A + 1j * B) ** 3)
    dx = grad(lambda x: np.sum(np.real(np.float_power(x + 1j * B, 3))))(A)
    assert np.allclose(dx, 3 * (A**2 - B**2))  # Re z³ = a³ - 3 a b²


def test_the_sign_of_a_complex_number_turns_with_it():
    z = A + 1j * B
    y = np.sign(Tensor(A, requires_grad=True) + 1j * Tensor(B))
    assert np.array_equal(y.data, np.sign(z))
    dx, dw = grad(lambda x, w: np.sum(np.real(np.sign(x + 1j * w))), (0, 1))(A, B)
    assert np.allclose(dx, B**2 / np.abs(z) ** 3)  # Re = a / √(a² + b²)
    assert np.allclose(dw, -A * B / np.abs(z) ** 3)
    f = lambda x, w: np.real(np.sign(x + 1j * w)) * np.imag(np.sign(x + 1j * w))
    assert gradcheck(f, A, B, order=2)
    assert grad(lambda x: np.sum(np.real(np.sign(x + 0j))))(np.zeros(2)).tolist() == [0, 0]
    one_by_one = vmap(grad(lambda x, w: np.real(np.sign(x + 1j * w))))
    assert np.allclose(one_by_one(A, B), dx)


@pytest.mark.parametrize("angle", [3.0, -3.0, 40.0])
def test_logsumexp_stays_on_the_principal_branch_of_the_logarithm(angle):
    z = np.array([0.3 + 1j * angle, -0.2 + 1j * angle])
    y = ops.logsumexp(Tensor(z.real, requires_grad=True) + 1j * Tensor(z.imag))
    assert np.allclose(y.data, np.log(np.exp(z).sum()))
    f = lambda x, w: np.real(ops.logsumexp(x + 1j * w)) + np.imag(ops.logsumexp(x + 1j * w))
    assert gradcheck(f, z.real, z.imag, order=2)


def test_second_derivatives_of_sizes_at_0():
    zero, one = np.zeros(2), np.array([1.0, 3.0])
    size = lambda x, w: np.abs(x + 1j * w)
    for f in (lambda x, w: np.sum(size(x, w)), lambda x, w: np.max(size(x, w))):
        assert all(not h.any() for h in hvp(f, (zero, zero), (one, one)))
    square = hvp(lambda x, w: np.sum(size(x, w) ** 2), (zero, zero), (one, 2 * one))
    assert [h.tolist() for h in square] == [[2, 6], [4, 12]]
    p_norm = lambda x, w: np.linalg.norm(x + 1j * w, 3.5)
    beside = np.array([0.0, 2.0])  # (|z|^3.5 + 2^3.5)^(1 / 3.5) is flat at z = 0, to second order
    assert [h[0] for h in hvp(p_norm, (beside, zero), (one, one))] == [0, 0]
