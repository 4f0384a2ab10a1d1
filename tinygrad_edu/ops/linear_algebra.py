"""Products of matrices, their inverses, determinants and exponential. Leading axes are a stack.

All rules are found in the same way (M. Giles, "Collected matrix derivative results", 2008): write down how
the result changes, dy = ..., and read dL/da off dL = Σ g dy = tr(gᵀ dy). A trace may be rotated, so the
derivative of a product with a is a product with aᵀ.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.diagnostics.words import refusal, user_line
from tinygrad_edu.ops.cases import each, real
from tinygrad_edu.ops.complex import demand_real
from tinygrad_edu.ops.formulas import documented
from tinygrad_edu.ops.joining import concatenate
from tinygrad_edu.tensor import PLAIN, ROWS, op, value

# ---------------------------------------------------------------------------------------- products


def mT(x: Any) -> Any:
    """The transpose of every matrix in a stack of them."""
    return x.T if x.ndim == 2 else np.swapaxes(x, -1, -2)


def _matmul(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """np.matmul, which computes a stack of x times one matrix w as one product, not as many small ones."""
    if getattr(x, "ndim", 0) < 3 or np.ndim(w) != 2:
        return np.matmul(x, w)
    rows = np.reshape(x, (math.prod(x.shape[:-1]), x.shape[-1]))
    return np.matmul(rows, w).reshape(*x.shape[:-1], w.shape[1])


def _matmul_dx(g: Any, y: Any, x: Any, w: Any) -> Any:
    """g wᵀ; a vector stands for a matrix of one row (x) or of one column (w)"""
    if w.ndim == 1:
        return g[..., None] * w
    if x.ndim == 1:
        return matmul(w, g[..., None])[..., 0] if w.ndim > 2 else matmul(w, g)
    return g @ w.T if g.ndim == w.ndim == 2 else matmul(g, mT(w))


def _matmul_dw(g: Any, y: Any, x: Any, w: Any) -> Any:
    """xᵀ g; all the leading axes of x are samples to a matrix w that they share"""
    if x.ndim == 1 and w.ndim == 1:
        return g * x
    if x.ndim == 1:
        return x[:, None] * g[..., None, :]
    if w.ndim == 1:
        return matmul(np.reshape(g, (g.size,)), np.reshape(x, (g.size, w.shape[0])))
    if w.ndim == 2 and x.ndim > 2:
        samples = math.prod(x.shape[:-1])
        x, g = np.reshape(x, (samples, x.shape[-1])), np.reshape(g, (samples, g.shape[-1]))
    return (x.T if x.ndim == 2 else mT(x)) @ g


def _matmul_hint(x: tuple, w: tuple) -> str:
    if not x or not w:
        return "x * w for a product with a single number"
    inner = w[-2] if len(w) > 1 else w[0]
    if x[-1] == inner:
        return f"leading axes that broadcast; here {x[:-2]} and {w[:-2]}"
    hint = f"the last axis of x ({x[-1]}) and the {'second to last' if len(w) > 1 else 'only'} axis"
    hint += f" of w ({inner}) must be equal"
    if len(w) > 1 and x[-1] == w[-1]:
        return hint + "; x @ w.T fits"
    if len(x) > 1 and x[-2] == inner:
        return hint + "; x.T @ w fits"
    return hint


matmul = op(
    _matmul, _matmul_dx, _matmul_dw,
    name="matmul", formula="x w", linear=True, hint=_matmul_hint,
    multiply_adds=lambda y, x, w: math.prod(y) * x[-1],
    cases=each(
        real,
        ((2, 3), (3, 4), {}), ((3,), (3,), {}), ((3,), (3, 4), {}), ((2, 3), (3,), {}),
        ((5, 2, 3), (3, 4), {}), ((5, 2, 3), (5, 3, 4), {}), ((2, 3), (5, 3, 4), {}),
        ((5, 1, 2, 3), (4, 3, 2), {}), ((3,), (5, 3, 4), {}), ((5, 2, 3), (3,), {}),
    ),
)  # fmt: skip


ROWS[np.matmul] = ROWS[np.linalg.matmul] = matmul


def multi_dot(arrays: Sequence) -> Any:
    """np.linalg.multi_dot: a b c ... in the order with the fewest multiplications; the ends may be vectors.

    The order is found by dynamic programming (Cormen et al., "Introduction to Algorithms", 15.2).
    """
    if len(arrays) < 2:
        raise refusal(ValueError, f"multi_dot: a product needs two arrays, not {len(arrays)}.")
    first, *_, last = arrays
    rows = [1 if np.ndim(first) == 1 else np.shape(first)[0]]
    sizes = rows + [np.shape(x)[0] for x in arrays[1:]]
    sizes.append(1 if np.ndim(last) == 1 else np.shape(last)[1])
    best: dict[tuple[int, int], tuple[int, int]] = {(i, i): (0, i) for i in range(len(arrays))}
    for length in range(1, len(arrays)):
        for i in range(len(arrays) - length):
            j = i + length
            best[i, j] = min(
                (best[i, k][0] + best[k + 1, j][0] + sizes[i] * sizes[k + 1] * sizes[j + 1], k)
                for k in range(i, j)
            )

    def product(i: int, j: int) -> Any:
        k = best[i, j][1]
        return arrays[i] if i == j else matmul(product(i, k), product(k + 1, j))

    return product(0, len(arrays) - 1)


def matrix_power(a: Any, n: int) -> Any:
    """np.linalg.matrix_power: aⁿ by repeated squaring; a power of a⁻¹ if n < 0."""
    _demand_square(a, "matrix_power")
    if n == 0:
        return a * 0 + np.eye(a.shape[-1], dtype=a.dtype)
    if n < 0:
        a, n = np.linalg.inv(a), -n
    y = None
    while True:
        n, odd = divmod(n, 2)
        if odd:
            y = a if y is None else matmul(y, a)
        if not n:
            return y
        a = matmul(a, a)


def _demand_square(a: Any, called: str) -> None:
    if np.ndim(a) < 2 or a.shape[-1] != a.shape[-2]:
        raise refusal(
            np.linalg.LinAlgError,
            f"{called} is of square matrices (..., n, n), not of shape {np.shape(a)}.",
        )


ROWS[np.linalg.multi_dot] = multi_dot
ROWS[np.linalg.matrix_power] = matrix_power

# --------------------------------------------------------------------- what has no derivative says so


def undefined(operation: str, why: str) -> None:
    """Warns that a derivative is nan because mathematics has none."""
    warnings.warn(
        f"{operation}: {why}, where it has no derivative: nan.{user_line()}",
        RuntimeWarning,
        stacklevel=2,
    )


def nan_where(bad: np.ndarray, a: Any, operation: str, why: str) -> Any:
    """a, but nan in the bad matrices of the stack, with a warning if there is one."""
    if not bad.any():
        return a
    undefined(operation, why)
    return a * np.where(bad, np.nan, 1.0)[..., None, None].astype(a.dtype)


def _singular(a: Any) -> np.ndarray:
    """Is the determinant 0 within rounding errors, relative to Hadamard's bound?"""
    a = value(a)
    with np.errstate(all="ignore"):
        bound = np.prod(np.sqrt((abs(a) ** 2).sum(-1)), axis=-1)
        return abs(np.linalg.det(a)) <= a.shape[-1] * np.finfo(a.dtype).eps * bound


