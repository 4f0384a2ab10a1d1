"""An array that is changed between a computation and its way back is noticed, and named."""

import copy

import numpy as np
import pytest

from tinygrad_edu import Tensor, debug, grad, hessian, hvp, jacobian, jvp, nn, ops, optim, vjp, vmap
from tinygrad_edu.diagnostics.changed_arrays import checksum


def leaf(x, **kwargs):
    return Tensor(x, requires_grad=True, **kwargs)


def refused(loss, *words):
    with pytest.raises(
        RuntimeError, match=r"was changed after .* had used it and before backward"
    ) as error:
        loss.backward()
    assert all(word in str(error.value) for word in words), str(error.value)


def test_a_changed_leaf_is_named_with_the_operation_and_the_line():
    w = leaf([2.0, 3.0], name="weights")
    loss = (w * w).sum()  # here
    w.data[0] = 100
    refused(
        loss, "weights (2,) float64", "after multiply had", "loss = (w * w).sum()  # here", "a copy"
    )
    assert w.grad is None
    w.data[0] = 2  # nothing was freed, so with the old number the way back is open again
    loss.backward()
    assert w.grad.tolist() == [4.0, 6.0]


def test_a_changed_array_and_a_changed_part_of_it():
    x, w = np.arange(12.0).reshape(3, 4), leaf(np.ones((4, 2)))
    loss = (x @ w).sum()
    x[2, 3] += 1
    refused(loss, "x (3, 4) float64", "matmul")


@pytest.mark.parametrize(
    "change", [lambda x: x.__imul__(2), lambda x: x.fill(0), lambda x: x[::-1].sort()]
)
def test_a_large_array_that_is_changed_as_a_whole(change):
    x, w = np.linspace(-1, 1, 10_000).astype(np.float32), leaf(np.float32(2))
    loss = (x * w).sum()
    change(x)
    refused(loss, "(10000,) float32")


def test_one_number_of_a_large_array_is_noticed_in_debug():
    x, w = np.ones((100, 100)).T[::-1], leaf(2.0)
    with debug():
        loss = (x * w).sum()
        x[3, 7] = 5
        refused(loss, "(100, 100)")


def test_a_parameter_stepped_on_too_early():
    layer = nn.Linear(2, 2, rng=0)
    optimizer = optim.SGD(layer.parameters())
    loss = nn.mse(np.tanh(layer(np.ones((3, 2)))), np.zeros((3, 2)))
    loss.backward(retain_graph=True)
    optimizer.step()
    with pytest.raises(RuntimeError, match="W .2, 2. float32 was changed after matmul.*in Linear"):
        loss.backward()


def test_what_no_rule_looks_at_may_be_changed():
    """The derivative of x + buffer, or of a sum, does not depend on the numbers."""
    w, buffer = leaf(np.ones(3)), np.ones(3)
    loss = (np.reshape(w + buffer, (3, 1)) - buffer[0]).sum()
    buffer *= 7
    w.data *= 5
    loss.backward()
    assert w.grad.tolist() == [1.0, 1.0, 1.0]


def test_after_backward_everything_may_be_changed():
    x, w = np.ones(3), leaf(np.ones(3))
    for _ in range(3):
        loss = (x * w * w).sum()
        loss.backward()
        x += 1
        w.data -= 0.1 * w.grad
        w.grad = None


def test_pullbacks_notice_it_too():
    x = np.ones(3)
    _, pullback = vjp(lambda v: (v * v).sum(), x)
    assert pullback(1.0)[0].tolist() == [2.0, 2.0, 2.0]
    x[0] = 9
    with pytest.raises(RuntimeError, match="was changed after"):
        pullback(1.0)
    assert grad(lambda v: (v * v).sum())(x).tolist() == [18.0, 2.0, 2.0]


def test_nan_is_no_change():
    w = leaf([np.nan, 1.0])
    (w * w).sum().backward()


