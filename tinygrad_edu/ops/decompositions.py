"""Matrix decompositions: cholesky, qr, eigenvalues, singular values. Leading axes are a stack.

A row has one result, but these functions have two or three. So a row returns the factors in one array, one
below the other, and the function behind NumPy's name takes it apart. In a rule g and y have the same
form, so that derivatives of every order work as for any other row.

A function that reads one triangle of a matrix (cholesky, eigh) has its derivative in that triangle. That is
the derivative of the computed function, and with respect to the symmetric matrix that the triangle defines.

Vectors of equal eigenvalues or singular values are arbitrary, and jump when the matrix changes. A
derivative that needs them is nan, with a warning. The values themselves have derivatives. The signs of
vectors are arbitrary, too, but do not jump.

Sources: M. Giles, "Collected matrix derivative results", 2008; S. Walter and L. Lehmann, "Algorithmic
differentiation of linear algebra functions", 2012; M. Seeger et al., "Auto-differentiating linear algebra",
2017; J. Townsend, "Differentiating the singular value decomposition", 2016.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.ops.cases import nonzero
from tinygrad_edu.ops.complex import demand_real
from tinygrad_edu.ops.elementwise import row
from tinygrad_edu.ops.formulas import documented
from tinygrad_edu.ops.joining import concatenate
from tinygrad_edu.ops.linear_algebra import (
    matmul,
    matrices,
    mT,
    nan_where,
    solve_triangular,
    triangle,
    undefined,
)
from tinygrad_edu.tensor import ROWS, Op, op, value


def _ratio_forward(x: np.ndarray, w: np.ndarray, of: str = "") -> np.ndarray:
    """x / w, where 0 / 0 is 0, and any other number over 0 is nan, with a warning."""
    none = w == 0
    y = x / np.where(none, 1, w)
    bad = none & (y != 0)
    if bad.any():
        undefined(of, "the result depends on vectors that belong to equal (or zero) values")
        y[bad] = np.nan
    return y


ratio: Op = row(
    _ratio_forward,
    documented(lambda g, y, x, w, of="": ratio(g, w, of=of), "g / w, and 0 / 0 = 0"),
    documented(lambda g, y, x, w, of="": -ratio(g * y, w, of=of), "-g y / w, and 0 / 0 = 0"),
    name="ratio", formula="x / w, and 0 / 0 = 0", domain="w ≠ 0", draw=nonzero,
    cases=lambda rng: [(tuple(nonzero(rng, (2, 3, 3), (2, 3, 3))), {"of": "test"})],
)  # fmt: skip


def _over_gaps(x: Any, w: Any, scale: Any, of: str) -> Any:
    """x_ij / (w_j - w_i), and 0 for i = j. Gaps as small as the rounding errors of `scale` count as 0."""
    n = w.shape[-1]
    eye = np.eye(n, dtype=bool)
    gaps = w[..., None, :] - w[..., :, None]
    size = abs(value(scale)).max(axis=-1, initial=0.0)[..., None, None]
    real = abs(value(gaps)) > n * np.finfo(w.dtype).eps * size
    return ratio(x * ~eye, gaps * (real & ~eye) + eye, of=of)


def _diag(w: Any) -> Any:
    return w[..., None, :] * np.eye(w.shape[-1], dtype=bool)


def _halved(x: Any, lower: bool = True) -> Any:
    """One triangle of x, with half of the diagonal."""
    return (triangle(x, lower) + triangle(x, lower, -1)) / 2


def _in_triangle(x: Any, lower: bool) -> Any:
    """The derivative with respect to one triangle of a symmetric matrix, from that to all elements."""
    return _halved(x + mT(x), lower)


# ---------------------------------------------------------------------------------------- cholesky


def _cholesky(a: np.ndarray, upper: bool = False) -> np.ndarray:
    demand_real(a, "cholesky")
    return np.linalg.cholesky(a, upper=upper)


def _cholesky_da(g: Any, y: Any, a: Any, upper: bool = False) -> Any:
    """y⁻ᵀ Φ(yᵀ g) y⁻¹, symmetrized; Φ: the lower triangle, with half of the diagonal (Giles 2008)"""
    if upper:
        g, y = mT(g), mT(y)
    inner = _halved(matmul(mT(y), g))
    left = solve_triangular(mT(y), inner, lower=False)  # y⁻ᵀ inner
    full = mT(solve_triangular(mT(y), mT(left), lower=False))  # y⁻ᵀ inner y⁻¹
    return _in_triangle(full, not upper)


def positive_definite(rng: np.random.Generator, *shape: int) -> np.ndarray:
    x = rng.normal(size=shape)
    return x @ np.swapaxes(x, -1, -2) + 2 * np.eye(shape[-1])


ROWS[np.linalg.cholesky] = cholesky = op(
    _cholesky, _cholesky_da, name="cholesky", formula="the triangular y with y yᵀ = a",
    domain="a symmetric (one triangle is read), positive definite",
    hint=lambda a, upper=False: "a + 1e-6 * np.eye(n), if rounding errors made it not positive definite",
    cases=lambda rng: [
        ((positive_definite(rng, *shape),), params)
        for shape in ((3, 3), (2, 2, 2), (1, 1)) for params in ({}, {"upper": True})
    ],
)  # fmt: skip

# ---------------------------------------------------------------------------------------------- qr


class QRResult(NamedTuple):
    Q: Any
    R: Any


def _tall_qr(a: np.ndarray) -> np.ndarray:
    demand_real(a, "qr")
    return np.concatenate(np.linalg.qr(a), axis=-2)


def _tall_qr_da(g: Any, y: Any, a: Any) -> Any:
    """(gq + q copyltu(r grᵀ - gqᵀ q)) r⁻ᵀ, copyltu: the lower triangle, mirrored (Seeger 2017)"""
    m, n = a.shape[-2:]
    q, r, gq, gr = y[..., :m, :], y[..., m:, :], g[..., :m, :], g[..., m:, :]
    pivots = abs(np.diagonal(value(r), axis1=-2, axis2=-1))
    small = pivots.min(-1, initial=np.inf) <= m * np.finfo(a.dtype).eps * pivots.max(-1, initial=0)
    if small.any():
        r = np.where(small[..., None, None], np.eye(n, dtype=a.dtype), r)
        gq = nan_where(small, gq, "qr", "the columns are linearly dependent")
    inner = matmul(r, mT(gr)) - matmul(mT(gq), q)
    mirrored = triangle(inner) + mT(triangle(inner, True, -1))
    return mT(solve_triangular(r, mT(gq + matmul(q, mirrored)), lower=False))


_qr_row = op(
    _tall_qr, _tall_qr_da, name="qr", formula="q above r, with q r = a and qᵀ q = 1",
    domain="as many rows as columns or more, independent columns",
    cases=matrices((4, 3), (2, 3, 2), (3, 3)),
)  # fmt: skip


def qr(a: Any, mode: str = "reduced") -> Any:
    """np.linalg.qr. Of a wide matrix, q and r are those of its first columns; the rest of r is qᵀ a."""
    m, n = a.shape[-2:]
    if mode not in ("reduced", "r") and not (mode == "complete" and m <= n):
        raise refusal(
            ValueError,
            f"qr of a Tensor takes mode='reduced' or mode='r', not mode={mode!r}: a does not "
            "determine more than the reduced factors.",
        )
    k = min(m, n)
    y = _qr_row(a[..., :k] if n > k else a)
    q, r = y[..., :m, :], y[..., m:, :]
    if n > k:
        r = concatenate(r, matmul(mT(q), a[..., k:]), axis=-1)
    return r if mode == "r" else QRResult(q, r)


ROWS[np.linalg.qr] = qr

# ------------------------------------------------------------------------------------- eigenvalues


class EighResult(NamedTuple):
    eigenvalues: Any
    eigenvectors: Any


class EigResult(NamedTuple):
    eigenvalues: Any
    eigenvectors: Any


def _values_above_vectors(w: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.concatenate([w[..., None, :], v], axis=-2)


def _eigh(a: np.ndarray, UPLO: Any = "L") -> np.ndarray:
    demand_real(a, "eigh")
    return _values_above_vectors(*np.linalg.eigh(a, UPLO))


def _eigh_da(g: Any, y: Any, a: Any, UPLO: Any = "L") -> Any:
    """v (diag(gw) + vᵀ gv / (w_j - w_i)) vᵀ   (Giles 2008, 3.1)"""
    w, v, gw, gv = y[..., 0, :], y[..., 1:, :], g[..., 0, :], g[..., 1:, :]
    inner = _diag(gw) + _over_gaps(matmul(mT(v), gv), w, w, "eigh")
    return _in_triangle(matmul(matmul(v, inner), mT(v)), UPLO.upper() == "L")


def _symmetric(rng: np.random.Generator) -> list:
    """Symmetric matrices whose eigenvalues are well separated."""
    found: list = []
    for shape in ((3, 3), (2, 2, 2), (1, 1)):
        q = np.linalg.qr(rng.normal(size=shape))[0]
        a = q * np.linspace(-2, 3, shape[-1]) @ np.swapaxes(q, -1, -2)
        found += [((a,), {}), ((a,), {"UPLO": "U"})]
    return found


_eigh_row = op(
    _eigh, _eigh_da, name="eigh", formula="w above v, with a v = v diag(w) and vᵀ v = 1",
    domain="a symmetric (one triangle is read); for v, different eigenvalues",
    kinks="vectors of equal eigenvalues have no derivative: nan", cases=_symmetric,
)  # fmt: skip


def eigh(a: Any, UPLO: Any = "L") -> EighResult:
    """np.linalg.eigh."""
    y = _eigh_row(a, UPLO=UPLO)
    return EighResult(y[..., 0, :], y[..., 1:, :])


def _eigvalsh(a: np.ndarray, UPLO: Any = "L") -> np.ndarray:
    demand_real(a, "eigvalsh")
    return np.linalg.eigvalsh(a, UPLO)


def _eigvalsh_da(g: Any, y: Any, a: Any, UPLO: Any = "L") -> Any:
    """v diag(g) vᵀ, as dw_i = v_iᵀ da v_i (the Hellmann-Feynman theorem)"""
    v = np.linalg.eigh(a, UPLO)[1]
    return _in_triangle(matmul(v * g[..., None, :], mT(v)), UPLO.upper() == "L")


ROWS[np.linalg.eigh] = eigh
ROWS[np.linalg.eigvalsh] = op(
    _eigvalsh, _eigvalsh_da, name="eigvalsh", formula="w of a v = v diag(w), in ascending order",
    domain="a symmetric (one triangle is read)", cases=_symmetric,
    kinks="equal eigenvalues are told apart by the vectors that eigh found",
)  # fmt: skip


def _eig(a: np.ndarray) -> np.ndarray:
    demand_real(a, "eig")
    return _values_above_vectors(*np.linalg.eig(a))


def _eig_da(g: Any, y: Any, a: Any) -> Any:
    """v⁻ᵀ (diag(gw) + vᵀ (gv - v̄ Re(Σ gv v)) / (w_j - w_i)) vᵀ

    Complex vectors have an arbitrary phase; only functions that do not depend on it have a derivative.
    """
    w, v, gw, gv = y[..., 0, :], y[..., 1:, :], g[..., 0, :], g[..., 1:, :]
    vT = mT(v)
    stretch = np.real(np.sum(gv * v, axis=-2, keepdims=True))
    inner = matmul(vT, gv - np.conjugate(v) * stretch)
    inner = _diag(gw) + _over_gaps(inner, w, w, "eig")
    return np.linalg.solve(_independent(vT, "eig"), matmul(inner, vT))


def _independent(vT: Any, operation: str) -> Any:
    defective = np.linalg.matrix_rank(value(vT)) < vT.shape[-1]
    return nan_where(np.asarray(defective), vT, operation, "the matrix is defective")


def _eigvals(a: np.ndarray) -> np.ndarray:
    demand_real(a, "eigvals")
    return np.linalg.eigvals(a)


def _eigvals_da(g: Any, y: Any, a: Any) -> Any:
    """v⁻ᵀ diag(g) vᵀ"""
    vT = mT(np.linalg.eig(a)[1])
    return np.linalg.solve(_independent(vT, "eigvals"), g[..., :, None] * vT)


def _real_eigenvalues(rng: np.random.Generator) -> list:
    found: list = []
    for shape in ((3, 3), (2, 2, 2)):
        v = rng.normal(size=shape) + 2 * np.eye(shape[-1])
        found.append(((v * np.linspace(-2, 3, shape[-1]) @ np.linalg.inv(v),), {}))
    return found


_eig_row = op(
    _eig, _eig_da, name="eig", formula="w above v, with a v = v diag(w) and |v_i| = 1",
    domain="a square, not defective; for v, different eigenvalues",
    kinks="vectors of equal eigenvalues have no derivative: nan", cases=_real_eigenvalues,
)  # fmt: skip


def eig(a: Any) -> EigResult:
    """np.linalg.eig of real matrices; before NumPy 2.5 the result is real if each eigenvalue is."""
    y = _eig_row(a)
    return EigResult(y[..., 0, :], y[..., 1:, :])


ROWS[np.linalg.eig] = eig
ROWS[np.linalg.eigvals] = op(
    _eigvals, _eigvals_da, name="eigvals", formula="w of a v = v diag(w)",
    domain="a square, not defective", cases=_real_eigenvalues,
)  # fmt: skip

# --------------------------------------------------------------------------------- singular values


class SVDResult(NamedTuple):
    U: Any
    S: Any
    Vh: Any


def _svd(a: np.ndarray) -> np.ndarray:
    demand_real(a, "svd")
    u, s, vT = np.linalg.svd(a, full_matrices=False)
    return np.concatenate([u, s[..., None, :], np.swapaxes(vT, -1, -2)], axis=-2)


def _svd_da(g: Any, y: Any, a: Any) -> Any:
    """u (diag(gs) + (k + kᵀ) s + s (l + lᵀ)) vᵀ, with k = uᵀ gu / gaps and l = vᵀ gv / gaps; and, of what is
    not square, (1 - u uᵀ) gu s⁻¹ vᵀ or u s⁻¹ gvᵀ (1 - v vᵀ)   (Townsend 2016)

    The gaps are those of s², the eigenvalues of aᵀ a. Squares of s / unit do not overflow.
    """
    m, n = a.shape[-2:]
    u, s, v = y[..., :m, :], y[..., m, :], y[..., m + 1 :, :]
    gu, gs, gv = g[..., :m, :], g[..., m, :], g[..., m + 1 :, :]
    unit = _power_of_2(abs(value(s)).max(axis=-1, keepdims=True, initial=0.0))
    c = s / unit
    in_u = _over_gaps(matmul(mT(u), gu), c * c, c * c, "svd")
    in_v = _over_gaps(matmul(mT(v), gv), c * c, c * c, "svd")
    vectors = (in_u + mT(in_u)) * c[..., None, :] + (in_v + mT(in_v)) * c[..., :, None]
    inner = _diag(gs) + vectors / unit[..., None]
    da = matmul(matmul(u, inner), mT(v))
    if m > n:
        da = da + matmul(_over(gu - matmul(u, matmul(mT(u), gu)), s), mT(v))
    if m < n:
        da = da + matmul(u, mT(_over(gv - matmul(v, matmul(mT(v), gv)), s)))
    return da


def _power_of_2(x: np.ndarray) -> np.ndarray:
    """The largest power of 2 up to each x > 0, as dividing by it rounds nothing; 1/2 for 0."""
    return np.ldexp(np.ones_like(x), np.frexp(x)[1] - 1)


def _over(x: Any, s: Any) -> Any:
    """x / s, column by column; singular values as small as rounding errors count as 0."""
    size = abs(value(s)).max(axis=-1, keepdims=True, initial=0.0)
    real = value(s) > s.shape[-1] * np.finfo(s.dtype).eps * size
    return ratio(x, (s * real)[..., None, :], of="svd")


_svd_row = op(
    _svd, _svd_da, name="svd", formula="u above s above v, with u diag(s) vᵀ = a",
    domain="for u and v, different singular values that are not 0",
    kinks="vectors of equal singular values have no derivative: nan",
    cases=matrices((3, 3), (4, 2), (2, 4), (2, 3, 2)),
)  # fmt: skip


def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """np.linalg.svd. The vectors that full_matrices adds are not determined by a, and so are refused."""
    if not compute_uv:
        return svdvals(a)
    m, n = a.shape[-2:]
    if full_matrices and m != n:
        raise refusal(
            ValueError,
            f"svd of a Tensor of shape {a.shape} gives {min(m, n)} vectors on either side: a does not "
            "determine the others.",
            "np.linalg.svd(a, full_matrices=False)",
        )
    y = _svd_row(a)
    return SVDResult(y[..., :m, :], y[..., m, :], mT(y[..., m + 1 :, :]))


def _svdvals(x: np.ndarray) -> np.ndarray:
    demand_real(x, "svdvals")
    return np.linalg.svd(x, compute_uv=False)


def _svdvals_dx(g: Any, y: Any, x: Any) -> Any:
    """u diag(g) vᵀ, as ds_i = u_iᵀ dx v_i"""
    u, _, vT = np.linalg.svd(x, full_matrices=False)
    return matmul(u * g[..., None, :], vT)


ROWS[np.linalg.svd] = svd
ROWS[np.linalg.svdvals] = svdvals = op(
    _svdvals, _svdvals_dx, name="svdvals", formula="s of u diag(s) vᵀ = x, in descending order",
    kinks="equal values are told apart by the vectors that svd found; 0 counts as positive",
    cases=matrices((3, 3), (4, 2), (2, 2, 3)),
)  # fmt: skip