# ---------------------------------------------------------------------------- inverses and equations


def _well_conditioned(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.normal(size=shape) + 4 * np.eye(shape[-2], shape[-1])


def matrices(*shapes: tuple, **params: Any) -> Any:
    """Cases with well-conditioned matrices, or stacks of them."""
    return lambda rng: [((_well_conditioned(rng, *shape),), params) for shape in shapes]


def equations(**params: Any) -> Any:
    """Cases a x = b in every form of NumPy 2: b is a vector only if it has one axis."""
    shapes = [((3, 3), (3,)), ((3, 3), (3, 2)), ((2, 3, 3), (2, 3, 2)), ((2, 3, 3), (3,)),
              ((3, 3), (2, 3, 1)), ((2, 1, 2, 2), (3, 2, 1)), ((1, 3, 3), (3, 3))]  # fmt: skip
    return lambda rng: [((_well_conditioned(rng, *a), *real(rng, b)), params) for a, b in shapes]


_INVERT = (
    "np.linalg.pinv(a) or np.linalg.lstsq(a, b), or a + 1e-6 * np.eye(n), if a may be singular"
)


def solve_db(g: Any, y: Any, a: Any, b: Any) -> Any:
    """a⁻ᵀ g, as y changes by a⁻¹ db"""
    if b.ndim == 1:
        return np.linalg.solve(mT(a), g[..., None])[..., 0]
    return np.linalg.solve(mT(a), g)


def outer_product(gb: Any, y: Any, b: Any) -> Any:
    """gb yᵀ, where a vector is one column."""
    return gb[..., None] * y[..., None, :] if b.ndim == 1 else matmul(gb, mT(y))


solve = op(
    np.linalg.solve,
    documented(
        lambda g, y, a, b: -outer_product(solve_db(g, y, a, b), y, b),
        "-(a⁻ᵀ g) yᵀ, as dy = -a⁻¹ da y",
    ),
    solve_db,
    formula="a⁻¹ b", domain="a square, not singular", hint=lambda a, b: _INVERT, cases=equations(),
)  # fmt: skip
inv = op(
    np.linalg.inv, lambda g, y, a: -matmul(matmul(mT(y), g), mT(y)),  # dy = -a⁻¹ da a⁻¹
    formula="a⁻¹", domain="a square, not singular", hint=lambda a: _INVERT,
    cases=matrices((3, 3), (2, 2, 2), (1, 1)),
)  # fmt: skip


def tensorinv(a: Any, ind: int = 2) -> Any:
    """np.linalg.tensorinv: the inverse of the matrix whose rows are the first `ind` axes."""
    n = math.prod(a.shape[:ind])
    if ind <= 0 or a.size != n * n:
        raise refusal(
            np.linalg.LinAlgError,
            f"tensorinv: the first {ind} axes of {a.shape} must hold as many places as the others",
        )
    return np.reshape(inv(np.reshape(a, (n, n))), a.shape[ind:] + a.shape[:ind])


def tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    """np.linalg.tensorsolve: the x with tensordot(a, x, x.ndim) = b, `axes` of a moved to the end."""
    if axes is not None:
        a = np.moveaxis(a, axes, tuple(range(-len(axes), 0)))
    shape, n = np.shape(a)[np.ndim(b) :], math.prod(np.shape(b))
    return np.reshape(solve(np.reshape(a, (n, n)), np.reshape(b, (n,))), shape)


ROWS[np.linalg.tensorinv], ROWS[np.linalg.tensorsolve] = tensorinv, tensorsolve


def _solve_triangular(a: np.ndarray, b: np.ndarray, lower: bool = True) -> np.ndarray:
    a = np.tril(a) if lower else np.triu(a)
    if not np.diagonal(a, axis1=-2, axis2=-1).all():
        raise np.linalg.LinAlgError("Singular matrix")
    y = substitute(a, b[..., None] if b.ndim == 1 else b, lower)
    return y[..., 0] if b.ndim == 1 else y


def substitute(a: np.ndarray, b: np.ndarray, lower: bool) -> np.ndarray:
    """Substitution in halves. (Row by row in Python was measured to be faster only for huge stacks.)"""
    n = a.shape[-1]
    if n <= 64:
        return np.linalg.solve(a, b)
    one, two = slice(n // 2), slice(n // 2, n)
    if not lower:
        one, two = two, one
    first = substitute(a[..., one, one], b[..., one, :], lower)
    rest = b[..., two, :] - a[..., two, one] @ first
    second = substitute(a[..., two, two], rest, lower)
    return np.concatenate([first, second] if lower else [second, first], axis=-2)


def _solve_triangular_db(g: Any, y: Any, a: Any, b: Any, lower: bool = True) -> Any:
    """a⁻ᵀ g"""
    if b.ndim == 1:
        return solve_triangular(mT(a), g[..., None], lower=not lower)[..., 0]
    return solve_triangular(mT(a), g, lower=not lower)


def _solve_triangular_da(g: Any, y: Any, a: Any, b: Any, lower: bool = True) -> Any:
    """-(a⁻ᵀ g) yᵀ, and of that the triangle"""
    gb = _solve_triangular_db(g, y, a, b, lower)
    return -triangle(outer_product(gb, y, b), lower)


def triangle(x: Any, lower: bool = True, diagonal: int = 0) -> Any:
    """x with zeros above (or below) the diagonal."""
    n, k = x.shape[-2:]
    return x * (np.tri(n, k, diagonal, bool) if lower else np.tri(k, n, diagonal, bool).T)


solve_triangular = op(
    _solve_triangular, _solve_triangular_da, _solve_triangular_db,
    name="solve_triangular", formula="a⁻¹ b, where only one triangle of a is looked at",
    domain="no zero on the diagonal of a", hint=lambda a, b, lower=True: _INVERT,
    cases=lambda rng: [*equations()(rng), *equations(lower=False)(rng)],
)  # fmt: skip


def _pinv(a: np.ndarray, rcond: Any = None, rtol: Any = None) -> np.ndarray:
    demand_real(a, "pinv")
    return np.linalg.pinv(a, rcond) if rtol is None else np.linalg.pinv(a, rtol=rtol)


def _full_rank(p: Any, a: Any, operation: str) -> Any:
    """p, or nan where a does not have full rank, because there the pseudoinverse jumps."""
    deficient = np.asarray(np.linalg.matrix_rank(value(a)) < min(a.shape[-2:]))
    return nan_where(deficient, p, operation, "the matrix is rank-deficient")


def _pinv_da(g: Any, p: Any, a: Any, rcond: Any = None, rtol: Any = None) -> Any:
    """-pᵀ g pᵀ + (1 - a p) gᵀ p pᵀ + pᵀ p gᵀ (1 - p a), with p = y   (Golub and Pereyra 1973, 4.12)"""
    p = _full_rank(p, a, "pinv")
    m, n = a.shape[-2:]
    gT, pT = mT(g), mT(p)
    da = -matmul(matmul(pT, g), pT)
    if m > n:
        da = da + matmul(np.eye(m, dtype=a.dtype) - matmul(a, p), matmul(matmul(gT, p), pT))
    if m < n:
        da = da + matmul(matmul(pT, matmul(p, gT)), np.eye(n, dtype=a.dtype) - matmul(p, a))
    return da


ROWS[np.linalg.pinv] = pinv = op(
    _pinv, _pinv_da, name="pinv", formula="a⁺, the pseudoinverse", domain="a of full rank",
    cases=matrices((4, 3), (2, 2, 3), (2, 2)),
)  # fmt: skip


def _lstsq(a: np.ndarray, b: np.ndarray, rcond: Any = None) -> np.ndarray:
    demand_real(a, "lstsq")
    demand_real(b, "lstsq")
    return np.linalg.lstsq(a, b, rcond)[0]


def _lstsq_da(g: Any, y: Any, a: Any, b: Any, rcond: Any = None) -> Any:
    """-pᵀ g yᵀ + (b - a y) (p pᵀ g)ᵀ + pᵀ y (g - aᵀ pᵀ g)ᵀ, with p the pseudoinverse of a"""
    p = _full_rank(np.linalg.pinv(a), a, "lstsq")
    if b.ndim == 1:
        g, y, b = g[:, None], y[:, None], b[:, None]
    pT = mT(p)
    da = -matmul(matmul(pT, g), mT(y))
    if a.shape[0] > a.shape[1]:
        da = da + matmul(b - matmul(a, y), mT(matmul(p, matmul(pT, g))))
    if a.shape[0] < a.shape[1]:
        da = da + matmul(matmul(pT, y), mT(g - matmul(mT(a), matmul(pT, g))))
    return da


def _lstsq_db(g: Any, y: Any, a: Any, b: Any, rcond: Any = None) -> Any:
    """pᵀ g, with p the pseudoinverse of a"""
    return matmul(mT(_full_rank(np.linalg.pinv(a), a, "lstsq")), g)


_lstsq_row = op(
    _lstsq, _lstsq_da, _lstsq_db,
    name="lstsq", formula="the shortest x with the least |a x - b|", domain="a of full rank",
    cases=lambda rng: [
        ((_well_conditioned(rng, *a), *real(rng, b)), {})
        for a, b in [((5, 3), (5,)), ((5, 3), (5, 2)), ((2, 4), (2,)), ((2, 4), (2, 3)), ((3, 3), (3,))]
    ],
)  # fmt: skip


def lstsq(a: Any, b: Any, rcond: Any = None) -> tuple[Any, Any, Any, Any]:
    """np.linalg.lstsq. The solution and the sums of squared residuals are differentiable. The rank and the
    singular values are plain arrays (np.linalg.svdvals(a) has derivatives).
    """
    x = _lstsq_row(a, b, rcond=rcond)
    _, residuals, rank, s = np.linalg.lstsq(value(a), value(b), rcond)
    if residuals.size:
        residuals = np.reshape(np.sum(np.square(b - matmul(a, x)), axis=0), residuals.shape)
    return x, residuals, rank, s


ROWS[np.linalg.lstsq] = lstsq

# ------------------------------------------------------------------------------------- determinants


def _cofactors(a: Any) -> Any:
    """∂det(a)/∂a_ij = (-1)^(i+j) det(a without row i and column j): Laplace's expansion.

    This takes n² determinants, where det(a) a⁻ᵀ takes one inverse, but works if there is no inverse.
    """
    n = a.shape[-1]
    others = np.array([[k for k in range(n) if k != i] for i in range(n)], int).reshape(n, n - 1)
    minors = a[..., others[:, None, :, None], others[None, :, None, :]]
    i = np.arange(n)
    return np.linalg.det(minors) * ((-1.0) ** (i[:, None] + i)).astype(a.dtype)


def _det_da(g: Any, y: Any, a: Any) -> Any:
    """g y a⁻ᵀ; of a singular a, g times the cofactors"""
    if _singular(a).any():
        return g[..., None, None] * _cofactors(a)
    return (g * y)[..., None, None] * mT(np.linalg.inv(a))


det = op(
    np.linalg.det, _det_da, formula="det a",
    cases=lambda rng: [
        *matrices((3, 3), (2, 2, 2), (1, 1))(rng),
        ((np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 0.0, 1.0]]),), {}),  # rank 2
        ((np.zeros((2, 3, 3)),), {}),
    ],
)  # fmt: skip


