"""Hessians of lengths, spreads and angles of huge and of tiny numbers.

f(c x) = cᵏ f(x) for c > 0 has the Hessian cᵏ⁻² H(x). With a power of 2 for c nothing is rounded, so that the
Hessian at c x has the digits of that at x, of which finite differences are the proof elsewhere.
"""

import numpy as np
import pytest

from tinygrad_edu import grad, hessian, jacobian
from tinygrad_edu.nn.losses import cosine_similarity

norm = np.linalg.norm
V, W = np.array([3.0, -4.0, 1.0]), np.array([1.0, 2.0, 3.0])
M = np.array([[3.0, 4.0, -1.0], [1.0, -2.0, 0.5]])

# name -> f, x, k
HOMOGENEOUS = {
    **{f"norm {p}": (lambda x, p=p: norm(x, p), V, 1) for p in (None, 1, 2, 3, 4, 2.5, -1, np.inf)},
    **{
        f"matrix norm {p}": (lambda x, p=p: norm(x, p), M, 1)
        for p in ("fro", "nuc", 2, -2, 1, -1, np.inf)
    },
    "norms of rows": (lambda x: norm(x, axis=1).sum(), M, 1),
    "norms of columns": (lambda x: norm(x, axis=0, keepdims=True).sum(), M, 1),
    "norm of complex": (lambda x: norm(x + 1j * x[::-1]), V, 1),
    "abs of complex": (lambda x: np.abs(x[0] + 1j * x[1]), V, 1),
    "hypot": (lambda x: np.hypot(np.hypot(x[0], x[1]), x[2]), V, 1),
    "std": (np.std, V, 1),
    "std of rows": (lambda x: np.std(x, axis=1, ddof=1).sum(), M, 1),
    "nanstd": (np.nanstd, V, 1),
    "var": (np.var, V, 2),
    "root mean square": (lambda x: norm(x) / np.sqrt(x.size), V, 1),
    "normalized": (lambda x: (x / norm(x))[0], V, 0),
    "cosine": (lambda x: x @ W / norm(x) / norm(W), V, 0),
    "cosine similarity": (lambda x: cosine_similarity(x[None], W[None]).sum(), V, 0),
}  # fmt: skip


SCALES = [("d", 600), ("d", -500), ("d", 450), ("f", 100), ("f", -100), ("f", 60), ("f", -60)]


def fits(name, power):
    """The Hessian is in the range of the dtype, and cosine_similarity adds no ε to the length."""
    if name == "cosine similarity":
        return power > 0
    return HOMOGENEOUS[name][2] > 0 or power not in (-500, -100)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize(
    ("name", "dtype", "power"),
    [(name, *scale) for name in HOMOGENEOUS for scale in SCALES if fits(name, scale[1])],
)
@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")  # the value of var, and no derivative
def test_hessians_scale_as_their_functions_do(name, mode, dtype, power):
    f, x, k = HOMOGENEOUS[name]
    x = x.astype(dtype)
    limits = np.finfo(dtype)
    right = np.ldexp(hessian(f)(x).astype(float), (k - 2) * power)
    found = jacobian(grad(f), mode=mode)(np.ldexp(x, power))
    allowed = 16 * float(limits.eps) * abs(right).max() + 4 * float(limits.tiny)
    np.testing.assert_allclose(found, right, rtol=0, atol=allowed)


def test_the_hessian_of_the_length_of_huge_numbers():
    right = np.array([[0.64, -0.48], [-0.48, 0.36]]) / 5e180
    np.testing.assert_allclose(hessian(norm)(np.array([3e180, 4e180])), right, rtol=1e-14)
    np.testing.assert_allclose(
        hessian(norm)(np.array([3e-180, 4e-180])), right * 1e180 * 1e180, rtol=1e-14
    )
