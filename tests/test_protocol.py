"""NumPy's protocol: a Tensor among arrays, numbers and keywords, as an array would be, or refused."""

import itertools
import math
import operator
from math import sqrt

import numpy as np
import pytest

from tinygrad_edu import Tensor, no_grad
from tinygrad_edu.diagnostics.words import line_made
from tinygrad_edu.tensor import METHODS

X = np.array([[1.5, 2.0], [3.0, 4.0]])


def leaf(x=X):
    return Tensor(x, requires_grad=True)


OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]
DTYPES = [np.float32, np.float64]
OTHERS = {
    "Python int": 2,
    "Python float": 2.0,
    "Python bool": True,
    "float32 scalar": np.float32(2),
    "float64 scalar": np.float64(2),
    "int64 scalar": np.int64(2),
    "float32 array": np.float32([1, 2]),
    "float64 array": np.float64([1, 2]),
    "int64 array": np.int64([1, 2]),
    "int8 array": np.int8([1, 2]),
    "0-d array": np.array(2.0),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
@pytest.mark.parametrize("f", OPERATORS)
def test_operands_of_any_kind_in_any_order_follow_numpys_promotion(f, other, dtype):
    array = X.astype(dtype)
    wrapped = [Tensor(other)] if isinstance(other, (np.ndarray, np.generic)) else []
    for theirs in (other, *wrapped):
        for ours, expected in (
            (f(leaf(array), theirs), f(array, other)),
            (f(theirs, leaf(array)), f(other, array)),
        ):
            assert isinstance(ours, Tensor) and ours.requires_grad
            assert ours.dtype == expected.dtype
            assert np.allclose(ours.data, expected, rtol=1e-6)


@pytest.mark.parametrize(("a", "b"), [*itertools.product(["int64", "int8", "bool"], repeat=2)])
def test_integers_behave_as_in_arrays(a, b):
    x, w = np.array([0, 1, 1]).astype(a), np.array([1, 1, 0]).astype(b)
    y = Tensor(x) + Tensor(w)
    assert not y.requires_grad and y.dtype == (x + w).dtype and y.tolist() == (x + w).tolist()
    assert (Tensor(x) == Tensor(w)).tolist() == (x == w).tolist()


def test_an_integer_tensor_is_an_index_and_a_count():
    i = Tensor(2)
    assert [10, 20, 30][i] == 30 and list(range(i)) == [0, 1] and int(i) == 2
    with pytest.raises(TypeError):
        [1, 2, 3][Tensor(1.0)]


@pytest.mark.parametrize(
    ("method", "function"),
    [
        (np.add.reduce, lambda x: x.sum(axis=0)),
        (lambda x: np.add.reduce(x, axis=None), lambda x: x.sum()),
        (lambda x: np.add.reduce(x, axis=1, keepdims=True), lambda x: x.sum(axis=1, keepdims=True)),
        (np.maximum.reduce, lambda x: x.max(axis=0)),
        (lambda x: np.minimum.reduce(x, 1), lambda x: x.min(axis=1)),
        (lambda x: np.multiply.outer(x, np.arange(3.0)), lambda x: x[..., None] * np.arange(3.0)),
        (
            lambda x: np.subtract.outer(np.arange(3.0), x),
            lambda x: np.arange(3.0)[:, None, None] - x,
        ),
        (lambda x: np.logaddexp.reduce(x), lambda x: np.log(np.exp(x).sum(axis=0))),
    ],
)
def test_methods_of_ufuncs(method, function):
    assert np.allclose(method(leaf()).data, method(X), rtol=1e-15)
    x, w = leaf(), leaf()
    g = np.arange(1.0, method(X).size + 1).reshape(method(X).shape)
    method(x).backward(g)
    function(w).backward(g)
    assert np.allclose(x.grad, w.grad, rtol=1e-14)


def test_other_methods_of_ufuncs_are_refused_by_name():
    with pytest.raises(TypeError, match=r"np\.add\.reduceat has no row"):
        np.add.reduceat(leaf(), [0, 1])
    with pytest.raises(TypeError, match=r"np\.subtract\.reduce has no row"):
        np.subtract.reduce(leaf())
    with pytest.raises(TypeError, match=r"add\.reduce of a Tensor does not take initial="):
        np.add.reduce(leaf(), initial=3.0)
    with pytest.raises(TypeError, match=r"multiply\.outer of a Tensor does not take dtype="):
        np.multiply.outer(leaf(), X, dtype=np.float32)
    assert (np.add, "reduce") in METHODS


@pytest.mark.parametrize("keyword", ["out", "where", "dtype", "casting"])
def test_keywords_of_ufuncs_are_refused_by_name(keyword):
    given = {"out": X.copy(), "where": X > 2, "dtype": np.float32, "casting": "unsafe"}[keyword]
    with pytest.raises(TypeError, match=f"multiply of a Tensor does not take {keyword}="):
        np.multiply(leaf(), 2.0, **{keyword: given})


def test_adding_a_tensor_to_an_array_in_place_is_refused_and_changes_nothing():
    array = X.copy()
    with pytest.raises(TypeError, match=r"does not take out=(.|\n)*x = x \+ y instead of x \+= y"):
        array += leaf()
    assert np.array_equal(array, X)


def test_in_place_operators_make_a_new_tensor():
    x = leaf()
    y = x
    y += 1
    y *= 2
    y.sum().backward()
    assert np.array_equal(x.data, X) and np.array_equal(x.grad, np.full((2, 2), 2.0))


def test_what_arrays_have_and_tensors_do_not():
    with pytest.raises(
        AttributeError, match=r"a Tensor has no \.byteswap, but its array has(.|\n)*x\.data"
    ):
        leaf().byteswap()
    with pytest.raises(AttributeError, match="no attribute 'gard'"):
        _ = leaf().gard
    with pytest.raises(AttributeError):
        leaf().requires_gard = True
    assert leaf().argmax() == 3 and leaf().ravel().shape == (4,) and leaf().tolist() == X.tolist()
    assert leaf(X[:, :, None]).squeeze().shape == (2, 2)
    assert leaf().swapaxes(0, 1).data.tolist() == X.T.tolist()


def test_a_tensor_put_into_an_array_is_refused_and_told():
    """NumPy says that it got a sequence; what it was and what to do is the cause."""
    out, x = np.zeros(3), leaf()
    out[0] = 1.0
    with pytest.raises(ValueError, match="setting an array element") as error:
        out[0] = (x**2)[0, 0]
    words = str(error.value.__cause__)
    assert "() float64 would be cut out of the graph by putting it into an array" in words
    assert "test_protocol.py" in words and "np.stack" in words and "float(x)" in words
    for array in (np.zeros(3, int), np.zeros(3, complex)):
        with pytest.raises((TypeError, ValueError), match="into an array|setting an array element"):
            array[0] = x[0, 0]
    with pytest.raises(TypeError, match="turning it into an array"):
        out[:2] = x[0]
    assert out.tolist() == [1.0, 0.0, 0.0]


def test_numbers_that_are_asked_for_are_given():
    out, x = np.zeros(4), leaf()
    out[0] = float(x[0, 0])
    out[1] = x[0, 1].item()
    out[2] = x.detach()[1, 0]
    with no_grad():
        out[3] = x[1, 1]
    assert out.tolist() == X.ravel().tolist()
    assert float(x.sum()) == 10.5 and int(x.sum()) == 10 and f"{x.sum():.1f}" == "10.5"
    assert np.float64(x.sum()) == 10.5 and round(float(x.sum())) == 10
    seen = {"loss": 0.0, 1: None}
    seen["loss"] = x.sum()  # a dict keeps the Tensor as it is
    assert isinstance(seen["loss"], Tensor)


def test_functions_of_math_are_refused_where_they_have_a_derivative():
    x = leaf().sum()
    with pytest.raises(
        TypeError, match=r"math\.exp takes a number(.|\n)*test_proto(.|\n)*Try: np\.exp\(x\)"
    ):
        math.exp(x)
    with pytest.raises(TypeError, match=r"math\.sqrt(.|\n)*or math\.sqrt\(float\(x\)\)"):
        1 + 2 * sqrt(x * 2)
    with pytest.raises(
        TypeError, match=r"math\.gamma(.|\n)*Try: a function of NumPy or of tinygrad_edu\.ops"
    ):
        math.gamma(x)
    with pytest.raises((TypeError, ValueError)) as error:
        np.fromiter(leaf().ravel(), float)
    assert "np.fromiter would cut" in str(error.value.__cause__ or error.value)
    from math import tanh as squashed

    with pytest.raises(TypeError, match=r"math\.tanh takes a number"):
        squashed(x)
    assert not math.isnan(x) and math.floor(x) == 10 and math.exp(float(x)) == math.exp(10.5)
    assert math.exp(x.detach()) == math.exp(10.5)
    with no_grad():
        assert math.exp(x) == math.exp(10.5)


def test_a_function_that_calls_another_is_not_looked_into():
    """The limit of it, which CONVENTIONS.md tells."""
    assert list(map(math.exp, leaf()[0])) == [math.exp(1.5), math.exp(2.0)]


def test_operands_may_be_lists_on_either_side():
    matrix = [[1.0, 2.0], [3.0, 4.0]]
    x = Tensor([1.0, 1.0], requires_grad=True)
    for y in (matrix @ x, np.matmul(matrix, x), np.sum(np.multiply(matrix, x), axis=1)):
        x.grad = None
        y.sum().backward()
        assert x.grad.tolist() == [4.0, 6.0]
    x.grad = None
    (x @ tuple(matrix)).sum().backward()
    assert x.grad.tolist() == [3.0, 7.0]
    x.grad = None
    np.logaddexp(x, [0.0, 1.0]).sum().backward()
    assert np.allclose(x.grad, 1 / (1 + np.exp([-1.0, 0.0])))


def test_an_operation_on_a_list_is_known_by_the_line_of_its_user():
    x = Tensor([1.0, 1.0], requires_grad=True)
    for y in ([[1.0, 2.0]] @ x, np.multiply([1.0, 2.0], x)):  # this line
        assert line_made(y).startswith("\n  at test_protocol.py") and "# this line" in line_made(y)


def test_numpys_own_defaults_may_be_given():
    x = Tensor([1.0, 2.0], requires_grad=True)
    for y in (
        np.sum(x, dtype=None, out=None, where=True), np.mean(x, where=True, dtype=None),
        np.concatenate([x, x], dtype=None, out=None, casting="same_kind")[0],
        np.tanh(x, out=None, where=True),
        np.stack([x, x], casting="same_kind")[0, 0], np.add(x, 1, dtype=None, casting="same_kind"),
        np.max(x, out=None), np.linalg.norm(x), np.cumsum(x, dtype=None, out=None),
    ):  # fmt: skip
        assert isinstance(y, Tensor) and y.requires_grad
    for refused in (
        lambda: np.sum(x, dtype=np.float32), lambda: np.sum(x, where=[True, False]),
        lambda: np.add(x, 1, casting="unsafe"), lambda: np.tanh(x, out=np.zeros(2)),
    ):  # fmt: skip
        with pytest.raises(TypeError, match="dtype|where|casting|out"):
            refused()