class SlogdetResult(NamedTuple):
    sign: Any
    logabsdet: Any


def _slogdet(a: np.ndarray) -> np.ndarray:
    demand_real(a, "slogdet")
    return np.stack(np.linalg.slogdet(a), axis=-1)


def _slogdet_da(g: Any, y: Any, a: Any) -> Any:
    """g₁ a⁻ᵀ, with g₁ the gradient of ln |det a|"""
    a = nan_where(_singular(a) & ~np.isfinite(value(y)[..., 1]), a, "slogdet", "a is singular")
    return g[..., 1, None, None] * mT(np.linalg.inv(a))


_slogdet_row = op(
    _slogdet, _slogdet_da,
    name="slogdet", formula="sign of det a and ln |det a|, side by side", domain="a not singular",
    cases=matrices((3, 3), (2, 2, 2)),
)  # fmt: skip


def slogdet(a: Any) -> SlogdetResult:
    """np.linalg.slogdet. The sign is a plain array: it is constant where there is a derivative."""
    y = _slogdet_row(a)
    return SlogdetResult(value(y)[..., 0], y[..., 1])


ROWS[np.linalg.slogdet] = slogdet

# -------------------------------------------------------------------------------------- exponential

# Numerator of the Padé approximant r(x) = p(x) / p(-x) of eˣ of degree 13, and the norm up to which it is
# exact in float64. N. Higham, "The scaling and squaring method for the matrix exponential revisited", 2005.
_PADE = [
    math.factorial(26 - k) // (math.factorial(13 - k) * math.factorial(k)) * 1.0 for k in range(14)
]
_PADE = [c / _PADE[-1] for c in _PADE]
_REACH = 5.371920351148152


