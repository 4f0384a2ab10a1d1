"""Polynomials, given by their coefficients, the highest power first: p[0] xⁿ + p[1] xⁿ⁻¹ + ... + p[n]."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.ops.indexing import put
from tinygrad_edu.ops.interpolation import convolve
from tinygrad_edu.ops.linear_algebra import lstsq
from tinygrad_edu.ops.shapes import arraylike, composed
from tinygrad_edu.tensor import value


@composed(np.polyval)
def polyval(p: Any, x: Any) -> Any:
    """np.polyval: p(x) by Horner's rule, differentiable in the coefficients and in x."""
    p, x = arraylike(p), arraylike(x)
    y = x * 0
    for k in range(p.shape[0]):
        y = y * x + p[k]
    return y


@composed(np.vander)
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """np.vander: the powers of x as columns: xⁿ⁻¹, ..., x, 1."""
    x = arraylike(x)
    if x.ndim != 1:
        raise refusal(ValueError, f"vander is of a vector, not of shape {x.shape}")
    n = x.shape[0] if N is None else N
    powers = [x * 0 + 1]
    for _ in range(n - 1):
        powers.append(powers[-1] * x)
    if n == 0:
        return np.zeros((x.shape[0], 0), x.dtype)
    return np.stack(powers if increasing else powers[::-1], axis=-1)


def _padded(p: Any, n: int) -> Any:
    return np.pad(p, (n - p.shape[0], 0)) if p.shape[0] < n else p


def _pair(a1: Any, a2: Any) -> tuple[Any, Any]:
    """Two polynomials, padded to the same number of coefficients."""
    a1, a2 = np.atleast_1d(a1), np.atleast_1d(a2)
    n = max(a1.shape[0], a2.shape[0])
    return _padded(a1, n), _padded(a2, n)


@composed(np.polyadd)
def polyadd(a1: Any, a2: Any) -> Any:
    """np.polyadd: the polynomial p(x) + q(x)."""
    one, two = _pair(a1, a2)
    return one + two


@composed(np.polysub)
def polysub(a1: Any, a2: Any) -> Any:
    """np.polysub: the polynomial p(x) - q(x)."""
    one, two = _pair(a1, a2)
    return one - two


@composed(np.trim_zeros)
def trim_zeros(filt: Any, trim: str = "fb") -> Any:
    """np.trim_zeros of a vector: without the zeros at the front (f) and at the back (b)."""
    filt = arraylike(filt)
    if filt.ndim != 1:
        raise refusal(ValueError, f"trim_zeros of a Tensor is of a vector, not of {filt.shape}")
    places = np.flatnonzero(value(filt))
    if not places.size:
        return filt[:0]
    first, last = places[0], places[-1] + 1
    trim = trim.lower()
    return filt[first if "f" in trim else None : last if "b" in trim else None]


@composed(np.polymul)
def polymul(a1: Any, a2: Any) -> Any:
    """np.polymul: the polynomial p(x) q(x)."""
    return convolve(a1, a2)


@composed(np.polyder)
def polyder(p: Any, m: int = 1) -> Any:
    """np.polyder: the m-th derivative."""
    p = arraylike(p)
    for _ in range(m):
        p = p[:-1] * np.arange(p.shape[0] - 1, 0, -1)
    return p


@composed(np.polyint)
def polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    """np.polyint: the m-th antiderivative; k are the constants of integration, 0 otherwise."""
    p = arraylike(p)
    k = np.broadcast_to(np.zeros(1) if k is None else np.atleast_1d(k), (m,))
    for i in range(m):
        p = np.concatenate([p / np.arange(p.shape[0], 0, -1), k[i : i + 1]])
    return p


@composed(np.poly)
def poly(seq_of_zeros: Any) -> Any:
    """np.poly: the polynomial with these roots, or the characteristic polynomial of a matrix."""
    roots = arraylike(seq_of_zeros)
    roots = np.linalg.eigvals(roots) if roots.ndim == 2 else roots
    p: Any = np.ones(1)
    for k in range(roots.shape[0]):
        p = convolve(p, np.stack([roots[k] * 0 + 1, -roots[k]]))
    z = value(roots)
    in_pairs = z.dtype.kind == "c" and np.array_equal(np.sort(z), np.sort(z.conj()))
    return np.real(p) if in_pairs else p


@composed(np.roots)
def roots(p: Any) -> Any:
    """np.roots: the eigenvalues of the companion matrix."""
    p = arraylike(p)
    places = np.flatnonzero(value(p))
    if not places.size:
        return np.zeros(0)
    zeros = p.shape[0] - 1 - places[-1]  # each 0 at the end is a root 0
    p = p[places[0] : places[-1] + 1]
    n = p.shape[0] - 1
    if n == 0:
        return np.zeros(zeros, p.dtype)
    found = np.linalg.eigvals(put(np.eye(n, k=-1, dtype=p.dtype), 0, -p[1:] / p[0]))
    if p.dtype.kind == "f" and not np.any(np.imag(value(found))):
        found = np.real(found)
    return np.concatenate([found, np.zeros(zeros, found.dtype)]) if zeros else found


@composed(np.polyfit)
def polyfit(x: Any, y: Any, deg: int, rcond: float | None = None, *, w: Any = None) -> Any:
    """np.polyfit: the coefficients with the least Σ w² (p(x) - y)², differentiable in x, y and w."""
    x, y = arraylike(x), arraylike(y)
    matrix = vander(x, deg + 1)
    if w is not None:
        w = arraylike(w)
        matrix, y = matrix * w[:, None], y * (w[:, None] if y.ndim == 2 else w)
    # NumPy's: columns of length 1 make powers of large x comparable
    scale = np.sqrt((matrix * matrix).sum(axis=0))
    p = lstsq(matrix / scale, y, x.shape[0] * np.finfo(x.dtype).eps if rcond is None else rcond)[0]
    return p / (scale[:, None] if y.ndim == 2 else scale)
