"""vmap: all examples at once give what one after the other gives. No row may be forgotten."""

import numpy as np
import pytest

from tinygrad_edu import (
    Tensor,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    nn,
    op,
    ops,
    vectorizing,
    vjp,
    vmap,
)
from tinygrad_edu.gradcheck import gradcheck
from tinygrad_edu.ops import rows

RNG = np.random.default_rng(0)
CASES = [
    pytest.param(row, i, params, id=f"{row.name}-{i}")
    for row in rows()
    for i, (_, params) in enumerate(row.cases(np.random.default_rng(7)))
]


def examples(row, i, first_only):
    """Three draws of a case, one above the other: (arguments, in_axes); None where they do not stack."""
    draws = [row.cases(np.random.default_rng(seed))[i][0] for seed in (7, 8, 9)]
    args, axes = [], []
    for k, parts in enumerate(zip(*draws, strict=True)):
        if len({np.shape(part) for part in parts}) > 1:
            return None
        varies = np.asarray(parts[0]).dtype.kind in "fc" and not (first_only and k)
        args.append(np.stack(parts) if varies else parts[0])
        axes.append(0 if varies else None)
    return (args, tuple(axes)) if any(axis == 0 for axis in axes) else None


def one_after_the_other(f, args, axes):
    n = next(len(x) for x, axis in zip(args, axes, strict=True) if axis == 0)
    picked = [
        [x if axis is None else x[i] for x, axis in zip(args, axes, strict=True)] for i in range(n)
    ]
    return np.stack([f(*xs) for xs in picked])


@pytest.mark.parametrize("first_only", [False, True])
@pytest.mark.parametrize(("row", "i", "params"), CASES)
def test_every_row_of_a_batch_is_that_of_its_examples(row, i, params, first_only):
    if (stacked := examples(row, i, first_only)) is None:
        pytest.skip("nothing that could be stacked")
    together = vmap(lambda *xs: row(*xs, **params), stacked[1])(*stacked[0])
    apart = one_after_the_other(lambda *xs: row(*xs, **params), *stacked)
    assert together.shape == apart.shape
    np.testing.assert_allclose(together, apart, rtol=1e-12, atol=1e-13)


def test_rows_that_need_a_loop_are_known():
    """What has no rule yet, and is right but slow. (A new name here is a decision, not an accident.)"""
    without = {r.name for r in rows() if not r.elementwise and r not in vectorizing.rules()}
    assert without == {
        "add_rows", "attention_weights", "conv bias", "conv kernel gradient", "convolve", "ctc", "gru",
        "lookup", "lstm", "lstsq", "max gather", "max spread", "normalize", "normalize gradient",
        "normalize gain gradient", "order statistic", "put", "recurrence", "rnn",
    }  # fmt: skip


def test_a_row_of_the_users_own_is_called_one_by_one_whatever_its_name():
    vectorizing.rules.cache_clear()
    total = op(lambda x: np.cumsum(x)[-1:], lambda g, y, x: g * np.ones(x.shape), name="sum")
    x = RNG.normal(size=(4, 3))
    np.testing.assert_allclose(vmap(total)(x), x.sum(axis=1, keepdims=True))


# ------------------------------------------------------------------------------ per-example gradients


def network(w, x, label):
    hidden = np.tanh(x @ w["in"] + w["b"])
    z = hidden @ w["out"]
    return ops.logsumexp(z) - z[label]


def weights():
    return {"in": RNG.normal(size=(4, 5)), "b": RNG.normal(size=5), "out": RNG.normal(size=(5, 3))}


def test_a_gradient_for_each_example_without_a_loop(monkeypatch):
    def refused(*_):
        raise AssertionError("a loop over the examples")

    w, x, labels = weights(), RNG.normal(size=(6, 4)), RNG.integers(0, 3, 6)
    apart = [grad(network)(w, x[i], labels[i]) for i in range(6)]
    monkeypatch.setattr(vectorizing, "one_by_one", refused)
    together = vmap(grad(network), (None, 0, 0))(w, x, labels)
    for name in w:
        assert together[name].shape == (6, *w[name].shape)
        np.testing.assert_allclose(
            together[name], np.stack([g[name] for g in apart]), rtol=1e-12, atol=1e-14
        )
    monkeypatch.undo()
    mean = grad(lambda w: np.mean(vmap(network, (None, 0, 0))(w, x, labels)))(w)
    np.testing.assert_allclose(together["in"].mean(axis=0), mean["in"], rtol=1e-12)