def _expm(a: np.ndarray) -> np.ndarray:
    """e^a = (e^(a / 2ˢ))^(2ˢ), with s large enough for the approximant, for each matrix."""
    _demand_square(a, "expm")
    if a.size == 0:
        return a.copy()
    size = abs(a).sum(axis=-2).max(axis=-1)
    with np.errstate(divide="ignore"):
        halvings = np.maximum(0, np.ceil(np.log2(size / _REACH)))
    halvings = np.where(np.isfinite(size), halvings, 0)
    a = a * (0.5 ** halvings[..., None, None]).astype(a.dtype)
    eye = np.eye(a.shape[-1], dtype=a.dtype)
    a2 = a @ a
    a4 = a2 @ a2
    a6 = a4 @ a2
    c = _PADE
    odd = (
        a6 @ (c[13] * a6 + c[11] * a4 + c[9] * a2) + c[7] * a6 + c[5] * a4 + c[3] * a2 + c[1] * eye
    )
    even = (
        a6 @ (c[12] * a6 + c[10] * a4 + c[8] * a2) + c[6] * a6 + c[4] * a4 + c[2] * a2 + c[0] * eye
    )
    odd = a @ odd
    y = np.linalg.solve(even - odd, even + odd)
    for i in range(int(halvings.max())):
        more = halvings > i
        y[more] = y[more] @ y[more]
    return y


def _expm_da(g: Any, y: Any, a: Any) -> Any:
    """the derivative of expm at aᵀ in the direction g: the upper right corner of exp [[aᵀ, g], [0, aᵀ]]

    (R. Mathias 1996; Higham, "Functions of Matrices", 2008, theorem 3.6.) It is linear in g,
    which is scaled to size 1 so that a large g does not take more squarings.
    """
    n = a.shape[-1]
    size = np.max(abs(value(g)), initial=0.0)
    size = 1.0 if size == 0 or not np.isfinite(size) else float(size)
    aT = mT(a)
    above = concatenate(aT, g / size, axis=-1)
    below = concatenate(np.zeros(a.shape, a.dtype), aT, axis=-1)
    return expm(concatenate(above, below, axis=-2))[..., :n, n:] * size


expm = op(
    _expm, _expm_da, name="expm", formula="e^a = 1 + a + a²/2! + ..., of a matrix",
    cases=lambda rng: [((x,), {}) for x in real(rng, (3, 3), (2, 2, 2))],
)  # fmt: skip

PLAIN |= {np.linalg.matrix_rank}
