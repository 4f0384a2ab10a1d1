"""Sums of products: einsum, and its special cases under other names.

A sum of products is linear in each factor. Its derivative with respect to one factor is the sum of products
of g with the others. So derivatives of einsum and tensordot are einsum and tensordot, to every order.
"""

from __future__ import annotations

import math
from string import ascii_letters
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.ops.cases import Cases, each, real
from tinygrad_edu.ops.linear_algebra import matmul
from tinygrad_edu.ops.shapes import arraylike, composed
from tinygrad_edu.tensor import Op, op

# -------------------------------------------------------------------------------------------- einsum


def _einsum(*operands: np.ndarray, subscripts: str = "", optimize: Any = False) -> np.ndarray:
    if len(operands) == 2 and max(x.size for x in operands) > 2_000:
        y = _by_matmul(*operands, *subscripts.replace("->", ",").split(","))
        if y is not None:
            return y
    return np.einsum(subscripts, *operands, optimize=optimize)


def _by_matmul(a: np.ndarray, b: np.ndarray, in_a: str, in_b: str, in_y: str) -> np.ndarray | None:
    """The same as one product of stacked matrices, which is many times faster; None if it is not one.

    Letters of both factors are axes of the stack if y has them, and are summed over otherwise. Letters of
    one factor alone are the rows (of a) and the columns (of b).
    """
    sizes = dict(zip(in_a, a.shape, strict=True))
    summed = [c for c in in_a if c in in_b and c not in in_y]
    stack = [c for c in in_a if c in in_b and c in in_y]
    rows, columns = (
        [c for c in one if c not in other] for one, other in ((in_a, in_b), (in_b, in_a))
    )
    once = all(len(set(term)) == len(term) for term in (in_a, in_b))
    fits = all(sizes[c] == n for c, n in zip(in_b, b.shape, strict=True) if c in sizes)
    if not (summed and once and fits and set(rows + columns) <= set(in_y)):
        return None
    sizes |= zip(in_b, b.shape, strict=True)

    def arranged(x: np.ndarray, letters: str, first: list, last: list) -> np.ndarray:
        x = np.transpose(x, [letters.index(c) for c in stack + first + last])
        sides = [math.prod(sizes[c] for c in side) for side in (first, last)]
        return x.reshape([sizes[c] for c in stack] + sides)

    y = np.matmul(arranged(a, in_a, rows, summed), arranged(b, in_b, summed, columns))
    made = stack + rows + columns
    shape = tuple(sizes[c] for c in made)
    y = y if y.shape == shape else y.reshape(shape)
    return y if made == list(in_y) else np.transpose(y, [made.index(c) for c in in_y])


def _einsum_rule(
    i: int, g: Any, y: Any, *xs: Any, subscripts: str = "", optimize: Any = False
) -> Any:
    """einsum of g and the other arrays: for "ij,jk->ik" by "ik,jk->ij" and "ik,ij->jk"

    If x alone had a letter, which was summed over, g repeats along it: a factor of ones. If x had a letter
    twice, only its diagonal was read: a unit matrix puts g there.
    """
    terms, out = subscripts.split("->")
    letters = terms.split(",")
    factors = [(out, g)] + [
        (t, x) for k, (t, x) in enumerate(zip(letters, xs, strict=True)) if k != i
    ]
    sizes: dict[str, int] = {}
    for term, x in factors:
        for letter, n in zip(term, x.shape, strict=True):
            sizes[letter] = max(n, sizes.get(letter, 0)) if n else 0
    fresh, own = (c for c in ascii_letters if c not in subscripts), ""
    for letter, n in zip(letters[i], xs[i].shape, strict=True):
        if letter in own:
            twin = next(fresh)
            factors.append((letter + twin, np.eye(n, dtype=g.dtype)))
            own += twin
        else:
            if letter not in sizes or sizes[letter] == 1 < n:
                factors.append((letter, np.ones(n, g.dtype)))
                sizes[letter] = n
            own += letter
    large = (
        math.prod(sizes.values()) > 20_000
    )  # then it pays to look for a good order of the products
    return einsum_row(
        *(x for _, x in factors),
        subscripts=",".join(t for t, _ in factors) + "->" + own,
        optimize=optimize is not False or large,
    )


def _einsum_cases(rng: np.random.Generator) -> Cases:
    texts: Any = [
        ("ij,jk->ik", (2, 3), (3, 4)), ("ij->", (2, 3)), ("ii->i", (3, 3)), ("ii->", (3, 3)),
        ("iij,jk->k", (2, 2, 3), (3, 2)), ("iii->i", (2, 2, 2)), ("ij->ji", (2, 3)),
        ("i,j,ijk->k", (2,), (3,), (2, 3, 2)), ("ij,ij->ij", (2, 3), (1, 3)), ("i,i->", (3,), (1,)),
        (",i->i", (), (3,)), ("ij,kl->il", (2, 3), (2, 2)), ("i,i->i", (0,), (0,)),
    ]  # fmt: skip
    return [(tuple(real(rng, *shapes)), {"subscripts": text}) for text, *shapes in texts]


