"""Choosing and putting back: x[index] in every mix, put, add_at, sort, and NumPy's ways to choose."""

import inspect

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_edu import Tensor, grad, ops
from tinygrad_edu.gradcheck import gradcheck

RNG = np.random.default_rng(4)
V, M, C = RNG.normal(size=4), RNG.normal(size=(3, 4)), RNG.normal(size=(2, 3, 4))


KINDS = ["integer", "slice", "array", "mask", "wide mask", "list", "new axis", "dots"]


@st.composite
def mixed_indices(draw, shape):
    """Integers, slices, ..., None, integer arrays and masks, in any mix; not all of them fit the shape."""
    kinds = draw(st.lists(st.sampled_from(KINDS), max_size=len(shape) + 2))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    common = draw(st.sampled_from([(), (1,), (2,), (0,), (3, 1), (2, 2)]))
    wide = sum(kind == "wide mask" for kind in kinds)
    consumed = len(kinds) - kinds.count("new axis") - kinds.count("dots") + wide
    pieces, axis = [], 0
    for kind in kinds:
        if kind == "new axis":
            pieces.append(None)
            continue
        if kind == "dots":
            if not any(piece is ... for piece in pieces):
                pieces.append(...)
                axis += max(0, len(shape) - consumed)
            continue
        n = shape[axis] if axis < len(shape) else 1
        if kind == "integer":
            pieces.append(int(rng.integers(-n, max(n, 1))))
        elif kind == "slice":
            pieces.append(slice(*rng.choice([None, -2, 0, 1, 3], 2), rng.choice([None, 1, -1, 2])))
        elif kind in ("array", "list"):
            array = rng.integers(-n, max(n, 1), common)
            pieces.append(array.tolist() if kind == "list" and array.size else array)
        elif kind == "mask":
            pieces.append(rng.random(n) > 0.5)
        else:
            pieces.append(rng.random(shape[axis : axis + 2]) > 0.5)
            axis += 1
        axis += 1
    return pieces[0] if len(pieces) == 1 and draw(st.booleans()) else tuple(pieces)


# NumPy 2.0 only warns about an index out of an axis without elements.
NO_INDEX = (IndexError, DeprecationWarning)


@settings(max_examples=300, deadline=None)
@given(data=st.data(), shape=hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=4))
def test_every_mix_of_indices(data, shape):
    index = data.draw(mixed_indices(shape))
    x = Tensor(RNG.normal(size=shape), requires_grad=True)
    try:
        expected = x.data[index]
    except NO_INDEX as error:  # a mask that does not broadcast with the arrays: refused by both
        with pytest.raises(type(error)):
            x[index]
        return
    y = x[index]
    assert np.array_equal(y.data, expected) and y.shape == expected.shape
    g = RNG.normal(size=y.shape)
    y.backward(g)
    added = np.zeros(shape)
    np.add.at(added, index, g)
    assert np.allclose(x.grad, added, rtol=1e-13, atol=1e-15)

    values = Tensor(RNG.normal(size=expected.shape), requires_grad=True)
    put, x.grad = ops.put(x, index, values), None
    changed = x.data.copy()
    changed[index] = values.data
    assert np.array_equal(put.data, changed)
    c = RNG.normal(size=shape)
    put.backward(c)
    untouched, where_from = np.ones(shape), np.full(shape, -1)
    untouched[index] = 0
    where_from[index] = np.arange(values.size).reshape(values.shape)
    assert np.array_equal(x.grad, c * untouched)
    arrived = np.zeros(values.size + 1)
    arrived[where_from.ravel()] = c.ravel()
    assert np.array_equal(values.grad.ravel(), arrived[:-1])


@given(data=st.data(), shape=hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=12))
def test_the_fast_way_of_adding_equals_the_plain_one(data, shape):
    """Large gradients are added by place number; rows (an embedding), pairs, and slices in between."""
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    n = data.draw(st.sampled_from([0, 3, 700]))
    rows = rng.integers(-shape[0], shape[0], n)
    pair = tuple(rng.integers(0, side, (n, 1)) for side in shape)
    behind = (..., rng.integers(-shape[-1], shape[-1], n))
    index = data.draw(
        st.sampled_from([rows, rows.reshape(1, -1), rows.tolist() or [0], pair, behind])
    )
    dtype = data.draw(st.sampled_from([np.float64, np.float32, np.complex128]))
    g = rng.integers(-9, 9, np.zeros(shape)[index].shape).astype(dtype)
    expected = np.zeros(shape, dtype)
    np.add.at(expected, index, g)
    got = ops.scatter_add(g, index=index, shape=shape)
    assert got.dtype == dtype and np.array_equal(got, expected)


