"""The Tensor as an array: operators, NumPy's functions, what it refuses and in which words."""

import copy
import gc
import pickle
import tracemalloc

import numpy as np
import pytest

from tinygrad_edu import Tensor, no_grad, op
from tinygrad_edu.diagnostics.operations import no_row
from tinygrad_edu.ops import rows
from tinygrad_edu.tensor import ROWS

X = np.array([[1.0, 2.0], [3.0, 4.0]])


def leaf(x=X, **kwargs):
    return Tensor(x, requires_grad=True, **kwargs)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x + 1, lambda x: 1 + x, lambda x: x - X, lambda x: X - x, lambda x: 2 * x,
        lambda x: x / X, lambda x: X / x, lambda x: x**2, lambda x: 2**x, lambda x: -x,
        lambda x: abs(x), lambda x: x @ X, lambda x: X @ x, lambda x: x.T, lambda x: x[0],
        lambda x: x[:, 1], lambda x: x[..., None], lambda x: x.sum(), lambda x: x.mean(axis=0),
        lambda x: x.max(axis=1, keepdims=True), lambda x: x.min(), lambda x: x.reshape(4),
        lambda x: x.reshape(1, -1), lambda x: x.reshape((4, 1)), lambda x: x.transpose(1, 0),
        lambda x: np.add(x, X), lambda x: np.sum(x, 0), lambda x: np.sum(a=x, axis=0),
        lambda x: np.mean(x, axis=(0, 1)), lambda x: np.concatenate([x, X]),
        lambda x: np.concatenate((X, x), axis=None), lambda x: np.stack([x, X], axis=1),
        lambda x: np.dot(x, X), lambda x: np.dot(x, 3.0), lambda x: np.expand_dims(x, 0),
        lambda x: np.where(x > 2, x, 0.0), lambda x: np.linalg.solve(x, X), np.ravel,
        lambda x: np.float64(2) * x, lambda x: np.broadcast_to(x, (3, 2, 2)), np.linalg.inv,
        lambda x: x + [[1.0, 2.0], [3.0, 4.0]], lambda x: x.astype(np.float64),
    ],
)  # fmt: skip
def test_computes_what_numpy_computes_and_records_it(f):
    y = f(leaf())
    assert isinstance(y, Tensor) and y.requires_grad
    assert np.array_equal(y.data, f(X))


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x > 2, lambda x: x <= X, lambda x: x == X, lambda x: x != 2, lambda x: x > X,
        np.argmax, np.sign, np.isfinite, lambda x: np.argsort(x, axis=0), np.zeros_like, np.shape,
        lambda x: np.allclose(x, X), lambda x: np.logical_and.reduce(x, axis=0), len,
    ],
)  # fmt: skip
def test_what_has_no_derivative_gives_plain_results(f):
    y = f(leaf())
    assert not isinstance(y, Tensor)
    assert np.array_equal(y, f(X))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_python_number_does_not_change_the_precision(dtype):
    x = leaf(X.astype(dtype))
    for y in (x * 2.0, 1 / x, x**2, x + 1, np.maximum(x, 0), x.mean(), np.where(x > 1, x, 0.0)):
        assert y.dtype == dtype
        y.sum().backward()
    assert x.grad.dtype == dtype


def test_mixed_precision_gives_each_its_own_gradient():
    x, w = leaf(X.astype(np.float32)), leaf(X)
    (x * w).sum().backward()
    assert (x * w).dtype == np.float64
    assert x.grad.dtype == np.float32 and w.grad.dtype == np.float64


def test_no_grad_records_nothing_and_ends_with_its_block():
    x = leaf()
    with no_grad():
        assert not (x * 2).requires_grad
    assert (x * 2).requires_grad
    assert not no_grad()(lambda: x * 2)().requires_grad
    with pytest.raises(KeyError), no_grad():
        raise KeyError
    assert (x * 2).requires_grad


def test_detach_is_a_constant():
    x = leaf([2.0])
    (x * x.detach()).sum().backward()
    assert x.grad.tolist() == [2.0]


def test_integers_flow_through_without_a_gradient():
    x = Tensor([1, 2, 3])
    assert (x + 1).dtype.kind == "i" and not (x + 1).requires_grad
    rounded = leaf().astype(int)
    assert rounded.dtype.kind == "i" and not rounded.requires_grad