def test_an_index_may_be_changed_as_the_way_back_has_its_own():
    w = leaf([1.0, 2.0, 3.0])
    index = [0, 2]
    y = w[index]
    index[0] = 1
    y.sum().backward()
    assert w.grad.tolist() == [1.0, 0.0, 1.0]


def as_lists(x):
    """The same parameters, with lists in place of tuples."""
    return [*map(as_lists, x)] if type(x) is tuple else x


def spoil(x):
    """Changes every number and truth value in an array or a list, in place."""
    if isinstance(x, np.ndarray):
        x[...] = ~x if x.dtype == bool else 0
    elif isinstance(x, (list, tuple)):
        for part in x:
            spoil(part)
    if isinstance(x, list):
        x[:] = [0 if isinstance(part, int) else part for part in reversed(x)]


@pytest.mark.parametrize("row", [r for r in ops.rows() if r.params], ids=lambda row: row.name)
def test_every_row_keeps_its_parameters_as_they_were(row):
    def recorded(inputs, params):
        leaves = [leaf(x) if np.asarray(x).dtype.kind == "f" else x for x in inputs]
        return [x for x in leaves if isinstance(x, Tensor)], row(*leaves, **params)

    for inputs, params in row.cases(np.random.default_rng(0)):
        right, y = recorded(inputs, params)
        if not y.op:
            continue
        g = np.random.default_rng(1).normal(size=y.shape).astype(y.dtype)
        for as_given in (lambda x: x, as_lists):
            mine = copy.deepcopy({name: as_given(x) for name, x in params.items()})
            try:
                leaves, z = recorded(inputs, mine)
            except (TypeError, IndexError, ValueError):  # where NumPy takes tuples only
                continue
            spoil([*mine.values()])
            z.backward(g)
            y.backward(g, retain_graph=True)
            for x, wanted in zip(leaves, right, strict=True):
                assert np.array_equal(x.grad, wanted.grad)
                wanted.grad = None


def mask_of(*shape):
    return np.random.default_rng(1).random(shape) < 0.6


X, NUMBERS, YES = np.linspace(-1, 2, 12).reshape(3, 4), np.array([2, 0, 1]), mask_of(3, 4)
SEQUENCES = np.sin(np.arange(30.0)).reshape(2, 5, 3)


