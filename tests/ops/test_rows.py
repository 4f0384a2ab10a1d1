"""Tests that are made from the rows themselves: a new row is tested without a new line here."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes

from tinygrad_edu import Tensor, grad, hvp, jvp, vjp
from tinygrad_edu.gradcheck import gradcheck
from tinygrad_edu.ops import activations, rows

RNG = np.random.default_rng(0)
CASES = [
    pytest.param(row, inputs, params, id=f"{row.name}-{i}")
    for row in rows()
    for i, (inputs, params) in enumerate(row.cases(np.random.default_rng(7)))
]


def tensors(inputs):
    return [Tensor(x, requires_grad=True) if np.asarray(x).dtype.kind == "f" else x for x in inputs]


def rules(row, n):
    return [row.rule(i) for i in range(n)]


@pytest.mark.parametrize(("row", "inputs", "params"), CASES)
def test_derivatives_agree_with_differences_to_order_two(row, inputs, params):
    if not any(np.asarray(x).dtype.kind == "f" and np.size(x) for x in inputs):
        pytest.skip("nothing to vary in an empty array")
    report = gradcheck(lambda *xs: row(*xs, **params), *inputs)
    assert report, report


@pytest.mark.parametrize(("row", "inputs", "params"), CASES)
def test_forward_is_the_numpy_function(row, inputs, params):
    y = row(*tensors(inputs), **params)
    assert np.array_equal(y.data, row.forward(*inputs, **params))
    assert y.op is row


@pytest.mark.parametrize(("row", "inputs", "params"), CASES)
def test_rules_give_the_same_on_arrays_and_on_tensors(row, inputs, params):
    """The same text serves the first order (arrays) and higher orders (Tensors)."""
    y = row.forward(*inputs, **params)
    g = np.random.default_rng(1).normal(size=np.shape(y))
    for rule in rules(row, len(inputs)):
        if rule is not None:
            plain = rule(np.asarray(g), np.asarray(y), *inputs, **params)
            recorded = rule(Tensor(g), Tensor(y), *tensors(inputs), **params)
            assert isinstance(recorded, Tensor)
            assert np.allclose(recorded.data, plain, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize(("row", "inputs", "params"), [c for c in CASES if c.values[0].linear])
def test_linear_rows_and_their_way_back_are_adjoint(row, inputs, params):
    """<A x, u> = <x, A* u> for each input, the others held fixed and their offset taken away."""
    rng = np.random.default_rng(2)
    for i, rule in enumerate(rules(row, len(inputs))):
        if rule is None or np.asarray(inputs[i]).dtype.kind != "f":
            continue
        without = [np.zeros_like(x) if j == i else x for j, x in enumerate(inputs)]
        ax = row.forward(*inputs, **params) - row.forward(*without, **params)
        u = rng.normal(size=np.shape(ax))
        ts = tensors(inputs)
        row(*ts, **params).backward(u)
        assert np.isclose(
            np.vdot(ax, u).real, np.vdot(inputs[i], ts[i].grad), rtol=1e-12, atol=1e-12
        )


@pytest.mark.parametrize(("row", "inputs", "params"), CASES)
def test_forward_mode_is_the_transpose_of_reverse_mode(row, inputs, params):
    """<u, J ẋ> = <Jᵀ u, ẋ>; and the same for J's own change, so that forward mode nests."""
    rng = np.random.default_rng(3)
    floats = [i for i, x in enumerate(inputs) if np.asarray(x).dtype.kind == "f"]
    primals = [inputs[i] for i in floats]
    tangents = [rng.normal(size=np.shape(x)) for x in primals]

    def f(*xs):
        full = list(inputs)
        for i, x in zip(floats, xs, strict=True):
            full[i] = x
        return row(*full, **params)

    y, pullback = vjp(f, *primals)
    u = rng.normal(size=np.shape(y))
    same, change = jvp(f, primals, tangents)
    assert np.array_equal(same, y) and np.shape(change) == np.shape(y)
    sides = np.sum(u * change).real, sum(map(np.vdot, pullback(u), tangents))
    assert np.isclose(*sides, rtol=1e-11, atol=1e-12)

    real = np.real if np.iscomplexobj(y) else lambda z: z
    g = grad(lambda *xs: np.sum(real(jvp(f, xs, tangents)[1]) * u), tuple(range(len(primals))))(
        *primals
    )
    h = hvp(lambda *xs: np.sum(real(f(*xs)) * u), primals, tangents)
    for one, two in zip(g, h if len(primals) > 1 else (h,), strict=True):
        assert np.allclose(one, two, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize(("row", "inputs", "params"), CASES)
def test_float32_in_float32_out(row, inputs, params):
    if row.name == "astype":
        pytest.skip("it exists to change the dtype")
    single = [x.astype(np.float32) if np.asarray(x).dtype.kind == "f" else x for x in inputs]
    ts = tensors(single)
    y = row(*ts, **params)
    assert y.dtype == (np.complex64 if y.dtype.kind == "c" else np.float32)
    y.backward(np.ones(y.shape))
    assert {t.grad.dtype for t in ts if isinstance(t, Tensor)} == {np.dtype(np.float32)}


@given(shapes=mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=3), data=st.data())
def test_broadcasting_is_undone_for_all_shapes(shapes, data):
    """Σ x w c has the gradient Σ w c in x, over the axes along which x was repeated; empty ones too."""
    rng = np.random.default_rng(data.draw(st.integers(0, 9)))
    (one, two), whole = shapes.input_shapes, shapes.result_shape
    x, w, c = rng.normal(size=one), rng.normal(size=two), rng.normal(size=whole)
    ts = tensors((x, w))
    (ts[0] * ts[1]).backward(c)
    for t, mine, other in ((ts[0], x, w), (ts[1], w, x)):
        expected = np.zeros_like(mine)
        places = np.broadcast_to(np.arange(mine.size).reshape(mine.shape), whole)
        np.add.at(expected.reshape(-1), places, other * c)
        assert t.grad.shape == mine.shape and np.allclose(t.grad, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.name)