def test_tensors_can_be_indices():
    x, rows = leaf(), Tensor([1, 1])
    assert np.array_equal(x[rows].data, X[[1, 1]])
    assert np.array_equal(x[rows, Tensor([0, 1])].data, X[[1, 1], [0, 1]])


@pytest.mark.parametrize(
    "again", [lambda x: pickle.loads(pickle.dumps(x)), copy.deepcopy, copy.copy]
)
def test_copies_keep_numbers_and_leave_history_behind(again):
    x = leaf(name="weights")
    assert (
        np.array_equal(again(x).data, X) and again(x).requires_grad and again(x).name == "weights"
    )
    y = again(x * 2)
    assert y.op is None and not y.requires_grad


def test_repr_tells_of_nan_and_infinity_among_numbers_that_it_leaves_out():
    x = np.zeros(1000)
    assert "finite" not in repr(Tensor(x))
    x[500:502] = -np.inf, np.nan
    assert repr(Tensor(x)).endswith("..., 0., 0., 0.], 2 of 1,000 not finite: -inf, nan)")
    assert repr(Tensor([-np.inf, 1.0])) == "Tensor([-inf,   1.])"


def test_repr_shows_numbers_and_origin():
    assert repr(Tensor([1.0, 2.0])) == "Tensor([1., 2.])"
    assert repr(leaf([1.0])) == "Tensor([1.], requires_grad=True)"
    assert repr(leaf([1.0]) * 2) == "Tensor([2.], made by multiply)"
    assert repr(Tensor(np.float32(1))) == "Tensor(1., dtype=float32)"


def test_a_row_of_the_users_own(monkeypatch):
    monkeypatch.setattr("tinygrad_edu.tensor.ROWS", ROWS.copy())
    cube = op(lambda x: x * x * x, lambda g, y, x: g * 3 * x * x, name="cube")
    x = leaf([2.0])
    cube(x).backward(create_graph=True)
    assert x.grad.data.tolist() == [12.0]
    first, x.grad = x.grad, None
    first.backward()
    assert x.grad.tolist() == [12.0]


# ----------------------------------------------------------------------------------------- memory


def test_a_graph_goes_without_the_garbage_collector():
    """No reference cycles: what a training step took is given back when its names are gone."""
    x = leaf(np.ones(100_000))

    def step(backward):
        y = np.tanh(x * 2 + 1).sum()
        if backward:
            y.backward()
        x.grad = None

    step(True)
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for backward in (True, False, True, False):
            step(backward)
        assert tracemalloc.get_traced_memory()[0] - before < 10_000
        assert gc.collect() == 0
    finally:
        tracemalloc.stop()
        gc.enable()


def test_backward_frees_what_the_graph_held():
    x = leaf(np.ones(1000))
    middle = x * 2
    loss = np.tanh(middle).sum()
    loss.backward()
    assert loss.inputs == () and middle.inputs == ()


# ----------------------------------------------------------------------- refusals, and their words


def test_shapes_that_do_not_broadcast():
    with pytest.raises(ValueError) as error:
        leaf(np.ones((3, 4)), name="height") + np.ones(3)
    text = str(error.value)
    assert "height (3, 4) float64" in text and "(3,) float64" in text
    assert "from the last axis backwards" in text
    assert "test_tensor.py" in text and 'name="height") + np.ones(3)' in text  # the user's own line


@pytest.mark.parametrize(
    ("x", "w", "hint"),
    [
        ((32, 63), (64, 10), "the last axis of x (63) and the second to last axis of w (64)"),
        ((3, 4), (3, 2), "x.T @ w fits"),
        ((3, 4), (2, 4), "x @ w.T fits"),
        ((2, 3, 4), (5, 4, 2), "leading axes that broadcast; here (2,) and (5,)"),
        ((3, 4), (), "x * w for a product with a single number"),
    ],
)
def test_matmul_says_which_axes_must_agree(x, w, hint):
    with pytest.raises(ValueError, match="matmul") as error:
        leaf(np.ones(x)) @ np.ones(w)
    assert f"{x} float64" in str(error.value) and hint in str(error.value)


