"""Every row either refuses complex numbers, or has the right derivative in both directions."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, jacobian, ops

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
        ops.softplus, ops.log_sigmoid, ops.erf, ops.erfc, ops.gelu, ops.gelu_tanh, ops.mish,
        lambda z: ops.binary_cross_entropy(z, 0.5), lambda z: np.linalg.lstsq(z[:, None], z)[0],
    ],
)  # fmt: skip
def test_what_is_defined_by_real_numbers_is_refused_by_name(f):
    z = Tensor([1.0, 2.0], requires_grad=True) * 1j
    with pytest.raises(TypeError, match=r"of complex numbers is not in the table[^~]*Try: np.real"):
        f(z)