@pytest.mark.parametrize(
    ("f", "x", "mine"),
    [
        (lambda x, i: ops.put(x, i, 7.0), X, NUMBERS),
        (lambda x, i: ops.put(x, (i, 0), 7.0), X, NUMBERS),
        (lambda x, i: ops.put(x, i, 7.0), X, YES),
        (lambda x, i: ops.put(np.zeros((3, 4)), i, x), X, NUMBERS),
        (lambda x, i: ops.put_along_axis(x, i[:, None], 7.0, 1), X, NUMBERS),
        (lambda x, i: ops.add_at(np.zeros((4, 4)), i, x), X, NUMBERS),
        (lambda x, i: ops.scatter_add(x, index=i, shape=(4, 4)), X, NUMBERS),
        (lambda x, i: np.bincount(i, weights=x[:, 0]) ** 2, X, NUMBERS),
        (lambda x, i: np.histogram(i, 3, weights=x[:, 0])[0] ** 2, X, NUMBERS),
        (lambda x, i: np.roll(x, i[:2], (0, 1)), X, NUMBERS),
        (lambda x, i: np.roll(x, 1, list(i[1:])), X, NUMBERS),
        (lambda x, i: np.take(x, i, axis=0), X, NUMBERS),
        (lambda x, i: np.take_along_axis(x, i[:, None], 1), X, NUMBERS),
        (lambda x, i: np.repeat(x, i, axis=0), X, NUMBERS),
        (lambda x, i: np.choose(i, [x[:, 0], x[:, 1], x[:, 2]]), X, NUMBERS),
        (lambda x, i: np.transpose(x[None], i), X, NUMBERS),
        (lambda x, i: np.moveaxis(x[None], i, [0, 1, 2]), X, NUMBERS),
        (lambda x, i: np.compress(i, x, axis=0), X, YES[:, 0]),
        (lambda x, i: np.extract(i, x), X, YES),
        (lambda x, i: x[i], X, YES),
        (lambda x, i: np.where(i, x, 7), X, YES),
        (lambda x, i: np.select([i], [x], 7.0), X, YES),
        (lambda x, i: np.piecewise(x, [i], [np.sin, np.cos]), X, YES),
        (lambda x, i: np.ldexp(x, i[:, None]), X, NUMBERS),
        (lambda x, i: nn.Embedding(4, 2, rng=0)(i) * x[:, :2], X, NUMBERS),
        (lambda x, i: nn.cross_entropy(x, i), X, NUMBERS),
        (lambda x, i: nn.cross_entropy(x, i, label_smoothing=0.1), X, NUMBERS),
        (lambda x, i: nn.cross_entropy(x, i, ignore_index=1), X, NUMBERS),
        (lambda x, i: nn.cross_entropy(x, i, class_weights=[1, 2, 3, 4]), X, NUMBERS),
        (lambda x, i: nn.cross_entropy(x, NUMBERS, sample_weight=i), X, NUMBERS),
        (lambda x, i: nn.focal_cross_entropy(x, i), X, NUMBERS),
        (lambda x, i: nn.categorical_hinge(x, i), X, NUMBERS),
        (lambda x, i: nn.binary_cross_entropy(x, i), X, YES),
        (lambda x, i: nn.hinge(x, i), X, YES),
        (lambda x, i: nn.mse(x, i), X, YES),
        (lambda x, i: nn.ctc(x[None], i[None, :1]), X, NUMBERS),
        (lambda x, i: ops.attention(x, x, x, i), X, YES[:, :3]),
        (lambda x, i: ops.attention(x, x, x, i, soft_cap=2.0), X, YES[:, :3]),
        (lambda x, i: nn.MultiHeadAttention(3, 1, 2, rng=0)(x, mask=i), SEQUENCES, mask_of(2, 5, 5)),
        (lambda x, i: nn.MultiHeadAttention(3, 1, 2, rng=0)(x, key_mask=i), SEQUENCES, mask_of(2, 5)),
        (lambda x, i: nn.LSTM(3, 2, rng=0)(x, mask=i), SEQUENCES, mask_of(2, 5)),
        (lambda x, i: nn.GRU(3, 2, rng=0)(x, mask=i), SEQUENCES, mask_of(2, 5)),
        (lambda x, i: nn.SimpleRNN(3, 2, rng=0)(x, mask=i), SEQUENCES, mask_of(2, 5)),
        (lambda x, i: nn.GlobalAvgPool1d()(x, mask=i), SEQUENCES, mask_of(2, 5)),
        (lambda x, i: nn.GlobalMaxPool1d()(x, mask=i), SEQUENCES, mask_of(2, 5)),
        (lambda x, i: nn.BatchNorm(3)(x, mask=i), SEQUENCES, mask_of(2, 5)),
    ],
)  # fmt: skip
def test_integers_and_masks_that_change_are_copies_or_noticed(f, x, mine):
    right = leaf(x.copy())
    (f(right, mine.copy()) ** 2).sum().backward()
    for change in (lambda i: i.sort(axis=0), spoil):
        w, i = leaf(x.copy()), mine.copy()
        loss = (f(w, i) ** 2).sum()
        change(i)
        try:
            loss.backward()
        except RuntimeError as error:
            assert "was changed after" in str(error)
        else:
            assert np.array_equal(w.grad, right.grad)


def test_a_large_array_is_told_by_512_of_its_numbers():
    x = np.arange(5000.0)
    before = checksum(x)
    x[1] = -1  # between two that are looked at: x.size // 512 is 9
    assert checksum(x) == before
    x[9] = -1
    assert checksum(x) != before
    assert len(checksum(x)) < 8 * 600 and len(checksum(x[:1024])) == 8 * 1024


