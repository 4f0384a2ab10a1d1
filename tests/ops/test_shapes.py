"""Shapes and joining: every call form that NumPy takes gives NumPy's values and right derivatives."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import Tensor
from tinygrad_edu.gradcheck import gradcheck

RNG = np.random.default_rng(3)
V, M, C = RNG.normal(size=4), RNG.normal(size=(3, 4)), RNG.normal(size=(2, 3, 4))
Z = RNG.normal(size=())
IRREGULAR = np.cumsum(RNG.uniform(0.5, 1.5, size=4))


def arrays_of(y):
    """All arrays of a result: one, or a list or tuple of them."""
    return [a for part in y for a in arrays_of(part)] if isinstance(y, (list, tuple)) else [y]


def check(f, *inputs, order=1):
    """f of Tensors is f of arrays, remembers how it was made, and has the derivatives that it says."""
    expected = f(*inputs)
    got = f(*(Tensor(x, requires_grad=True) for x in inputs))
    assert type(got) is type(expected) or not isinstance(expected, (list, tuple))
    assert len(arrays_of(got)) == len(arrays_of(expected))
    for mine, theirs in zip(arrays_of(got), arrays_of(expected), strict=True):
        assert isinstance(mine, Tensor) and mine.shape == np.shape(theirs)
        assert mine.dtype == np.asarray(theirs).dtype
        assert np.allclose(mine.data, theirs, rtol=1e-13, atol=1e-15, equal_nan=True)
        assert mine.requires_grad
    if not any(x.size for x in inputs):
        return

    def joined(*xs):  # squared, so that the second order is not 0
        parts = [np.ravel(part) for part in arrays_of(f(*xs))]
        y = np.concatenate(parts)
        return y * y

    report = gradcheck(joined, *inputs, order=order)
    assert report, report


FORMS = {
    "reshape": (lambda x: np.reshape(x, (4, 3)), M),
    "reshape int": (lambda x: np.reshape(x, -1), M),
    "reshape F": (lambda x: np.reshape(x, (2, 6), order="F"), M),
    "reshape of a transpose, F": (lambda x: np.reshape(np.transpose(x), (2, 6), "F"), M),
    "ravel": (lambda x: np.ravel(x), C),
    "ravel F": (lambda x: np.ravel(x, "F"), C),
    "transpose": (lambda x: np.transpose(x, (1, 2, 0)), C),
    "permute_dims": (lambda x: np.permute_dims(x, [2, 0, 1]), C),
    "matrix_transpose": (lambda x: np.matrix_transpose(x), C),
    "linalg.matrix_transpose": (lambda x: np.linalg.matrix_transpose(x), M),
    "moveaxis": (lambda x: np.moveaxis(x, 0, -1), C),
    "moveaxis many": (lambda x: np.moveaxis(x, [0, -1], [1, 0]), C),
    "rollaxis": (lambda x: np.rollaxis(x, 2), C),
    "rollaxis to the end": (lambda x: np.rollaxis(x, 0, 3), C),
    "rollaxis from behind": (lambda x: np.rollaxis(x, -1, 1), C),
    "swapaxes": (lambda x: np.swapaxes(x, 0, 2), C),
    "expand_dims": (lambda x: np.expand_dims(x, (0, 2)), M),
    "squeeze": (lambda x: np.squeeze(x[None, :, None], axis=(0, 2)), M),
    "broadcast_to": (lambda x: np.broadcast_to(x, (2, 3, 4)), M),
    "broadcast_to an int": (lambda x: np.broadcast_to(x, 3), Z),
    "broadcast_arrays": (lambda x, y, z: np.broadcast_arrays(x, y, z), M, V, Z),
    "atleast_1d": (lambda x: np.atleast_1d(x), Z),
    "atleast_2d many": (lambda x, y: np.atleast_2d(x, y), Z, V),
    "atleast_3d": (lambda x, y, z, c: np.atleast_3d(x, y, z, c), Z, V, M, C),
    "concatenate": (lambda x, y: np.concatenate([x, y[:, :1]], axis=1), M, M),
    "concatenate flat": (lambda x, y: np.concatenate((x, y), axis=None), M, V),
    "concatenate with constants": (lambda x: np.concatenate([x, [1.0, 2.0]]), V),
    "concat": (lambda x, y: np.concat([x, y]), M, M),
    "stack": (lambda x, y: np.stack([x, y], axis=-1), M, M),
    "hstack": (lambda x, y: np.hstack([x, y]), V, V),
    "hstack matrices": (lambda x, y: np.hstack((x, y)), M, M),
    "hstack numbers": (lambda x, y: np.hstack((x, y)), Z, V),
    "vstack": (lambda x, y: np.vstack([x, y]), V, M),
    "dstack": (lambda x, y: np.dstack([x, y]), M, M),
    "dstack vectors": (lambda x, y: np.dstack([x, y]), V, V),
    "column_stack": (lambda x, y: np.column_stack([x, y.T]), V, M),
    "block": (lambda x, y: np.block([[x, y[:, None]], [np.zeros((1, 4)), 1.0]]), M, M[:, 0]),
    "block of vectors": (lambda x, z: np.block([x, z]), V, Z),
    "block of one": (lambda x: np.block(x), M),
    "block deeper than its arrays": (lambda x: np.block([[[x, x]]]), V),
    "append": (lambda x, y: np.append(x, y), M, V),
    "append rows": (lambda x, y: np.append(x, y[None], axis=0), M, V),
    "delete": (lambda x: np.delete(x, [0, 2], axis=1), M),
    "delete flat": (lambda x: np.delete(x, slice(1, None, 3)), M),
    "delete one": (lambda x: np.delete(x, -1, axis=0), M),
    "insert": (lambda x, y: np.insert(x, 1, y, axis=0), M, V),
    "insert several places": (lambda x, y: np.insert(x, [1, 3, 3], y[:, :3], axis=1), M, M),
    "insert flat": (lambda x, y: np.insert(x, [0, 2], y), M, Z),
    "insert many at one place": (lambda x, y: np.insert(x, 2, y), V, V),
    "insert a column": (lambda x, y: np.insert(x, -1, y, axis=1), M, M[:, 0]),
    "insert columns": (lambda x, y: np.insert(x, [1], y, axis=1), M, M[:, :2]),
    "split": (lambda x: np.split(x, 3), M),
    "split at": (lambda x: np.split(x, [1, 3], axis=-1), M),
    "split beyond the end": (lambda x: np.split(x, [2, 9], axis=1), M),
    "array_split": (lambda x: np.array_split(x, 3, axis=1), M),
    "hsplit": (lambda x: np.hsplit(x, 2), M),
    "hsplit vector": (lambda x: np.hsplit(x, [1]), V),
    "vsplit": (lambda x: np.vsplit(x, 3), M),
    "dsplit": (lambda x: np.dsplit(x, [1, 2]), C),
    "flip": (lambda x: np.flip(x), C),
    "flip axes": (lambda x: np.flip(x, (0, -1)), C),
    "flipud": (lambda x: np.flipud(x), M),
    "fliplr": (lambda x: np.fliplr(x), M),
    "rot90": (lambda x: np.rot90(x, 3), M),
    "rot90 axes": (lambda x: np.rot90(x, 1, (2, 1)), C),
    "roll": (lambda x: np.roll(x, 5), M),
    "roll axis": (lambda x: np.roll(x, -1, axis=1), M),
    "roll axes": (lambda x: np.roll(x, (1, -2), axis=(0, 1)), M),
    "roll one shift, two axes": (lambda x: np.roll(x, 2, axis=(0, 1)), M),
    "roll by an array": (lambda x: np.roll(x, np.array([1, 2]), axis=(1, 1)), M),
    "tile": (lambda x: np.tile(x, 3), V),
    "tile to more axes": (lambda x: np.tile(x, (2, 1, 2)), M),
    "tile of more axes": (lambda x: np.tile(x, 2), C),
    "repeat": (lambda x: np.repeat(x, 2), M),
    "repeat axis": (lambda x: np.repeat(x, 3, axis=1), M),
    "repeat each": (lambda x: np.repeat(x, [0, 2, 1], axis=0), M),
    "repeat list of one": (lambda x: np.repeat(x, [2], axis=-1), M),
    "resize": (lambda x: np.resize(x, (3, 2)), V),
    "resize to int": (lambda x: np.resize(x, 10), V),
    "meshgrid": (lambda x, y: np.meshgrid(x, y), V, V[:3]),
    "meshgrid ij": (lambda x, y, z: np.meshgrid(x, y, z, indexing="ij"), V, V[:3], V[:2]),
    "meshgrid xy of three": (lambda x, y, z: np.meshgrid(x, y, z), V, V[:3], V[:2]),
    "meshgrid sparse": (lambda x, y: np.meshgrid(x, y, sparse=True), V, V[:3]),
    "meshgrid of one": (lambda x: np.meshgrid(x, copy=False), V),
    "pad": (lambda x: np.pad(x, 2), M),
    "pad constant": (lambda x: np.pad(x, ((1, 0), (0, 2)), constant_values=3.0), M),
    "pad constants": (lambda x: np.pad(x, 1, constant_values=((1, 2), (3, 4))), M),
    "pad pair for all": (lambda x: np.pad(x, (1, 2), "edge"), M),
    "pad one pair": (lambda x: np.pad(x, ((2, 1),), mode="wrap"), M),
    "pad one each": (lambda x: np.pad(x, ((2,), (1,)), mode="symmetric"), M),
    "pad reflect, longer than x": (lambda x: np.pad(x, 7, mode="reflect"), V),
    "pad wrap, longer than x": (lambda x: np.pad(x, 9, mode="wrap"), V),
    "pad ramp": (lambda x: np.pad(x, ((2, 1), (0, 3)), "linear_ramp", end_values=((1, 2), (3, 4))), M),
    "pad mean": (lambda x: np.pad(x, ((2, 1), (0, 3)), "mean"), M),
    "pad maximum": (lambda x: np.pad(x, ((2, 1), (1, 3)), "maximum", stat_length=2), M),
    "pad minimum": (lambda x: np.pad(x, 2, "minimum", stat_length=((1, 3), (2, 9))), M),
    "pad median": (lambda x: np.pad(x, (1, 2), "median"), M),
    "pad reflect": (lambda x: np.pad(x, ((0, 1), (2, 2)), "reflect"), M),
    "tril": (lambda x: np.tril(x, 1), M),
    "triu": (lambda x: np.triu(x, -1), C),
    "diag": (lambda x: np.diag(x), M),
    "diag build": (lambda x: np.diag(x, -2), V),
    "diag above": (lambda x: np.diag(x, 2), M),
    "diagonal": (lambda x: np.diagonal(x, 1, 2, 0), C),
    "diagonal outside": (lambda x, y: np.append(np.diagonal(x, 7), y), M, V),
    "linalg.diagonal": (lambda x: np.linalg.diagonal(x, offset=-1), C),
    "diagflat": (lambda x: np.diagflat(x, 1), M[:2, :2]),
    "trace": (lambda x: np.trace(x), M),
    "trace axes": (lambda x: np.trace(x, 1, 1, 2), C),
    "linalg.trace": (lambda x: np.linalg.trace(x), C),
    "diff": (lambda x: np.diff(x), M),
    "diff n": (lambda x: np.diff(x, n=2, axis=0), M),
    "diff 0": (lambda x: np.diff(x, n=0), M),
    "diff with ends": (lambda x, p, a: np.diff(x, prepend=p, append=a[:, None]), M, Z, M[:, 0]),
    "gradient": (lambda x: np.gradient(x), M),
    "gradient of a vector": (lambda x: np.gradient(x, 0.5, edge_order=2), V),
    "gradient axis": (lambda x: np.gradient(x, 2.0, axis=1), M),
    "gradient spacings": (lambda x: np.gradient(x, 0.5, 2.0, axis=(2, 1)), C),
    "gradient at coordinates": (lambda x: np.gradient(x, 1.0, IRREGULAR), M),
    "gradient at coordinates, second order": (
        lambda x: np.gradient(x, IRREGULAR, axis=-1, edge_order=2), M),
    "gradient in the coordinates": (lambda x, t: np.gradient(x, t, edge_order=2), V, IRREGULAR),
    "trapezoid": (lambda y: np.trapezoid(y, dx=0.5, axis=0), M),
    "trapezoid x": (lambda y, x: np.trapezoid(y, x), M, IRREGULAR),
    "trapezoid x, axis 0": (lambda y, x: np.trapezoid(y, x, axis=0), M, IRREGULAR[:3]),
    "trapezoid x of the same shape": (lambda y, x: np.trapezoid(y, x, axis=0), M, M.cumsum(0)),
    "interp": (lambda x, t, f: np.interp(x, t, f), np.array([0.1, 1.3, 2.2, 9.0]), IRREGULAR, V),
    "interp of a number": (lambda x, t, f: np.interp(x, t, f), np.array(1.9), IRREGULAR, V),
    "interp beyond": (
        lambda x, t, f: np.interp(x, t, f, left=-1.0, right=7.0), np.array([[0.1], [9.0]]), IRREGULAR, V),
    "interp period": (
        lambda x, t, f: np.interp(x, t, f, period=2.0), np.array([-3.1, 0.2, 5.7]),
        np.array([0.5, 3.1, -0.2]), V[:3]),
    "interp of one point": (lambda x, t, f: np.interp(x, t, f), V, np.array([0.01]), V[:1]),
}  # fmt: skip
if hasattr(np, "unstack"):
    FORMS["unstack"] = (lambda x: np.unstack(x, axis=-1), C)
for mode in ("full", "same", "valid"):
    for n, m in ((5, 3), (3, 5), (4, 2), (2, 4), (3, 3), (1, 4)):
        a, v = RNG.normal(size=n), RNG.normal(size=m)
        FORMS[f"convolve {mode} {n} {m}"] = (lambda a, v, mode=mode: np.convolve(a, v, mode), a, v)
        FORMS[f"correlate {mode} {n} {m}"] = (
            lambda a, v, mode=mode: np.correlate(a, v, mode),
            a,
            v,
        )


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_call_form_is_numpys(form):
    check(*form, order=2)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_memory_order_of_the_input_does_not_matter(form):
    """Inputs that are transposed or strided views give the same values and gradients."""
    f, *inputs = form
    grads = []
    for arrays in (inputs, [np.repeat(x[..., None], 2, -1)[..., 0].T.copy().T for x in inputs]):
        xs = [Tensor(x, requires_grad=True) for x in arrays]
        sum(np.sum(y * y) for y in arrays_of(f(*xs))).backward()
        grads.append([np.zeros(x.shape) if x.grad is None else x.grad for x in xs])
    for first, second in zip(*grads, strict=True):
        assert np.allclose(first, second, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_the_dtype_is_numpys_and_the_gradient_keeps_it(form, dtype):
    f, *inputs = form
    inputs = [x.astype(dtype) for x in inputs]
    xs = [Tensor(x, requires_grad=True) for x in inputs]
    ys = arrays_of(f(*xs))
    for mine, theirs in zip(ys, arrays_of(f(*inputs)), strict=True):
        assert (
            mine.dtype == theirs.dtype or np.result_type(mine.dtype, theirs.dtype) == theirs.dtype
        )
    sum(np.sum(y) for y in ys).backward()
    assert all(x.grad is None or x.grad.dtype == dtype for x in xs)


EMPTY = {
    "concatenate": lambda x: np.concatenate([x, x]), "stack": lambda x: np.stack([x, x]),
    "split": lambda x: np.array_split(x, 2, axis=1), "tile": lambda x: np.tile(x, 2),
    "repeat": lambda x: np.repeat(x, 2, axis=0), "roll": lambda x: np.roll(x, 1),
    "flip": lambda x: np.flip(x), "pad": lambda x: np.pad(x, 1), "tril": lambda x: np.tril(x),
    "reshape": lambda x: np.reshape(x, (5, 0)), "diff": lambda x: np.diff(x),
    "diagonal": lambda x: np.diagonal(x), "trace": lambda x: np.trace(x), "sort": lambda x: np.sort(x),
    "kron": lambda x: np.kron(x, x), "tensordot": lambda x: np.tensordot(x, x.T, 1),
    "einsum": lambda x: np.einsum("ij,ij->j", x, x), "take": lambda x: np.take(x, [], axis=1),
    "repeat 0": lambda x: np.repeat(x, 0, axis=1), "tile 0": lambda x: np.tile(x, 0),
}  # fmt: skip


@pytest.mark.parametrize("f", EMPTY.values(), ids=EMPTY)
@pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
def test_empty_arrays(f, shape):
    x = Tensor(np.zeros(shape), requires_grad=True)
    ys = arrays_of(f(x))
    for mine, theirs in zip(ys, arrays_of(f(np.zeros(shape))), strict=True):
        assert mine.shape == np.shape(theirs)
    sum(np.sum(y) for y in ys).backward()
    assert x.grad.shape == shape


@given(data=st.data(), shape=st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple))
def test_rearrangements_over_all_shapes_and_axes(data, shape):
    """A rearrangement moves gradients as it moves numbers: Σ c y has in x the c of each place of x."""
    axis = data.draw(st.integers(-len(shape), len(shape) - 1), label="axis")
    n = shape[axis]
    other = data.draw(st.integers(-len(shape), len(shape) - 1), label="other axis")
    shift = data.draw(st.integers(-5, 5), label="shift")
    counts = data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n), label="counts")
    low = st.integers(0, 5)
    widths = data.draw(st.lists(st.tuples(low, low), min_size=len(shape), max_size=len(shape)))
    mode = data.draw(st.sampled_from(["constant", "edge", "reflect", "symmetric", "wrap"]))
    cuts = data.draw(st.lists(st.integers(-2, 6), max_size=3), label="cuts")
    k = data.draw(st.integers(-3, 3), label="k")
    f = data.draw(st.sampled_from([
        lambda x: np.roll(x, shift, axis), lambda x: np.roll(x, (shift, k), (axis, other)),
        lambda x: np.flip(x, axis), lambda x: np.repeat(x, counts, axis), lambda x: np.repeat(x, n, axis),
        lambda x: np.moveaxis(x, axis, other), lambda x: np.swapaxes(x, axis, other),
        lambda x: np.pad(x, widths, mode), lambda x: np.concatenate(np.split(x, cuts, axis), axis),
        lambda x: np.concatenate(np.array_split(x, abs(k) + 1, axis), axis),
        lambda x: np.tile(x, counts), lambda x: np.stack([x, x], axis),
        lambda x: np.triu(np.atleast_2d(x), k),
        lambda x: np.reshape(x, -1, order="F"), lambda x: np.delete(x, min(abs(k), n - 1), axis),
        lambda x: np.atleast_3d(x), lambda x: np.diagonal(np.atleast_2d(x), k),
    ]))  # fmt: skip
    x = Tensor(np.arange(1.0, np.prod(shape) + 1).reshape(shape), requires_grad=True)
    y = f(x)
    assert np.array_equal(y.data, f(x.data))
    c = np.random.default_rng(0).normal(size=y.shape)
    y.backward(c)
    expected = np.zeros(x.size + 1)  # numbers tell where they came from; 0 is a margin
    np.add.at(expected, y.data.astype(int), c)
    assert np.allclose(x.grad.ravel(), expected[1:], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(
    ("f", "says"),
    [
        (
            lambda x: np.concatenate([x, x], dtype=np.float32),
            "concatenate of a Tensor does not take dtype=",
        ),
        (lambda x: np.stack([x, x], out=np.zeros((2, 4))), "stack of a Tensor does not take out="),
        (lambda x: np.pad(x, 1, mode="empty"), "does not take mode='empty'"),
        (lambda x: np.pad(x, 1, mode="reflect", reflect_type="odd"), "does not take reflect_type="),
        (lambda x: np.pad(x, 1, constant_values=x[0]), "constant_values are constants"),
        (lambda x: np.reshape(x, (2, 2), order="A"), "'A'"),
        (lambda x: np.ravel(x, order="K"), "'K'"),
        (lambda x: np.reshape(x, (3, 2)), "a shape with 4 elements"),
        (lambda x: np.split(x, 3), "4 do not divide into 3 equal parts"),
        (lambda x: np.array_split(x, 0), "must be above 0"),
        (lambda x: np.vsplit(x, 2), "vsplit needs 2 axes"),
        (lambda x: np.block([[x], x]), "nested equally deep"),
        (lambda x: np.meshgrid(x, x, indexing="yx"), "not 'yx'"),
        (lambda x: np.matrix_transpose(x), "two axes or more"),
        (lambda x: np.diag(x[:, None, None]), "a vector or a matrix"),
        (lambda x: np.gradient(x, 1.0, 2.0), "a spacing for each of the 1 axes"),
        (lambda x: np.gradient(x, [1.0, 2.0]), "need 4 coordinates"),
        (lambda x: np.gradient(x[:2], edge_order=2), "needs 3 points"),
        (lambda x: np.diff(x, n=-1), "0 or more"),
        (lambda x: np.interp(x, x, x[:2]), "not \\(4,\\) and \\(2,\\)"),
        (lambda x: np.convolve(x, x, mode="some"), "not 'some'"),
        (lambda x: np.roll(x, 1, axis=3), "axis 3 is out of bounds"),
        (lambda x: np.moveaxis(x, 2, 0), "out of bounds"),
    ],
)
def test_what_is_refused_and_in_which_words(f, says):
    with pytest.raises((TypeError, ValueError), match=says):
        f(Tensor(V, requires_grad=True))


def test_interp_at_a_point_has_the_slope_to_its_right():
    x = Tensor([0.0, 1.0, 2.0], requires_grad=True)
    np.interp(x, [0.0, 1.0, 2.0], [0.0, 3.0, 4.0]).sum().backward()
    assert x.grad.tolist() == [3.0, 1.0, 0.0]


def test_large_sums_over_leading_axes_go_another_way():
    """An offset that many samples share: its gradient is the sum over all of them."""
    g = RNG.normal(size=(30, 20, 16))
    offset = Tensor(np.zeros(16), requires_grad=True)
    (g * (Tensor(np.zeros((30, 20, 16))) + offset)).sum().backward()
    assert np.allclose(offset.grad, g.sum((0, 1)), rtol=1e-12, atol=1e-12)
