"""Second derivatives at the edges: of huge and tiny numbers, and of probabilities that round to 1."""

import numpy as np
import pytest

from tinygrad_edu import grad, hessian, jacobian, nn, ops
from tinygrad_edu.nn.losses import cosine_similarity

mp = pytest.importorskip("mpmath").mp.clone()
mp.dps = 400

# ------------------------------------------------------------------------- lengths, spreads and angles
#
# f(c x) = cᵏ f(x) for c > 0 has the Hessian cᵏ⁻² H(x). A power of 2 for c rounds nothing, so that the
# Hessian at c x has the digits of that at x, which other tests compare with finite differences.

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


# -------------------------------------------------------------------------- probabilities that round to 1

ONE = np.array([0])
LOGITS = [
    np.array([40.0, 0.0]),
    np.array([0.0, 40.0, -3.0]),
    np.array([700.0, 0.0]),
    np.array([-30.0, 1.0, 2.0]),
    np.array([0.3, 2.9]),
    np.array([1.0, 1e-3, 37.0]),
]

# All of these have the Hessian diag(p) - p pᵀ, p = softmax(x).
LOG_SUMS = {
    "logsumexp": ops.logsumexp,
    "logsumexp over two axes": lambda x: ops.logsumexp(x[None], axis=(0, 1)),
    "logaddexp": np.logaddexp.reduce,
    "log_softmax": lambda x: -ops.log_softmax(x)[0],
    "log_softmax of the last": lambda x: -ops.log_softmax(x)[-1],
    "cross_entropy": lambda x: ops.cross_entropy(x[None], ONE),
    "cross_entropy of class 1": lambda x: ops.cross_entropy(x[None], ONE + 1),
    "smoothed": lambda x: nn.cross_entropy(x[None], ONE, label_smoothing=0.1),
    "weighted": lambda x: nn.cross_entropy(x[None], ONE, class_weights=np.ones(len(x))),
}
OF_TWO = {
    "logaddexp": lambda x: np.logaddexp(x[0], x[1]),
    "softplus": lambda x: ops.softplus(x[0] - x[1]),
    "log_sigmoid": lambda x: -ops.log_sigmoid(x[0] - x[1]),
    "binary_cross_entropy": lambda x: ops.binary_cross_entropy(x[0] - x[1], 0.3),
}


def probabilities(x):
    terms = [mp.exp(mp.mpf(float(v))) for v in x]
    return [t / sum(terms) for t in terms]


def covariance(x):
    """diag(p) - p pᵀ"""
    p = probabilities(x)
    rows = range(len(p))
    return [[p[i] * ((i == j) - p[j]) for j in rows] for i in rows]


def of_one_probability(x, k):
    """The Hessian of softmax(x)_k."""
    p, c = probabilities(x), covariance(x)
    rows = range(len(p))
    return [[c[k][j] * ((i == k) - p[i]) - p[k] * c[i][j] for j in rows] for i in rows]


def assert_digits(found, right, rtol=2e-14):
    np.testing.assert_allclose(found, np.array(right, float), rtol=rtol, atol=1e-310)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize("x", LOGITS, ids=str)
class TestSureProbabilities:
    def test_hessians_of_logarithms(self, x, mode):
        for f in [*LOG_SUMS.values(), *(OF_TWO.values() if len(x) == 2 else ())]:
            assert_digits(jacobian(grad(f), mode=mode)(x), covariance(x))

    def test_softmax(self, x, mode):
        assert_digits(jacobian(ops.softmax, mode=mode)(x), covariance(x))
        for k in range(len(x)):
            found = jacobian(grad(lambda x, k=k: ops.softmax(x)[k]), mode=mode)(x)
            assert_digits(found, of_one_probability(x, k), rtol=1e-13)

    def test_log_softmax(self, x, mode):
        p = probabilities(x)
        right = [[(i == j) - p[j] for j in range(len(p))] for i in range(len(p))]
        assert_digits(jacobian(ops.log_softmax, mode=mode)(x), right)


def test_the_hessian_of_logsumexp_where_one_number_outweighs_the_other():
    assert hessian(ops.logsumexp)(np.array([40.0, 0.0]))[0, 0] == pytest.approx(
        np.exp(-40), rel=1e-14
    )


# ------------------------------------------------------------------------------ squares of lengths at 0

SQUARES = {
    "abs": lambda x: np.abs(x[0] + 1j * x[1]) ** 2,
    "square of abs": lambda x: np.square(np.abs(x[0] + 1j * x[1])),
    "times itself": lambda x: (lambda y: y * y)(np.abs(x[0] + 1j * x[1])),
    "sum of abs": lambda x: np.sum(np.abs(x[:1] + 1j * x[1:]) ** 2),
    "norm": lambda x: norm(x) ** 2,
    "norm of complex": lambda x: norm(x[:1] + 1j * x[1:]) ** 2,
    "hypot": lambda x: np.hypot(x[0], x[1]) ** 2,
}


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize("name", SQUARES)
def test_squares_of_lengths_have_their_hessian_at_0(name, mode):
    found = jacobian(grad(SQUARES[name]), mode=mode)(np.zeros(2))
    np.testing.assert_array_equal(found, 2 * np.eye(2))


def test_the_absolute_value_of_complex_numbers_has_slope_and_curvature_0_at_0():
    f = lambda x: np.abs(x[0] + 1j * x[1])
    assert grad(f)(np.zeros(2)).tolist() == [0, 0]
    assert hessian(f)(np.zeros(2)).tolist() == [[0, 0], [0, 0]]