def test_only_arrays_of_the_user_have_a_checksum():
    x, w = np.ones(3), leaf(np.ones(3))
    y = w * x
    assert [i for i, _ in y.checksums] == [0, 1]
    assert [i for i, _ in (y * x).checksums] == [1]
    assert (y * 2.0).checksums == []
    assert [i for i, _ in np.einsum("i,i->", y, x).checksums] == [1]  # one rule for all inputs


# ------------------------------------------------------------------------ the results of operations


@pytest.mark.parametrize(
    "operation",
    [lambda x: x * 2, np.tanh, lambda x: x[1:], lambda x: x.reshape(3, 1), ops.identity, np.real],
)
def test_a_recorded_result_is_read_only_and_its_leaf_is_not(operation):
    x = leaf([1.0, 2.0, 3.0])
    b = operation(x)
    with pytest.raises(ValueError, match="read-only"):
        b.data[...] = 100
    with pytest.raises(ValueError, match="read-only"):
        b.data += 1
    x.data[0] = 7
    assert x.data[0] == 7


def test_every_row_leaves_its_inputs_writable_and_its_result_not():
    rng = np.random.default_rng(0)
    for row in ops.rows():
        for inputs, params in row.cases(rng) if row.cases else ():
            tensors = [leaf(x) if np.asarray(x).dtype.kind == "f" else x for x in inputs]
            arrays = [x.data for x in tensors if isinstance(x, Tensor)]
            result = row(*tensors, **params)
            assert all(x.flags.writeable for x in arrays), row.name
            if isinstance(result, Tensor) and result.op:
                assert not result.data.flags.writeable, row.name


def test_a_view_of_a_leaf_is_changed_through_the_leaf():
    x = leaf([1.0, 2.0, 3.0])
    flat = x.reshape(3, 1)
    y = (flat * flat).sum()
    x.data[...] = 100
    refused(y, "(3, 1) float64", "after multiply had", "y = (flat * flat).sum()")


def test_a_result_whose_data_were_replaced():
    x = leaf([1.0, 2.0, 3.0])
    b = x * 2
    y = (b * b).sum()
    right = b.data
    b.data = np.full(3, 100.0)
    with pytest.raises(
        RuntimeError, match="b = x . 2[^~]*was replaced before[^~]*multiply[^~]*Try"
    ):
        y.backward()
    assert x.grad is None
    b.data = right
    y.backward()
    assert x.grad.tolist() == [8.0, 16.0, 24.0]


def test_the_numbers_of_a_result_as_an_array_of_ones_own():
    x = leaf([1.0, 2.0])
    b = x * 2
    mine = b.numpy()
    mine += 1
    (b * b).sum().backward()
    assert x.grad.tolist() == [8.0, 16.0]
    assert x.numpy() is x.data


def test_functions_of_functions_give_arrays_that_may_be_changed():
    def f(x):
        return np.tanh(x) * x

    def total(x):
        return f(x).sum()

    x = np.array([0.5, -1.0])
    y, pullback = vjp(f, x)
    y += 1
    assert np.array_equal(pullback(np.ones(2))[0], vjp(f, x)[1](np.ones(2))[0])
    whole = [
        grad(total)(x),
        hessian(total)(x),
        hvp(total, (x,), (x,)),
        *jvp(f, (x,), (x,)),
        vmap(f)(x),
    ]
    whole += [jacobian(f, mode=mode)(x) for mode in ("forward", "reverse")]
    for result in whole:
        result[...] = 0


def test_a_leaf_made_from_a_result_can_be_stepped_on():
    x = leaf([1.0, 2.0])
    w = nn.Parameter((x * 2).data)
    (w * w).sum().backward()
    optim.SGD([w], lr=0.25).step()
    assert w.data.tolist() == [1.0, 2.0]
    frozen = np.ones(2)
    frozen.flags.writeable = False
    w = leaf(frozen)
    w.data -= 1
    assert frozen.tolist() == [1.0, 1.0]