def _einsum_products(_: tuple, *shapes: tuple, subscripts: str = "", **__: Any) -> int:
    """Multiply-adds: one for each combination of the letters, if the products are taken all at once."""
    terms = subscripts.partition("->")[0].split(",")
    sizes: dict[str, int] = {}
    for term, shape in zip(terms, shapes, strict=True):
        for letter, n in zip(term, shape, strict=True):
            sizes[letter] = max(n, sizes.get(letter, 0))
    return math.prod(sizes.values()) if len(terms) > 1 else 0


einsum_row: Op = op(
    _einsum, variadic_rule=_einsum_rule, multiply_adds=_einsum_products,
    name="einsum", formula="Σ of products over the letters that y lacks", linear=True, cases=_einsum_cases,
    hint=lambda *shapes, subscripts="", optimize=False:
        f"one letter for each axis, equal letters for equal lengths; here {subscripts!r} and "
        + ", ".join(map(str, shapes)),
)  # fmt: skip


@composed(np.einsum)
def einsum(*operands: Any, optimize: Any = False) -> Any:
    """np.einsum, in all its forms: with or without "->", with "...", with lists of numbers for letters.

    All are rewritten as one form: a letter for every axis, and "->".
    """
    subscripts, xs = _as_text(operands)
    terms, arrow, out = subscripts.partition("->")
    letters = terms.split(",")
    if len(letters) != len(xs):
        raise refusal(
            ValueError,
            f"einsum: {subscripts!r} is about {len(letters)} arrays, but {len(xs)} are given",
        )
    counts = [
        x.ndim - len(t.replace("...", "")) if "..." in t else 0
        for t, x in zip(letters, xs, strict=True)
    ]
    dots = "".join([c for c in ascii_letters if c not in subscripts][: max([0, *counts])])
    if not arrow:
        once = sorted(c for c in set(terms) - set(",.") if terms.count(c) == 1)
        out = ("..." if "..." in terms else "") + "".join(once)
    if dots and "..." not in out:
        raise refusal(
            ValueError,
            f"einsum: '...' in {subscripts!r} stands for {len(dots)} axes here, which the "
            "result must have as well",
            f"'->...{out}'",
        )
    explicit = [
        t.replace("...", dots[len(dots) - max(n, 0) :])
        for t, n in zip(letters, counts, strict=True)
    ]
    text = ",".join(explicit) + "->" + out.replace("...", dots)
    return einsum_row(*xs, subscripts=text, optimize=optimize)


def _as_text(operands: tuple) -> tuple[str, list]:
    """(text, arrays) of einsum("ij,jk", x, w) and of einsum(x, [0, 1], w, [1, 2])."""
    if isinstance(operands[0], str):
        return operands[0].replace(" ", ""), [arraylike(x) for x in operands[1:]]
    symbols = "".join(sorted(ascii_letters))

    def text(numbers: Any) -> str:
        return "".join("..." if k is ... else symbols[k] for k in numbers)

    n = len(operands) // 2
    terms = ",".join(text(operands[2 * k + 1]) for k in range(n))
    out = "->" + text(operands[-1]) if len(operands) % 2 else ""
    return terms + out, [arraylike(operands[2 * k]) for k in range(n)]


# ----------------------------------------------------------------------------------------- tensordot


def _free_and_summed(axes: Any, a: Any, b: Any) -> tuple[list, list, list, list]:
    """The axes of a that stay, those of a that are summed, and the same of b."""
    if isinstance(axes, (int, np.integer)):
        over_a, over_b = list(range(a.ndim - axes, a.ndim)), list(range(axes))
    else:
        over_a = [k % a.ndim for k in np.ravel(axes[0]).tolist()]
        over_b = [k % b.ndim for k in np.ravel(axes[1]).tolist()]
    free_a = [k for k in range(a.ndim) if k not in over_a]
    free_b = [k for k in range(b.ndim) if k not in over_b]
    return free_a, over_a, free_b, over_b


def _tensordot_da(g: Any, y: Any, a: Any, b: Any, axes: Any = 2) -> Any:
    """g b, summed over the axes that b alone had; then every axis goes back to its place in a"""
    free_a, over_a, free_b, over_b = _free_and_summed(axes, a, b)
    da = tensordot(g, b, axes=(list(range(len(free_a), g.ndim)), free_b))
    return np.transpose(da, np.argsort(free_a + [over_a[k] for k in np.argsort(over_b)]))


def _tensordot_db(g: Any, y: Any, a: Any, b: Any, axes: Any = 2) -> Any:
    """a g, summed over the axes that a alone had; then every axis goes back to its place in b"""
    free_a, over_a, free_b, over_b = _free_and_summed(axes, a, b)
    db = tensordot(a, g, axes=(free_a, list(range(len(free_a)))))
    return np.transpose(db, np.argsort([over_b[k] for k in np.argsort(over_a)] + free_b))