def test_a_gradient_for_each_image_through_a_convolution():
    w, x = RNG.normal(size=(3, 3, 2, 4)), RNG.normal(size=(3, 1, 6, 6, 2))

    def loss(w, x):
        return np.sum(ops.max_pool2d(np.tanh(ops.conv2d(x, w, padding="same")), 2) ** 2)

    together = vmap(grad(loss), (None, 0))(w, x)
    apart = np.stack([grad(loss)(w, one) for one in x])
    np.testing.assert_allclose(together, apart, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("derivative", [hessian, jacobian])
def test_higher_derivatives_of_each_example(derivative):
    A, x = RNG.normal(size=(3, 3)), RNG.normal(size=(4, 3))
    f = {hessian: lambda x: np.sin(x @ A @ x), jacobian: lambda x: np.tanh(A @ x) * x}[derivative]
    np.testing.assert_allclose(
        vmap(derivative(f))(x), np.stack([derivative(f)(one) for one in x]), rtol=1e-10, atol=1e-12
    )


def test_forward_mode_and_products_with_the_hessian():
    x, v = RNG.normal(size=(2, 4, 3))
    f = lambda x: np.sum(np.exp(x) * x[::-1])
    y, change = vmap(lambda x, v: jvp(f, (x,), (v,)))(x, v)
    np.testing.assert_allclose(y, [f(one) for one in x])
    np.testing.assert_allclose(change, [jvp(f, (a,), (b,))[1] for a, b in zip(x, v, strict=True)])
    products = vmap(lambda x, v: hvp(f, (x,), (v,)))(x, v)
    apart = [hvp(f, (a,), (b,)) for a, b in zip(x, v, strict=True)]
    np.testing.assert_allclose(products, apart)


def test_a_pullback_of_many_gradients_at_once():
    A, x = RNG.normal(size=(4, 3)), RNG.normal(size=3)
    _, pullback = vjp(lambda x: np.tanh(A @ x), x)
    (rows_of_jacobian,) = vmap(pullback)(np.eye(4))
    np.testing.assert_allclose(rows_of_jacobian, jacobian(lambda x: np.tanh(A @ x))(x))


def test_a_batch_within_a_batch():
    x, y = RNG.normal(size=(3, 5)), RNG.normal(size=(4, 5))
    kernel = lambda a, b: np.exp(-np.sum((a - b) ** 2))
    K = vmap(lambda a: vmap(lambda b: kernel(a, b))(y))(x)
    np.testing.assert_allclose(K, [[kernel(a, b) for b in y] for a in x])
    slopes = vmap(lambda a: vmap(lambda b: grad(kernel)(a, b))(y))(x)
    np.testing.assert_allclose(slopes, [[grad(kernel)(a, b) for b in y] for a in x])
    outer = vmap(lambda a: grad(lambda b: np.sum(vmap(lambda c: a * b * c)(y)))(a))(x)
    np.testing.assert_allclose(outer, [[*(a * y.sum(axis=0))] for a in x])


def test_vmap_is_differentiable():
    w, x = RNG.normal(size=3), RNG.normal(size=(4, 3))
    assert gradcheck(lambda w, x: vmap(lambda one: np.tanh(one @ w) * one[0])(x), w, x)


def test_a_module_inside():
    model = nn.Sequential(nn.Linear(3, 4, rng=0), nn.Tanh(), nn.Linear(4, 2, rng=1)).astype(float)
    x = RNG.normal(size=(5, 3))
    y = vmap(model)(x)
    np.testing.assert_allclose(y.data, model(x).data)
    y.sum().backward()
    assert model[0].W.grad is not None


# ----------------------------------------------------------------------------- what f may do with one


PROGRAMS = {
    "a choice by comparison": lambda x: np.where((x > 0) & ~(x > 1), x, -x) * (x != 2),
    "an index found by argmax": lambda x: x[np.argmax(x)] * x,
    "two indices": lambda x: np.outer(x, x)[np.argmax(x), np.argmin(x)],
    "an index into what is the same for all": lambda x: Tensor(np.arange(9.0).reshape(3, 3))[
        np.argmax(x)
    ],
    "sorting": lambda x: np.sort(x)[::-1] - np.median(x),
    "a loop over the numbers": lambda x: sum(part * i for i, part in enumerate(x)),
    "its length": lambda x: x / len(x) + x.size + np.shape(x)[0] + x.ndim,
    "stacking and splitting": lambda x: np.stack([np.concatenate([x, x * 2]), np.tile(x, 2)]).T,
    "einsum": lambda x: np.einsum("i,j->ij", x, np.ones(3)) @ x,
    "tensordot": lambda x: np.tensordot(np.outer(x, x), np.ones((3, 2)), axes=([1], [0])),
    "arrays in an index, with a slice between": lambda x: np.outer(x, x).reshape(3, 1, 3)[
        np.array([0, 2]), :, np.array([1, 1])
    ],
    "a triangle of a vector": lambda x: np.tril(x),
    "whole and broken parts": lambda x: x * np.frexp(np.floor(x))[0],
    "floor and sign": lambda x: np.floor(x) + np.sign(x) * (x // 0.5),
    "a comparison of two": lambda x: (x == np.max(x)) | (x <= np.min(x)),
    "an integer power": lambda x: x**3 - 2 ** np.abs(x),
    "two results of a ufunc": lambda x: np.divmod(x, 0.7)[1],
    "numbers in a complex plane": lambda x: np.abs(np.fft.fft(x)) + np.real(x * 1j),
    "a window": lambda x: np.pad(x, 1)[1:-1] + np.roll(x, 1),
    "one mask per example": lambda x: np.sum(np.take_along_axis(x, np.argsort(x), 0)),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_ordinary_programs(name):
    x = RNG.normal(size=(5, 3)) * 2
    together = vmap(PROGRAMS[name])(x)
    apart = np.stack([np.asarray(PROGRAMS[name](Tensor(one))) for one in x])
    assert together.shape == apart.shape
    assert together.dtype == apart.dtype
    np.testing.assert_allclose(together, apart, rtol=1e-12, atol=1e-13)


def test_an_index_within_two_batches():
    table, places = RNG.normal(size=(4, 5)), np.array([[0, 1, 4], [2, 2, 3]])
    found = vmap(lambda row: vmap(lambda i: row[i])(np.array([0, 3])))(table)
    np.testing.assert_array_equal(found, table[:, [0, 3]])
    found = vmap(lambda some: vmap(lambda i: Tensor(table)[1][i])(some))(places)
    np.testing.assert_array_equal(found, table[1][places])
    found = vmap(lambda i: vmap(lambda row: row[i])(table))(np.array([0, 3]))
    np.testing.assert_array_equal(found, table[:, [0, 3]].T)


def test_axes_trees_and_constants():
    x, w = RNG.normal(size=(3, 5)), RNG.normal(size=3)
    y = vmap(lambda pair, w: {"sum": pair["x"] @ w, "same": w}, (1, None))({"x": x}, w)
    np.testing.assert_allclose(y["sum"], w @ x)
    np.testing.assert_array_equal(y["same"], np.tile(w, (5, 1)))
    assert isinstance(vmap(np.sin)(Tensor(x)), Tensor)
    np.testing.assert_array_equal(vmap(np.sin, 1)(x), np.sin(x).T)


# ------------------------------------------------------------------------------------- what is refused


def test_numbers_of_one_example_cannot_be_asked_for():
    def clipped(x):
        return x if x > 0 else -x  # asks

    with pytest.raises(
        TypeError, match=r"inside vmap.*stands for all 4 examples at once"
    ) as caught:
        vmap(clipped)(np.ones(4))
    assert "return x if x > 0 else -x  # asks" in str(caught.value)
    assert "Try: np.where instead of if" in str(caught.value)
    with pytest.raises(TypeError, match="has no value of its own"):
        vmap(lambda x: float(x))(np.ones(4))


def test_results_of_different_shapes():
    with pytest.raises(ValueError, match=r"results of different shapes.*\(1,\), \(2,\)") as caught:
        vmap(lambda x: x[x > 0])(np.array([[1.0, -1.0], [1.0, 2.0]]))
    assert "Try: np.where(mask, x, 0)" in str(caught.value)


def test_batches_of_different_sizes():
    with pytest.raises(ValueError, match=r"vmap\(multiply\): got 3 and 4 examples"):
        vmap(np.multiply)(np.ones(3), np.ones(4))
    with pytest.raises(ValueError, match="got no argument with examples"):
        vmap(np.sin, None)(np.ones(3))
    with pytest.raises(ValueError, match="an argument of shape \\(\\) has no axis 0") as caught:
        vmap(np.multiply)(np.ones(3), 2.0)
    assert "None in in_axes" in str(caught.value)
    with pytest.raises(ValueError, match="in_axes has 1 axes for 2 arguments"):
        vmap(np.multiply, (0,))(np.ones(3), 2.0)
    with pytest.raises(ValueError, match="got 0 examples"):
        vmap(np.sin)(np.ones((0, 3)))


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: np.sum(x, axis=1), "axis 1 is out of bounds"),
        (lambda x: np.sum(x, axis=-2), "axis -2 is out of bounds"),
        (lambda x: np.reshape(x, (2, 2)), "cannot reshape"),
        (lambda x: x @ np.ones(4), "matmul"),
        (lambda x: np.transpose(x, (0, 1)), "out of bounds"),
    ],
)
def test_an_axis_that_one_example_does_not_have_is_no_way_to_the_others(f, message):
    with pytest.raises(ValueError, match=message):
        vmap(f)(np.ones((5, 3)))


