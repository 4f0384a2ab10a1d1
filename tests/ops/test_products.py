"""Sums of products: einsum in full, and the products that are einsum under other names."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_edu import Tensor, grad
from tinygrad_edu.gradcheck import gradcheck
from tinygrad_edu.ops.products import einsum_row
from tinygrad_edu.tensor import ROWS

RNG = np.random.default_rng(5)
Z, V, W = RNG.normal(size=()), RNG.normal(size=3), RNG.normal(size=2)
M, N, S = RNG.normal(size=(2, 3)), RNG.normal(size=(3, 4)), RNG.normal(size=(3, 3))
C, D = RNG.normal(size=(2, 3, 4)), RNG.normal(size=(2, 4, 2))


def check(f, *inputs):
    expected = f(*inputs)
    y = f(*(Tensor(x, requires_grad=True) for x in inputs))
    assert isinstance(y, Tensor) and y.shape == np.shape(expected) and y.requires_grad
    assert np.allclose(y.data, expected, rtol=1e-13, atol=1e-15)
    report = gradcheck(f, *inputs)
    assert report, report


def einsum(*args, **kwargs):
    return lambda *xs: np.einsum(args[0], *xs, *args[1:], **kwargs)


FORMS = {
    "einsum implicit product": (einsum("ij,jk"), M, N),
    "einsum implicit, in order of the alphabet": (einsum("ba"), M),
    "einsum implicit, capitals first": (einsum("iJ"), M),
    "einsum implicit trace": (einsum("ii"), S),
    "einsum implicit with ...": (einsum("...ij,...jk"), C, D),
    "einsum spaces": (einsum(" i j , j k -> k i "), M, N),
    "einsum sum of all": (einsum("ij->"), M),
    "einsum nothing summed": (einsum("ij->ij"), M),
    "einsum a letter of its own": (einsum("ij,kl->ik"), M, N),
    "einsum diagonal": (einsum("ii->i"), S),
    "einsum diagonal in a product": (einsum("ii,ij->j"), S, S),
    "einsum twice twice": (einsum("iijj->ij"), RNG.normal(size=(2, 2, 3, 3))),
    "einsum three times": (einsum("iii,i->"), RNG.normal(size=(2, 2, 2)), W),
    "einsum diagonals of two": (einsum("ii,ii->i"), S, S),
    "einsum ... in one": (einsum("...j,j->..."), C, C[0, 0]),
    "einsum ... of different widths": (einsum("...,i...->i..."), N, C),
    "einsum ... summed by hand": (einsum("i...->..."), C),
    "einsum ... of nothing": (einsum("...ij->...ji"), M),
    "einsum ... that broadcasts": (einsum("...i,...i->..."), C, C[:1, :, :]),
    "einsum ... transposed": (einsum("i...j->j...i"), C),
    "einsum lengths of 1": (einsum("ij,ij->ij"), M, M[:, :1]),
    "einsum lengths of 1, summed": (einsum("ij,ij->i"), M[:1], M),
    "einsum lengths of 1, all summed": (einsum("i,i->"), V, V[:1]),
    "einsum a number": (einsum(",ij->ij"), Z, M),
    "einsum only numbers": (einsum(",->"), Z, Z),
    "einsum three": (einsum("i,ij,jk->k"), W, M, N),
    "einsum four, optimized": (einsum("i,ij,jk,k->", optimize=True), W, M, N, N[0]),
    "einsum optimal": (einsum("ij,jk,kl->il", optimize="optimal"), M, N, N.T),
    "einsum with a path": (
        einsum("ij,jk,kl->il", optimize=["einsum_path", (0, 1), (0, 1)]), M, N, N.T),
    "einsum the same array twice": (lambda x: np.einsum("ij,kj->ik", x, x), M),
    "einsum a constant": (lambda x: np.einsum("ij,jk->ik", x, np.ones((3, 2), x.dtype)), M),
    "einsum lists": (lambda x, w: np.einsum(x, [0, 1], w, [1, 2]), M, N),
    "einsum lists with a result": (lambda x, w: np.einsum(x, [5, 1], w, [1, 30], [30, 5]), M, N),
    "einsum lists, implicit": (lambda x, w: np.einsum(x, [30, 1], w, [1, 3]), M, N),
    "einsum lists with ...": (lambda x: np.einsum(x, [..., 0, 1], [..., 1, 0]), C),
    "einsum lists, sum": (lambda x: np.einsum(x, [0, 1], []), M),
    "tensordot": (lambda x, w: np.tensordot(x, w), C, RNG.normal(size=(3, 4, 2))),
    "tensordot 0": (lambda x, w: np.tensordot(x, w, axes=0), V, W),
    "tensordot 1": (lambda x, w: np.tensordot(x, w, 1), M, N),
    "tensordot a pair": (lambda x, w: np.tensordot(x, w, axes=(1, 2)), C, RNG.normal(size=(2, 2, 3))),
    "tensordot pairs": (lambda x, w: np.tensordot(x, w, axes=([2, 0], [1, 0])), C, D),
    "tensordot crossed": (lambda x, w: np.tensordot(x, w, axes=((0, 2, 1), (1, 0, 2))), C,
                          RNG.normal(size=(4, 2, 3))),
    "tensordot negative": (lambda x, w: np.tensordot(x, w, axes=(-1, -2)), C, D),
    "linalg.tensordot": (lambda x, w: np.linalg.tensordot(x, w, axes=1), M, N),
    "inner": (np.inner, V, V), "inner of matrices": (np.inner, M, S),
    "inner of stacks": (np.inner, C, N.T @ N),
    "inner of a number": (np.inner, Z, M),
    "vdot": (np.vdot, M, M), "vdot of other shapes": (np.vdot, M, RNG.normal(size=6)),
    "outer": (np.outer, V, W), "outer of matrices": (np.outer, M, N),
    "linalg.outer": (np.linalg.outer, V, W),
    "kron": (np.kron, M, N), "kron of vectors": (np.kron, V, W), "kron of a number": (np.kron, Z, M),
    "kron of different ndim": (np.kron, C, V), "kron the other way": (np.kron, W, C),
    "cross": (np.cross, V, S), "cross of stacks": (np.cross, S, S),
    "cross axis": (lambda a, b: np.cross(a, b, axis=0), S, S),
    "cross axes": (lambda a, b: np.cross(a, b, axisa=0, axisb=1, axisc=0), N, N.T),
    "linalg.cross": (lambda a, b: np.linalg.cross(a, b, axis=0), S, S),
}  # fmt: skip
SHAPES = [(), (3,), (2, 3), (4, 2, 3)], [(), (3,), (3, 2), (2, 3, 4), (2, 2, 3, 1)]
for one in SHAPES[0]:
    for two in SHAPES[1]:
        FORMS[f"dot {one} {two}"] = (np.dot, RNG.normal(size=one), RNG.normal(size=two))


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_call_form_is_numpys(form):
    check(*form)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_float32_stays(form):
    f, *inputs = form
    xs = [Tensor(x.astype(np.float32), requires_grad=True) for x in inputs]
    y = f(*xs)
    y.sum().backward()
    assert y.dtype == np.float32 and all(x.grad.dtype == np.float32 for x in xs)


@settings(deadline=None)
@given(data=st.data())
def test_any_einsum(data):
    """Up to four arrays, letters repeated in and between them, any letters summed out."""
    size = {"a": 2, "b": 3, "c": 1, "d": 2}
    term = st.lists(st.sampled_from("abcd"), max_size=3).map("".join)
    terms = data.draw(st.lists(term, min_size=1, max_size=4))
    out = "".join(data.draw(st.permutations(sorted(set("".join(terms))))))
    out = out[: data.draw(st.integers(0, len(out)))]
    dots = data.draw(st.integers(0, 2))
    text = ",".join("..." * (dots > 0) + t for t in terms) + "->" + "..." * (dots > 0) + out
    optimize = data.draw(st.booleans())
    wide = tuple(data.draw(st.sampled_from([1, 2])) for _ in range(dots))
    inputs = [
        RNG.normal(size=wide[k % (dots + 1) :] + tuple(size[c] for c in t))
        for k, t in enumerate(terms)
    ]
    f = lambda *xs: np.einsum(text, *xs, optimize=optimize)
    xs = [Tensor(x, requires_grad=True) for x in inputs]
    y = f(*xs)
    assert np.allclose(y.data, f(*inputs), rtol=1e-13, atol=1e-15)
    c = RNG.normal(size=y.shape)
    y.backward(c)
    for i, x in enumerate(xs):  # linear in each: its derivative along v is f at v
        v = RNG.normal(size=x.shape)
        along = np.vdot(f(*inputs[:i], v, *inputs[i + 1 :]), c)
        assert np.isclose(np.vdot(x.grad, v), along, rtol=1e-10, atol=1e-12)


def test_a_large_einsum_has_the_gradients_of_a_product():
    """Beyond some size the derivative looks for a good order of products."""
    x, w = RNG.normal(size=(2, 40, 40))
    f = lambda x, w: (np.einsum("ij,jk->ik", x, w) * x).sum()
    g = lambda x, w: ((x @ w) * x).sum()
    for mine, theirs in zip(grad(f, (0, 1))(x, w), grad(g, (0, 1))(x, w), strict=True):
        assert np.allclose(mine, theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("text", ["ij->", "ii->"])
def test_the_rule_itself_computes_in_float32(text):
    """The ones and the unit matrix that it brings are no wider than g."""
    x = S.astype(np.float32)
    assert einsum_row.variadic_rule(0, np.float32(1), None, x, subscripts=text).dtype == np.float32


def test_third_derivatives_of_einsum():
    f = lambda x: np.einsum("i,i,i->", x, x, x)
    third = grad(lambda x: grad(lambda x: grad(f)(x).sum())(x).sum())
    assert np.allclose(third(V), 6.0)


@pytest.mark.skipif(np.conjugate not in ROWS, reason="complex numbers are the business of fft")
def test_vdot_conjugates_its_first():
    z = np.array([1 + 2j, 3 - 1j])
    assert np.vdot(Tensor(z), z).item() == np.vdot(z, z)


@pytest.mark.parametrize(
    ("f", "says"),
    [
        (lambda x: np.einsum("ij,jk->ik", x), "is about 2 arrays, but 1 are given"),
        (lambda x: np.einsum("i...->i", x), "'...' in 'i...->i' stands for 1 axes"),
        (lambda x: np.einsum("ij,ij->", x, x.T), "one letter for each axis"),
        (lambda x: np.einsum("ijk->", x), "one letter for each axis"),
        (
            lambda x: np.einsum("ij->", x, dtype=np.float32),
            "einsum of a Tensor does not take dtype=",
        ),
        (lambda x: np.einsum("ij->", x, out=np.zeros(())), "einsum of a Tensor does not take out="),
        (lambda x: np.tensordot(x, x, axes=1), "tensordot"),
        (lambda x: np.dot(x, x), "matmul"),
        (lambda x: np.cross(x[:, :2], x[:, :2]), "of length 3 and not 2"),
        (lambda x: np.outer(x, x, out=np.zeros((6, 6))), "outer of a Tensor does not take out="),
        (lambda x: np.vdot(x, x[0]), "matmul"),
    ],
)
def test_what_is_refused_and_in_which_words(f, says):
    with pytest.raises((TypeError, ValueError), match=says):
        f(Tensor(M, requires_grad=True))


LARGE = {"b": 3, "h": 5, "i": 31, "j": 29, "k": 23, "l": 7, "m": 1}


@pytest.mark.parametrize(
    "text",
    [
        "bij,bjk->bik", "bij,bkj->kib", "ijk,kl->lij", "bhik,bhjk->bhij", "hijk,jkl->lhi", "ijk,ijk->",
        "ijk,ijk->i", "ijk,i->kj", "ijk,mjk->im", "ijk,ijl->kl", "ijk,ljk->il",
        # no products of matrices: a letter twice, or summed alone, or nothing summed
        "iij,ijk->k", "ijk,jl->kl", "ijk,ijk->ijk", "ij,ijk->ijk",
    ],
)  # fmt: skip
def test_large_einsums_are_those_of_numpy(text):
    """Two large factors are multiplied as matrices; the sum is the same but for rounding."""
    rng = np.random.default_rng(0)
    terms = text.split("->")[0].split(",")
    a, b = (rng.normal(size=[LARGE[c] for c in term]) for term in terms)
    if "m" in text:
        b = b[:, :1]  # and an axis of length 1 repeats
    x, w = Tensor(a, requires_grad=True), Tensor(b, requires_grad=True)
    y = np.einsum(text, x, w)
    expected = np.einsum(text, a, b)
    assert y.shape == expected.shape and np.allclose(y.data, expected, rtol=1e-11, atol=1e-11)
    u, v, c = (rng.normal(size=s) for s in (a.shape, b.shape, y.shape))
    y.backward(c)
    slope = np.sum(c * np.einsum(text, u, b)) + np.sum(c * np.einsum(text, a, v))
    assert np.isclose(np.vdot(x.grad, u) + np.vdot(w.grad, v), slope, rtol=1e-10)