def test_every_row_tells_what_it_computes(row):
    assert row.formula and row.cases


@pytest.mark.parametrize(
    ("fused", "plain", "inputs"),
    [
        (activations.sigmoid, activations.plain_sigmoid, (RNG.normal(size=(3, 4)),)),
        (activations.softmax, activations.plain_softmax, (RNG.normal(size=(3, 4)),)),
        (
            activations.cross_entropy,
            activations.plain_cross_entropy,
            (RNG.normal(size=(3, 4)), np.array([0, 3, 1])),
        ),
        (
            activations.logsumexp,
            lambda x: np.log(np.sum(np.exp(x), axis=-1)),
            (RNG.normal(size=(3, 4)),),
        ),
        (activations.softplus, lambda x: np.log(1 + np.exp(x)), (RNG.normal(size=(3, 4)),)),
        (activations.relu, lambda x: np.where(x > 0, x, 0.0), (RNG.normal(size=(3, 4)),)),
    ],
    ids=["sigmoid", "softmax", "cross_entropy", "logsumexp", "softplus", "relu"],
)
def test_the_fast_form_equals_the_plain_one(fused, plain, inputs):
    results = []
    for f in (fused, plain):
        ts = tensors(inputs)
        y = f(*ts)
        y.backward(np.arange(1.0, y.size + 1).reshape(y.shape))
        results.append((y.data, ts[0].grad))
    (y, g), (plain_y, plain_g) = results
    assert np.allclose(y, plain_y, rtol=1e-13, atol=1e-15)
    assert np.allclose(g, plain_g, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("big", [1e4, -1e4])
def test_large_inputs_do_not_overflow(big):
    x = Tensor([[big, 0.0, -big]], requires_grad=True)
    with np.errstate(over="raise", invalid="raise"):
        losses = [
            activations.cross_entropy(x, np.array([0])), activations.sigmoid(x).sum(),
            activations.softplus(x).sum(),
            activations.logsumexp(x).sum(), activations.softmax(x).sum(), activations.log_softmax(x)[0, 0],
        ]  # fmt: skip
        for loss in losses:
            loss.backward()
    assert np.isfinite(x.grad).all()
    assert losses[0].item() == (0.0 if big > 0 else 2e4)


def test_logsumexp_of_nothing_is_minus_infinity():
    with np.errstate(divide="ignore"):
        assert activations.logsumexp(np.full(3, -np.inf)) == -np.inf


class TestKinks:
    """The conventions where the derivative does not exist."""

    def gradient(self, f, *values):
        ts = [Tensor(v, requires_grad=True) for v in values]
        f(*ts).sum().backward()
        return [t.grad.tolist() for t in ts]

    def test_relu_and_abs_have_slope_0_at_0(self):
        assert self.gradient(activations.relu, [0.0, 1.0]) == [[0.0, 1.0]]
        assert self.gradient(np.abs, [0.0, -2.0]) == [[0.0, -1.0]]

    def test_ties_share_the_gradient(self):
        assert self.gradient(np.max, [3.0, 1.0, 3.0]) == [[0.5, 0.0, 0.5]]
        assert self.gradient(np.min, [3.0, 1.0, 1.0]) == [[0.0, 0.5, 0.5]]
        assert self.gradient(np.maximum, [2.0, 1.0], [2.0, 3.0]) == [[0.5, 0.0], [0.5, 1.0]]
        assert self.gradient(np.minimum, [2.0, 1.0], [2.0, 3.0]) == [[0.5, 1.0], [0.5, 0.0]]

    def test_powers_at_0(self):
        assert self.gradient(lambda x: x**0, [0.0, 2.0]) == [[0.0, 0.0]]
        assert self.gradient(lambda x: x**1, [0.0]) == [[1.0]]
        assert self.gradient(lambda x: x**2, [0.0]) == [[0.0]]
        assert self.gradient(lambda x, w: x**w, [0.0, 0.0], [2.0, 0.0]) == [[0.0, 0.0], [0.0, 0.0]]