tensordot: Op = op(
    np.tensordot, _tensordot_da, _tensordot_db,
    formula="Σ of products over pairs of axes", linear=True, owns=("axes",),
    multiply_adds=lambda y, a, b, **_: math.isqrt(math.prod(y) * math.prod(a) * math.prod(b)),
    cases=each(
        real, ((2, 3), (3, 4), {"axes": 1}), ((2, 3, 2), (3, 2, 4), {}), ((2,), (3,), {"axes": 0}),
        ((2, 3, 4), (4, 5, 2), {"axes": ([0, 2], [2, 0])}), ((2, 3), (2, 3), {"axes": ([1, 0], [1, 0])}),
        ((2, 3), (2, 3, 2), {"axes": (-1, 1)}),
    ),
)  # fmt: skip


@composed(np.linalg.tensordot)
def linalg_tensordot(x1: Any, x2: Any, /, *, axes: Any = 2) -> Any:
    return tensordot(x1, x2, axes=axes)


# ------------------------------------------------------------------- vectors and matrices in stacks

vecdot: Op = op(
    np.vecdot,
    lambda g, y, x, w: np.conjugate(g[..., None] * w), lambda g, y, x, w: g[..., None] * np.conjugate(x),
    name="vecdot", formula="Σ conj(x) w along the last axis", linear=True,
    cases=each(real, ((3,), (3,), {}), ((2, 3), (3,), {}), ((2, 1, 3), (4, 3), {})),
)  # fmt: skip


@composed(np.linalg.vecdot)
def linalg_vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    return vecdot(np.moveaxis(arraylike(x1), axis, -1), np.moveaxis(arraylike(x2), axis, -1))


if hasattr(np, "matvec"):  # NumPy 2.2
    matvec: Op = op(
        np.matvec,
        lambda g, y, a, x: g[..., None] * x[..., None, :],
        lambda g, y, a, x: np.vecmat(np.conjugate(g), a),
        name="matvec", formula="a x, x vectors in a stack", linear=True,
        cases=each(real, ((2, 3), (3,), {}), ((2, 3), (4, 3), {}), ((4, 2, 3), (3,), {})),
    )  # fmt: skip
    vecmat: Op = op(
        np.vecmat,
        lambda g, y, x, a: np.conjugate(np.matvec(a, g)),
        lambda g, y, x, a: np.conjugate(x)[..., None] * g[..., None, :],
        name="vecmat", formula="conj(x)ᵀ a, x vectors in a stack", linear=True,
        cases=each(real, ((2,), (2, 3), {}), ((4, 2), (2, 3), {}), ((2,), (4, 2, 3), {})),
    )  # fmt: skip


# ------------------------------------------------------------------------- the same by other names


@composed(np.dot)
def dot(a: Any, b: Any) -> Any:
    """np.dot: sums over the last axis of a and the second to last of b (or its only one)."""
    a, b = arraylike(a), arraylike(b)
    if a.ndim == 0 or b.ndim == 0:
        return np.multiply(a, b)
    if b.ndim <= 2:
        return matmul(a, b)
    return tensordot(a, b, axes=(-1, -2))


@composed(np.inner)
def inner(a: Any, b: Any) -> Any:
    """np.inner: sums over the last axes of both."""
    a, b = arraylike(a), arraylike(b)
    return np.multiply(a, b) if a.ndim == 0 or b.ndim == 0 else tensordot(a, b, axes=(-1, -1))


@composed(np.vdot)
def vdot(a: Any, b: Any) -> Any:
    """np.vdot: Σ a b over all elements, with a conjugated if it is complex."""
    a, b = arraylike(a), arraylike(b)
    return matmul(np.ravel(np.conjugate(a) if a.dtype.kind == "c" else a), np.ravel(b))


@composed(np.outer, np.linalg.outer)
def outer(a: Any, b: Any) -> Any:
    """np.outer: y[i, j] = a[i] b[j]."""
    return np.multiply(np.ravel(a)[:, None], np.ravel(b))


@composed(np.kron)
def kron(a: Any, b: Any) -> Any:
    """np.kron: each number of a times all of b."""
    a, b = arraylike(a), arraylike(b)
    ndim = max(a.ndim, b.ndim)
    tall, wide = ((1,) * (ndim - x.ndim) + x.shape for x in (a, b))
    tiles = np.reshape(a, [n for k in tall for n in (k, 1)])
    tile = np.reshape(b, [n for k in wide for n in (1, k)])
    return np.reshape(tiles * tile, [n * m for n, m in zip(tall, wide, strict=True)])


@composed(np.cross)
def cross(
    a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    """np.cross: (a₁b₂ - a₂b₁, a₂b₀ - a₀b₂, a₀b₁ - a₁b₀)."""
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = np.moveaxis(arraylike(a), axisa, -1), np.moveaxis(arraylike(b), axisb, -1)
    if a.shape[-1] != 3 or b.shape[-1] != 3:
        raise refusal(
            ValueError,
            f"cross of a Tensor is of vectors in space, of length 3 and not {a.shape[-1]} and "
            f"{b.shape[-1]}.",
            "in the plane a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]",
        )
    (a0, a1, a2), (b0, b1, b2) = ([x[..., k] for k in range(3)] for x in (a, b))
    return np.stack([a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0], axis=axisc)


@composed(np.linalg.cross)
def linalg_cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    return cross(x1, x2, axis=axis)