@pytest.mark.parametrize("bad", [np.full(600, 5), np.full(600, -6), (np.full(600, 5), 0)])
def test_adding_outside_is_an_index_error(bad):
    with pytest.raises(IndexError, match="out of bounds for axis 0 with size 5"):
        ops.scatter_add(
            np.ones((600, 4) if isinstance(bad, np.ndarray) else 600), index=bad, shape=(5, 4)
        )


@pytest.mark.parametrize("small", [np.int8, np.uint8, np.int32])
def test_short_integers_are_indices_as_well(small):
    """127 times the width of a row does not fit in eight bits."""
    index, g = np.array([127, 3, 127], small), RNG.normal(size=(3, 300))
    expected = np.zeros((128, 300))
    np.add.at(expected, index, g)
    assert np.array_equal(ops.scatter_add(g, index=index, shape=(128, 300)), expected)


def test_add_at_adds_where_put_replaces():
    x, v = Tensor(np.zeros(3), requires_grad=True), Tensor([1.0, 2.0], requires_grad=True)
    assert ops.add_at(x, [1, 1], v).data.tolist() == [0, 3, 0]
    assert ops.put(x, [1, 1], v).data.tolist() == [0, 2, 0]
    assert x.data.tolist() == [0, 0, 0]
    (ops.add_at(x, [1, 1], v) * [5.0, 7.0, 9.0]).sum().backward()
    assert x.grad.tolist() == [5, 7, 9] and v.grad.tolist() == [7, 7]
    x.grad = v.grad = None
    (ops.put(x, [1, 1], v) * [5.0, 7.0, 9.0]).sum().backward()
    assert x.grad.tolist() == [5, 0, 9] and v.grad.tolist() == [0, 7]


def test_values_broadcast():
    for v in (2.0, RNG.normal(size=4), RNG.normal(size=(1, 1, 4)), RNG.normal(size=(2, 1))):
        value = np.asarray(v)
        assert gradcheck(lambda x, v: ops.put(x, slice(0, 2), v) ** 2, M, value)
        if value.ndim < 3:
            assert gradcheck(lambda x, v: ops.add_at(x, slice(0, 2), v) ** 2, M, value)