def test_methods_of_an_example():
    x = np.array([[1.0, 0.0], [2.0, 3.0]])
    assert vmap(lambda v: np.where((v > 0).all(), v.sum(), -1.0))(x).tolist() == [-1.0, 5.0]


def test_backward_of_one_example_is_refused():
    """Its gradients would be lost: there is one graph for all examples."""
    with pytest.raises(TypeError, match="has no value of its own"):
        vmap(lambda v: (v * v).sum().backward())(Tensor(np.ones((2, 3)), requires_grad=True))


@pytest.mark.parametrize("f", [np.nanmean, np.nanvar, np.nanstd])
def test_means_without_nan(f):
    x = np.array([[1.0, np.nan, 4.0], [2.0, 5.0, -1.0]])
    assert np.allclose(vmap(f)(x), f(x, axis=1))
    assert np.allclose(vmap(grad(f))(x), np.stack([grad(f)(row) for row in x]), equal_nan=True)


@pytest.mark.parametrize("loss", [nn.mse, nn.mae, nn.huber, nn.log_cosh])
def test_losses_of_examples(loss):
    prediction, target = RNG.normal(size=(2, 4, 3, 2))
    together = vmap(grad(loss))(prediction, target)
    assert np.allclose(
        together, np.stack([grad(loss)(*pair) for pair in zip(prediction, target, strict=True)])
    )