@pytest.mark.parametrize(
    ("f", "hint"),
    [
        (lambda x: x.reshape(3), "a shape with 4 elements"),
        (lambda x: x[5], "an index that fits the shape (2, 2)"),
        (
            lambda x: np.concatenate([x, np.ones((1, 3))]),
            "equal in every axis but 0: (2, 2), (1, 3)",
        ),
    ],
)
def test_other_shape_errors_teach_too(f, hint):
    with pytest.raises((ValueError, IndexError)) as error:
        f(leaf())
    assert hint in str(error.value) and "(2, 2) float64" in str(error.value)


@pytest.mark.parametrize("numbers", [[1, 2], [True], np.int8(3)])
def test_integers_cannot_require_a_gradient(numbers):
    with pytest.raises(TypeError, match="only floating point") as error:
        Tensor(numbers, requires_grad=True)
    assert "2.0 instead of 2" in str(error.value)


def test_text_is_no_tensor():
    with pytest.raises(TypeError, match=r"holds numbers, not <U3: got 'abc'"):
        Tensor("abc")


def test_a_function_without_a_row_is_refused_with_what_is_near():
    for call, name in (
        (lambda x: np.polydiv(x[0], x[1]), r"np\.polydiv"),
        (lambda x: np.sort_complex(x), r"np\.sort_complex"),
        (lambda x: np.nextafter(x, 1), r"np\.nextafter"),
    ):
        with pytest.raises(TypeError, match=f"^{name} has no row") as error:
            call(leaf())
        assert "op(...) for a row of your own" in str(error.value) and "x.data" in str(error.value)
    assert "np.arctan" in str(no_row("np.arctam", ROWS))


def test_operands_that_are_no_numbers():
    for call in (lambda x: x + "x", lambda x: x * np.array(["a", "b"]), lambda x: np.exp(x) + None):
        with pytest.raises(TypeError, match=r"(add|multiply)\(.*Tensor|(add|multiply)\(") as error:
            call(leaf([1.0, 2.0]))
        assert "(2,) float64" in str(error.value)


def test_a_list_of_tensors_is_not_cut_out_of_the_graph_in_silence():
    x = leaf()
    for call in (
        lambda: np.mean([x.sum(), x.sum()]), lambda: np.array([x[0], x[1]]), lambda: np.asarray(x),
    ):  # fmt: skip
        with pytest.raises(TypeError, match=r"cut out of the graph(.|\n)*np\.stack"):
            call()
    with no_grad():
        assert np.array_equal(np.asarray(x), X)
    assert np.array_equal(np.asarray(x.detach()), X) and float(x[0, 0]) == 1.0


def test_a_tensor_can_be_printed_like_a_number():
    assert f"{leaf([[3.14159]]):.2f} {leaf([1.0])}" == "3.14 Tensor([1.], requires_grad=True)"


def test_no_grad_can_be_entered_again_while_it_lasts():
    x, quiet = leaf(), no_grad()
    with quiet, quiet:
        pass
    assert (x * 2).requires_grad

    @no_grad()
    def named():
        """Kept."""

    assert named.__name__ == "named" and named.__doc__ == "Kept."


def test_a_long_line_is_cut_short(monkeypatch):
    monkeypatch.setattr("linecache.getline", lambda file, number: "x = " + "1 + " * 100)
    with pytest.raises(ValueError, match="broadcast") as error:
        leaf() + np.ones(3)
    line = str(error.value).splitlines()[1]
    assert line.endswith("1...") and len(line) < 140


def test_parameters_that_no_rule_knows_are_refused():
    with pytest.raises(TypeError, match=r"sum of a Tensor does not take where=.*axis=, keepdims="):
        np.sum(leaf(), where=X > 2)
    with pytest.raises(TypeError, match="add of a Tensor does not take out="):
        np.add(leaf(), 1, out=X.copy())


def test_assignment_into_a_tensor_is_refused_and_changes_nothing():
    x = leaf()
    with pytest.raises(TypeError, match=r"cannot be changed in place.*\n.*\n  Try: np.where"):
        x[0] = 1.0
    assert np.array_equal(x.data, X)


def test_a_gradient_of_another_shape_is_refused():
    x = leaf()
    with pytest.raises(
        ValueError, match=r"shape of its tensor: Tensor \(2, 2\) float64 got \(3,\)"
    ):
        x.grad = np.ones(3)


def test_there_are_rows_enough_for_networks():
    names = {row.name for row in rows()}
    assert {"matmul", "add", "relu", "tanh", "sigmoid", "softmax", "cross_entropy"} <= names