ORDER = np.argsort(M, axis=1)
FORMS = {
    "take": (lambda x: np.take(x, [[0, 3], [-1, 5]]), M),
    "take one": (lambda x: np.take(x, 2), M),
    "take axis": (lambda x: np.take(x, [0, 0, -1], axis=1), M),
    "take clip": (lambda x: np.take(x, [-7, 1, 9], axis=0, mode="clip"), M),
    "take wrap": (lambda x: np.take(x, [-7, 1, 9], axis=-1, mode="wrap"), M),
    "take from constants": (lambda x: np.take(x, np.array([2, 2]), 0), M),
    "take_along_axis": (lambda x: np.take_along_axis(x, ORDER[:, :2], axis=1), M),
    "take_along_axis of one row": (lambda x: np.take_along_axis(x, np.array([[2, 0, 1, 1]]), 0), M),
    "take_along_axis flat": (lambda x: np.take_along_axis(x, np.array([3, -1]), None), M),
    "compress": (lambda x: np.compress([True, False, True], x, axis=1), M),
    "compress flat": (lambda x: np.compress(M.ravel() > 0, x), M),
    "extract": (lambda x: np.extract(M > 0, x), M),
    "select": (lambda x, y: np.select([M > 1, M > 0], [x, y], 7.0), M, V),
    "select default": (lambda x, y: np.select([M > 1], [x], y), M, M[0]),
    "choose": (lambda x, y: np.choose(M > 0, [x, y]), M, V),
    "choose of an array": (lambda x: np.choose(np.array([0, 2, 1, 0]), x), M),
    "choose wrap": (lambda x: np.choose(np.array([3, -1, 4, 5]), x, mode="wrap"), M),
    "choose clip": (lambda x: np.choose(np.array([3, -1, 4, 1]), x, mode="clip"), M),
    "sort": (lambda x: np.sort(x), M),
    "sort axis": (lambda x: np.sort(x, axis=0), C),
    "sort flat": (lambda x: np.sort(x, axis=None, kind="stable"), M),
    "partition": (lambda x: np.partition(x, 1, axis=1)[:, 1], M),
    "partition many": (lambda x: np.partition(x, [0, 5], axis=None)[[0, 5]], M),
    "bincount": (lambda x: np.bincount([3, 1, 1, 0], x, minlength=6), V),
    "unique": (lambda x: np.unique(x), np.array([[3.0, 1.0], [2.0, 5.0]])),
    "unique axis": (lambda x: np.unique(x, axis=1), M),
    "unique with places": (lambda x: np.unique(x, True, True, True)[0], M),
    "unique_values": (np.unique_values, M),
    "unique_all": (lambda x: np.unique_all(x).values, M),
    "unique_counts": (lambda x: np.unique_counts(x)[0], M),
    "unique_inverse": (lambda x: np.unique_inverse(x).values, M),
    "union1d": (lambda x, y: np.union1d(x, y), M, V),
    "intersect1d": (lambda x: np.intersect1d(x[0], x), M),
    "intersect1d with places": (lambda x: np.intersect1d(x, x[1], return_indices=True)[0], M),
    "setdiff1d": (lambda x: np.setdiff1d(x, x[2]), M),
    "setxor1d": (lambda x: np.setxor1d(x, x[:2]), V),
    "histogram": (lambda w: np.histogram(M, 5, weights=w)[0], M * M),
    "histogram edges": (lambda w: np.histogram(V, [-1.0, 0.0, 0.5, 1.0], weights=w)[0], V * 2),
    "histogram range": (lambda w: np.histogram(V, 3, (-0.5, 2.0), weights=w)[0], V * 2),
    "histogram density": (lambda w: np.histogram(V, 3, density=True, weights=w)[0], V * V),
    "full_like": (lambda x: np.full_like(x, x[1]), M),
    "where": (lambda x, y: np.where(M > 0, x, y), M, V),
    "diag of a mask": (lambda x: x[np.eye(3, 4, dtype=bool)], M),
    "a list of rows": (lambda x: x[[2, 0, 2]], M),
    "rows of a constant matrix": (lambda x: x[np.array([[1, 1], [0, 1]]), :, None], C),
    "ix_": (lambda x: x[np.ix_([0, 2], [3, 3, 1])], M),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_call_form_is_numpys(form):
    f, *inputs = form
    y = f(*(Tensor(x, requires_grad=True) for x in inputs))
    assert isinstance(y, Tensor) and y.requires_grad
    assert np.array_equal(y.data, f(*inputs)) and y.dtype == np.float64
    assert gradcheck(lambda *xs: f(*xs) ** 3, *inputs)
    f32 = [Tensor(x.astype(np.float32), requires_grad=True) for x in inputs]
    y = f(*f32)
    assert y.dtype == np.float32 or form in (FORMS["bincount"], FORMS["histogram density"])
    y.sum().backward()
    assert all(x.grad.dtype == np.float32 for x in f32)


def test_places_are_plain_and_where_alone_gives_places():
    x = Tensor([[3.0, 1.0], [0.0, 3.0]], requires_grad=True)
    for f in (
        lambda x: np.where(x), lambda x: np.argsort(x), lambda x: np.argpartition(x, 0), np.argwhere,
        np.flatnonzero, lambda x: np.histogram(x, 3), lambda x: np.searchsorted(x[0] * 0 + [1, 2], [1.5]),
        lambda x: np.digitize(x, [1.0]), lambda x: np.isin(x, [3.0]), lambda x: np.lexsort(x),
        lambda x: np.unique(x, return_counts=True)[1:], lambda x: np.histogram2d(x[0], x[1], 2)[0],
        np.tril_indices_from, lambda x: np.histogramdd(x, 2, weights=Tensor([1.0, 2.0]))[0],
    ):  # fmt: skip
        got, expected = f(x), f(x.data)
        for mine, theirs in zip(got, expected, strict=True):
            assert not isinstance(mine, Tensor) and np.array_equal(mine, theirs)


def test_equal_numbers_keep_their_order_and_their_gradients():
    x = Tensor([2.0, 1.0, 2.0, 1.0], requires_grad=True)
    np.sort(x).backward(np.array([1.0, 2.0, 3.0, 4.0]))
    assert x.grad.tolist() == [3.0, 1.0, 4.0, 2.0]


def test_of_equal_numbers_the_first_has_the_gradient():
    x = Tensor([2.0, np.nan, 2.0, 1.0, np.nan], requires_grad=True)
    y = np.unique(x)
    assert np.array_equal(y.data, np.unique(x.data), equal_nan=True)
    y.backward(np.array([1.0, 2.0, 3.0]))
    assert x.grad.tolist() == [2.0, 3.0, 0.0, 1.0, 0.0]
    a, b = Tensor([1.0, 2.0], requires_grad=True), Tensor([2.0, 3.0], requires_grad=True)
    np.union1d(a, b).sum().backward()
    assert a.grad.tolist() == [1.0, 1.0] and b.grad.tolist() == [0.0, 1.0]
    x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    (np.sum(np.unique(x)) * x.sum()).backward()  # neither factor is lost
    assert x.grad.tolist() == [12.0, 12.0, 12.0]


def test_integers_have_unique_values_too():
    found = np.unique(Tensor(np.array([3, 1, 3])), return_counts=True)
    assert found[0].tolist() == [1, 3] and found[1].tolist() == [1, 2]


def test_a_tensor_of_places_is_an_index():
    places = Tensor(np.array([1, 0]))
    assert np.take(V, places).tolist() == V[[1, 0]].tolist()
    assert ops.put(Tensor(V), places, 0.0).data[:2].tolist() == [0, 0]


def test_put_along_axis():
    y = ops.put_along_axis(Tensor(M), ORDER[:, -1:], 0.0, axis=1)
    expected = M.copy()
    np.put_along_axis(expected, ORDER[:, -1:], 0.0, axis=1)
    assert np.array_equal(y.data, expected)
    assert gradcheck(
        lambda x, v: ops.put_along_axis(x, ORDER[:, :2], v, axis=1) ** 2, M, RNG.normal(size=(3, 2))
    )


@pytest.mark.parametrize(
    ("f", "says"),
    [
        (lambda x: np.put(x, 0, 1.0), "np.put changes an array in place.*\n.*\n.*ops.put"),
        (lambda x: np.put_along_axis(x, np.array([0]), 1.0, 0), "ops.put_along_axis"),
        (lambda x: np.place(x, V > 0, [1.0]), "ops.put"),
        (lambda x: np.putmask(x, V > 0, 1.0), "np.where"),
        (lambda x: np.copyto(np.zeros(4), x), "np.copyto changes"),
        (lambda x: np.fill_diagonal(x[:, None] * x, 1.0), "np.diag_indices"),
        (lambda x: np.take(x, 0, mode="near"), "not 'near'"),
        (lambda x: np.take(x, 9), "an index that fits the shape"),
        (lambda x: np.take(x, 0, out=np.zeros(1)), "does not take out="),
        (lambda x: np.take_along_axis(x, np.array([[0]]), 0), "as many axes as the array"),
        (lambda x: np.choose([0, 4, 0, 0], [x, x]), "choices 0 to 1"),
        (lambda x: np.select([V > 0], [x, x]), "one choice for each condition"),
        (lambda x: np.sort(x, order="name"), "does not take order="),
        (lambda x: np.sort(x, axis=2), "out of bounds"),
        (
            lambda x: np.histogram2d(V, V, 2, weights=x),
            "np.histogram2d has no derivative by its weig",
        ),
        (lambda x: np.histogramdd(V[:, None], 2, weights=x), "Try: np.bincount"),
        pytest.param(
            lambda x: np.unique(x, sorted=False),
            "does not take sorted=",
            marks=pytest.mark.skipif(
                "sorted" not in inspect.signature(np.unique).parameters, reason="NumPy before 2.3"
            ),
        ),
        (lambda x: ops.put(x, [0, 1], [1.0, 2.0, 3.0]), "put.*\\(4,\\)"),
    ],
)
def test_what_is_refused_and_in_which_words(f, says):
    with pytest.raises((TypeError, ValueError, IndexError), match=says):
        f(Tensor(V, requires_grad=True))


def test_gradients_flow_through_choices_to_every_order():
    """Σ of the cubes of the two largest numbers: second derivatives on their diagonal, third constant."""
    f = lambda x: (np.sort(x)[-2:] ** 3).sum()
    x = np.array([1.0, 3.0, 2.0])
    assert grad(f)(x).tolist() == [0.0, 27.0, 12.0]
    assert grad(lambda x: grad(f)(x).sum())(x).tolist() == [0.0, 18.0, 12.0]
    third = grad(lambda x: grad(lambda x: grad(f)(x).sum())(x).sum())
    assert third(x).tolist() == [0.0, 6.0, 6.0]