def test_tensorsolve_of_examples():
    a, b = RNG.normal(size=(3, 2, 6, 3)), RNG.normal(size=(3, 6))
    solve = lambda a, b: np.linalg.tensorsolve(a, b, axes=(0, 2))
    assert np.allclose(
        vmap(solve)(a, b), np.stack([solve(*pair) for pair in zip(a, b, strict=True)])
    )


@pytest.mark.parametrize(
    "pick",
    [
        lambda x, i, j: x[i],
        lambda x, i, j: x[:, i],
        lambda x, i, j: x[:, :, j],
        lambda x, i, j: x[:, i, j],
        lambda x, i, j: x[1:, :, j, ::2],
        lambda x, i, j: x[:, i, 2],
        lambda x, i, j: x[i, :, 2:],
    ],
)
def test_examples_pick_their_own_places_without_a_loop(monkeypatch, pick):
    x, i = RNG.normal(size=(3, 4, 5, 6, 7)), np.array([1, 2, 0])
    j = np.array([[1, 0], [2, 3], [4, 5]])
    i_j = [*zip(i, j, strict=True)]
    own, same = [pick(x[n], *i_j[n]) for n in range(3)], [pick(x[0], *i_j[n]) for n in range(3)]
    monkeypatch.setattr(vectorizing, "one_by_one", None)
    assert np.array_equal(vmap(pick)(x, i, j), own)
    assert np.array_equal(vmap(lambda i, j: pick(Tensor(x[0]), i, j))(i, j).data, same)


def test_a_row_asks_for_the_batch_without_looking_for_the_line(monkeypatch):
    """The words of the error cost more than most rows, and nobody reads them there."""
    monkeypatch.setattr(vectorizing, "user_line", None)
    assert np.allclose(vmap(lambda x: np.sum(np.sin(x)))(np.ones((3, 2))), 2 * np.sin(1))
